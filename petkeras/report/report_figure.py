"""A figure of the report and its texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ReportFigure:
    """Hold a figure of the report and its texts.

    Args:
        section: the heading that it belongs under.
        file: the name of its file in `RUN/figures/`.
        title: what it shows.
        text: how to read it.
        alt: the alternative text for screen readers; that of the drawn figure, if it has one,
            says more and takes its place.
        draw: a function without arguments that returns a matplotlib `Figure` or an `Animation`.
        columns: how many panels stand side by side on a phone. 0 is as many as on a wide screen.
        layer: of a film, the layer whose filters it shows.
    """

    section: str
    file: str
    title: str
    text: str
    alt: str
    draw: Callable | None = None
    columns: int = 0
    layer: str = ""

    @property
    def narrow_file(self):
        """The name of the file with the panels as a phone shows them."""
        return self.file.replace(".png", "-phone.jpg")


def in_file_name(layer):
    """Return a layer's name as part of a file's name: `backbone/conv5` is in a nested model."""
    return layer.replace("/", "-")
