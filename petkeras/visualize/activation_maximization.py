"""What a filter or a class looks for: an image made by gradient ascent that activates it most."""

from __future__ import annotations

import math
from numbers import Integral

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_filters, find_layer, fits, has_feature_maps
from petkeras.language import translate
from petkeras.layers import Dropout, MaxPool2D
from petkeras.tracing import layers_in_sequence, without_activation
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import WIDTH, draw_image, panel_grid, styled
from petkeras.visualize.top_patches import crop_patches, top_activations

MAX_MAPS_SIZE = 40  # pixels; a convolution takes any size, and a small image is fast
ANY_SIZE = 96  # pixels, for the classes of a model that takes images of any size
# Layers that do not change a filter's highest activation.
PASSING = (Dropout, MaxPool2D, keras.layers.Dropout, keras.layers.MaxPooling2D)
CONTRAST = 2.5  # times the spread: about black and white
SHARPNESS = 4.0  # scale of a filter's activations, in units where softplus bends at 1
BATCH_SIZE = 16  # images made at once
MAX_ROWS, PATCHES = 8, 6  # in a figure


def maximize_activation(
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
    """Return images that maximize the activation of each filter of a layer, unit or class.

    Starting from noise, each step follows the gradient of the activation with respect to the image.
    On its own, that ends in colored specks that activate the filter and show nothing. Four rules
    keep the image readable: coarse shapes come first, on a small image, and finer ones after it is
    enlarged; each step shifts the image at random; a slight blur follows each step; and the
    contrast stays that of a photograph.

    Args:
        model: a `keras.Model` whose layers, up to this one, follow one another.
        layer: a layer's name; for classes, the name of the last layer, whose logits before any
            softmax are maximized.
        filters: numbers of filters, units or classes; `None` is all.
        size: the image's height and width in pixels. `None` is the model's image size (96 if it
            takes any), but at most 40 for layers with feature maps: small images are fast, and
            convolutions take any size.
        steps: the number of steps, over all octaves.
        seed: an integer that makes the noise and the shifts repeatable.
        spread: root mean square of the image's values, as photographs have it after
            `preprocess`: about 0.06 by the modern recipe, 60 by the article's.
        octaves: the number of sizes, each twice the one before. `None` is 3, and 1 for layers with
            feature maps, whose filters see little more than the finest detail.
        jitter: largest shift as a fraction of the side.
        blur: standard deviation of the blur in pixels; 0 is none.

    Returns:
        `(filters, size, size, 3)` float32, as the network takes it.

    Raises:
        PetkerasError: there is no such layer or filter, a number is out of range, or the layers
            before it do not follow one another.

    Example:

    >>> import petkeras as pk
    >>> model = pk.pet_net(image_size=16)
    >>> pk.visualize.maximize_activation(model, "conv1_1", [0, 5], steps=3).shape
    (2, 16, 16, 3)

    Reference: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization", Distill (2017); for
        the blur, J. Yosinski et al., "Understanding Neural Networks Through Deep Visualization"
        (2015), section 3.
    """
    found = find_layer(model, layer)
    chosen = check_filters(filters, found.output.shape[-1], f"Layer '{layer}'")
    size = _image_size(model, found, size)
    octaves = octaves if octaves is not None else 1 if has_feature_maps(found) else 3
    if steps < 1 or octaves < 1 or spread <= 0 or min(size) < 2**octaves:
        raise PetkerasError(
            "maximize_activation: `steps` and `octaves` must be 1 or more, `spread` above 0, and "
            "`size` at least 2 pixels, doubled with each octave after the first. "
            f"Received: steps={steps}, octaves={octaves}, spread={spread}, size={size}"
        )
    activations = _activations(model, layer, size)
    ascend = _ascent_step(activations, spread, blur)
    images = []
    for first in range(0, len(chosen), BATCH_SIZE):
        part = tf.constant(chosen[first : first + BATCH_SIZE], tf.int32)  # (filters,)
        noise = tf.random.stateless_normal((1, *size, 3), [seed, 0], stddev=0.3 * spread)
        x = tf.repeat(noise, len(part), axis=0)  # (filters, H, W, 3), the same for each
        for number in range(steps):
            octave = math.ceil((number + 1) * octaves / steps)  # 1, 2, ..., octaves
            x = tf.image.resize(x, [math.ceil(side / 2 ** (octaves - octave)) for side in size])
            draw = tf.random.stateless_uniform((2,), [seed, number + 1], -jitter, jitter)
            x = ascend(x, part, tf.cast(tf.round(draw * size), tf.int32))
        images.append(_centered(x, activations(x, part, (0, 0))) if has_feature_maps(found) else x)
    return np.concatenate(images)


def stretch_contrast(x):
    """Return images such as those of `maximize_activation` as uint8, with one contrast.

    Args:
        x: `(..., H, W, 3)`, values around 0.

    Returns:
        uint8 of the same shape: 0 becomes mid gray, and 2.5 times each image's root mean square
        becomes white.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.stretch_contrast(np.array([[[0.0, 0.01, -0.01]]])).tolist()
    [[[128, 190, 65]]]
    """
    x = np.asarray(x, np.float32)
    size = np.sqrt(np.mean(x**2, axis=(-3, -2, -1), keepdims=True))
    unit = x / np.where(size > 0, CONTRAST * size, 1)  # -1 is black, 1 white
    return np.clip(np.round(127.5 * (unit + 1)), 0, 255).astype(np.uint8)


@styled
def plot_activation_maximization(model, x, images, layer, filters, names=None, seed=0, steps=60):
    """Show what activates filters most: a generated image for each, and patches of photographs.

    Args:
        model: a `keras.Model` whose layers follow one another.
        x: `(n, H, W, 3)`, the preprocessed photographs.
        images: `(n, H, W, 3)` uint8, the photographs.
        layer: a layer's name.
        filters: numbers of filters, units or classes; the first eight are shown.
        names: a title for each, such as the classes' names; `None` shows the numbers.
        seed: an integer that makes the generated images repeatable.
        steps: the number of steps in which each generated image is made.

    Returns:
        A matplotlib `Figure` with one row per filter. Left, the image of `maximize_activation`.
        Right, the receptive fields of the positions that activate the filter most, one per
        photograph, the highest activation first; for a layer without feature maps, the whole
        photographs. Photographs that do not activate the filter are left out.

    Raises:
        PetkerasError: as in `maximize_activation` and `top_activations`; or there is not one name
            for each filter, or not one image for each of `x`.
    """
    filters = list(filters)
    if names is not None and len(names) != len(filters):
        raise PetkerasError(
            "plot_activation_maximization: `names` must have one name for each of the "
            f"{len(filters)} filters. Received: {len(names)}"
        )
    if len(x) != len(images):
        raise PetkerasError(
            "plot_activation_maximization: `x` and `images` must be the same photographs. "
            f"Received: {len(x)} and {len(images)}"
        )
    filters = filters[:MAX_ROWS]
    titles = names
    if names is None:
        maps = has_feature_maps(find_layer(model, layer))
        titles = [
            label("filter {number}" if maps else "unit {number}", number=number)
            for number in filters
        ]
    spread = float(np.sqrt(np.mean(np.square(x))))
    made = maximize_activation(model, layer, filters, steps=steps, seed=seed, spread=spread)
    top = top_activations(model, x, layer, filters, PATCHES)
    found = crop_patches(model, images, layer, top)  # (filters, count, h, w, 3)
    widths = [1.2] + PATCHES * [1]
    row_height = WIDTH * widths[0] / sum(widths) + 0.25  # inches
    height = len(filters) * row_height + 0.35
    figure, axes = panel_grid(len(filters), 1 + PATCHES, height, width_ratios=widths)
    for row in range(len(filters)):
        silent = top.values[row] == 0
        title = titles[row]
        if silent.all():
            title = label("{title}, silent in all photographs", title=title)
        _draw_framed(axes[row, 0], stretch_contrast(made[row]), title)
        for panel, patch in zip(axes[row, 1:], found[row][~silent], strict=False):
            _draw_framed(panel, patch)
    heading = label(
        "What activates {layer} most: made (left), and found in {count} photographs",
        layer=layer,
        count=len(x),
    )
    figure.suptitle(heading, x=0.005, ha="left", fontsize=12)
    return describe(
        figure,
        translate(
            "What activates {layer} most, a row each for {rows}: on the left an image made for it, "
            "on the right the parts of pictures that do it best.",
            layer=layer,
            rows=listed(titles[: len(filters)]),
        ),
    )


def _draw_framed(panel, values, title=None):
    """Show an image at the top of its panel, in a frame that sets white apart from the page."""
    panel.set_anchor("N")
    draw_image(panel, values, title)
    panel.spines[:].set(visible=True, color=plt.rcParams["grid.color"])


def _activations(model, layer, size):
    """Return a function from shifted images to each one's activations of its own filter."""
    layers = [call.layer for call in layers_in_sequence(model, layer)]
    maps = has_feature_maps(layers[-1])
    # A ReLU has no gradient below 0. Pooling and dropout do not hide it: leave out the activation
    # of the last layer before them.
    last = next((each for each in reversed(layers) if not isinstance(each, PASSING)), layers[-1])

    def activations(x, filters, shift):
        x = tf.roll(tf.image.resize(x, size), shift, axis=(1, 2))  # (filters, H, W, 3)
        if maps:
            x = tf.tile(x, (1, 2, 2, 1))  # (filters, 2 H, 2 W, 3)
        with without_activation(last):
            for each in layers:
                x = each(x, training=False)
        x = tf.gather(x, filters, axis=-1, batch_dims=1)  # (filters, ...), each its own
        if maps:  # the middle half: each position once, and away from the edges
            height, width = x.shape[1] // 2, x.shape[2] // 2
            top, left = height // 2, width // 2
            x = x[:, top : top + height, left : left + width]
        return tf.cast(x, tf.float32)

    return activations


def _ascent_step(activations, spread, blur):
    """Return a function that moves images one step along their own filter's gradient."""

    def step(x, filters, shift):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            score = _score(activations(x, filters, shift))  # (filters,)
        gradient = tape.gradient(score, x)
        x += 0.15 * spread * gradient / (_root_mean_square(gradient) + 1e-20)
        x = _blurred(x, blur) if blur else x
        x *= tf.minimum(spread / _root_mean_square(x), 1)
        return tf.clip_by_value(x, -CONTRAST * spread, CONTRAST * spread)

    return tf.function(step).get_concrete_function(  # one graph for all octaves
        tf.TensorSpec((None, None, None, 3), tf.float32),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((2,), tf.int32),
    )


def _score(activations):
    """Return one number for each image from its filter's activations `(filters, h, w)`.

    A plain mean would often be highest for a uniform color. Squares give few strong activations
    more weight than many weak ones; softplus, a smooth ReLU, has a gradient where a filter is
    silent everywhere.
    """
    if len(activations.shape) == 1:
        return activations  # (filters,), a unit or a class
    size = tf.sqrt(tf.reduce_mean(tf.square(activations), axis=(1, 2), keepdims=True))
    activations *= SHARPNESS / tf.stop_gradient(size + 1e-20)
    return tf.reduce_mean(tf.square(tf.nn.softplus(activations)), axis=(1, 2))  # (filters,)


def _blurred(x, deviation):
    """Return images blurred by a Gaussian that is five pixels wide."""
    line = tf.exp(-(tf.range(-2.0, 3.0) ** 2) / (2 * deviation**2))
    line /= tf.reduce_sum(line)
    kernel = tf.tile((line[:, None] * line)[:, :, None, None], (1, 1, 3, 1))  # (5, 5, 3, 1)
    x = tf.concat([x[:, -2:], x, x[:, :2]], axis=1)  # opposite edges touch, as in `tf.roll`
    x = tf.concat([x[:, :, -2:], x, x[:, :, :2]], axis=2)
    return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID")


def _centered(x, activations):
    """Shift images, whose opposite edges touch, so that the highest activation is centered."""
    height, width = activations.shape[1:]
    shifted = []
    for image, heat in zip(x.numpy(), activations.numpy(), strict=True):
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        down, across = len(image) * row / height, image.shape[1] * column / width  # pixels
        shifted.append(np.roll(image, (-round(down), -round(across)), axis=(0, 1)))
    return np.stack(shifted)


def _root_mean_square(x):
    return tf.sqrt(tf.reduce_mean(tf.square(x), axis=(1, 2, 3), keepdims=True))


def _image_size(model, layer, size):
    """Return the height and width of the images to make."""
    model_size, maps = tuple(model.inputs[0].shape[1:3]), has_feature_maps(layer)
    if size is None and maps:
        return tuple(min(side or MAX_MAPS_SIZE, MAX_MAPS_SIZE) for side in model_size)
    if size is None:
        return tuple(side or ANY_SIZE for side in model_size)
    size = (size, size) if isinstance(size, Integral) else tuple(size)
    if not maps and not fits(size, model_size):
        raise PetkerasError(
            f"maximize_activation: layer '{layer.name}' has no feature maps, so `size` must be "
            f"None or the model's, {model_size}. Received: size={size}"
        )
    return size
