"""Make text from outside, such as file names, safe to print on one line."""

from __future__ import annotations

from petkeras.language import translate


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


def describe_classes(names, most=4):
    """Return the names of a few classes as a list in words, or how many there are.

    Example:

    >>> from petkeras.text import describe_classes
    >>> describe_classes(("beagle", "boxer", "pug")), describe_classes(range(37))
    ('beagle, boxer and pug', '37 breeds')
    """
    if len(names) > most:
        return f"{len(names)} breeds"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def ask_which(names, kind="breeds", most=4):
    """Return the question that a classifier answers: the names of a few classes, or how many.

    Args:
        names: the names of the classes.
        kind: "breeds" or "classes".
        most: how many names there may be; if there are more, they are counted.

    Example:

    >>> from petkeras.text import ask_which
    >>> ask_which(("shiba_inu", "samoyed")), ask_which(range(37))
    ('shiba inu or samoyed?', 'Which of 37 breeds?')
    """
    if len(names) > most:
        breeds = kind == "breeds"
        return translate(
            "Which of {count} breeds?" if breeds else "Which of {count} classes?", count=len(names)
        )
    words = [name.replace("_", " ") for name in names]
    return translate("{names}?", names=translate(" or ").join(words))
