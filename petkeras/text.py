"""Words of strangers, such as the names of their files, made fit to be shown in a line."""

from __future__ import annotations


def printable(words):
    """Escape whatever a terminal would obey or cannot show: line ends, colors, half characters.

    Example:

    >>> from petkeras.text import printable
    >>> print(printable("a\\nb \\x1b[31mred.jpg"))
    a\\nb \\x1b[31mred.jpg
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(words)
    )


def one_line(words, most=160):
    """Return words, or what an exception says, as one printable line of bounded length.

    Example:

    >>> from petkeras.text import one_line
    >>> one_line("It broke\\n  at the   seams.", most=15)
    'It broke at ...'
    """
    line = printable(" ".join(str(words).split()))
    if not line and isinstance(words, BaseException):
        line = type(words).__name__
    return line if len(line) <= most else line[: most - 3] + "..."
