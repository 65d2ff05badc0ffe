"""Check chapter 00: pictures shown, a guesser's score, and a class from logits."""

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


def exercise_1(pictures):
    """Check how many pictures are shown in eight epochs of 340."""
    pictures = read_number(pictures)
    if pictures is None:
        return not_yet(NO_NUMBER)
    if pictures == 2720:
        return right("Each of the 340 is shown eight times, changed a little each time.")
    hints = [
        (340, "That is one epoch: each picture once."),
        (272, "That is the number of steps. Each step shows ten pictures."),
    ]
    hint = find_hint(pictures, hints)
    return not_yet(hint or "Each picture is shown once per epoch, and there are eight epochs.")


def exercise_2(score):
    """Check how many of 60 pictures a guesser gets right on average."""
    score = read_number(score)
    if score is None:
        return not_yet(NO_NUMBER)
    if score == 30:
        return right("Half of them: an accuracy of 0.5 means that nothing was learned.")
    hints = [
        (0, "It knows nothing, but it gets lucky half the time."),
        (0.5, "That is the fraction. How many of 60 pictures is that?"),
    ]
    return not_yet(find_hint(score, hints) or "Each of the 60 is right with probability 1/2.")


def exercise_3(answers):
    """Check a function that returns each picture's class from its logits."""
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 0.1, 3.0], [-5.0, -1.0, -2.0], [9.0, 8.0, 7.0]])
    classes, hint = call_for_numbers(answers, logits)
    if hint:
        return not_yet(hint)
    if classes.shape == (3,):
        return not_yet("You compare the numbers in each column. A picture is a row.")
    if classes.shape != (4,):
        return not_yet(
            f"4 pictures need 4 answers, but your function returns shape {classes.shape}."
        )
    if np.array_equal(classes, [0, 2, 1, 0]):
        return right("The position of the largest number in each row.")
    hints = [
        (logits.max(axis=1), "These are the largest numbers themselves. Return their positions."),
        ([1, 0, 0, 2], "These are the positions of the smallest numbers."),
    ]
    hint = find_hint(classes, hints)
    return not_yet(hint or "Look for the position of the largest number in each row.")
