"""Alternative texts: a sentence that says what a figure shows, for those who cannot see it."""

from __future__ import annotations

from functools import partial


def describe(figure, text):
    """Give a figure an alternative text, which goes along when a notebook shows the figure.

    A notebook keeps the text as `alt` in the metadata of the picture.

    Args:
        figure: a matplotlib `Figure`.
        text: a sentence that says what is seen.

    Returns:
        The figure.

    Example:

    >>> from matplotlib.figure import Figure
    >>> import petkeras as pk
    >>> figure = pk.visualize.describe(Figure(), "A gray square, brighter towards its middle.")
    >>> pk.visualize.description(figure)
    'A gray square, brighter towards its middle.'
    """
    # IPython adds the metadata of this method to the picture that Matplotlib's formatter makes.
    figure._repr_mimebundle_ = partial(_metadata, str(text))
    return figure


def description(figure):
    """Return a figure's alternative text, or `""` if it has none."""
    bundle = getattr(figure, "_repr_mimebundle_", None)
    return bundle.args[0] if isinstance(bundle, partial) and bundle.func is _metadata else ""


def _metadata(text, include=None, exclude=None):
    """Return what IPython asks for: no data, and the metadata of the picture."""
    return {}, {"image/png": {"alt": text}}
