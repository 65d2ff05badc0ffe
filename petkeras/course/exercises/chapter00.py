"""Check chapter 00: a picture's numbers, a lazy network's accuracy, a class from logits."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    ask_for_number,
    call_for_numbers,
    find_hint,
    not_yet,
    read_number,
    right,
)


def exercise_1(numbers):
    """Check how many numbers a color picture of 64 by 64 pixels has."""
    numbers = read_number(given := numbers)
    if numbers is None:
        return not_yet(ask_for_number(given))
    if numbers == 64 * 64 * 3:
        return right("12,288 numbers: that is all that the network knows of a picture.")
    hints = [
        (64 * 64, "That is the number of pixels. Each of them has three numbers."),
        (64 * 3, "That is a single row of pixels. The picture has 64 rows."),
        (
            64 + 64,
            "Rows and columns do not add up: a picture of 64 rows has 64 pixels in each row.",
        ),
        (64 * 64 + 3, "Each pixel has three numbers of its own, so multiply by 3."),
        (64 * 64 * 2, "Each pixel has three numbers: red, green and blue."),
        (64 * 64 * 4, "Each pixel has three numbers: red, green and blue."),
    ]
    hint = find_hint(numbers, hints, rtol=0)
    return not_yet(hint or "How many pixels are there? Each of them has three numbers.")


def exercise_2(accuracy):
    """Check the accuracy of always naming the breed that 45 of 60 pictures show."""
    accuracy = read_number(given := accuracy)
    if accuracy is None:
        return not_yet(ask_for_number(given))
    if np.isclose(accuracy, 45 / 60):
        return right(
            "0.75, for nothing at all. So compare an accuracy with that of the most common answer, "
            "not with that of a coin."
        )
    hints = [
        (45, "That is how many it gets right. What fraction of the 60 is that?"),
        (75, "That is the percentage. As a fraction it is between 0 and 1."),
        (0.5, "A coin would be right half the time. This network always says the same thing."),
        (30, "A coin would be right half the time. This network always says the same thing."),
        (15 / 60, "That is the fraction that it gets wrong."),
        (15, "That is how many it gets wrong."),
        (0, "It has learned nothing, and is still right about every Samoyed."),
        (1, "It is right about every Samoyed, but wrong about every Shiba Inu."),
        (60 / 45, "You divided the wrong way round: right answers by all answers."),
    ]
    return not_yet(find_hint(accuracy, hints) or "How many of the 60 answers are right?")


def exercise_3(answers):
    """Check a function that returns each picture's class from its logits."""
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 0.1, 3.0], [-5.0, -1.0, -2.0], [9.0, 8.0, 7.0]])
    classes, hint = call_for_numbers(answers, logits)
    if hint:
        return not_yet(hint)
    if classes.shape == ():
        return not_yet("That is one answer for all pictures. Each row needs its own: axis=1.")
    if classes.shape == (3,):
        return not_yet("You compare the numbers in each column. A picture is a row.")
    if classes.shape != (4,):
        return not_yet(
            "4 pictures need 4 answers, but your function returns shape {shape}.",
            shape=classes.shape,
        )
    if np.array_equal(classes, [0, 2, 1, 0]):
        return right("The position of the largest number in each row.")
    hints = [
        (logits.max(axis=1), "These are the largest numbers themselves. Return their positions."),
        ([1, 0, 0, 2], "These are the positions of the smallest numbers."),
    ]
    hint = find_hint(classes, hints)
    return not_yet(hint or "Look for the position of the largest number in each row.")
