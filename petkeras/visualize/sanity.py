"""Whether a map of where a network looks can be believed: two checks in numbers, and a figure."""

from __future__ import annotations

import contextlib

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer
from petkeras.visualize.attribution import check_pictures, choose_classes, overlay_map
from petkeras.visualize.style import WIDTH, grid_shape, picture, styled


@contextlib.contextmanager
def randomize(model, layers=None, seed=0):
    """Draw layers' weights anew while a `with` block lasts, then put the trained ones back.

    Each kernel and each bias is drawn from a normal distribution of mean 0 and of the trained
    values' root mean square: what was learned is gone, while values keep their size.

    Args:
        model: a `keras.Model`. The weights are changed in place: of 411 MB for `fc1` there need
            not be more copies than the trained one and the random one.
        layers: the names of the layers; `None` is all that have weights.
        seed: an integer that makes the draws repeatable.

    Yields:
        The model.

    Raises:
        PetkerasError: there is no such layer, or it has no weights.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.sanity import randomize
    >>> model = pk.pet_net(image_size=16)
    >>> trained = model.get_layer("fc1").kernel.numpy()
    >>> with randomize(model, ["fc1"]):
    ...     print((model.get_layer("fc1").kernel.numpy() == trained).mean().round(2))
    0.0
    >>> bool((model.get_layer("fc1").kernel.numpy() == trained).all())
    True
    """
    chosen = _weighted(model) if layers is None else [find_layer(model, name) for name in layers]
    for layer in chosen:
        if not layer.weights:
            names = ", ".join(each.name for each in _weighted(model))
            raise PetkerasError(f"Layer '{layer.name}' has no weights. Layers that have: {names}.")
    trained = []
    try:
        for layer in chosen:
            for number, variable in enumerate(layer.trainable_variables):
                values = tf.convert_to_tensor(variable)
                trained.append((variable, values))
                draw_seed = [seed, 2 * model.layers.index(layer) + number]
                variable.assign(_redraw(values, draw_seed))
        yield model
    finally:
        for variable, values in trained:
            variable.assign(values)


def cascade(model, x, method, seed=0, class_index=None, **options):
    """Return the maps of the trained network, and of it with ever more layers randomized.

    Layers go from the top down: first the logits' alone, at last all of them. The class stays the
    one that the trained network says.

    Args:
        model: a `keras.Model`; when this returns, its weights are as they were.
        x: `(batch, H, W, 3)`, preprocessed.
        method: a function of `model`, `x` and `class_index`, such as `saliency`.
        seed: an integer that makes the random weights repeatable.
        class_index: as in `saliency`.
        options: further arguments of `method`, such as `layer="conv2_2"`.

    Returns:
        A dict from `"trained"`, and then from the name of the lowest layer whose weights are
        random, to maps `(batch, H, W)`.
    """
    x = check_pictures(model, x)
    classes = choose_classes(model, x, class_index)
    maps = {"trained": method(model, x, class_index=classes, **options)}
    with contextlib.ExitStack() as random_layers:
        for layer in reversed(_weighted(model)):
            random_layers.enter_context(randomize(model, [layer.name], seed))
            maps[layer.name] = method(model, x, class_index=classes, **options)
    return maps


def sanity_check(model, x, method, seed=0, class_index=None, **options):
    """Measure how far maps change as the network forgets what it learned, from the top down.

    A method whose maps stay the same for a network with random weights shows the picture's edges,
    and not what the network has learned.

    Args: as in `cascade`.

    Returns:
        A list of (name of the lowest layer whose weights are random, rank correlation with the
        trained network's maps, the mean over the pictures).

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.attribution import saliency
    >>> from petkeras.visualize.sanity import sanity_check
    >>> x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    >>> [name for name, _ in sanity_check(pk.pet_net(image_size=16), x, saliency)]
    ['softmax', 'fc1', 'conv2_2', 'conv2_1', 'conv1_2', 'conv1_1']

    Reference: J. Adebayo et al., "Sanity Checks for Saliency Maps" (2018), section 3.1.
    """
    maps = cascade(model, x, method, seed, class_index, **options)
    trained = maps.pop("trained")
    return [(name, float(similarity(trained, each).mean())) for name, each in maps.items()]


