"""Sanity checks: whether a map of where a network looks depends on what the network learned."""

from __future__ import annotations

import contextlib

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_one_input_and_output, find_layer, named_layers
from petkeras.language import message, translate
from petkeras.visualize.attribution import check_images, choose_classes, draw_attribution
from petkeras.visualize.description import describe
from petkeras.visualize.lettering import label
from petkeras.visualize.style import WIDTH, draw_image, grid_shape, panel_grid, styled

STATISTICS = ("moving_mean", "moving_variance", "mean", "variance", "count")  # measured weights


@contextlib.contextmanager
def randomize(model, layers=None, seed=0):
    """Replace weights by random ones within a `with` block, then restore the trained ones.

    Each kernel and each bias is drawn from a normal distribution of mean 0 whose standard deviation
    is the trained values' root mean square: what was learned is gone, but values keep their scale.
    Frozen layers are randomized, too. The means and variances of normalization layers are kept.

    Args:
        model: a `keras.Model`. The weights are changed in place, so that of the 411 MB of `fc1`
            only the trained and the random copy are in memory.
        layers: the names of the layers; `None` is all that have weights. The name of a nested model
            stands for all its layers.
        seed: an integer that makes the random weights repeatable.

    Yields:
        The model.

    Raises:
        PetkerasError: there is no such layer, it has no weights, or the model does not have one
            input and one output.

    Example:

    >>> import petkeras as pk
    >>> model = pk.pet_net(image_size=16)
    >>> trained = model.get_layer("fc1").kernel.numpy()
    >>> with pk.visualize.randomize(model, ["fc1"]):
    ...     print((model.get_layer("fc1").kernel.numpy() == trained).mean().round(2))
    0.0
    >>> bool((model.get_layer("fc1").kernel.numpy() == trained).all())
    True
    """
    check_one_input_and_output(model)
    learned = _learned_weights(model)
    chosen = list(learned) if layers is None else []
    for name in layers or ():
        find_layer(model, name)
        inside = [each for each in learned if f"{each}/".startswith(f"{name}/")]
        if not inside:
            raise PetkerasError(
                f"Layer '{name}' has no weights. Layers with weights: {', '.join(learned)}."
            )
        chosen += inside
    places = list(named_layers(model, nested=False))
    trained = []
    try:
        for name in chosen:
            for number, variable in enumerate(learned[name]):
                values = tf.convert_to_tensor(variable)
                trained.append((variable, values))
                draw_seed = [seed, 2 * (1 + places.index(name)) + number]
                variable.assign(_random_like(values, draw_seed))
        yield model
    finally:
        for variable, values in reversed(trained):  # a layer can be named twice
            variable.assign(values)


def cascading_randomization(model, x, method, seed=0, class_index=None, **options):
    """Return maps of the trained network, and of it with more and more layers randomized.

    Layers are randomized from the top down: first the logits' alone, in the end all of them. The
    class stays the one that the trained network predicts.

    Args:
        model: a `keras.Model`; its weights are restored.
        x: `(batch, H, W, 3)`, preprocessed.
        method: a function of `model`, `x` and `class_index`, such as `saliency`.
        seed: an integer that makes the random weights repeatable.
        class_index: as in `saliency`.
        options: further arguments of `method`, such as `layer="conv2_2"`.

    Returns:
        A dict from `"trained"`, and then from the name of the lowest randomized layer, to maps
        `(batch, H, W)`.
    """
    x = check_images(model, x)
    classes = choose_classes(model, x, class_index)
    maps = {message("trained"): method(model, x, class_index=classes, **options)}
    with contextlib.ExitStack() as random_layers:
        for name in reversed(_learned_weights(model)):
            random_layers.enter_context(randomize(model, [name], seed))
            maps[name] = method(model, x, class_index=classes, **options)
    return maps


def sanity_check(model, x, method, seed=0, class_index=None, **options):
    """Return how similar maps stay as the network's layers are randomized from the top down.

    A method whose maps stay the same for a network with random weights shows the image's edges,
    and not what the network has learned.

    Args: as in `cascading_randomization`.

    Returns:
        A list of (name of the lowest randomized layer, rank correlation with the trained network's
        maps, averaged over the images).

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    >>> check = pk.visualize.sanity_check(pk.pet_net(image_size=16), x, pk.visualize.saliency)
    >>> [name for name, correlation in check]
    ['softmax', 'fc1', 'conv2_2', 'conv2_1', 'conv1_2', 'conv1_1']

    Reference: J. Adebayo et al., "Sanity Checks for Saliency Maps" (2018), section 3.1.
    """
    maps = cascading_randomization(model, x, method, seed, class_index, **options)
    trained = maps.pop("trained")
    return [(name, float(rank_correlation(trained, each).mean())) for name, each in maps.items()]


