"""The exception that stands for a user's mistake, and the checks of arguments that many share."""

from __future__ import annotations

import numbers


class PetkerasError(ValueError):
    """Say in one line what was wrong, and what would be right.

    The command line prints the line and exits with 2; a notebook shows it like any exception.
    """


def is_integer(value):
    """Return True if a value is an integer, Python's or NumPy's; a bool is not."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value):
    """Return True if a value is a real number, Python's or NumPy's; a bool is not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_argument(owner, argument, value, is_valid, expected, error: type = ValueError):
    """Raise an error unless an argument is valid.

    Args:
        owner: the function or class that takes the argument.
        argument: the argument's name.
        value: what it was given.
        is_valid: whether that will do.
        expected: what it must be.
        error: the class of the exception.

    Example:

    >>> from petkeras.errors import check_argument
    >>> check_argument("Dense", "units", -1, False, "a positive integer")
    Traceback (most recent call last):
    ValueError: Dense: `units` must be a positive integer. Received: units=-1
    """
    if not is_valid:
        received = repr(value)
        received = received if len(received) <= 80 else received[:77] + "..."
        raise error(f"{owner}: `{argument}` must be {expected}. Received: {argument}={received}")
