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
        alt: the alternative text for screen readers.
        draw: a function without arguments that returns a matplotlib `Figure` or an `Animation`.
        still: of an animation, the name of a file that shows its last frame.
    """

    section: str
    file: str
    title: str
    text: str
    alt: str
    draw: Callable | None = None
    still: str = ""


def in_file_name(layer):
    """Return a layer's name as part of a file's name: `backbone/conv5` is in a nested model."""
    return layer.replace("/", "-")
