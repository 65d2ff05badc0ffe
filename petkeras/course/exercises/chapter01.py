"""Checks of chapter 01: how wide an interval is, how much of a picture is pet, where a box goes."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers

WIDEST = 10.0  # points, of the interval that exercise 1 asks for


def exercise_1(test_pictures):
    """Check the number of test pictures that makes the interval about 5/6 narrow enough."""
    if not isinstance(test_pictures, Integral) or isinstance(test_pictures, bool):
        return not_yet("`test_pictures` is a whole number.")
    n = int(test_pictures)
    if n < 1:
        return not_yet("Without a test picture there is no accuracy. Try more.")
    if _width(n) > WIDEST:
        return not_yet(
            f"With {n} pictures the interval is still {_width(n)} points wide. "
            "To halve it takes about four times as many."
        )
    if _width(0.95 * n) < WIDEST:
        return not_yet(f"{n} would do: {_width(n)} points. But fewer pictures are enough.")
    return right(
        f"{_width(n)} points; and of the 400 pictures that two breeds have, more than "
        "half would be gone."
    )


def _width(n, share=5 / 6, z=1.96):
    """Return the width of the Wilson interval in points when `share` of n are right.

    Its ends are the two p at which `share` is just z standard errors away: the roots of
    (share - p)^2 = z^2 p (1 - p) / n.
    """
    low, high = np.roots([1 + z**2 / n, -(2 * share + z**2 / n), share**2])
    return round(100 * abs(high - low), 1)


def exercise_2(pet_share):
    """Check a function from a trimap to the share of it that is pet, its border counted half."""
    trimap = np.full((8, 10), 2, np.uint8)
    trimap[2:6, 2:8], trimap[3:5, 3:7] = 3, 1  # 8 of pet, 16 of border, 56 of background
    answer, hint = call_for_numbers(pet_share, trimap)
    if hint:
        return not_yet(hint)
    if answer.size != 1:
        return not_yet("The share is one number for the whole picture.")
    share = answer.item()
    if math.isclose(share, 16 / 80, abs_tol=1e-6):
        return right("The border is counted half, for half of it is pet.")
    hints = {
        8 / 80: "The border is not counted at all. Half of it is pet.",
        24 / 80: "The border is counted whole. Only half of it is pet.",
        64 / 80: "That is the background's share. A 1 is pet, a 2 is background.",
        16.0: "That is how many pixels are pet. Which part of all are they?",
        8.0: "That counts pixels, and none of the border. Which part of all are they?",
    }
    for wrong, hint in hints.items():
        if math.isclose(share, wrong, abs_tol=1e-6):
            return not_yet(hint)
    return not_yet(
        "Of 8 x 10 pixels 8 are pet and 16 border: the share is 0.2. "
        f"`pet_share` gives {share:.4g}."
    )


def exercise_3(squash_box):
    """Check a function that squashes a head box with its picture."""
    box, width, height, size = (50, 30, 150, 90), 400, 300, 60
    wanted = np.array([7.5, 6.0, 22.5, 18.0])  # across by 60 / 400, down by 60 / 300
    given, hint = call_for_numbers(squash_box, box, width, height, size)
    if hint:
        return not_yet(hint)
    if given.shape != (4,):
        return not_yet("A box is four numbers: left, top, right, bottom.")
    if np.allclose(given, wanted):
        return right("Across and down have factors of their own: this is why a head gets narrower.")
    left, top, ends = box[0], box[1], np.array(box)
    hints = [
        (wanted / size, "These are fractions of the picture. The box is asked for in pixels."),
        (ends * size / height, "Across, too, you took the factor of the height."),
        (ends * size / width, "Down, too, you took the factor of the width."),
        (ends * np.tile([size / height, size / width], 2), "Width and height are swapped."),
        (np.floor(wanted), "A box may end within a pixel: do not round."),
        (np.round(wanted), "A box may end within a pixel: do not round."),
    ]
    for wrong, hint in hints:
        if np.allclose(given, wrong):
            return not_yet(hint)
    return not_yet(
        f"A picture {width} wide and {height} high becomes {size} by {size}: its pixel "
        f"({left}, {top}) comes to lie at (7.5, 6). You put it at ({given[0]:g}, {given[1]:g})."
    )