def similarity(maps_a, maps_b):
    """Return Spearman's rank correlation of each picture's two maps.

    Args:
        maps_a, maps_b: `(batch, H, W)` each.

    Returns:
        `(batch,)` float64: 1 where both maps put the pixels in the same order, -1 in the opposite
        one; 0 where one of them is the same everywhere, and so says nothing.

    Raises:
        PetkerasError: the shapes differ.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.sanity import similarity
    >>> similarity(np.array([[[1, 2, 30]]]), np.array([[[4, 5, 6]]])).tolist()
    [1.0]
    """
    if np.ndim(maps_a) != 3 or np.shape(maps_a) != np.shape(maps_b):
        raise PetkerasError(
            "similarity: both must be maps of one shape (batch, H, W). "
            f"Received: {np.shape(maps_a)} and {np.shape(maps_b)}"
        )
    return np.array(
        [_correlation(_ranks(a), _ranks(b)) for a, b in zip(maps_a, maps_b, strict=True)]
    )


def energy_inside(maps, masks):
    """Return the share of each map's sum that falls inside a mask, such as the pet's outline.

    Args:
        maps: `(batch, H, W)`; values below 0 count as 0.
        masks: `(batch, H, W)` bool.

    Returns:
        `(batch,)` float32 in [0, 1]; nan for a map without a value above 0.

    Raises:
        PetkerasError: the shapes differ, or `masks` is not bool.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.sanity import energy_inside
    >>> left = np.array([[[True, False], [True, False]]])
    >>> energy_inside(np.array([[[3.0, 1.0], [0.0, 0.0]]]), left).tolist()
    [0.75]
    """
    maps, masks = np.maximum(maps, 0), np.asarray(masks)
    if maps.ndim != 3 or maps.shape != masks.shape or masks.dtype != bool:
        raise PetkerasError(
            "energy_inside: `maps` and `masks` must have one shape (batch, H, W), and `masks` "
            f"must be bool. Received: {maps.shape} and {masks.shape} {masks.dtype}"
        )
    whole, inside = maps.sum((1, 2)), (maps * masks).sum((1, 2))  # (batch,) each
    share = np.full(len(maps), np.nan, np.float32)
    return np.divide(inside, whole, out=share, where=whole > 0, casting="same_kind")


@styled
def plot_sanity_check(model, x, image, method, seed=0, class_index=None, **options):
    """Show one photograph's map as the network forgets what it learned, from the top down.

    Args:
        model, method, seed, class_index, options: as in `cascade`.
        x: `(1, H, W, 3)`, the photograph, preprocessed.
        image: `(H, W, 3)` uint8, the photograph.

    Returns:
        A matplotlib `Figure`. Each title tells the lowest layer whose weights are random, and
        Spearman's rank correlation with the trained network's map. Scales as in
        `plot_attribution`.
    """
    maps = cascade(model, x, method, seed, class_index, **options)
    rows, columns = grid_shape(1 + len(maps))
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(WIDTH, rows * (WIDTH / columns + 0.45))
    )
    for panel in axes.flat[1 + len(maps) :]:
        panel.set_visible(False)
    picture(axes.flat[0], image, "photograph")
    for panel, (name, each) in zip(axes.flat[1:], maps.items(), strict=False):
        correlation = similarity(maps["trained"], each)[0]
        title = f"random down to {name}\nrank correlation {correlation:.2f}".replace(
            "-", "\N{MINUS SIGN}"
        )
        overlay_map(panel, image, each[0])
        panel.set_title("trained" if name == "trained" else title, fontsize=9.5)
    return figure


def _weighted(model):
    return [layer for layer in model.layers if layer.trainable_variables]


def _redraw(values, seed):
    """Draw values of mean 0: around the trained mean, often below 0, no ReLU would be active."""
    size = np.linalg.norm(values) / np.sqrt(tf.size(values))  # root mean square
    return tf.random.stateless_normal(values.shape, seed, 0, size, values.dtype)


def _ranks(values):
    """Return each value's rank as a flat array; equal values share the mean of their ranks.

    Without that, the many zeros of a Grad-CAM map would be ranked by their places.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # the rank of the last of each value
    return (last - (counts - 1) / 2)[inverse.ravel()]


def _correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return a @ b / size if size > 0 else 0.0
