"""Images, frames and text in boxes (left, top, width, height) on axes measured in inches."""

from __future__ import annotations

from matplotlib.patches import Rectangle

from petkeras.text import one_line
from petkeras.visualize.style import ORANGE

GRAY = "#555555"  # of text that explains


def show(axes, values, box, **options):
    """Show an array as an image that fills a box."""
    left, top, width, height = box
    extent = (left, left + width, top + height, top)
    axes.imshow(values, extent=extent, aspect="auto", **options)


def frame(axes, box):
    """Draw an orange frame that can be seen on any background."""
    left, top, width, height = box
    for color, line in (("white", 3.0), (ORANGE, 1.8)):
        axes.add_patch(
            Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=line)
        )


def write(axes, x, y, text, **options):
    """Write a line whose middle is at height y."""
    axes.text(x, y, text, **{"va": "center", **options})


def signed(value):
    """Return a number with its sign and three decimals."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def short(text, letters):
    """Return a text on one line, cut off after some letters."""
    text = one_line(text, 200)
    return text if len(text) <= letters else text[: letters - 1] + "\N{HORIZONTAL ELLIPSIS}"
