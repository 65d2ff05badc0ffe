"""What a filter or a class looks for: the picture that excites it most, made by gradient ascent."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer, has_maps
from petkeras.layers import Conv2D, Dense, Dropout, MaxPool2D
from petkeras.visualize.kernels import check_filters
from petkeras.visualize.style import WIDTH, picture, styled
from petkeras.visualize.top_patches import patches, strongest

MAPS_SIZE = 40  # pixels; a convolution takes any size, and a small one is quick
BRIGHTEST = 2.5  # times the spread: about black and white
SHARPNESS = 4.0  # the strong answers of a filter, in units in which softplus has its bend at 1
BATCH = 16  # pictures that are made at once
ROWS, PATCHES = 8, 6  # in a figure, at most


def maximize(
    model,
    layer,
    filters=None,
    size=None,
    steps=60,
    seed=0,
    spread=0.06,
    octaves=None,
    jitter=0.04,
    blur=0.45,
):
    """Make the picture that excites each filter of a layer most, or each unit or class.

    From noise, each step goes along the gradient of the filter's answer with respect to the
    picture. Left alone, that ends in specks of color which excite the filter and tell nobody
    anything. Four rules keep it readable: coarse shapes come first, on a small picture, and finer
    ones after it was enlarged; each step sees the picture shifted at random; a faint blur follows
    each step; and contrast stays that of a photograph.

    Args:
        model: a `keras.Model` whose layers follow one another.
        layer: a layer's name; that of the logits for the classes.
        filters: which filters, units or classes, as numbers; `None` is all.
        size: the picture's height and width in pixels. `None` is the model's size, for layers
            with feature maps at most 40: convolutions do not care, and small pictures are quick.
        steps: how many, over all octaves.
        seed: an integer that makes the noise and the shifts repeatable.
        spread: root mean square of the picture's values, as photographs have it after
            `preprocess`: about 0.06 by the modern recipe, 60 by the article's.
        octaves: how often the picture doubles its size on the way, plus 1. `None` is 3, for
            layers with feature maps 1: their filters see little more than the finest detail.
        jitter: largest shift as a fraction of the side.
        blur: standard deviation of the blur in pixels; 0 is none.

    Returns:
        `(filters, size, size, 3)` float32, as the network takes it.

    Raises:
        PetkerasError: there is no such layer or filter, a number is out of range, or the layers
            do not follow one another.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.activation_maximization import maximize
    >>> maximize(pk.pet_net(image_size=16), "conv1_1", [0, 5], steps=3).shape
    (2, 16, 16, 3)

    Reference: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization", Distill (2017); for
        the blur, J. Yosinski et al., "Understanding Neural Networks Through Deep Visualization"
        (2015), section 3.
    """
    found = find_layer(model, layer)
    chosen = check_filters(filters, found.output.shape[-1], layer)
    size = _size(model, found, size)
    octaves = octaves if octaves is not None else 1 if has_maps(found) else 3
    if steps < 1 or octaves < 1 or spread <= 0 or min(size) < 2**octaves:
        raise PetkerasError(
            "maximize: `steps` and `octaves` must be 1 or more, `spread` above 0, and `size` at "
            "least 2 pixels, doubled with each octave after the first. "
            f"Received: steps={steps}, octaves={octaves}, spread={spread}, size={size}"
        )
    answers = _answers(model, found, size)
    climb = _step(answers, spread, blur)
    pictures = []
    for first in range(0, len(chosen), BATCH):
        part = tf.constant(chosen[first : first + BATCH], tf.int32)  # (filters,)
        noise = tf.random.stateless_normal((1, *size, 3), [seed, 0], stddev=0.3 * spread)
        x = tf.repeat(noise, len(part), axis=0)  # (filters, H, W, 3), the same for each
        for number in range(steps):
            octave = math.ceil((number + 1) * octaves / steps)  # 1, 2, ..., octaves
            x = tf.image.resize(x, [math.ceil(side / 2 ** (octaves - octave)) for side in size])
            draw = tf.random.stateless_uniform((2,), [seed, number + 1], -jitter, jitter)
            x = climb(x, part, tf.cast(tf.round(draw * size), tf.int32))
        pictures.append(_centered(x, answers(x, part, (0, 0))) if has_maps(found) else x)
    return np.concatenate(pictures)


def to_picture(x):
    """Stretch pictures such as `maximize` makes for showing.

    Args:
        x: `(..., H, W, 3)`, values about 0.

    Returns:
        uint8 of the same shape: 0 becomes mid gray; 2.5 times each picture's root mean square,
        white.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.activation_maximization import to_picture
    >>> to_picture(np.array([[[0.0, 0.01, -0.01]]])).tolist()
    [[[128, 190, 65]]]
    """
    x = np.asarray(x, np.float32)
    size = np.sqrt(np.mean(x**2, axis=(-3, -2, -1), keepdims=True))
    unit = x / np.where(size > 0, BRIGHTEST * size, 1)  # -1 is black, 1 white
    return np.clip(np.round(127.5 * (unit + 1)), 0, 255).astype(np.uint8)


@styled
def plot_excitation(model, x, images, layer, filters, names=None, seed=0):
    """Show what excites filters most: a picture made for each, and what photographs offer.

    Args:
        model: a `keras.Model` whose layers follow one another.
        x: `(n, H, W, 3)`, the photographs, preprocessed.
        images: `(n, H, W, 3)` uint8, the photographs.
        layer: a layer's name.
        filters: which filters, units or classes, as numbers; the first eight are shown.
        names: a title for each, such as the classes' names; `None` gives the numbers.
        seed: an integer that makes the pictures repeatable.

    Returns:
        A matplotlib `Figure` with a row for each filter. Left: the picture of `maximize`. Right:
        the receptive fields of the places that excite the filter most, one a photograph, the
        strongest first; for a layer without maps, the whole photographs. Those in which the
        filter is silent are left out.

    Raises:
        PetkerasError: as in `maximize` and `strongest`; or there is not one name for each filter,
            or not one image for each of `x`.

    Example:

    >>> from petkeras.visualize.activation_maximization import plot_excitation
    >>> plot_excitation(model, x, images, "conv2_2", range(8))  # doctest: +SKIP
    >>> plot_excitation(model, x, images, "softmax", [0, 1], class_names)  # doctest: +SKIP
    """
    filters = list(filters)
    if names is not None and len(names) != len(filters):
        raise PetkerasError(
            f"plot_excitation: `names` must be one for each of the {len(filters)} filters. "
            f"Received: {len(names)}"
        )
    if len(x) != len(images):
        raise PetkerasError(
            "plot_excitation: `x` and `images` must be the same photographs. "
            f"Received: {len(x)} and {len(images)}"
        )
    filters = filters[:ROWS]
    kind = "filter" if has_maps(find_layer(model, layer)) else "unit"
    titles = [f"{kind} {number}" for number in filters] if names is None else names
    spread = float(np.sqrt(np.mean(np.square(x))))
    made = to_picture(maximize(model, layer, filters, seed=seed, spread=spread))
    places = strongest(model, x, layer, filters, PATCHES)
    found = patches(model, images, layer, places)  # (filters, count, h, w, 3)
    widths = [1.2] + PATCHES * [1]
    height = WIDTH * widths[0] / sum(widths) + 0.25  # inches, of a row
    figure, axes = plt.subplots(
        len(filters),
        1 + PATCHES,
        squeeze=False,
        figsize=(WIDTH, len(filters) * height + 0.35),
        width_ratios=widths,
    )
    for panel in axes.flat:
        panel.set_visible(False)  # until there is something to see
    for row in range(len(filters)):
        silent = places.values[row] == 0
        title = f"{titles[row]}, silent in all photographs" if silent.all() else titles[row]
        _framed(axes[row, 0], made[row], title)
        for panel, patch in zip(axes[row, 1:], found[row][~silent], strict=False):
            _framed(panel, patch)
    figure.suptitle(
        f"What excites {layer} most: made (left), and found in {len(x)} photographs",
        x=0.005,
        ha="left",
        fontsize=12,
    )
    return figure


def _framed(panel, values, title=None):
    """Show a picture at the top of its panel, in a frame that tells white from the paper."""
    panel.set_visible(True)
    panel.set_anchor("N")
    picture(panel, values, title)
    panel.spines[:].set(visible=True, color=plt.rcParams["grid.color"])


def _answers(model, layer, size):
    """Return a function: how pictures, shifted, excite each its own filter of a layer."""
    path, maps = _path(model, layer), has_maps(layer)
    # A ReLU may as well come after pools and dropout, and is then left out.
    bare = next(
        (each for each in reversed(path) if not isinstance(each, MaxPool2D | Dropout)), None
    )

    def answers(x, filters, shift):
        seen = tf.roll(tf.image.resize(x, size), shift, axis=(1, 2))  # (filters, H, W, 3)
        if maps:
            seen = tf.tile(seen, (1, 2, 2, 1))  # (filters, 2 H, 2 W, 3)
        for each in path:
            seen = _without_activation(each, seen) if each is bare else each(seen, training=False)
        seen = tf.gather(seen, filters, axis=-1, batch_dims=1)  # (filters, ...), each its own
        if maps:  # the middle half: once around, and no edge near by
            height, width = seen.shape[1] // 2, seen.shape[2] // 2
            top, left = height // 2, width // 2
            seen = seen[:, top : top + height, left : left + width]
        return tf.cast(seen, tf.float32)

    return answers


def _step(answers, spread, blur):
    """Return a function that takes pictures a step up, each along its own filter's gradient."""

    def step(x, filters, shift):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            score = _score(answers(x, filters, shift))  # (filters,)
        gradient = tape.gradient(score, x)
        x += 0.15 * spread * gradient / (_root_mean_square(gradient) + 1e-20)
        x = _blurred(x, blur) if blur else x
        x *= tf.minimum(spread / _root_mean_square(x), 1)
        return tf.clip_by_value(x, -BRIGHTEST * spread, BRIGHTEST * spread)

    return tf.function(step).get_concrete_function(  # one graph for all octaves
        tf.TensorSpec((None, None, None, 3), tf.float32),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((2,), tf.int32),
    )


