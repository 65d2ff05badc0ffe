"""Check chapter 11: frames of a film, how far a kernel moved, and silent filters."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    ask_for_number,
    call,
    find_hint,
    not_yet,
    read_number,
    read_numbers,
    right,
)


def exercise_1(frames):
    """Check the number of frames in a film of 400 epochs of 34 steps, one every 50 steps."""
    frames = read_number(given := frames)
    if frames is None:
        return not_yet("{asked} How many steps does the run have?", asked=ask_for_number(given))
    if frames == 273:
        return right("One at the start, and 13,600 / 50 = 272 more.")
    epochs_as_steps = "You counted 400 steps. Each of the 400 epochs has 34."
    hints = [
        (272, "That is one every 50 steps. What about the one at the start?"),
        (8, epochs_as_steps),
        (9, epochs_as_steps),
    ]
    return not_yet(
        find_hint(frames, hints)
        or "34 steps per epoch, 400 epochs: there is a frame of step 0 and of every 50th step."
    )


def exercise_2(movement):
    """Check how far a kernel is from its start, relative to the start's length."""
    start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
    change = 0.1 * np.random.default_rng(1).normal(size=start.shape)
    distance, length = np.linalg.norm(change), np.linalg.norm(start)
    movement = read_number(given := movement)
    if movement is None:
        return not_yet(
            "{asked} You need one length divided by another.", asked=ask_for_number(given)
        )
    if np.isclose(movement, distance / length, rtol=1e-3):
        return right("The kernel moved by a tenth of its length.")
    hints = [
        (distance / np.linalg.norm(start + change), "You divided by the length of the end."),
        (distance, "That is the distance itself. Divide it by the length of the start."),
        ((distance / length) ** 2, "That is the square. Take the root of each sum of squares."),
        (
            np.abs(change).sum() / np.abs(start).sum(),
            "You added up absolute values. A Euclidean length is the root of a sum of squares.",
        ),
    ]
    return not_yet(
        find_hint(movement, hints, rtol=1e-5)
        or "Divide the length of (end - start) by the length of start. See np.linalg.norm."
    )


def exercise_3(silent):
    """Check a function that finds the filters whose map is 0 everywhere."""
    maps = np.zeros((4, 5, 6), np.float32)
    maps[1, 2, 1] = maps[:, :, 3] = 0.5
    maps[0, 0, 4], maps[3, 3, 4] = 1.0, -1.0  # adds up to 0, but is not silent
    result, hint = call(silent, maps)
    if hint:
        return not_yet(hint)
    if result is None:
        return not_yet("Your function does not return anything yet.")
    filters = read_numbers(result)
    if filters is None:
        return not_yet("Return the filters' numbers, such as 0, 2, 5, not True and False.")
    hints = {
        (0, 2, 4, 5): "One map has values that add up to 0 without being 0. Look at each value.",
        (1, 3, 4): "These are the filters that are not silent.",
    }
    filters = tuple(sorted(filters.ravel().tolist()))
    if filters == (0, 2, 5):
        return right("These are the filters whose map is 0 everywhere.")
    return not_yet(
        hints.get(
            filters, "A filter is silent if its map is 0 everywhere: look along both of its axes."
        )
    )
