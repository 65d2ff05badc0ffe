"""Checks of chapter 10's exercises: a rate of dropout, dropout itself, enough test pictures."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises import not_yet, number, right
from petkeras.course.exercises.reading import stops_with
from petkeras.runs.intervals import accuracy_interval


def exercise_1(rate):
    """Check the rate that drops what a keep of 0.2 drops."""
    rate = number(rate)
    if rate is None:
        return not_yet("put a number in place of None: which part is dropped if 0.2 is kept?")
    if np.isclose(rate, 0.8):
        return right("what is not kept is dropped.")
    if np.isclose(rate, 0.2):
        return not_yet("0.2 is the part that is kept. The rate is the part that is dropped.")
    if np.isclose(rate, 80) or np.isclose(rate, 20):
        return not_yet("a rate is a fraction between 0 and 1, not a percentage.")
    return not_yet("what is kept and what is dropped add up to 1.")


def exercise_2(dropout):
    """Check a dropout of one's own by what it keeps, drops and scales."""
    if not callable(dropout):
        return not_yet("dropout must be a function of x, rate and rng.")
    x = np.full((100, 100), 3.0)
    try:
        y = dropout(x, 0.8, np.random.default_rng(0))
        y = np.asarray(y, np.float64)
    except Exception as error:  # whatever the reader's code raises is told, not thrown
        return not_yet(f"it {stops_with(error)}")
    if y.shape != x.shape:
        return not_yet(f"x is {x.shape}, but what comes out is {y.shape}.")
    dropped = float(np.mean(y == 0))
    if dropped == 0:
        return not_yet("nothing is dropped yet.")
    if abs(dropped - 0.2) < 0.05:
        return not_yet("at a rate of 0.8 it drops only a fifth: it drops what should be kept.")
    if abs(dropped - 0.8) > 0.05:
        return not_yet(f"at a rate of 0.8 it drops {dropped:.0%} of the values.")
    kept = y[y != 0]
    if np.allclose(kept, 3.0):
        return not_yet("the right part is dropped. Now scale up the rest: their sum should stay.")
    if not np.allclose(kept, 3.0 / 0.2):
        return not_yet(
            "scale the rest by 1 / (1 - rate): a fifth is kept, so each counts fivefold."
        )
    if np.unique(np.argwhere(y != 0)[:, 1]).size < 90:
        return not_yet(
            "whole rows or columns are dropped together. Each value has a draw of its own."
        )
    return right("this is what pk.layers.Dropout does while training.")


def exercise_3(pictures):
    """Check a number of test pictures by the width of its interval."""
    pictures = number(pictures)
    if pictures is None:
        return not_yet("put a number in place of None. Try 600 first: how wide is its interval?")
    if pictures < 1:
        return not_yet("a number of pictures is 1 or more.")

    def width(count):
        low, high = accuracy_interval(0.9 * count, count)
        return high - low

    if width(pictures) > 0.05:
        return not_yet(f"with {pictures:.0f} pictures the interval is {width(pictures):.3f} wide.")
    if width(pictures / 2) <= 0.05:
        return not_yet("that is enough by far: half as many would do, too.")
    return right(f"with {pictures:.0f} pictures it is {width(pictures):.3f} wide. 60 is few.")