def _centered(x, answers):
    """Shift pictures around, as their opposite edges touch: the strongest answer to the middle."""
    height, width = answers.shape[1:]
    shifted = []
    for each, heat in zip(x.numpy(), answers.numpy(), strict=True):
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        down, across = len(each) * row / height, each.shape[1] * column / width  # pixels
        shifted.append(np.roll(each, (-round(down), -round(across)), axis=(0, 1)))
    return np.stack(shifted)


def _without_activation(layer, x):
    """Apply a layer, but no ReLU: below 0 it hides which way is up."""
    if isinstance(layer, Conv2D):
        x = tf.nn.conv2d(tf.cast(x, tf.float32), layer.kernel, layer.strides, layer.padding.upper())
        return tf.nn.bias_add(x, layer.bias)
    if isinstance(layer, Dense):
        return tf.nn.bias_add(tf.matmul(tf.cast(x, tf.float32), layer.kernel), layer.bias)
    return layer(x, training=False)


def _score(answers):
    """Return one number for each picture: its filter's answers `(filters, h, w)` as a whole.

    A plain mean would often be highest for an even color. Squares let few strong answers count
    more than many weak ones; softplus, a ReLU without its corner, lets a filter that is silent
    everywhere feel which way is up.
    """
    if len(answers.shape) == 1:
        return answers  # (filters,), a unit or a class
    size = tf.sqrt(tf.reduce_mean(tf.square(answers), axis=(1, 2), keepdims=True))
    answers *= SHARPNESS / tf.stop_gradient(size + 1e-20)
    return tf.reduce_mean(tf.square(tf.nn.softplus(answers)), axis=(1, 2))  # (filters,)


