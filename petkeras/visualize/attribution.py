"""Where a network looks: four ways to ask which pixels speak for a class.

Each takes preprocessed pictures `x` `(batch, H, W, 3)` and gives maps `(batch, H, W)`, high where
the picture matters. `petkeras.visualize.sanity` checks whether a map depends on what was learned.
"""

from __future__ import annotations

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer
from petkeras.visualize.style import WIDTH, overlay, picture, styled

BATCH = 16  # pictures that go through the network at once
PHOTOGRAPHS = 6  # at most in a figure


def saliency(model, x, class_index=None):
    """Return how strongly the class's logit answers to a small change of each pixel.

    Args:
        model: a `keras.Model` from pictures to logits `(batch, classes)`.
        x: `(batch, H, W, 3)`, preprocessed.
        class_index: which class: a number for all pictures, or one for each; `None` is the class
            that the model says for each picture.

    Returns:
        `(batch, H, W)` float32, 0 or more: the largest absolute gradient over the channels.

    Raises:
        PetkerasError: `x` does not fit the model, or there is no such class.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.attribution import saliency
    >>> saliency(pk.pet_net(image_size=16), np.ones((5, 16, 16, 3), "float32")).shape
    (5, 16, 16)

    Reference: K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks:
        Visualising Image Classification Models and Saliency Maps" (2013), section 3.
    """
    x, classes = check_pictures(model, x), choose_classes(model, x, class_index)
    gradient = _logit_gradient(model)
    parts = [gradient(x[part], classes[part]) for part in _batches(x)]  # each (b, H, W, 3)
    return np.abs(np.concatenate(parts)).max(axis=3)  # (batch, H, W)


def smooth_grad(model, x, class_index=None, samples=25, noise=0.15, seed=0):
    """Return the saliency of the mean gradient over noisy copies of each picture.

    Single gradients flicker from pixel to pixel; what they have in common remains. Every picture
    gets the same noise, so that its map does not depend on which others are asked about with it.

    Args:
        model, x, class_index: as in `saliency`; `None` is decided on the picture without noise.
        samples: how many noisy copies of each picture.
        noise: standard deviation of the noise, as a fraction of the picture's largest value minus
            its smallest.
        seed: an integer that makes the noise repeatable.

    Returns:
        `(batch, H, W)` float32, 0 or more.

    Raises:
        PetkerasError: as in `saliency`, or `samples` is below 1, or `noise` below 0.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.attribution import smooth_grad
    >>> model = pk.pet_net(image_size=16)
    >>> smooth_grad(model, np.ones((5, 16, 16, 3), "float32"), samples=3).shape
    (5, 16, 16)

    Reference: D. Smilkov et al., "SmoothGrad: Removing Noise by Adding Noise" (2017).
    """
    if samples < 1 or noise < 0:
        raise PetkerasError(
            "smooth_grad: `samples` must be 1 or more, and `noise` 0 or more. "
            f"Received: samples={samples}, noise={noise}"
        )
    x, classes = check_pictures(model, x), choose_classes(model, x, class_index)
    spans = tf.reduce_max(x, (1, 2, 3)) - tf.reduce_min(x, (1, 2, 3))  # (batch,)
    gradient = _logit_gradient(model)
    mean = np.zeros(x.shape, np.float32)
    for sample in range(samples):
        draw = tf.random.stateless_normal(x.shape[1:], [seed, sample])  # (H, W, 3)
        noisy = x + noise * spans[:, None, None, None] * draw  # (batch, H, W, 3)
        for part in _batches(x):
            mean[part] += gradient(noisy[part], classes[part]) / samples
    return np.abs(mean).max(axis=3)  # (batch, H, W)


