"""Grids of numbers on axes measured in inches, for the animations of the arithmetic."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from petkeras.visualize.lettering import label
from petkeras.visualize.style import ORANGE, WIDTH

MAX_NUMBER = 1e6  # larger ones do not fit into a cell
MAX_CELL, MAX_HEIGHT = 0.55, 6.5  # inches: a cell's side, and all cells from top to bottom
LINE, MARGIN = 0.36, 0.3  # inches: a line of text, and the space left free at the sides
GAP, MIN_COLUMNS = 1.5, 2  # cells: between two grids, and the width that a grid's name needs
HIGHLIGHT = ORANGE  # of the cells that matter most; their numbers are white


def format_number(value):
    """Return a number as text with at most two decimals; NaN is empty.

    Example:

    >>> from petkeras.visualize.number_grid import format_number
    >>> [format_number(value) for value in (3.0, -0.25, 1 / 3, -0.001, 12345678.0)]
    ['3', '-0.25', '0.33', '0', '1.2e+07']
    """
    if np.isnan(value):
        return ""
    if abs(value) >= MAX_NUMBER:
        return f"{value:.2g}"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class NumberGrid:
    """Draw a grid of cells that hold numbers and are addressed by (row, column).

    `name` is a message; the heading shows it in the current language.
    """

    def __init__(self, axes, name, rows, columns, corner, side, font):
        self.corner, self.side, self.first = corner, side, (rows[0], columns[0])
        middle = corner[0] + side * len(columns) / 2
        self.name = write_text(axes, middle, corner[1] - LINE / 2, label(name))
        self.boxes, self.texts = {}, {}
        for row, column in itertools.product(rows, columns):
            left, top = self.cell_corner(row, column)
            self.boxes[row, column] = axes.add_patch(Rectangle((left, top), side, side, ec="0.6"))
            text = write_text(axes, left + side / 2, top + side / 2, "", fontsize=font)
            text.set_gid(f"{name} {row} {column}")
            self.texts[row, column] = text
        self.background = dict.fromkeys(self.boxes, "white")
        self.color_cells(None)

    def cell_corner(self, row, column):
        """Return the upper left corner of a cell in inches."""
        left, top = self.corner
        return left + self.side * (column - self.first[1]), top + self.side * (row - self.first[0])

    def write(self, values):
        """Show one number in each cell; NaN leaves its cell empty."""
        for text, value in zip(self.texts.values(), np.ravel(values), strict=True):
            text.set_text(format_number(value))

    def color_cells(self, color, cells=None):
        """Set the color of cells, by default of all; `None` is each cell's background."""
        for cell in self.boxes if cells is None else cells:
            self.boxes[cell].set_facecolor(color or self.background[cell])
            highlighted = color == HIGHLIGHT
            self.texts[cell].set(
                color="white" if highlighted else "black",
                fontweight="bold" if highlighted else "normal",
            )

    def mark_padding(self, shape, name, hatch=None):
        """Shade the cells outside of an input of this shape; if there are any, rename the grid."""
        for row, column in self.boxes:
            if not (0 <= row < shape[0] and 0 <= column < shape[1]):
                self.background[row, column] = "0.92"
                self.boxes[row, column].set_hatch(hatch)
                self.name.set_text(name)


def inch_axes(height):
    """Return a figure, and axes in it measured in inches from the upper left corner."""
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="none")
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def cell_side(*rows):
    """Return the side in inches at which rows of grids, each given by its shapes, fit."""
    height = sum(max(rows for rows, _ in shapes) for shapes in rows)
    width = max(_cells_across(shapes) for shapes in rows)
    return min(MAX_CELL, MAX_HEIGHT / height, (WIDTH - 2 * MARGIN) / width)


def _cells_across(shapes):
    return sum(max(columns, MIN_COLUMNS) for _, columns in shapes) + GAP * (len(shapes) - 1)


def place_grids(axes, top, shapes, signs, side):
    """Write signs between the grids of a row, and return the grids' upper left corners."""
    height = side * max(rows for rows, _ in shapes)
    corners, left = [], (WIDTH - side * _cells_across(shapes)) / 2
    for (rows, columns), sign in itertools.zip_longest(shapes, signs):
        room = side * max(columns, MIN_COLUMNS)
        corners.append((left + (room - side * columns) / 2, top + (height - side * rows) / 2))
        left += room + side * GAP
        if sign:
            write_text(axes, left - side * GAP / 2, top + height / 2, sign, fontsize=16)
    return corners


def font_size(side, numbers):
    """Return the font size in points at which every number fits into its cell."""
    longest = max(len(format_number(number)) for number in numbers)
    return min(13, 72 * side * 0.45, 72 * side * 0.88 / (0.62 * longest))


def write_text(axes, x, y, text, **options):
    """Write a text centered on a point."""
    return axes.text(x, y, text, ha="center", va="center", **options)
