"""The network as a row of stacked feature maps: the article's figure 1."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from petkeras.inspection import named_layers
from petkeras.language import translate
from petkeras.tracing import recording, run_model, without_softmax
from petkeras.visualize.attribution import check_images
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import BLUE, VALUE_COLORS, WIDTH, styled

MAX_SHEETS = 8  # in a stack: of a stack of 64 only the edges could be seen
MAX_LAYERS = 10  # in a row: more would be illegible
# Layers that only move values, or change each on its own.
OMITTED_LAYERS = (
    "Activation",
    "BatchNormalization",
    "Dropout",
    "Flatten",
    "LeakyReLU",
    "Normalization",
    "ReLU",
    "Rescaling",
    "Softmax",
    "ZeroPadding2D",
)
# Fractions of the photograph's height.
LAYER_GAP = 0.1  # from one layer to the next
BAR_MARGIN = 0.14  # left and right of a bar
SHEET_STEP = 0.035  # from one sheet to the next
MIN_WIDTH = 0.42  # of a stack, so that its name fits
LETTERS = 9  # in a line of a name
LINE_HEIGHT = 0.1


@styled
def plot_architecture(model, x, image):
    """Draw a network as a row of stacks of feature maps, from a photograph to its classes.

    Args:
        model: a functional or sequential `keras.Model`.
        x: `(1, height, width, 3)` float32, the preprocessed photograph.
        image: `(height, width, 3)` uint8, the photograph.

    Returns:
        A matplotlib `Figure`. A stack is as high as its maps, in pixels of the photograph. It has
        one sheet per 8 maps, at most 8, which show the maps with the largest standard deviation.
        A dense layer is a bar, at most a little higher than the photograph; the last one shows the
        logits, even if the network ends in a softmax. Layers that only move values, or change
        each on its own, such as Dropout, Flatten, activations and normalization, are left out. The
        layers are in the order in which they compute; branches are side by side. If there are more
        than 10, the figure shows 10 of them, evenly spaced.

    Raises:
        PetkerasError: `x` does not fit the model, or the model is of another kind.

    Reference: the article's figure 1.
    """
    values = _layer_outputs(model, check_images(model, x))
    side = image.shape[0]
    figure, axes = plt.subplots()
    axes.set_axis_off()
    axes.imshow(image, extent=(0, image.shape[1], -side / 2, side / 2))
    names = {name: _wrapped(name) for name in values}
    extra_lines = max(name.count("\n") for name in names.values())
    _write_name(axes, image.shape[1] / 2, label("picture"), image.shape, side, extra_lines)
    left = image.shape[1] + LAYER_GAP * side
    for name, value in values.items():
        is_bar = value.ndim == 1
        margin = BAR_MARGIN * side if is_bar else 0  # room for its name
        right = (_draw_bar if is_bar else _draw_stack)(axes, value, left + margin, side) + margin
        right = right if is_bar else max(right, left + MIN_WIDTH * side)
        _write_name(axes, (left + right) / 2, names[name], value.shape, side, extra_lines)
        left = right + LAYER_GAP * side
    axes.set_xlim(0, left)
    axes.set_ylim((-0.9 - LINE_HEIGHT * extra_lines) * side, 0.8 * side)
    axes.set_aspect("equal")
    figure.set_size_inches(WIDTH, 2.3 + 0.14 * extra_lines)
    shapes = {name: " x ".join(map(str, value.shape)) for name, value in values.items()}
    row = listed([f"{name} {shape}" for name, shape in shapes.items()], MAX_LAYERS)
    return describe(
        figure,
        translate("The network as a row of maps, from the picture to its classes: {row}.", row=row),
    )


def _layer_outputs(model, x):
    """Return a dict from the names of the layers to draw to their values, without the batch."""
    layers = {
        name: layer
        for name, layer in named_layers(model, nested=False).items()
        if type(layer).__name__ not in OMITTED_LAYERS
    }
    with without_softmax(model), recording(layers) as outputs:
        run_model(model, x)
    values = {}
    for name in layers:
        if len(getattr(outputs.get(name), "shape", ())) in (2, 4):
            value = np.asarray(outputs[name], np.float32)[0]
            # A map of one pixel, as in squeeze-and-excite, is a row of units.
            values[name] = value.ravel() if value.size == value.shape[-1] else value
    names = list(values)
    if len(names) > MAX_LAYERS:  # units between feature maps are details
        last_maps = max((n for n, name in enumerate(names) if values[name].ndim == 3), default=0)
        names = [name for n, name in enumerate(names) if values[name].ndim == 3 or n > last_maps]
        chosen = np.linspace(0, len(names) - 1, min(MAX_LAYERS, len(names)))
        names = [names[int(place)] for place in chosen]
    return {name: values[name] for name in names}


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


def _wrapped(name):
    """Break a long name after `/` and `_`; drop a nested model's long name."""
    model, _, own_name = name.rpartition("/")
    name = name if len(model) < LETTERS else own_name
    if len(name) <= LETTERS + 1:
        return name
    lines = [""]
    for part in re.split(r"(?<=[/_])", name):
        if lines[-1] and len(lines[-1] + part) > LETTERS:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _write_name(axes, x, name, shape, side, extra_lines):
    """Write a layer's name, and its output shape below."""
    size = "\N{MULTIPLICATION SIGN}".join(str(length) for length in shape)
    style = {"ha": "center", "va": "top", "fontsize": 9 if extra_lines == 0 else 7.5}
    axes.text(x, -0.62 * side, name, **style, linespacing=1.0)
    style = {"ha": "center", "va": "top", "fontsize": 7 if extra_lines == 0 else 6.5}
    axes.text(x, (-0.77 - LINE_HEIGHT * extra_lines) * side, size, color="#555555", **style)
