"""The style of all figures, and the drawing helpers that they share."""

from __future__ import annotations

import functools
import math
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.ticker import LogFormatter

from petkeras.system.fonts import font_families
from petkeras.visualize.lettering import check_letters

# For `plt.style.use`: the style file, and the fonts that are installed.
STYLE = [Path(__file__).with_name("petkeras.mplstyle"), {"font.family": font_families()}]
WIDTH = 8.0  # inches, 800 pixels
MAPS_WIDTH = 0.87 * WIDTH  # of a grid of feature maps, beside its color bar
TITLE_HEIGHT = 0.2  # inches, above a feature map
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
TRAIN_COLOR, TEST_COLOR = ORANGE, BLUE  # in charts these two colors mean nothing else
RUN_COLORS = (GREEN, PINK, SKY, YELLOW, "black")  # of runs that are compared
NEUTRAL = "#66788a"  # bars of one kind
VALUE_COLORS = "viridis"  # feature maps and other values from low to high
HEAT_COLORS = "magma"  # where a network looks
# Kernels and differences: blue below zero, gray at zero, yellow above. Lightness grows throughout,
# so the sign can be read in grayscale, too, and by color-blind readers.
SIGNED_COLORS = LinearSegmentedColormap.from_list(
    "signed", ["#06214f", "#2f5aa8", "#8a8a8a", "#e0b84a", "#fff7c9"]
)


@contextmanager
def figure_style():
    """Use petkeras's style, in which names in any script are drawn as they are written.

    A `$` in a breed's or a file's name is a dollar sign and does not begin a formula. `STYLE` does
    not say so, since Matplotlib's own tick labels on log axes are formulas.
    """
    with plt.style.context([*STYLE, {"text.parse_math": False}]):
        yield


def styled(plot):
    """Make a plot function use petkeras's style and close its figure.

    Jupyter shows a closed figure once, as the cell's result, and not a second time when the cell
    ends. Figures that nobody keeps are freed, including those of a plot that failed.
    """

    @functools.wraps(plot)
    def draw(*args, **kwargs):
        before = set(plt.get_fignums())
        try:
            with figure_style():
                drawn = plot(*args, **kwargs)
                for number in set(plt.get_fignums()) - before:
                    check_letters(plt.figure(number))
            return drawn
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)

    return draw


def set_log_scale(axes):
    """Make the y axis logarithmic, with its tick labels as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PlainLogFormatter())
    axes.yaxis.set_minor_formatter(PlainLogFormatter())


class PlainLogFormatter(LogFormatter):
    """Label the ticks of a log axis that Matplotlib would label, such as 0.01, without formulas."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


def grid_shape(count, columns=None):
    """Return (rows, columns) for `count` panels, by default about twice as wide as high."""
    columns = columns or min(count, max(1, math.ceil(math.sqrt(2 * count))))
    return math.ceil(count / columns), columns


def panel_grid(rows, columns, height, width=WIDTH, **options):
    """Return a figure and its axes `(rows, columns)`, each hidden until something is drawn."""
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(width, height), **options)
    for panel in axes.flat:
        panel.set_visible(False)
    return figure, axes


def draw_image(axes, values, title=None, **options):
    """Show an array as an image without ticks, and return matplotlib's `AxesImage`."""
    axes.set(xticks=[], yticks=[], visible=True)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if title is not None:
        axes.set_title(title)
    return axes.imshow(values, **options)


def draw_signed(axes, values, title=None, colors=SIGNED_COLORS):
    """Show `(height, width)` on a color scale that has 0 in its middle."""
    largest = np.abs(values).max() or 1.0
    return draw_image(axes, values, title, cmap=colors, vmin=-largest, vmax=largest)


def draw_heatmap(axes, image, heat):
    """Lay a map `(height, width)` of values in 0..1 over a `(height, width, 3)` uint8 image."""
    gray = np.asarray(image, np.uint8).mean(axis=2)
    draw_image(axes, gray, cmap="gray", vmin=0, vmax=255)
    axes.imshow(heat, cmap=HEAT_COLORS, alpha=0.55, vmin=0, vmax=1)


def feature_map_scale(maps):
    """Return one color scale for all maps; a square root spreads the many small values."""
    return PowerNorm(0.5, vmin=maps.min(), vmax=max(maps.max(), maps.min() + 1e-9))


def draw_feature_maps(axes, maps, titles, scale, columns, **title_style):
    """Show maps `(height, width, n)` in rows, each below its title, and return their `AxesImage`s.

    They share one axes, because laying out an axes for each would take several times as long.
    """
    height, width, _ = maps.shape
    across = 1.05 * width  # from one map to the next, in pixels of a map
    down = height + TITLE_HEIGHT * columns / MAPS_WIDTH * across
    axes.set_axis_off()
    images = []
    for number, (values, title) in enumerate(zip(np.moveaxis(maps, 2, 0), titles, strict=True)):
        row, column = divmod(number, columns)
        left, bottom = column * across, (row + 1) * down
        extent = (left, left + width, bottom, bottom - height)
        images.append(axes.imshow(values, cmap=VALUE_COLORS, norm=scale, extent=extent))
        axes.text(left, bottom - 1.02 * height, title, va="bottom", **title_style)
    axes.set(xlim=(0, columns * across), ylim=(math.ceil(len(images) / columns) * down, 0))
    return images


def min_max_scale(values):
    """Scale an array to 0..1; a constant array becomes 0."""
    low, high = float(np.min(values)), float(np.max(values))
    return np.zeros_like(values) if high == low else (values - low) / (high - low)
