"""The network as a row of stacked feature maps: the article's figure 1."""

from __future__ import annotations

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from petkeras.inspection import has_feature_maps
from petkeras.visualize.style import BLUE, VALUE_COLORS, WIDTH, styled

MAX_SHEETS = 8  # in a stack: of a stack of 64 only the edges could be seen
OMITTED_LAYERS = ("Dropout", "Flatten", "InputLayer")
# Fractions of the photograph's height.
LAYER_GAP = 0.1  # from one layer to the next
BAR_MARGIN = 0.14  # left and right of a bar
SHEET_STEP = 0.035  # from one sheet to the next


@styled
def plot_architecture(model, x, image):
    """Draw a network as a row of stacks of feature maps, from a photograph to its classes.

    Args:
        model: a `keras.Model` whose layers follow one another.
        x: `(1, height, width, 3)` float32, the preprocessed photograph.
        image: `(height, width, 3)` uint8, the photograph.

    Returns:
        A matplotlib `Figure`. A stack is as high as its maps, in pixels of the photograph. It has
        one sheet per 8 maps, at most 8, which show the maps with the largest standard deviation.
        A dense layer is a bar, at most a little higher than the photograph. Dropout and Flatten
        layers are left out.

    Reference: the article's figure 1.
    """
    layers = [layer for layer in model.layers[1:] if type(layer).__name__ not in OMITTED_LAYERS]
    outputs = {layer.name: layer.output for layer in layers}
    values = keras.Model(model.inputs[0], outputs)(x, training=False)
    side = image.shape[0]
    figure, axes = plt.subplots(figsize=(WIDTH, 2.3))
    axes.set_axis_off()
    axes.imshow(image, extent=(0, image.shape[1], -side / 2, side / 2))
    _label(axes, image.shape[1] / 2, "photograph", image.shape, side)
    left = image.shape[1] + LAYER_GAP * side
    for layer in layers:
        value = np.asarray(values[layer.name], np.float32)[0]
        draw = _draw_stack if has_feature_maps(layer) else _draw_bar
        margin = 0 if has_feature_maps(layer) else BAR_MARGIN * side  # room for its name
        right = draw(axes, value, left + margin, side)
        _label(axes, (left + margin + right) / 2, layer.name, value.shape, side)
        left = right + margin + LAYER_GAP * side
    axes.set_xlim(0, left)
    axes.set_ylim(-0.9 * side, 0.8 * side)
    axes.set_aspect("equal")
    return figure


def _draw_stack(axes, maps, left, side):
    """Draw a stack of maps, the most varied in front, and return its right edge."""
    height, width, count = maps.shape
    sheets = max(1, min(MAX_SHEETS, count // 8))
    most_varied = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:sheets]
    for sheet, number in reversed(list(enumerate(most_varied))):  # the front sheet is drawn last
        x = left + sheet * SHEET_STEP * side
        y = -height / 2 + sheet * SHEET_STEP * side
        axes.imshow(maps[..., number], cmap=VALUE_COLORS, extent=(x, x + width, y, y + height))
        _outline(axes, x, y, width, height, "white")
    return left + width + (sheets - 1) * SHEET_STEP * side


def _draw_bar(axes, values, left, side):
    """Draw the units of a dense layer as a bar, and return its right edge."""
    width = 0.06 * side
    height = min(max(values.size, width * min(values.size, 10)), 1.2 * side)
    extent = (left, left + width, -height / 2, height / 2)
    axes.imshow(values[:, None], cmap=VALUE_COLORS, aspect="auto", extent=extent)
    _outline(axes, left, -height / 2, width, height, BLUE)
    return left + width


def _outline(axes, x, y, width, height, color):
    axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=color, linewidth=0.8))


def _label(axes, x, name, shape, side):
    """Write a layer's name, and its output shape below."""
    size = "\N{MULTIPLICATION SIGN}".join(str(length) for length in shape)
    axes.text(x, -0.62 * side, name, ha="center", va="top", fontsize=9)
    axes.text(x, -0.77 * side, size, ha="center", va="top", fontsize=7, color="#555555")
