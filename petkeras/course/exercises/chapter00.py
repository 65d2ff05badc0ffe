"""Checks of chapter 00's exercises: pictures seen, a guesser's score, from logits to answers."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises import not_yet, number, right
from petkeras.course.exercises.reading import stops_with


def exercise_1(pictures):
    """Check how many pictures are shown in eight epochs of 340."""
    pictures = number(pictures)
    if pictures is None:
        return not_yet("put a number in place of None.")
    if pictures == 2720:
        return right("each of the 340 is shown eight times, changed a little each time.")
    if pictures == 340:
        return not_yet("that is one epoch: each picture once.")
    if pictures == 272:
        return not_yet("that is the number of steps; each shows ten pictures.")
    return not_yet("in an epoch each picture is shown once, and there are eight.")


def exercise_2(score):
    """Check how many of 60 pictures a guesser gets right on average."""
    score = number(score)
    if score is None:
        return not_yet("put a number in place of None.")
    if score == 30:
        return right("half of them: an accuracy of 0.5 means that nothing was learned.")
    if score == 0:
        return not_yet("it knows nothing, but it is lucky every second time.")
    if score == 0.5:
        return not_yet("that is the share. How many of 60 pictures are that?")
    return not_yet("each of the 60 is right with probability 1/2.")


def exercise_3(answers):
    """Check a function from logits to classes."""
    if not callable(answers):
        return not_yet("answers must be a function of the logits.")
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 0.1, 3.0], [-5.0, -1.0, -2.0], [9.0, 8.0, 7.0]])
    try:
        found = answers(logits)
        found = None if found is None else np.asarray(found)
    except Exception as error:  # whatever the reader's code raises is told, not thrown
        return not_yet(f"it {stops_with(error)}")
    if found is None:
        return not_yet("it returns nothing yet.")
    if found.shape == (3,):
        return not_yet("that looks down the columns. A picture is a row.")
    if found.shape != (4,):
        return not_yet(f"4 pictures have 4 answers, but what comes out is {found.shape}.")
    if np.array_equal(found, [0, 2, 1, 0]):
        return right("the place of the largest number in each row.")
    if np.array_equal(found, logits.max(axis=1)):
        return not_yet("these are the largest numbers themselves. Their places are asked for.")
    if np.array_equal(found, [1, 0, 0, 2]):
        return not_yet("these are the places of the smallest numbers.")
    return not_yet("look for the place of the largest number in each row.")
