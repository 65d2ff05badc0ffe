"""Checks of chapter 11's exercises: frames of a film, a kernel's movement, silent filters."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises import not_yet, number, right
from petkeras.course.exercises.reading import stops_with


def exercise_1(frames):
    """Check the number of frames in a film of 400 epochs of 34 steps, one every 50 steps."""
    frames = number(frames)
    if frames is None:
        return not_yet("put a number in place of None: how many steps are there in all?")
    if frames == 273:
        return right("one at the start, and 13,600 / 50 = 272 more.")
    if frames == 272:
        return not_yet("that is one every 50 steps. And the one at the start?")
    if frames in (8, 9):
        return not_yet("those are 400 steps. An epoch has 34 of them.")
    return not_yet("34 steps an epoch, 400 epochs: every 50th step is a frame, and so is step 0.")


def exercise_2(movement):
    """Check the distance of a kernel from its start, relative to the start's length."""
    start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
    change = 0.1 * np.random.default_rng(1).normal(size=start.shape)
    distance, length = np.sqrt((change**2).sum()), np.sqrt((start**2).sum())
    movement = number(movement)
    if movement is None:
        return not_yet("put one number in place of None: a length divided by a length.")
    if np.isclose(movement, distance / length, rtol=1e-3):
        return right("the kernel moved by a tenth of its length.")
    if np.isclose(movement, distance, rtol=1e-3):
        return not_yet("that is the distance itself. Divide it by the length of the start.")
    if np.isclose(movement, (distance / length) ** 2, rtol=1e-3):
        return not_yet("that is the square: take the root of the sums of squares.")
    if np.isclose(movement, np.abs(change).sum() / np.abs(start).sum(), rtol=1e-3):
        return not_yet("that sums absolute values. A Euclidean length sums squares, then the root.")
    return not_yet("the length of (end - start), divided by the length of start: np.linalg.norm.")


def exercise_3(silent):
    """Check a function that finds the filters whose map is 0 everywhere."""
    if not callable(silent):
        return not_yet("silent must be a function of the maps.")
    maps = np.zeros((4, 5, 6), np.float32)
    maps[1, 2, 1] = maps[:, :, 3] = 0.5
    maps[0, 0, 4], maps[3, 3, 4] = 1.0, -1.0  # its sum is 0, but it is not silent
    try:
        found = silent(maps)
    except Exception as error:  # whatever the reader's code raises is told, not thrown
        return not_yet(f"it {stops_with(error)}")
    if found is None:
        return not_yet("it returns nothing yet.")
    found = np.asarray(found)
    if found.dtype == bool:
        return not_yet("return the filters' numbers, such as 0, 2, 5, not True and False.")
    found = sorted(found.ravel().tolist())
    if found == [0, 2, 5]:
        return right("the filters whose map is 0 at every place.")
    if found == [0, 2, 4, 5]:
        return not_yet(
            "one map has values that add up to 0, and is not silent. Look at each value."
        )
    if found == [1, 3, 4]:
        return not_yet("these are the ones that are not silent.")
    return not_yet(
        "a filter is silent if its map is 0 at every place: look along both of its axes."
    )