def grad_cam(model, x, layer, class_index=None):
    """Return where the feature maps that speak for the class are active.

    A map's weight is the mean, over its places, of the logit's gradient; the weighted maps are
    added up, and what speaks against the class is cut off at 0.

    Args:
        model, x, class_index: as in `saliency`.
        layer: the name of a layer with feature maps, such as `"conv2_2"`.

    Returns:
        `(batch, H, W)` float32, 0 or more, resized from the maps' size to the pictures'.

    Raises:
        PetkerasError: as in `saliency`, or there is no such layer, or it has no feature maps.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.attribution import grad_cam
    >>> grad_cam(pk.pet_net(image_size=16), np.ones((5, 16, 16, 3), "float32"), "conv2_2").shape
    (5, 16, 16)

    Reference: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
        Gradient-based Localization" (2017), equations 1 and 2.
    """
    found = find_layer(model, layer, maps=True)
    x, classes = check_pictures(model, x), choose_classes(model, x, class_index)
    both = keras.Model(model.inputs, [found.output, model.output])  # the same weights

    def weighted_maps(x, classes):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)  # and with it all that is computed from it
            maps, logits = both(x, training=False)  # (b, h, w, filters), (b, classes)
            chosen = tf.gather(logits, classes, axis=1, batch_dims=1)  # (b,)
        gradient = tf.cast(tape.gradient(chosen, maps), tf.float32)  # (b, h, w, filters)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)  # (b, 1, 1, filters)
        maps = tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=3, keepdims=True)
        return tf.image.resize(tf.nn.relu(maps), x.shape[1:3])  # (b, H, W, 1), bilinear

    graph = _graph(model, weighted_maps)
    parts = [graph(x[part], classes[part]) for part in _batches(x)]
    return np.concatenate(parts)[..., 0]  # (batch, H, W)


def occlusion(model, x, class_index=None, window=32, stride=16, fill=0.0):
    """Return how far the class's probability falls when a window over each pixel is covered.

    Args:
        model, x, class_index: as in `saliency`; `None` is decided on the whole picture.
        window: the covering square's side in pixels.
        stride: pixels from one window to the next, at most `window`. The last ones of a row and
            a column may hang over the edge, so that every pixel is covered.
        fill: what a covered pixel is set to; 0 is the mean image.

    Returns:
        `(batch, H, W)` float32 in [-1, 1]: for each pixel, the mean fall over all windows that
        cover it. Below 0, covering helps.

    Raises:
        PetkerasError: as in `saliency`, or `window` or `stride` is out of range.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.attribution import occlusion
    >>> x = np.ones((1, 16, 16, 3), "float32")
    >>> occlusion(pk.pet_net(image_size=16), x, window=8, stride=4).shape
    (1, 16, 16)

    Reference: M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks" (2014),
        section 4.2.
    """
    x, classes = check_pictures(model, x).numpy(), choose_classes(model, x, class_index)
    windows = _windows(x.shape[1:3], window, stride)
    total = np.zeros(x.shape[:3], np.float32)  # (batch, H, W)
    count = np.zeros(x.shape[1:3], np.float32)  # (H, W), how many windows cover a pixel
    for rows, columns in windows:
        count[rows, columns] += 1
    for number, index in enumerate(classes):
        whole = _probabilities(model, x[number, None])[0, index]
        for part in _batches(windows):
            covered = np.repeat(x[number, None], len(windows[part]), axis=0)  # (b, H, W, 3)
            for place, (rows, columns) in enumerate(windows[part]):
                covered[place, rows, columns] = fill
            falls = whole - _probabilities(model, covered)[:, index]  # (b,)
            for fall, (rows, columns) in zip(falls, windows[part], strict=True):
                total[number, rows, columns] += fall
    return total / count


@styled
def plot_attribution(images, maps, titles=None):
    """Show photographs, and beside each where a network looked, one column a method.

    Args:
        images: `(batch, H, W, 3)` uint8; the first six are shown.
        maps: a dict from a method's name to its maps `(batch, H, W)`.
        titles: one for each photograph, to stand below it, such as what the network said.

    Returns:
        A matplotlib `Figure`. Bright is high; each map's scale goes from 0 to its 99.5th
        percentile, so that a single pixel does not make all others black. Values below 0, where
        covering a pixel helped the class, are shown as 0.

    Raises:
        PetkerasError: a method has not one map of the right size for each photograph.
    """
    for name, each in maps.items():
        if np.shape(each) != np.shape(images)[:3]:
            raise PetkerasError(
                f"plot_attribution: '{name}' must have a map (H, W) for each photograph, "
                f"{np.shape(images)[:3]}. Received: {np.shape(each)}"
            )
    count, methods = min(len(images), PHOTOGRAPHS), len(maps)
    side = WIDTH / max(3, 1 + methods)  # inches; half of 800 pixels each would be too high
    height = side + (0.25 if titles is not None else 0.05)
    figure, axes = plt.subplots(
        count,
        1 + methods,
        squeeze=False,
        figsize=(side * (1 + methods), 0.25 + count * height),
    )
    for row in range(count):
        picture(axes[row, 0], images[row], "photograph" if row == 0 else None)
        if titles is not None:
            axes[row, 0].set_xlabel(titles[row], loc="left", labelpad=2)
        for panel, (name, each) in zip(axes[row, 1:], maps.items(), strict=True):
            overlay_map(panel, images[row], each[row])
            panel.set_title(name if row == 0 else None, fontsize=10)
    return figure


