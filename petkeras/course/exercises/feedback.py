"""Read a learner's answer, which may be any object at all, and say whether it is right."""

from __future__ import annotations

import html
import os
import re
import sysconfig
import traceback
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np

from petkeras.language import translate
from petkeras.text import one_line

# The code of others, which is not where the reader's mistake is.
OTHERS = tuple(
    f"{folder}{os.sep}"
    for folder in (
        Path(__file__).parents[2],
        *(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")),
    )
)
# A notebook's box: its symbol and its color, which can be seen on white and on black.
LOOKS = {True: ("\N{CHECK MARK}", "0, 158, 115"), False: ("\N{LOWER RIGHT PENCIL}", "230, 159, 0")}


@dataclass(frozen=True)
class Answer:
    """Hold the result of a check: true if the answer is right; a notebook shows it as a box."""

    right: bool
    text: str

    def __bool__(self):
        return self.right

    def __repr__(self):
        return translate("Right: {text}" if self.right else "Not yet: {text}", text=self.text)

    def _repr_html_(self):
        symbol, color = LOOKS[self.right]
        verdict = translate("Right." if self.right else "Not yet.")
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.text, quote=False))
        style = (
            f"border-left: 5px solid rgb({color}); background: rgba({color}, 0.14); "
            "border-radius: 4px; color: inherit; padding: 0.6em 0.9em; max-width: 46em; "
            "white-space: normal; overflow-wrap: break-word"
        )
        return (
            f'<div style="{style}"><strong><span aria-hidden="true">{symbol}</span> '
            f"{verdict}</strong> {text}</div>"
        )


def right(text, /, **values):
    """Return an `Answer` that is right; `text` and `values` as in `translate`."""
    return Answer(True, translate(text, **values))


def not_yet(text, /, **values):
    """Return an `Answer` that is not right yet; `text` is a hint, not the solution.

    Example:

    >>> from petkeras.course.exercises.feedback import not_yet
    >>> not_yet("You get {size}x{size}, not 4x4.", size=5)
    Not yet: You get 5x5, not 4x4.
    """
    return Answer(False, translate(text, **values))


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


def ask_for_number(answer):
    """Return what to say about an answer that is not a single number.

    Example:

    >>> from petkeras.course.exercises.feedback import ask_for_number
    >>> ask_for_number("12")
    'That is text. Write the number without quotation marks.'
    """
    if answer is None:
        return translate("Put a number in place of None.")
    if isinstance(answer, str):
        return translate("That is text. Write the number without quotation marks.")
    if callable(answer):
        return translate("That is a function. Call it, or write the number that it returns.")
    if isinstance(answer, float | np.floating):
        return translate(
            "{answer} is not a number to count with. Put a finite one there.", answer=answer
        )
    if shape := getattr(answer, "shape", ()):
        return translate(
            "We are looking for one number. You passed an array of shape {shape}.",
            shape=tuple(shape),
        )
    return translate(
        "We are looking for one number. You passed a {kind}.", kind=type(answer).__name__
    )


def ask_for_count(answer, name):
    """Return what to say about an answer `name` that is not an integer of 1 or more.

    Example:

    >>> from petkeras.course.exercises.feedback import ask_for_count
    >>> ask_for_count(30.9, "batch_size")
    '`batch_size` must be a whole number: 30.9 lies between 30 and 31.'
    """
    number = read_number(answer)
    if number is None:
        return ask_for_number(answer)
    if number < 1:
        return translate("`{name}` must be 1 or more.", name=name)
    if number != int(number):
        return translate(
            "`{name}` must be a whole number: {number:g} lies between {low} and {high}.",
            name=name,
            number=number,
            low=int(number),
            high=int(number) + 1,
        )
    return translate(
        "`{name}` must be a whole number: write {number} without a decimal point.",
        name=name,
        number=int(number),
    )


def read_count(answer):
    """Return an answer as an integer of 1 or more, or `None` if it is not one."""
    if isinstance(answer, bool) or not isinstance(answer, Integral) or answer < 1:
        return None
    return int(answer)


def call(function, *arguments):
    """Call an answer that should be a function.

    Returns:
        The function's result and `None`, or `None` and a sentence that says what went wrong, and in
        which line.

    Example:

    >>> from petkeras.course.exercises.feedback import call
    >>> call(abs, "one")
    (None, "Your function raises TypeError: bad operand type for abs(): 'str'.")
    """
    if not callable(function):
        return None, translate("Pass the function itself, without parentheses after its name.")
    try:
        with np.errstate(all="ignore"):  # an overflow shows in the result; no warning is needed
            return function(*arguments), None
    except Exception as error:
        return None, describe_error(error)


def describe_error(error):
    """Return a sentence on an error: in which line of the reader's it is, and what it says."""
    message = _message(error)
    number, line = _readers_line(error)
    where = translate("Your function")
    if line:
        where = translate("Line {number} of your code, `{line}`,", number=number, line=line)
    sentence = translate(
        "{where} raises {error}: {message}.",
        where=where,
        error=type(error).__name__,
        message=message.rstrip("."),
    )
    return sentence + _advice(message)


def _advice(message):
    """Return what to add to an error whose message has known words, or nothing."""
    if "could not be broadcast together" in message:
        return translate(
            " Their shapes do not fit: print each `.shape`. A sum or a mean drops an axis, unless "
            "you write `keepdims=True`."
        )
    if "Cannot cast ufunc" in message:
        return translate(
            " Write `x = x - y`: `x -= y` puts fractions into an array of whole numbers."
        )
    if "zero-size array" in message:
        return translate(" The slice is empty: it lies outside of the array.")
    if "cannot access local variable" in message:
        return translate(" Give it a value before the loop.")
    if "'_unique_id'" in message:
        return translate(" `optimizer.apply` takes the gradients first, then the weights.")
    if "No gradients provided" in message:
        return translate(
            " So the gradients are None: the tape recorded nothing. Call the model and compute the "
            "loss inside `with tf.GradientTape() as tape:`."
        )
    return ""


def _message(error):
    """Return the line of an error's message that says what is wrong."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0] == "in user code:":  # AutoGraph's: file, line, then the error
        return one_line(lines[-1].partition(": ")[2] or lines[-1], 300)
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):  # Keras's
        return one_line(lines[1], 300)
    return one_line(lines[0], 300) if lines else translate("it says no more")


def _readers_line(error):
    """Return the number and the text of the innermost line of an error that is the reader's own."""
    frames = [(f.filename, f.lineno, f.line) for f in traceback.extract_tb(error.__traceback__)]
    frames += re.findall(r'File "(.*)", line (\d+), in .*\n +(.*)', str(error))  # AutoGraph's
    own = [
        (number, line)
        for file, number, line in frames
        if not file.startswith(OTHERS) and "autograph" not in file
    ]
    return own[-1] if own else (None, "")


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
        return None, translate("Your function returns None. Does its last line return the result?")
    values = read_numbers(result)
    if values is not None:
        return values, None
    if isinstance(result, bool) or "bool" in str(getattr(result, "dtype", "")):
        return None, translate(
            "Your function returns True and False, but we need numbers. `np.float32(...)` makes 1 "
            "and 0 of them."
        )
    return None, translate("Your function returns something other than finite numbers.")
