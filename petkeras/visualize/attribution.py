"""Where a network looks: four ways to measure how much each pixel matters for a class.

Each takes preprocessed images `x` `(batch, H, W, 3)` and returns maps `(batch, H, W)`, high where
the image matters. `petkeras.visualize.sanity` checks whether a map depends on what was learned.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_one_input_and_output, find_layer, fits
from petkeras.language import message, translate
from petkeras.tracing import compile_logits, compile_once, compute_logits, recording
from petkeras.visualize.description import counted, describe, listed
from petkeras.visualize.lettering import label, letters_across, wrap_text
from petkeras.visualize.style import WIDTH, draw_heatmap, draw_image, panel_grid, styled

BATCH_SIZE = 16  # images per forward pass
CLASSES = tf.TensorSpec((None,), tf.int64)  # of the images of a batch
MAX_PHOTOGRAPHS = 6  # in a figure
METHODS = (message("saliency"), message("occlusion"))  # whose names are words, not proper names


def saliency(model, x, class_index=None):
    """Return how strongly the class's logit responds to a small change of each pixel.

    Args:
        model: a functional or sequential `keras.Model` from images to logits `(batch, classes)`. If
            it ends in a softmax, the logits before the softmax are used.
        x: `(batch, H, W, 3)`, preprocessed.
        class_index: one class for all images, or one for each; `None` is the class that the model
            predicts for each image.

    Returns:
        `(batch, H, W)` float32, 0 or more: the largest absolute gradient over the channels.

    Raises:
        PetkerasError: `x` does not fit the model, there is no such class, or the model is of
            another kind.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.saliency(pk.pet_net(image_size=16), np.ones((5, 16, 16, 3), "float32")).shape
    (5, 16, 16)

    Reference: K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks:
        Visualising Image Classification Models and Saliency Maps" (2013), section 3.
    """
    x, classes = check_images(model, x), choose_classes(model, x, class_index)
    gradient = _logit_gradient(model)
    parts = [gradient(x[part], classes[part]) for part in _batches(x)]  # each (b, H, W, 3)
    return np.abs(np.concatenate(parts)).max(axis=3)  # (batch, H, W)


def smooth_grad(model, x, class_index=None, samples=25, noise=0.15, seed=0):
    """Return the saliency of the mean gradient over noisy copies of each image.

    A single gradient flickers from pixel to pixel; the mean keeps what many have in common. Every
    image gets the same noise, so its map does not depend on the other images of the batch.

    The map still depends on the noise. On photographs of 96 pixels, the maps of two seeds had a
    mean rank correlation of 0.62 with 10 samples, 0.76 with 25, 0.85 with 50 and 0.91 with 100.
    Take more samples, or compare seeds, before you interpret single pixels.

    Args:
        model, x, class_index: as in `saliency`; `None` is predicted for the image without noise.
        samples: how many noisy copies of each image.
        noise: standard deviation of the noise, as a fraction of the image's range (its largest
            value minus its smallest).
        seed: an integer that makes the noise repeatable.

    Returns:
        `(batch, H, W)` float32, 0 or more.

    Raises:
        PetkerasError: as in `saliency`, or `samples` is below 1, or `noise` below 0.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model = pk.pet_net(image_size=16)
    >>> pk.visualize.smooth_grad(model, np.ones((5, 16, 16, 3), "float32"), samples=3).shape
    (5, 16, 16)

    Reference: D. Smilkov et al., "SmoothGrad: Removing Noise by Adding Noise" (2017).
    """
    if samples < 1 or noise < 0:
        raise PetkerasError(
            "smooth_grad: `samples` must be 1 or more, and `noise` 0 or more. "
            f"Received: samples={samples}, noise={noise}"
        )
    x, classes = check_images(model, x), choose_classes(model, x, class_index)
    ranges = tf.reduce_max(x, (1, 2, 3)) - tf.reduce_min(x, (1, 2, 3))  # (batch,)
    gradient = _logit_gradient(model)
    mean = np.zeros(x.shape, np.float32)
    for sample in range(samples):
        draw = tf.random.stateless_normal(x.shape[1:], [seed, sample])  # (H, W, 3)
        noisy = x + noise * ranges[:, None, None, None] * draw  # (batch, H, W, 3)
        for part in _batches(x):
            mean[part] += gradient(noisy[part], classes[part]) / samples
    return np.abs(mean).max(axis=3)  # (batch, H, W)


def grad_cam(model, x, layer, class_index=None):
    """Return where the feature maps that speak for the class are active.

    Each map's weight is the mean over its positions of the logit's gradient. The weighted maps are
    summed, and negative sums, which speak against the class, become 0.

    Args:
        model, x, class_index: as in `saliency`.
        layer: the name of a layer with feature maps, such as `"conv2_2"`; for a layer in a nested
            model, such as `"backbone/conv5"`.

    Returns:
        `(batch, H, W)` float32, 0 or more, resized from the maps' size to the images'.

    Raises:
        PetkerasError: as in `saliency`, or there is no such layer, or it has no feature maps.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model, x = pk.pet_net(image_size=16), np.ones((5, 16, 16, 3), "float32")
    >>> pk.visualize.grad_cam(model, x, "conv2_2").shape
    (5, 16, 16)

    Reference: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
        Gradient-based Localization" (2017), equations 1 and 2.
    """
    found = find_layer(model, layer, maps=True)
    x, classes = check_images(model, x), choose_classes(model, x, class_index)

    def weighted_maps(x, classes):
        with tf.GradientTape(watch_accessed_variables=False) as tape, recording({0: found}) as at:
            tape.watch(x)  # and so everything computed from it
            chosen = tf.gather(compute_logits(model, x), classes, axis=1, batch_dims=1)  # (b,)
        maps = at[0]  # (b, h, w, filters)
        gradient = tf.cast(tape.gradient(chosen, maps), tf.float32)  # (b, h, w, filters)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)  # (b, 1, 1, filters)
        maps = tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=3, keepdims=True)
        return tf.image.resize(tf.nn.relu(maps), tf.shape(x)[1:3])  # (b, H, W, 1), bilinear

    compiled = compile_once(model, ("grad_cam", layer), weighted_maps, CLASSES)
    parts = [compiled(x[part], classes[part]) for part in _batches(x)]
    return np.concatenate(parts)[..., 0]  # (batch, H, W)


def occlusion(model, x, class_index=None, window=32, stride=16, fill=0.0):
    """Return how far the class's probability falls when a window over each pixel is covered.

    Args:
        model, x, class_index: as in `saliency`; `None` is predicted for the whole image.
        window: the side of the covering square in pixels.
        stride: pixels from one window to the next, at most `window`. The last window of a row or
            column may hang over the edge, so that every pixel is covered.
        fill: the value of a covered pixel; 0 is the mean image.

    Returns:
        `(batch, H, W)` float32 in [-1, 1]: for each pixel, the mean fall over all windows that
        cover it. Below 0, covering it helps.

    Raises:
        PetkerasError: as in `saliency`, or `window` or `stride` is out of range.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> x = np.ones((1, 16, 16, 3), "float32")
    >>> pk.visualize.occlusion(pk.pet_net(image_size=16), x, window=8, stride=4).shape
    (1, 16, 16)

    Reference: M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks" (2014),
        section 4.2.
    """
    x, classes = check_images(model, x).numpy(), choose_classes(model, x, class_index)
    windows = _windows(x.shape[1:3], window, stride)
    total = np.zeros(x.shape[:3], np.float32)  # (batch, H, W)
    count = np.zeros(x.shape[1:3], np.float32)  # (H, W), how many windows cover a pixel
    for rows, columns in windows:
        count[rows, columns] += 1
    for number, index in enumerate(classes):
        uncovered = _probabilities(model, x[number, None])[0, index]
        for part in _batches(windows):
            covered = np.repeat(x[number, None], len(windows[part]), axis=0)  # (b, H, W, 3)
            for image, (rows, columns) in zip(covered, windows[part], strict=True):
                image[rows, columns] = fill
            falls = uncovered - _probabilities(model, covered)[:, index]  # (b,)
            for fall, (rows, columns) in zip(falls, windows[part], strict=True):
                total[number, rows, columns] += fall
    return total / count


@styled
def plot_attribution(images, maps, titles=None):
    """Show photographs, and beside each its maps, one column per method.

    Args:
        images: `(batch, H, W, 3)` uint8; the first six are shown.
        maps: a dict from a method's name to its maps `(batch, H, W)`. The names "saliency" and
            "occlusion" are shown in the current language.
        titles: one string for each photograph, shown below it, such as the network's prediction.

    Returns:
        A matplotlib `Figure`. Bright is high. Each map's scale goes from 0 to its 99.5th
        percentile, so that a single pixel does not darken all others. Values below 0, where
        covering a pixel helped the class, are shown as 0.

    Raises:
        PetkerasError: a method does not have one map of the right size for each photograph.
    """
    for name, each in maps.items():
        if np.shape(each) != np.shape(images)[:3]:
            raise PetkerasError(
                f"plot_attribution: '{name}' must have a map (H, W) for each photograph, "
                f"{np.shape(images)[:3]}. Received: {np.shape(each)}"
            )
    rows, columns = min(len(images), MAX_PHOTOGRAPHS), 1 + len(maps)
    side = WIDTH / max(3, columns)  # inches; at half of the width a row would be too high
    height = side + (0.25 if titles is not None else 0.05)
    figure, axes = panel_grid(rows, columns, 0.25 + rows * height, side * columns)
    methods = [label(name) if name in METHODS else name for name in maps]
    for row in range(rows):
        draw_image(axes[row, 0], images[row], label("picture") if row == 0 else None)
        if titles is not None:
            title = wrap_text(titles[row], letters_across(0.95 * side, 10))
            axes[row, 0].set_xlabel(title, loc="left", labelpad=2)
        for panel, name, each in zip(axes[row, 1:], methods, maps.values(), strict=True):
            draw_attribution(panel, images[row], each[row])
            panel.set_title(name if row == 0 else None, fontsize=10)
    text = translate(
        "{pictures}, and to the right the places that count: {methods}.",
        pictures=counted(rows, "picture"),
        methods=listed(methods),
    )
    if titles is not None:
        text += translate(" Below: {titles}.", titles=listed(titles[:rows]))
    return describe(figure, text)


def draw_attribution(axes, image, values):
    """Lay a map over a photograph, on a scale from 0 to the map's 99.5th percentile."""
    values = np.maximum(values, 0)
    highest = np.percentile(values, 99.5) or values.max() or 1.0  # a few pixels, or none at all
    draw_heatmap(axes, image, np.minimum(values / highest, 1))


