"""Check chapter 01: an interval's width, how much of a picture is pet, and a squashed head box."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    ask_for_count,
    call_for_numbers,
    find_hint,
    not_yet,
    read_count,
    right,
)
from petkeras.runs.intervals import accuracy_interval

MAX_WIDTH = 10.0  # points, in exercise 1


def exercise_1(test_pictures):
    """Check how many test pictures make the interval around 5/6 narrow enough."""
    count = read_count(test_pictures)
    if count is None:
        return not_yet(ask_for_count(test_pictures, "test_pictures"))
    width = _width(count)
    if width > MAX_WIDTH:
        return not_yet(
            "With {count} pictures the interval is still {width} points wide. "
            "To halve it takes about four times as many.",
            count=count,
            width=width,
        )
    if _width(0.95 * count) < MAX_WIDTH:
        return not_yet(
            "{count} is enough: {width} points. But fewer pictures are enough, too.",
            count=count,
            width=width,
        )
    return right(
        "{width} points. Two breeds have 400 pictures, so that would take more than half of them.",
        width=width,
    )


def _width(count):
    """Return the width of the interval in points, to a tenth, when 5/6 of `count` are right."""
    low, high = accuracy_interval(5 / 6 * count, count)
    return round(100 * (high - low), 1)


def exercise_2(pet_share):
    """Check a function that returns which share of a trimap is pet, the border counted half."""
    trimap = np.full((8, 10), 2, np.uint8)
    trimap[2:6, 2:8], trimap[3:5, 3:7] = 3, 1  # 8 pixels of pet, 16 border, 56 background
    share, hint = call_for_numbers(pet_share, trimap)
    if hint:
        return not_yet(hint)
    if share.size != 1:
        return not_yet("The share is one number for the whole picture.")
    share = share.item()
    if np.isclose(share, 16 / 80):
        return right("The border counts half, because about half of it is pet.")
    hints = [
        (8 / 80, "You left out the border. About half of it is pet."),
        (24 / 80, "You counted all of the border. Only about half of it is pet."),
        (64 / 80, "That is the background's share. 1 is pet, 2 is background."),
        (16, "That is the number of pet pixels. What fraction of all pixels is that?"),
        (100 * 16 / 80, "That is the percentage. As a fraction it is between 0 and 1."),
        (8, "That is a number of pixels, and it leaves out the border. We need a fraction."),
    ]
    return not_yet(
        find_hint(share, hints)
        or "Of 8 x 10 pixels, 8 are pet and 16 are border, so the share is 0.2. "
        "`pet_share` returns {share:.4g}.",
        share=share,
    )


def exercise_3(squash_box):
    """Check a function that squashes a head box along with its picture."""
    box, width, height, size = (50, 30, 150, 90), 400, 300, 60
    expected = np.array([7.5, 6.0, 22.5, 18.0])  # horizontally by 60 / 400, vertically by 60 / 300
    squashed, hint = call_for_numbers(squash_box, box, width, height, size)
    if hint:
        return not_yet(hint)
    if squashed.shape != (4,):
        return not_yet("A box is four numbers: left, top, right, bottom.")
    if np.allclose(squashed, expected):
        return right("Width and height have different factors. That is why the head gets narrower.")
    edges = np.array(box)
    if not squashed.any():
        return not_yet("The box comes out empty. Divide with `/`: `//` drops the fraction.")
    rounded = "A box may end inside a pixel: do not round."
    hints = [
        (expected / size, "These are fractions of the picture. Return pixels."),
        (edges * size / height, "You used the height's factor for left and right, too."),
        (edges * size / width, "You used the width's factor for top and bottom, too."),
        (edges, "The box comes back as it was. Its picture is now smaller."),
        (edges / np.tile([size / width, size / height], 2), "You divided by the factors."),
        (edges * np.tile([size / height, size / width], 2), "You swapped width and height."),
        (np.floor(expected), rounded),
        (np.round(expected), rounded),
    ]
    return not_yet(
        find_hint(squashed, hints)
        or "A picture {width} wide and {height} high becomes {size} by {size}, which moves its "
        "pixel (50, 30) to (7.5, 6). You moved it to ({x:g}, {y:g}).",
        width=width,
        height=height,
        size=size,
        x=squashed[0],
        y=squashed[1],
    )