def overlay_map(axes, image, values):
    """Lay a map over a photograph, on a scale from 0 to the map's 99.5th percentile."""
    values = np.maximum(values, 0)
    highest = np.percentile(values, 99.5) or values.max() or 1.0  # a few pixels, or none at all
    heat = overlay(axes, image, values)
    heat.set_data(np.minimum(values / highest, 1))  # from 0, not from the map's smallest value


def check_pictures(model, x):
    """Return pictures as a float32 tensor, if they fit the model.

    Raises:
        PetkerasError: `x` is uint8 pictures, not preprocessed ones, or has another shape.
    """
    x, wanted = tf.convert_to_tensor(x), model.input_shape[1:]
    if not x.dtype.is_floating or tuple(x.shape[1:]) != wanted or len(x) == 0:
        sizes = ", ".join(map(str, wanted))
        raise PetkerasError(
            f"`x` must be preprocessed pictures (batch, {sizes}) of a floating dtype. "
            f"Received: {tuple(x.shape)} {x.dtype.name}"
        )
    return tf.cast(x, tf.float32)


def choose_classes(model, x, class_index):
    """Return each picture's class, `(batch,)` int64: the one asked for, or that the model says.

    Raises:
        PetkerasError: there is no such class, or not one for each picture.
    """
    if class_index is None:
        parts = [model(x[part], training=False).numpy().argmax(axis=1) for part in _batches(x)]
        return np.concatenate(parts)
    count = model.output_shape[-1]
    classes = np.asarray(class_index)
    right_kind = classes.dtype.kind in "iu" and classes.shape in ((), (len(x),))
    if not right_kind or classes.min() < 0 or classes.max() >= count:
        raise PetkerasError(
            f"`class_index` must be None, or a class from 0 to {count - 1}, or one for each of "
            f"the {len(x)} pictures. Received: class_index={class_index}"
        )
    return np.broadcast_to(classes, len(x)).astype(np.int64)


def _logit_gradient(model):
    """Return a function of pictures and classes: the gradient of the classes' logits."""

    def gradient(x, classes):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            logits = model(x, training=False)  # (b, classes)
            chosen = tf.gather(logits, classes, axis=1, batch_dims=1)  # (b,)
        return tape.gradient(chosen, x)  # (b, H, W, 3)

    return _graph(model, gradient)


def _graph(model, function):
    """Trace a function of pictures and classes, for any number of them.

    Twice as fast: what nobody asks for, the kernels' gradients, is left out of a graph.
    """
    pictures = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    classes = tf.TensorSpec((None,), tf.int64)
    return tf.function(function).get_concrete_function(pictures, classes)


def _probabilities(model, x):
    return tf.nn.softmax(model(x, training=False)).numpy()


def _batches(x):
    """Return slices that cut `x` into parts of at most `BATCH`."""
    return [slice(first, first + BATCH) for first in range(0, len(x), BATCH)]


def _windows(size, window, stride):
    """Return (rows, columns) of all windows as slices, in reading order."""
    if not 1 <= window <= min(size):
        raise PetkerasError(
            f"occlusion: `window` must be from 1 to the pictures' size, {min(size)} pixels. "
            f"Received: window={window}"
        )
    if not 1 <= stride <= window:
        raise PetkerasError(
            f"occlusion: `stride` must be from 1 to `window`, {window} pixels, so that every "
            f"pixel is covered. Received: stride={stride}"
        )
    tops, lefts = (range(0, side - window + stride, stride) for side in size)
    return [(slice(t, t + window), slice(left, left + window)) for t in tops for left in lefts]
