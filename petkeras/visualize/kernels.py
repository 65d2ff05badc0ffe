"""Kernels, and what they do to an image: the article's figures 2 and 3."""

from __future__ import annotations

import re

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_filters, convolutions, find_layer
from petkeras.language import message, translate
from petkeras.visualize.description import counted, describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import (
    WIDTH,
    draw_image,
    draw_signed,
    grid_shape,
    panel_grid,
    styled,
)

ARTICLE_KERNELS = (
    message("horizontal"),
    message("vertical"),
    message("diagonal"),
    message("outline"),
)


def article_kernels():
    """Return four 7x7 kernels that find horizontal, vertical and diagonal lines, and outlines.

    Each sums to zero, so its response to a uniform area is zero.

    Returns:
        A dict from a name to `(7, 7)` float32.

    Reference: the article's section "How convolution and pooling work" and its figure 2.

    Example:

    >>> import petkeras as pk
    >>> {name: float(kernel.sum()) for name, kernel in pk.visualize.article_kernels().items()}
    {'horizontal': 0.0, 'vertical': 0.0, 'diagonal': 0.0, 'outline': 0.0}
    """
    row = np.arange(7)
    from_middle = np.abs(row - 3)[:, None] * np.ones(7)  # rows away from the middle row
    line = np.select([from_middle == 0, from_middle == 1], [4.0, 1.0], -1.5)  # 4 + 2 - 4 * 1.5 = 0
    from_diagonal = np.abs(row[:, None] - row)
    diagonal = np.select(  # 7 * 6 + 12 * 4 - 30 * 3 = 0
        [from_diagonal == 0, from_diagonal == 1], [6.0, 4.0], -3.0
    )
    outline = np.full((7, 7), -1.0)
    outline[3, 3] = 48.0
    kernels = np.array([line, line.T, diagonal, outline], np.float32)
    return dict(zip(ARTICLE_KERNELS, kernels, strict=True))


def apply_kernel(image, kernel):
    """Return a grayscale image convolved with one kernel by `tf.nn.conv2d`, SAME padding.

    Args:
        image: `(height, width)`, or `(height, width, 3)`, which is averaged to gray.
        kernel: `(kernel_height, kernel_width)`.

    Returns:
        `(height, width)` float32.
    """
    x = tf.constant(_to_gray(image)[None, :, :, None])  # (1, height, width, 1)
    kernel = tf.constant(np.asarray(kernel, np.float32)[:, :, None, None])  # (kh, kw, 1, 1)
    return tf.nn.conv2d(x, kernel, strides=1, padding="SAME")[0, :, :, 0].numpy()


def layer_kernels(model, layer, filters=None):
    """Return the kernels of a convolution layer by name.

    Args:
        model: a functional or sequential `keras.Model`.
        layer: the name of a layer that has kernels `(height, width, channels, filters)`; for a
            layer in a nested model, such as `"backbone/conv5"`.
        filters: numbers of the filters; `None` is all.

    Returns:
        A dict from a name such as `"filter 3"` to `(height, width, channels)` float32.

    Raises:
        PetkerasError: there is no such layer or filter, the layer has no such kernels, or the model
            is of another kind.
    """
    weights = getattr(find_layer(model, layer), "kernel", None)
    if weights is None or len(weights.shape) != 4:
        names = ", ".join(convolutions(model)) or "none"
        raise PetkerasError(
            f"Layer '{layer}' has no kernels to show. Layers with kernels: {names}."
        )
    weights = np.asarray(weights, np.float32)  # (kh, kw, channels, filters)
    chosen = check_filters(filters, weights.shape[3], f"Layer '{layer}'")
    return {f"filter {number}": weights[..., number] for number in chosen}


@styled
def plot_kernels(kernels, image=None):
    """Show kernels in a row, and below each its response to an image.

    Args:
        kernels: a dict from names to `(height, width)`, such as `article_kernels()`, or to
            `(height, width, channels)`, such as `layer_kernels(...)`, whose mean over the channels
            is shown and applied. The names that these functions give are shown in the current
            language.
        image: `(height, width)` or `(height, width, 3)`, shown in gray on the left; `None` shows
            the kernels alone.

    Returns:
        A matplotlib `Figure`. In a kernel, yellow is above 0, blue below and gray 0; in a response,
        gray is 0, white the strongest positive value, black the strongest negative one. Each panel
        has its own scale.

    Reference: the article's figures 2 and 3.
    """
    titles = [_title(name) for name in kernels]
    planes = [each if np.ndim(each) == 2 else np.mean(each, axis=2) for each in kernels.values()]
    if image is None:
        rows, columns = grid_shape(len(kernels))
        figure, axes = panel_grid(rows, columns, 0.4 + rows * (WIDTH / columns + 0.25))
        for panel, kernel, title in zip(axes.flat, planes, titles, strict=False):
            draw_signed(panel, kernel, title)
        text = translate(
            "{kernels} as colored squares: {names}.",
            kernels=counted(len(kernels), "kernel"),
            names=listed(titles),
        )
        return describe(figure, text)
    columns = len(kernels) + 1
    figure, axes = panel_grid(2, columns, 2 * (WIDTH / columns + 0.2))
    draw_image(axes[1, 0], _to_gray(image), label("picture"), cmap="gray")
    for column, (kernel, title) in enumerate(zip(planes, titles, strict=True), start=1):
        draw_signed(axes[0, column], kernel, title)
        draw_signed(axes[1, column], apply_kernel(image, kernel), colors="gray")
    text = translate(
        "{kernels}, and below each its response to the picture on the left: {names}.",
        kernels=counted(len(kernels), "kernel"),
        names=listed(titles),
    )
    return describe(figure, text)


def _title(name):
    """Return a kernel's name in the current language; names that are not ours stay."""
    if number := re.fullmatch("filter ([0-9]+)", str(name)):
        return label("filter {number}", number=number[1])
    return label(name) if name in ARTICLE_KERNELS else name


def _to_gray(image):
    image = np.asarray(image, np.float32)
    return image if image.ndim == 2 else image.mean(axis=2)