def _blurred(x, deviation):
    """Blur pictures by a Gaussian five pixels wide."""
    line = tf.exp(-(tf.range(-2.0, 3.0) ** 2) / (2 * deviation**2))
    line /= tf.reduce_sum(line)
    kernel = tf.tile((line[:, None] * line)[:, :, None, None], (1, 1, 3, 1))  # (5, 5, 3, 1)
    x = tf.concat([x[:, -2:], x, x[:, :2]], axis=1)  # the opposite edges touch, as in `tf.roll`
    x = tf.concat([x[:, :, -2:], x, x[:, :, :2]], axis=2)
    return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID")


def _root_mean_square(x):
    return tf.sqrt(tf.reduce_mean(tf.square(x), axis=(1, 2, 3), keepdims=True))


def _size(model, layer, size):
    """Return the height and width of the picture to make."""
    whole, maps = model.input_shape[1:3], has_maps(layer)
    if size is None:
        return tuple(min(side, MAPS_SIZE) for side in whole) if maps else whole
    size = (size, size) if isinstance(size, int) else tuple(size)
    if not maps and size != whole:
        raise PetkerasError(
            f"maximize: layer '{layer.name}' has no feature maps, so that `size` must be the "
            f"model's, {whole}, or None. Received: size={size}"
        )
    return size


def _path(model, layer):
    """Return the layers from the picture to this one, if each takes what the one before gives."""
    path, at = [], model.inputs[0]
    for each in model.layers:
        if type(each).__name__ == "InputLayer":
            continue
        if each.input is not at:
            raise PetkerasError(
                f"maximize: the layers must follow one another. '{each.name}' takes something "
                "else than what the layer before it gives."
            )
        path.append(each)
        at = each.output
        if each is layer:
            break
    return path
