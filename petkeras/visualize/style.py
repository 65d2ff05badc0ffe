"""How all figures look, and the few things that every one of them needs."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

STYLE = Path(__file__).with_name("petkeras.mplstyle")
WIDTH = 8.0  # inches, 800 pixels
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
VALUES = "viridis"  # feature maps and other values from low to high
HEAT = "magma"  # where a network looks
# Kernels and differences: blue below zero, gray at zero, yellow above. Lightness grows all the way,
# so that the sign is seen in gray, too, and by the color-blind.
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#06214f", "#2f5aa8", "#8a8a8a", "#e0b84a", "#fff7c9"]
)


def styled(plot):
    """Draw a figure in petkeras's style, and hand it over closed.

    A closed figure is shown once by Jupyter, as the cell's result, and not a second time when the
    cell ends; and figures that nobody keeps are freed, those of a plot that failed, too.
    """

    @functools.wraps(plot)
    def draw(*args, **kwargs):
        before = set(plt.get_fignums())
        try:
            with plt.style.context(STYLE):
                return plot(*args, **kwargs)
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)

    return draw


def picture(axes, values, title=None, **options):
    """Show an array as a picture, without ticks, and return matplotlib's `AxesImage`."""
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if title is not None:
        axes.set_title(title)
    return axes.imshow(values, **options)


def gray(axes, values, title=None):
    """Show `(height, width)` in gray, from its smallest value (black) to its largest (white)."""
    return picture(axes, values, title, cmap="gray")


def signed(axes, values, title=None, largest=None):
    """Show `(height, width)` in yellow (above 0) and blue (below); `largest` is the brightest."""
    if largest is None:
        largest = np.abs(values).max() or 1.0
    return picture(axes, values, title, cmap=SIGNED, vmin=-largest, vmax=largest)


def grid_shape(count, columns=None):
    """Return (rows, columns) that hold `count` panels, twice as wide as high where not told."""
    columns = columns or min(count, max(1, math.ceil(math.sqrt(2 * count))))
    return math.ceil(count / columns), columns


def to_unit(values):
    """Stretch an array to 0..1; one that is the same everywhere becomes 0."""
    low, high = float(np.min(values)), float(np.max(values))
    return np.zeros_like(values) if high == low else (values - low) / (high - low)


def overlay(axes, image, heat, title=None, opacity=0.55):
    """Lay a map `(height, width)` over a picture `(height, width, 3)` uint8; bright is high."""
    picture(axes, np.asarray(image, np.uint8).mean(axis=2), title, cmap="gray", vmin=0, vmax=255)
    return axes.imshow(to_unit(heat), cmap=HEAT, alpha=opacity, vmin=0, vmax=1)
