"""The exception for users' mistakes, and shared checks of arguments."""

from __future__ import annotations

import numbers


class PetkerasError(ValueError):
    """A user's mistake; its one-line message says what is wrong and what is expected.

    The command line prints the line and exits with 2; a notebook shows it like any exception.
    """


def is_integer(value):
    """Return True if a value is a Python or NumPy integer, and not a bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value):
    """Return True if a value is a real Python or NumPy number, and not a bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_seed(seed):
    """Return a run's seed as a Python integer.

    Raises:
        PetkerasError: it is not an integer, or not one that a run folder can record.
    """
    if not is_integer(seed) or not -(2**31) <= seed < 2**31:
        raise PetkerasError(
            f"`seed` must be an integer from -2**31 to 2**31 - 1. Received: seed={seed!r}"
        )
    return int(seed)


def check_argument(owner, argument, value, is_valid, expected, error: type = ValueError):
    """Raise an error unless an argument is valid.

    Args:
        owner: the function or class that takes the argument.
        argument: the argument's name.
        value: the value that was passed.
        is_valid: whether the value is valid.
        expected: a description of valid values, to follow "must be".
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
