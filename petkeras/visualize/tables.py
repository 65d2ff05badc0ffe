"""Tables of numbers on a sheet that is measured in inches, for the pictures of arithmetic."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from petkeras.visualize.style import ORANGE, WIDTH

MOST = 1e6  # a number's size that can still be read
LARGEST_CELL, TALLEST = 0.55, 6.5  # inches: a cell's side, and all cells from top to bottom
LINE, MARGIN = 0.36, 0.3  # inches: a line of text, and what stays free at the sides
GAP, NARROWEST = 1.5, 2  # cells: between two tables, and what a table's name needs
STRONG = ORANGE  # the color of the cells that matter most, whose numbers turn white


def short(value):
    """Write a number with two decimals at most, and none that are not needed; NaN is blank.

    Example:

    >>> from petkeras.visualize.tables import short
    >>> [short(value) for value in (3.0, -0.25, 1 / 3, -0.001, 12345678.0)]
    ['3', '-0.25', '0.33', '0', '1.2e+07']
    """
    if np.isnan(value):
        return ""
    if abs(value) >= MOST:
        return f"{value:.2g}"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Table:
    """Numbers in cells, known by (row, column)."""

    def __init__(self, axes, name, rows, columns, place, side, font):
        self.place, self.side, self.first = place, side, (rows[0], columns[0])
        middle = place[0] + side * len(columns) / 2
        self.name = write_text(axes, middle, place[1] - LINE / 2, name)
        self.boxes, self.texts = {}, {}
        for row, column in itertools.product(rows, columns):
            left, top = self.corner(row, column)
            self.boxes[row, column] = axes.add_patch(Rectangle((left, top), side, side, ec="0.6"))
            text = write_text(axes, left + side / 2, top + side / 2, "", fontsize=font)
            text.set_gid(f"{name} {row} {column}")
            self.texts[row, column] = text
        self.ground = dict.fromkeys(self.boxes, "white")
        self.paint(None)

    def corner(self, row, column):
        """Return the upper left corner of a cell in inches."""
        left, top = self.place
        return left + self.side * (column - self.first[1]), top + self.side * (row - self.first[0])

    def write(self, values):
        """Show numbers, one a cell; NaN leaves its cell empty."""
        for text, value in zip(self.texts.values(), np.ravel(values), strict=True):
            text.set_text(short(value))

    def paint(self, color, cells=None):
        """Give cells a color, all of them by default; `None` is each cell's own."""
        for cell in self.boxes if cells is None else cells:
            self.boxes[cell].set_facecolor(color or self.ground[cell])
            strong = color == STRONG
            self.texts[cell].set(
                color="white" if strong else "black", fontweight="bold" if strong else "normal"
            )

    def set_padding_apart(self, shape, name, hatch=None):
        """Shade the cells outside of an input of this shape, and name the table for having any."""
        for row, column in self.boxes:
            if not (0 <= row < shape[0] and 0 <= column < shape[1]):
                self.ground[row, column] = "0.92"
                self.boxes[row, column].set_hatch(hatch)
                self.name.set_text(name)


def sheet(height):
    """Return a figure, and axes in it that are measured in inches from the upper left corner."""
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="none")
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def cell_side(*rows):
    """Return a cell's side in inches at which rows of tables fit, each given by its shapes."""
    height = sum(max(rows for rows, _ in shapes) for shapes in rows)
    width = max(cells_across(shapes) for shapes in rows)
    return min(LARGEST_CELL, TALLEST / height, (WIDTH - 2 * MARGIN) / width)


def cells_across(shapes):
    """Count the cells from left to right that a row of tables takes."""
    return sum(max(columns, NARROWEST) for _, columns in shapes) + GAP * (len(shapes) - 1)


def corners(axes, top, shapes, signs, side):
    """Write signs between the tables of a row, and return the tables' upper left corners."""
    height = side * max(rows for rows, _ in shapes)
    places, left = [], (WIDTH - side * cells_across(shapes)) / 2
    for (rows, columns), sign in itertools.zip_longest(shapes, signs):
        room = side * max(columns, NARROWEST)
        places.append((left + (room - side * columns) / 2, top + (height - side * rows) / 2))
        left += room + side * GAP
        if sign:
            write_text(axes, left - side * GAP / 2, top + height / 2, sign, fontsize=16)
    return places


def font_size(side, numbers):
    """Return the size in points at which every number fits into its cell."""
    longest = max(len(short(number)) for number in numbers)
    return min(13, 72 * side * 0.45, 72 * side * 0.88 / (0.62 * longest))


def write_text(axes, x, y, text, **options):
    return axes.text(x, y, text, ha="center", va="center", **options)


def write_line(axes, y, text):
    return write_text(axes, WIDTH / 2, y, text)
