"""Read a learner's answer, which may be any object at all, and say whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np

NO_NUMBER = "Put a number in place of None."


@dataclass(frozen=True)
class Answer:
    """Hold the result of a check: true if the answer is right; a notebook shows its text."""

    right: bool
    text: str

    def __bool__(self):
        return self.right

    def __repr__(self):
        return f"{'Right' if self.right else 'Not yet'}: {self.text}"


def right(text):
    """Return an `Answer` that is right."""
    return Answer(True, text)


def not_yet(text):
    """Return an `Answer` that is not right yet; `text` is a hint, not the solution."""
    return Answer(False, text)


def find_hint(answer, hints, **tolerance):
    """Return the hint for a known mistake, or `None` if the answer is a different one.

    Args:
        answer: a number or an array.
        hints: pairs of a wrong answer and its hint.
        **tolerance: `rtol` and `atol`, as in `np.allclose`.

    Example:

    >>> from petkeras.course.exercises.feedback import find_hint
    >>> find_hint(0.5, [(0.5, "That is a fraction."), (2, "That is twice as many.")])
    'That is a fraction.'
    """
    matches = (hint for wrong, hint in hints if np.allclose(answer, wrong, **tolerance))
    return next(matches, None)


def read_numbers(answer):
    """Return an answer as a float64 array of its shape, or `None` if it holds anything else.

    Example:

    >>> from petkeras.course.exercises.feedback import read_numbers
    >>> read_numbers([[1, 2]]).shape, read_numbers("two"), read_numbers(float("nan"))
    ((1, 2), None, None)
    """
    try:
        values = np.asarray(answer)
    except Exception:  # an unknown object may raise anything
        return None
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return None
    return values.astype(np.float64)


def read_number(answer):
    """Return an answer as a finite float, or `None` if it is not a single number."""
    values = read_numbers(answer)
    return None if values is None or values.shape != () else values.item()


def read_count(answer):
    """Return an answer as an integer of 1 or more, or `None` if it is not one."""
    if isinstance(answer, bool) or not isinstance(answer, Integral) or answer < 1:
        return None
    return int(answer)


def call(function, *arguments):
    """Call an answer that should be a function.

    Returns:
        The function's result and `None`, or `None` and a sentence that says what went wrong.

    Example:

    >>> from petkeras.course.exercises.feedback import call
    >>> call(lambda x: 1 / x, 0)
    (None, 'Your function raises ZeroDivisionError: division by zero.')
    """
    if not callable(function):
        return None, "Pass the function itself, without parentheses after its name."
    try:
        with np.errstate(all="ignore"):  # an overflow shows in the result; no warning is needed
            return function(*arguments), None
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0].rstrip(".")
        return None, f"Your function raises {type(error).__name__}: {first_line}."


def call_for_numbers(function, *arguments):
    """Call an answer that should be a function that returns numbers.

    Returns:
        A float64 array and `None`, or `None` and a sentence that says what went wrong.

    Example:

    >>> from petkeras.course.exercises.feedback import call_for_numbers
    >>> call_for_numbers(lambda x: None, 0)
    (None, 'Your function returns None. Does its last line return the result?')
    """
    result, hint = call(function, *arguments)
    if hint:
        return None, hint
    if result is None:
        return None, "Your function returns None. Does its last line return the result?"
    values = read_numbers(result)
    if values is None:
        return None, "Your function returns something other than finite numbers."
    return values, None
