"""Alternative texts: a sentence that says what a figure shows, for those who cannot see it."""

from __future__ import annotations

from functools import partial

from petkeras.language import language, message, translate

WORDS = (
    "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve",
)  # fmt: skip
COUNTED = {  # one of them, and several
    "picture": (message("{count} picture"), message("{count} pictures")),
    "test picture": (message("{count} test picture"), message("{count} test pictures")),
    "feature map": (message("{count} feature map"), message("{count} feature maps")),
    "kernel": (message("{count} kernel"), message("{count} kernels")),
}


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


def counted(count, noun):
    """Return a number of things in words, as a sentence begins; in Chinese, in digits.

    Args:
        count: how many things.
        noun: one of those in `COUNTED`.

    Example:

    >>> from petkeras.visualize.description import counted
    >>> counted(1, "picture"), counted(8, "feature map"), counted(32, "kernel")
    ('One picture', 'Eight feature maps', '32 kernels')
    """
    in_words = language() == "en" and 0 < count <= len(WORDS)
    one, several = COUNTED[noun]
    return translate(
        one if count == 1 else several, count=WORDS[count - 1] if in_words else f"{count:,}"
    )


def listed(names, most=6):
    """Return names as a list in words, shortened if there are many.

    Example:

    >>> from petkeras.visualize.description import listed
    >>> listed(["a", "b", "c"]), listed("abcdefgh")
    ('a, b and c', 'a, b, c, d, e and 3 more')
    """
    names = [" ".join(str(name).split()) for name in names]
    if len(names) > most:
        names = [*names[: most - 1], translate("{count} more", count=len(names) - most + 1)]
    *others, last = names or [""]
    if not others:
        return last
    return translate("{names} and {name}", names=translate(", ").join(others), name=last)


def _metadata(text, include=None, exclude=None):
    """Return what IPython asks for: no data, and the metadata of the picture."""
    return {}, {"image/png": {"alt": text}}
