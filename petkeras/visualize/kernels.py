"""Kernels, and what they do to a picture: the article's figures 2 and 3."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import convolutions, find_layer
from petkeras.visualize.style import WIDTH, gray, grid_shape, picture, signed, styled


def article_kernels():
    """Return four 7x7 kernels that find horizontal, vertical and diagonal lines, and outlines.

    Each sums to zero, so that it answers to an even area with nothing.

    Returns:
        A dict from a name to `(7, 7)` float32.

    Reference: the article's section "How convolution and pooling work" and its figure 2.

    Example:

    >>> from petkeras.visualize import article_kernels
    >>> {name: float(kernel.sum()) for name, kernel in article_kernels().items()}
    {'horizontal': 0.0, 'vertical': 0.0, 'diagonal': 0.0, 'outline': 0.0}
    """
    row = np.arange(7)
    far = np.abs(row - 3)[:, None] * np.ones(7)  # rows away from the middle one
    line = np.select([far == 0, far == 1], [4.0, 1.0], -1.5)  # 4 + 2 * 1 - 4 * 1.5 = 0
    off = np.abs(row[:, None] - row)  # steps away from the diagonal
    diagonal = np.select([off == 0, off == 1], [6.0, 4.0], -3.0)  # 7 * 6 + 12 * 4 - 30 * 3 = 0
    outline = np.full((7, 7), -1.0)
    outline[3, 3] = 48.0
    kernels = {"horizontal": line, "vertical": line.T, "diagonal": diagonal, "outline": outline}
    return {name: np.float32(kernel) for name, kernel in kernels.items()}


def apply_kernel(image, kernel):
    """Convolve a gray picture with one kernel, by `tf.nn.conv2d` under SAME padding.

    Args:
        image: `(height, width)`, or `(height, width, 3)` which is averaged to gray.
        kernel: `(kernel_height, kernel_width)`.

    Returns:
        `(height, width)` float32.
    """
    image = np.asarray(image, np.float32)
    if image.ndim == 3:
        image = image.mean(axis=2)
    x = tf.constant(image[None, :, :, None])  # (1, height, width, 1)
    kernel = tf.constant(np.asarray(kernel, np.float32)[:, :, None, None])  # (kh, kw, 1, 1)
    return tf.nn.conv2d(x, kernel, strides=1, padding="SAME")[0, :, :, 0].numpy()


def layer_kernels(model, layer, filters=None):
    """Return kernels of a convolution of a model, by name.

    Args:
        model: a `keras.Model`.
        layer: the name of a layer that has kernels `(height, width, channels, filters)`.
        filters: which of them, as numbers; `None` is all.

    Returns:
        A dict from a name such as `"filter 3"` to `(height, width, channels)` float32.

    Raises:
        PetkerasError: there is no such layer or filter, or the layer has no such kernels.
    """
    found = find_layer(model, layer)
    weights = getattr(found, "kernel", None)
    if weights is None or len(weights.shape) != 4:
        names = ", ".join(each.name for each in convolutions(model))
        raise PetkerasError(f"Layer '{layer}' has no kernels to show. Layers that have: {names}.")
    weights = np.asarray(weights, np.float32)  # (kh, kw, channels, filters)
    chosen = check_filters(filters, weights.shape[3], layer)
    return {f"filter {number}": weights[..., number] for number in chosen}


def check_filters(filters, count, layer):
    """Return the chosen filters' numbers; all of them for `None`.

    Raises:
        PetkerasError: one of them is not in `0..count - 1`.
    """
    chosen = range(count) if filters is None else list(filters)
    for number in chosen:
        if not 0 <= number < count:
            raise PetkerasError(
                f"Layer '{layer}' has the filters 0 to {count - 1}. Received: {number}"
            )
    return chosen


@styled
def plot_kernels(kernels, image=None):
    """Show kernels in a row, and below each what it makes of a picture.

    Args:
        kernels: a dict from names to `(height, width)`, such as `article_kernels()`, or to
            `(height, width, channels)`, such as `layer_kernels(...)`, of which the mean over the
            channels is shown and applied.
        image: a picture `(height, width)` or `(height, width, 3)`; shown in gray to the left.
            `None` shows the kernels alone.

    Returns:
        A matplotlib `Figure`. Kernels: yellow above 0, blue below, gray 0; one scale each. Pictures
        below: gray 0, white the strongest answer above 0, black the strongest below.

    Reference: the article's figures 2 and 3.
    """
    flat = {
        name: kernel if np.ndim(kernel) == 2 else np.mean(kernel, axis=2)
        for name, kernel in kernels.items()
    }
    if image is None:
        rows, columns = grid_shape(len(flat))
        figure, axes = plt.subplots(
            rows, columns, squeeze=False, figsize=(WIDTH, 0.4 + rows * (WIDTH / columns + 0.25))
        )
        for panel in axes.flat:
            panel.set_visible(False)
        for panel, (name, kernel) in zip(axes.flat, flat.items(), strict=False):
            panel.set_visible(True)
            signed(panel, kernel, name)
        return figure
    columns = len(flat) + 1
    figure, axes = plt.subplots(2, columns, figsize=(WIDTH, 2 * (WIDTH / columns + 0.2)))
    axes[0, 0].set_visible(False)
    image = np.asarray(image, np.float32)
    gray(axes[1, 0], image if image.ndim == 2 else image.mean(axis=2), "picture")
    for place, (name, kernel) in enumerate(flat.items(), start=1):
        signed(axes[0, place], kernel, name)
        answer = apply_kernel(image, kernel)
        largest = np.abs(answer).max() or 1.0
        picture(axes[1, place], answer, cmap="gray", vmin=-largest, vmax=largest)
    return figure
