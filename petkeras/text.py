"""Make text from outside, such as file names, safe to print on one line."""

from __future__ import annotations


def printable(text):
    """Escape line breaks, terminal control codes and characters that cannot be encoded.

    Example:

    >>> from petkeras.text import printable
    >>> print(printable("a\\nb \\x1b[31mred.jpg"))
    a\\nb \\x1b[31mred.jpg
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


def one_line(text, max_length=160):
    """Return a text or an exception's message as one short, printable line.

    Example:

    >>> from petkeras.text import one_line
    >>> one_line("It broke\\n  at the   seams.", max_length=15)
    'It broke at ...'
    """
    line = printable(" ".join(str(text).split()))
    if not line and isinstance(text, BaseException):
        line = type(text).__name__
    return line if len(line) <= max_length else line[: max_length - 3] + "..."
