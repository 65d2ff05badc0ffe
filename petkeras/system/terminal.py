"""Standard output and standard error: they may be closed, or their terminal may have no size."""

from __future__ import annotations

import os

WIDTH = 80  # columns of a terminal that does not say how wide it is


def is_terminal(stream):
    """Return True if a stream is a terminal; `None`, a closed stream, is not."""
    return stream is not None and not stream.closed and stream.isatty()


def make_console(stderr=False):
    """Return a `rich` console that is never 0 columns wide, as `COLUMNS=0` would make it."""
    from rich.console import Console  # not for `--help`

    console = Console(stderr=stderr)
    if console.width < 1:
        console.width = WIDTH
    return console


def open_closed_descriptors():
    """Open the null device in place of standard streams that are closed.

    Otherwise the next file opened would become, for example, file descriptor 2, and what libraries
    print to standard error would be written into that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
