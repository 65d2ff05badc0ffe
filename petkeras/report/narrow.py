"""The panels of a figure for a phone: fewer side by side, so that their letters stay large."""

from __future__ import annotations

import math

from matplotlib.gridspec import GridSpec

NARROW = 4.0  # inches, half as wide as on a screen
SHARP = 200  # dots per inch: a phone's pixels are small


def save_narrow(figure, file, columns):
    """Arrange the panels of a figure in `columns`, and save it. The figure is changed.

    Args:
        figure: a matplotlib `Figure` whose panels stand in one grid, in the order of reading.
        file: the path of a JPEG file, a tenth as large as a PNG file of photographs.
        columns: how many panels stand side by side.
    """
    for hidden in [panel for panel in figure.axes if not panel.get_visible()]:
        hidden.remove()
    panels = figure.axes
    grid = panels[0].get_subplotspec().get_gridspec()
    width, height = figure.get_size_inches()
    letters = height / grid.nrows - width / grid.ncols  # of a row, what is not as wide as high
    rows = math.ceil(len(panels) / columns)
    for panel, place in zip(panels, GridSpec(rows, columns, figure), strict=False):
        panel.set_subplotspec(place)
    figure.set_size_inches(NARROW, rows * (NARROW / columns + letters))
    figure.savefig(file, dpi=SHARP, pil_kwargs={"quality": 85})