def check_images(model, x):
    """Return preprocessed images as a float32 tensor.

    Raises:
        PetkerasError: `x` has an integer dtype, such as unprocessed images, or the wrong shape; or
            the model does not have one input and one output.
    """
    check_one_input_and_output(model)
    x, shape = tf.convert_to_tensor(x), tuple(model.inputs[0].shape[1:])
    if not x.dtype.is_floating or not fits(x.shape[1:], shape) or len(x) == 0:
        raise PetkerasError(
            f"`x` must be preprocessed images (batch, {', '.join(map(str, shape))}) of a floating "
            f"dtype. Received: {tuple(x.shape)} {x.dtype.name}"
        )
    return tf.cast(x, tf.float32)


def choose_classes(model, x, class_index):
    """Return each image's class, `(batch,)` int64: `class_index`, or the model's prediction.

    Raises:
        PetkerasError: there is no such class, or not one for each image.
    """
    shape = tuple(model.outputs[0].shape)
    if len(shape) != 2:
        raise PetkerasError(
            f"The keras.Model '{model.name}' must return logits (batch, classes). "
            f"Received: an output of shape {shape}"
        )
    if class_index is None:
        logits = compile_logits(model)
        return np.concatenate([logits(x[part]).numpy().argmax(axis=1) for part in _batches(x)])
    count = shape[1]
    classes = np.asarray(class_index)
    right_kind = classes.dtype.kind in "iu" and classes.shape in ((), (len(x),))
    if not right_kind or classes.min() < 0 or classes.max() >= count:
        raise PetkerasError(
            f"`class_index` must be None, a class from 0 to {count - 1}, or one class for each of "
            f"the {len(x)} images. Received: class_index={class_index}"
        )
    return np.broadcast_to(classes, len(x)).astype(np.int64)