def rank_correlation(maps_a, maps_b):
    """Return Spearman's rank correlation of each image's two maps.

    Args:
        maps_a, maps_b: `(batch, H, W)` each.

    Returns:
        `(batch,)` float64: 1 if both maps order the pixels alike, -1 if they order them in reverse;
        0 if one of them is constant.

    Raises:
        PetkerasError: the shapes differ.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.rank_correlation(np.array([[[1, 2, 30]]]), np.array([[[4, 5, 6]]])).tolist()
    [1.0]
    """
    if np.ndim(maps_a) != 3 or np.shape(maps_a) != np.shape(maps_b):
        raise PetkerasError(
            "rank_correlation: both arguments must be maps of one shape (batch, H, W). "
            f"Received: {np.shape(maps_a)} and {np.shape(maps_b)}"
        )
    return np.array(
        [_correlation(_ranks(a), _ranks(b)) for a, b in zip(maps_a, maps_b, strict=True)]
    )


def share_inside(maps, masks):
    """Return the share of each map's sum that lies inside a mask, such as the pet's outline.

    Args:
        maps: `(batch, H, W)`; values below 0 count as 0.
        masks: `(batch, H, W)` bool.

    Returns:
        `(batch,)` float32 in [0, 1]; nan for a map without a value above 0.

    Raises:
        PetkerasError: the shapes differ, or `masks` is not bool.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> left = np.array([[[True, False], [True, False]]])
    >>> pk.visualize.share_inside(np.array([[[3.0, 1.0], [0.0, 0.0]]]), left).tolist()
    [0.75]
    """
    maps, masks = np.maximum(maps, 0), np.asarray(masks)
    if maps.ndim != 3 or maps.shape != masks.shape or masks.dtype != bool:
        raise PetkerasError(
            "share_inside: `maps` and `masks` must have one shape (batch, H, W), and `masks` must "
            f"be bool. Received: {maps.shape} and {masks.shape} {masks.dtype}"
        )
    whole, inside = maps.sum((1, 2)), (maps * masks).sum((1, 2))  # (batch,) each
    share = np.full(len(maps), np.nan, np.float32)
    return np.divide(inside, whole, out=share, where=whole > 0, casting="same_kind")


@styled
def plot_sanity_check(model, x, image, method, seed=0, class_index=None, **options):
    """Show one photograph's map as the network's layers are randomized from the top down.

    Args:
        model, method, seed, class_index, options: as in `cascading_randomization`.
        x: `(1, H, W, 3)`, the preprocessed photograph.
        image: `(H, W, 3)` uint8, the photograph.

    Returns:
        A matplotlib `Figure`. Each title gives the lowest randomized layer and Spearman's rank
        correlation with the trained network's map. Scales are those of `plot_attribution`.
    """
    maps = cascading_randomization(model, x, method, seed, class_index, **options)
    rows, columns = grid_shape(1 + len(maps))
    figure, axes = panel_grid(rows, columns, rows * (WIDTH / columns + 0.45))
    draw_image(axes.flat[0], image, label("picture"))
    for panel, (name, each) in zip(axes.flat[1:], maps.items(), strict=False):
        correlation = rank_correlation(maps["trained"], each)[0]
        title = label(
            "random down to {layer}\nrank correlation {correlation:.2f}",
            layer=name,
            correlation=correlation,
        ).replace("-", "\N{MINUS SIGN}")
        draw_attribution(panel, image, each[0])
        panel.set_title(label("trained") if name == "trained" else title, fontsize=9.5)
    last, each = list(maps.items())[-1]
    correlation = rank_correlation(maps["trained"], each)[0]
    text = translate(
        "A picture, its heat map, and {count} more as layers are made random from the top down to "
        "{layer}, where the rank correlation with the first is {correlation:.2f}.",
        count=len(maps) - 1,
        layer=last,
        correlation=correlation,
    )
    return describe(figure, text)


def _learned_weights(model):
    """Return a dict from the names of the layers that have learned weights to lists of these."""
    weights = {
        name: [weight for weight in layer.weights if weight.name not in STATISTICS]
        for name, layer in named_layers(model, nested=False).items()
    }
    return {name: each for name, each in weights.items() if each}


def _random_like(values, seed):
    """Return random values of mean 0: around a trained mean below 0, no ReLU would be active."""
    root_mean_square = np.linalg.norm(values) / np.sqrt(tf.size(values))
    return tf.cast(_normal(values.shape, seed, root_mean_square), values.dtype)


@tf.function(
    input_signature=[
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((2,), tf.int32),
        tf.TensorSpec((), tf.float32),
    ]
)
def _normal(shape, seed, deviation):
    """Compiled, because each operation then works in place: for `fc1` that saves 450 MB."""
    return tf.random.stateless_normal(shape, seed, 0, deviation)


def _ranks(values):
    """Return each value's rank as a 1-D array; equal values share the mean of their ranks.

    Otherwise, the many zeros of a Grad-CAM map would be ranked by their positions.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # the highest rank of each value
    return (last - (counts - 1) / 2)[inverse.ravel()]


def _correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    norms = np.sqrt((a @ a) * (b @ b))
    return a @ b / norms if norms > 0 else 0.0
