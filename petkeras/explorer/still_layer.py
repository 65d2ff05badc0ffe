"""The lower part of the explorer's picture: where the values of one layer come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Rectangle

from petkeras.explorer.boxes import GRAY, frame, short, show, signed, write
from petkeras.explorer.chain import ChainLayer
from petkeras.explorer.edits import compute_layer
from petkeras.language import message
from petkeras.visualize.lettering import label
from petkeras.visualize.number_grid import format_number
from petkeras.visualize.sliding_windows import SlidingWindows, window_values
from petkeras.visualize.style import SIGNED_COLORS, VALUE_COLORS, WIDTH, feature_map_scale

MAX_KERNELS = 16
MAX_PARTS = 3  # input maps of which the window is shown
MAX_NUMBERS = 5  # cells along a side of a window that is shown with its numbers
MAX_UNITS = 10  # of a dense layer's input
MAX_MAPS = 24
COLORS = (message("red"), message("green"), message("blue"))
TOP = 3.3  # inches
CELL = 0.86  # a map, a window or a kernel


@dataclass(frozen=True)
class ShownLayer:
    """Hold the layer that the lower part shows.

    Args:
        layer: a `ChainLayer`.
        inputs: what goes in, `(1, height, width, channels)` or `(1, units)` float32.
        output: what comes out, without the batch axis.
        number: of the filter or unit that is shown.
        colors: whether the input is a photograph in color.
        unit: the name of the unit, if the layer is dense.
    """

    layer: ChainLayer
    inputs: np.ndarray
    output: np.ndarray
    number: int
    colors: bool
    unit: str

    @property
    def name(self):
        return short(self.layer.name, 30)

    def input_name(self, channel):
        if self.colors:
            return label(COLORS[channel])
        return label("input map {channel}", channel=channel)

    def weight(self, name):
        """Return the weights of a name as an array, or zeros if there are none."""
        weight = self.layer.weights.get(name)
        return np.zeros(self.output.shape[-1]) if weight is None else np.asarray(weight)

    def before_activation(self):
        return np.asarray(compute_layer(self.layer, self.inputs, activate=False))[0]

    def brightest_pixel(self):
        """Return the (row, column) of the map's largest value, and the cells of its window."""
        values = self.output[..., self.number]
        place = [int(n) for n in np.unravel_index(values.argmax(), values.shape)]
        settings = self.layer.settings
        window = settings["pool"] if "pool" in settings else self.weight("kernel").shape[:2]
        dilation = settings.get("dilation", (1, 1))
        axes = (
            SlidingWindows(size, side, stride, settings["padding"], step)
            for size, side, stride, step in zip(
                self.inputs.shape[1:3], window, settings["strides"], dilation, strict=True
            )
        )
        return place, [axis.cells(number) for axis, number in zip(axes, place, strict=True)]


def _draw_conv(axes, shown):
    """Draw the kernels, and the windows, kernels and sum that make the map's brightest pixel."""
    kernel, number = shown.weight("kernel"), shown.number  # (kh, kw, channels, filters)
    _draw_kernels(axes, kernel, number)
    (row, column), cells = shown.brightest_pixel()
    channels = np.moveaxis(shown.inputs[0], 2, 0)  # (channels, height, width)
    values = np.stack([window_values(channel, *cells, 0.0) for channel in channels])
    weights = np.moveaxis(kernel[..., number], 2, 0)  # (channels, kh, kw), as values
    sums = (values.astype(float) * weights).sum(axis=(1, 2))  # (channels,)
    order = np.argsort(-np.abs(sums), kind="stable")
    for place, channel in enumerate(order[:MAX_PARTS]):
        top = TOP + 0.2 + place * (CELL + 0.2)
        write(axes, 2.2, top - 0.09, shown.input_name(channel), fontsize=7.5, color=GRAY)
        _draw_map(axes, channels[channel], (2.2, top, CELL, CELL), cells)
        _draw_numbers(axes, values[channel], (3.25, top), VALUE_COLORS)
        write(axes, 4.22, top + CELL / 2, "\N{MULTIPLICATION SIGN}", ha="center", fontsize=13)
        _draw_numbers(axes, weights[channel], (4.34, top), SIGNED_COLORS, np.abs(weights).max())
        write(axes, 5.31, top + CELL / 2, "=", ha="center", fontsize=13)
        write(axes, 5.42, top + CELL / 2, signed(sums[channel]), fontsize=9.5)
    names = (label("window"), label("kernel"), label("their sum"))
    for x, name in zip((3.25, 4.34, 5.42), names, strict=True):
        write(axes, x, TOP + 0.11, name, fontsize=7.5, color=GRAY)
    terms = [(shown.input_name(channel), sums[channel]) for channel in order[:MAX_PARTS]]
    if len(order) > MAX_PARTS:
        others = label("{count} others", count=len(order) - MAX_PARTS)
        terms.append((others, sums[order[MAX_PARTS:]].sum()))
    _draw_sum(axes, shown, terms, (row, column, number))
    text = label("map {number}, row {row}, column {column}", number=number, row=row, column=column)
    write(axes, 6.25, TOP + 1.86, text, fontsize=7.5, color=GRAY)
    _draw_map(axes, shown.output[..., number], (6.25, TOP + 1.95, 1.3, 1.3), ([row], [column]))
    return label(
        "{layer}: how filter {number} makes one pixel of its map", layer=shown.name, number=number
    )