def _logit_gradient(model):
    """Return a compiled function from images and classes to the gradient of the classes' logits."""

    def gradient(x, classes):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            chosen = tf.gather(compute_logits(model, x), classes, axis=1, batch_dims=1)  # (b,)
        return tape.gradient(chosen, x)  # (b, H, W, 3)

    return compile_once(model, "logit_gradient", gradient, CLASSES)


def _probabilities(model, x):
    return tf.nn.softmax(compile_logits(model)(x)).numpy()


def _batches(x):
    """Return slices that split `x` into parts of at most `BATCH_SIZE`."""
    return [slice(first, first + BATCH_SIZE) for first in range(0, len(x), BATCH_SIZE)]


def _windows(size, window, stride):
    """Return (rows, columns) of all windows as slices, in reading order."""
    if not 1 <= window <= min(size):
        raise PetkerasError(
            f"occlusion: `window` must be from 1 to the image size, {min(size)} pixels. "
            f"Received: window={window}"
        )
    if not 1 <= stride <= window:
        raise PetkerasError(
            f"occlusion: `stride` must be from 1 to `window`, {window} pixels, so that every "
            f"pixel is covered. Received: stride={stride}"
        )
    tops, lefts = (range(0, side - window + stride, stride) for side in size)
    return [(slice(t, t + window), slice(left, left + window)) for t in tops for left in lefts]
