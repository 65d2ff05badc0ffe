"""Check chapter 10: a dropout rate, dropout itself, and enough test pictures."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    NO_NUMBER,
    call_for_numbers,
    find_hint,
    not_yet,
    read_number,
    right,
)
from petkeras.runs.intervals import accuracy_interval


def exercise_1(rate):
    """Check the rate that drops what a *keep* of 0.2 drops."""
    rate = read_number(rate)
    if rate is None:
        return not_yet(f"{NO_NUMBER} What fraction is dropped if 0.2 is kept?")
    if np.isclose(rate, 0.8):
        return right("Whatever is not kept is dropped.")
    percentage = "A rate is a fraction between 0 and 1, not a percentage."
    hints = [
        (0.2, "0.2 is the fraction that is kept. The rate is the fraction that is dropped."),
        (80, percentage),
        (20, percentage),
    ]
    hint = find_hint(rate, hints)
    return not_yet(hint or "The fraction kept and the fraction dropped add up to 1.")


def exercise_2(dropout):
    """Check the learner's own dropout by what it keeps, drops and scales."""
    x = np.full((100, 100), 3.0)
    y, hint = call_for_numbers(dropout, x, 0.8, np.random.default_rng(0))
    if hint:
        return not_yet(hint)
    if y.shape != x.shape:
        return not_yet(f"x has shape {x.shape}, but your function returns shape {y.shape}.")
    dropped = float(np.mean(y == 0))
    if dropped == 0:
        return not_yet("Nothing is dropped yet.")
    if abs(dropped - 0.2) < 0.05:
        return not_yet("At a rate of 0.8 it drops only a fifth. You drop what should be kept.")
    if abs(dropped - 0.8) > 0.05:
        return not_yet(f"At a rate of 0.8 it drops {dropped:.0%} of the values.")
    kept = y[y != 0]
    if np.allclose(kept, 3.0):
        return not_yet("The right fraction is dropped. Now scale up the rest to keep the sum.")
    if not np.allclose(kept, 3.0 / 0.2):
        return not_yet(
            "Scale the rest by 1 / (1 - rate): a fifth is kept, so each value counts five times."
        )
    if np.unique(np.argwhere(y != 0)[:, 1]).size < 90:
        return not_yet(
            "You drop whole rows or columns together. Each value needs a random number of its own."
        )
    return right("This is what pk.layers.Dropout does during training.")


def exercise_3(pictures):
    """Check a number of test pictures by the width of its interval."""
    pictures = read_number(pictures)
    if pictures is None:
        return not_yet(f"{NO_NUMBER} Start with 600: how wide is its interval?")
    if pictures < 1:
        return not_yet("A number of pictures is 1 or more.")

    def width(count):
        low, high = accuracy_interval(0.9 * count, count)
        return high - low

    if width(pictures) > 0.05:
        return not_yet(f"With {pictures:.0f} pictures the interval is {width(pictures):.3f} wide.")
    if width(pictures / 2) <= 0.05:
        return not_yet("That is far more than enough: half as many would do, too.")
    return right(f"With {pictures:.0f} pictures it is {width(pictures):.3f} wide. 60 is few.")
