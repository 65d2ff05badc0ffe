"""The network as a row of stacked feature maps: the article's figure 1."""

from __future__ import annotations

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from petkeras.inspection import has_maps
from petkeras.visualize.style import BLUE, VALUES, WIDTH, styled

MOST_SHEETS = 8  # of a stack: a stack of 64 would show nothing but edges
GAP = 0.1  # between one layer and the next, as a fraction of the photograph's side
UNDRAWN = ("Dropout", "Flatten", "InputLayer")
BAR_MARGIN = 0.14  # left and right of a bar
SHEET_STEP = 0.035  # from one sheet to the next


@styled
def plot_architecture(model, x, image):
    """Draw a network as a row of stacks of feature maps, from a photograph to its classes.

    Args:
        model: a `keras.Model` whose layers follow one another.
        x: `(1, height, width, 3)` float32, the photograph preprocessed.
        image: `(height, width, 3)` uint8, the photograph as it is.

    Returns:
        A matplotlib `Figure`. A stack is as high as its maps, in pixels of the photograph, and has
        a sheet for every 8 maps, 8 at most; on them are the maps that differ most from place to
        place. A row of units is a bar, at most a little higher than the photograph. Layers that
        only drop or reshape are left out.

    Reference: the article's figure 1.
    """
    layers = [layer for layer in model.layers[1:] if type(layer).__name__ not in UNDRAWN]
    outputs = {layer.name: layer.output for layer in layers}
    values = keras.Model(model.input, outputs)(x, training=False)
    side = image.shape[0]
    figure, axes = plt.subplots(figsize=(WIDTH, 2.3))
    axes.set_axis_off()
    axes.imshow(image, extent=(0, image.shape[1], -side / 2, side / 2))
    _label(axes, image.shape[1] / 2, "photograph", image.shape, side)
    place = image.shape[1] + GAP * side
    for layer in layers:
        value = np.asarray(values[layer.name], np.float32)[0]
        draw = _draw_stack if has_maps(layer) else _draw_units
        margin = 0 if has_maps(layer) else BAR_MARGIN * side  # room for its name
        end = draw(axes, value, place + margin, side)
        _label(axes, (place + margin + end) / 2, layer.name, value.shape, side)
        place = end + margin + GAP * side
    axes.set_xlim(0, place)
    axes.set_ylim(-0.9 * side, 0.8 * side)
    axes.set_aspect("equal")
    return figure


def _draw_stack(axes, maps, left, side):
    """Draw a stack of maps, the liveliest in front, and return where it ends."""
    height, width, count = maps.shape
    sheets = max(1, min(MOST_SHEETS, count // 8))
    liveliest = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:sheets]
    for place, number in reversed(list(enumerate(liveliest))):  # the front one is drawn last
        x = left + place * SHEET_STEP * side
        y = -height / 2 + place * SHEET_STEP * side
        axes.imshow(maps[..., number], cmap=VALUES, extent=(x, x + width, y, y + height))
        axes.add_patch(
            Rectangle((x, y), width, height, fill=False, edgecolor="white", linewidth=0.8)
        )
    return left + width + (sheets - 1) * SHEET_STEP * side


def _draw_units(axes, values, left, side):
    """Draw a bar for a row of units, and return where it ends."""
    width = 0.06 * side
    height = min(max(values.size, width * min(values.size, 10)), 1.2 * side)
    axes.imshow(
        values[:, None],
        cmap=VALUES,
        aspect="auto",
        extent=(left, left + width, -height / 2, height / 2),
    )
    axes.add_patch(
        Rectangle((left, -height / 2), width, height, fill=False, edgecolor=BLUE, linewidth=0.8)
    )
    return left + width


def _label(axes, across, name, shape, side):
    """Write a layer's name and its size below it."""
    size = "\N{MULTIPLICATION SIGN}".join(str(length) for length in shape)
    axes.text(across, -0.62 * side, name, ha="center", va="top", fontsize=9)
    axes.text(across, -0.77 * side, size, ha="center", va="top", fontsize=7, color="#555555")