def _draw_kernels(axes, kernel, number):
    """Draw the first kernels, or the chosen one and its neighbors, averaged over the channels."""
    count = kernel.shape[3]
    first = min(max(0, number - number % MAX_KERNELS), max(0, count - MAX_KERNELS))
    shown = range(first, min(count, first + MAX_KERNELS))
    means = kernel.mean(axis=2)  # (kh, kw, filters)
    largest = np.abs(means).max() or 1.0
    text = label("{shown} of its {count} kernels", shown=len(shown), count=count)
    write(axes, 0.1, TOP + 0.11, text, fontsize=7.5, color=GRAY)
    columns = min(4, len(shown))
    side = 0.4 if columns == 4 else 0.82
    for place, each in enumerate(shown):
        row, column = divmod(place, columns)
        box = (0.1 + column * (side + 0.05), TOP + 0.2 + row * (side + 0.05), side, side)
        show(axes, means[..., each], box, cmap=SIGNED_COLORS, vmin=-largest, vmax=largest)
        if each == number:
            frame(axes, box)
    bottom = TOP + 0.32 + -(-len(shown) // columns) * (side + 0.05)
    text = label("mean over the input maps:\nblue below 0, gray 0,\nyellow above 0")
    write(axes, 0.1, bottom, text, fontsize=7.5, color=GRAY, va="top", linespacing=1.4)


def _draw_sum(axes, shown, terms, place):
    """Write a sum as lines, from the terms to the value after the activation."""
    lines = [*terms, (label("bias"), shown.weight("bias")[shown.number])]
    lines.append((label("sum"), shown.before_activation()[place]))
    if shown.layer.settings["activation"] == "relu":
        lines.append((label("after ReLU"), shown.output[place]))
    rule = TOP + 0.17 + 0.19 * (len(terms) + 1)
    axes.plot([6.25, 7.85], [rule, rule], color="black", linewidth=0.8)
    for number, (name, value) in enumerate(lines):
        is_result = number > len(terms)
        options = {"fontsize": 8.5, "fontweight": "bold" if is_result else "normal"}
        top = TOP + 0.26 + 0.19 * number + (0.03 if is_result else 0)
        write(axes, 6.25, top, name, **options)
        write(axes, 7.85, top, signed(value), ha="right", **options)


def _draw_pool(axes, shown):
    """Draw a map before and after, and the window that makes its brightest pixel."""
    (row, column), cells = shown.brightest_pixel()
    x, y = shown.inputs[0, ..., shown.number], shown.output[..., shown.number]
    values, side = window_values(x, *cells, np.nan), 1.9
    is_max = shown.layer.kind == "max_pool"
    winner = int(np.nanargmax(values)) if is_max else None
    names = (label("its input"), label("the window"), label("its output"))
    for left, name in zip((0.1, 2.7, 5.3), names, strict=True):
        write(axes, left, TOP + 0.11, name, fontsize=8.5, color=GRAY)
    _draw_map(axes, x, (0.1, TOP + 0.25, side, side), cells)
    _draw_numbers(axes, values, (2.7, TOP + 0.25), VALUE_COLORS, side=side, winner=winner)
    _draw_map(axes, y, (5.3, TOP + 0.25, side, side), ([row], [column]))
    value = format_number(y[row, column])
    text = label("the largest: {value}" if is_max else "the mean: {value}", value=value)
    write(axes, 5.3, TOP + 0.42 + side, text, fontsize=10)
    return label("{layer}: one window of map {number}", layer=shown.name, number=shown.number)


def _draw_dense(axes, shown):
    """Write the largest terms of a unit's sum, with bars, and the rest of the sum."""
    number = shown.number
    products = shown.inputs[0].astype(float) * shown.weight("kernel")[:, number]  # (features,)
    order = np.argsort(-np.abs(products), kind="stable")
    largest = np.abs(products).max() or 1.0
    terms = [(label("input {unit}", unit=unit), products[unit]) for unit in order[:MAX_UNITS]]
    lines = list(terms)
    if len(order) > MAX_UNITS:
        others = label("{count} others", count=len(order) - MAX_UNITS)
        lines.append((others, products[order[MAX_UNITS:]].sum()))
    lines.append((label("bias"), shown.weight("bias")[number]))
    lines.append((label("sum"), shown.before_activation()[number]))
    for place, (name, value) in enumerate(lines):
        top = TOP + 0.2 + 0.23 * place
        is_sum = place == len(lines) - 1
        options = {"fontsize": 9, "fontweight": "bold" if is_sum else "normal"}
        write(axes, 0.1, top, name, **options)
        write(axes, 1.9, top, signed(value), ha="right", **options)
        if place < len(terms):
            color, width = SIGNED_COLORS(0.8 if value > 0 else 0.2), 2.9 * value / largest
            axes.add_patch(Rectangle((4.9, top - 0.08), width, 0.16, facecolor=color, linewidth=0))
    axes.plot([4.9] * 2, [TOP + 0.05, TOP + 0.1 + 0.23 * len(terms)], color="black", linewidth=0.8)
    return label("{layer}: what its inputs give to {unit}", layer=shown.name, unit=shown.unit)


def _draw_maps(axes, shown):
    """Draw the first maps, or the units, of a layer that has no weights."""
    maps, side = shown.output, 0.9
    if maps.ndim == 1:
        show(axes, maps[None], (0.1, TOP + 0.2, WIDTH - 0.2, 0.5), cmap=VALUE_COLORS)
        return label("{layer}: its {count} values", layer=shown.name, count=len(maps))
    scale = feature_map_scale(maps)
    for each in range(min(maps.shape[2], MAX_MAPS)):
        row, column = divmod(each, 8)
        box = (0.1 + column * (side + 0.075), TOP + 0.15 + row * (side + 0.1), side, side)
        show(axes, maps[..., each], box, cmap=VALUE_COLORS, norm=scale)
        if each == shown.number:
            frame(axes, box)
    return label("{layer}: its maps", layer=shown.name)


# For each kind of layer, what draws it and returns the title, and the height in inches.
LOWER_PARTS = {
    "conv": (_draw_conv, 3.3),
    "max_pool": (_draw_pool, 2.55),
    "average_pool": (_draw_pool, 2.55),
    "dense": (_draw_dense, 3.3),
}
OTHERS = (_draw_maps, 3.2)


def lower_part(kind):
    """Return the function that draws a layer of a kind and returns a title, and its height."""
    return LOWER_PARTS.get(kind, OTHERS)


def _draw_map(axes, values, box, cells):
    """Show a map, and a frame around some of its cells, at least large enough to be seen."""
    show(axes, values, box, cmap=VALUE_COLORS)
    left, top, width, height = box
    rows, columns = (np.array([cell[0], cell[-1] + 1], float) for cell in cells)
    y, x = top + rows * height / values.shape[0], left + columns * width / values.shape[1]
    extra_y, extra_x = (max(0.0, 0.07 - (side[1] - side[0])) / 2 for side in (y, x))
    corner = (x[0] - extra_x, y[0] - extra_y)
    frame(axes, (*corner, x[1] - x[0] + 2 * extra_x, y[1] - y[0] + 2 * extra_y))


def _draw_numbers(axes, values, corner, colors, largest=None, side=CELL, winner=None):
    """Show a window or a kernel in color, with its numbers where they fit."""
    limits = {} if largest is None else {"vmin": -largest, "vmax": largest}
    box = (*corner, side, side)
    show(axes, values, box, cmap=colors, **limits)
    rows, columns = values.shape
    if max(rows, columns) > MAX_NUMBERS:
        return
    texts = [format_number(value) for value in values.ravel()]
    size = min(13.0, 72 * side / columns / (0.64 * max(map(len, texts))))
    image = axes.get_images()[-1]
    for place, text in enumerate(texts):
        row, column = divmod(place, columns)
        red, green, blue, _ = image.cmap(image.norm(values[row, column]))
        light = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
        x = corner[0] + (column + 0.5) * side / columns
        y = corner[1] + (row + 0.5) * side / rows
        color = "black" if light else "white"
        write(
            axes, x, y, text.replace("-", "\N{MINUS SIGN}"), ha="center", fontsize=size, color=color
        )
        if place == winner:
            frame(axes, (x - side / columns / 2, y - side / rows / 2, side / columns, side / rows))
