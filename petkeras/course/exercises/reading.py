"""Reading of an answer that may be anything: numbers where numbers are, words where not."""

from __future__ import annotations

import numpy as np


def read_numbers(answer):
    """Return an answer as an array, or `None` where it is not made of finite real numbers.

    Args:
        answer: anything: a number, a nested list, an array, a tensor; or something else.

    Returns:
        A float64 array of the answer's shape, or `None`.

    Example:

    >>> from petkeras.course.exercises.reading import read_numbers
    >>> read_numbers([[1, 2]]).shape, read_numbers("two"), read_numbers(float("nan"))
    ((1, 2), None, None)
    """
    try:
        values = np.asarray(answer)
    except Exception:  # whatever a stranger's object raises
        return None
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return None
    return values.astype(np.float64)


def call(function, *arguments):
    """Call an answer that should be a function.

    Args:
        function: anything.
        *arguments: what it is called with.

    Returns:
        What it returned, and `None`; or `None`, and a sentence on what went wrong.

    Example:

    >>> from petkeras.course.exercises.reading import call
    >>> call(lambda x: 1 / x, 0)
    (None, 'Your function stops with ZeroDivisionError: division by zero.')
    """
    if not callable(function):
        return None, "Hand over the function itself, without brackets after its name."
    try:
        with np.errstate(all="ignore"):  # what comes of an overflow is looked at, not warned of
            return function(*arguments), None
    except Exception as error:
        return None, f"Your function {stops_with(error).rstrip('.')}."


def stops_with(error):
    """Say in half a sentence what an error is: its kind, and the first line of its text.

    Example:

    >>> from petkeras.course.exercises.reading import stops_with
    >>> stops_with(ValueError("too long\\nby 3"))
    'stops with ValueError: too long'
    """
    return f"stops with {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def call_for_numbers(function, *arguments):
    """Call an answer that should be a function that returns numbers.

    Args:
        function: anything.
        *arguments: what it is called with.

    Returns:
        A float64 array, and `None`; or `None`, and a sentence on what went wrong.

    Example:

    >>> from petkeras.course.exercises.reading import call_for_numbers
    >>> call_for_numbers(lambda x: None, 0)
    (None, 'Your function returns None. Does its last line return the result?')
    """
    returned, hint = call(function, *arguments)
    if hint:
        return None, hint
    if returned is None:
        return None, "Your function returns None. Does its last line return the result?"
    values = read_numbers(returned)
    if values is None:
        return None, "Your function returns something that is not made of finite numbers."
    return values, None
