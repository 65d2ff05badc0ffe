"""The checks of chapter 00: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter00


@pytest.mark.parametrize(
    ("pictures", "hint"),
    [(None, "Put a number"), (340, "one epoch"), (272, "number of steps"), (1, "there are eight")],
)
def test_pictures_seen(pictures, hint):
    answer = chapter00.exercise_1(pictures)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("score", "hint"),
    [
        ("half", "Put a number"),
        (0, "lucky"),
        (0.5, "That is the fraction"),
        (60, "probability 1/2"),
    ],
)
def test_a_guessers_score(score, hint):
    answer = chapter00.exercise_2(score)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        (None, "Pass the function itself"),
        (lambda logits: logits.no_such_thing, "raises AttributeError"),
        (lambda logits: None, "returns None"),
        (lambda logits: logits.argmax(axis=0), "A picture is a row"),
        (lambda logits: logits.argmax(), "4 pictures need 4 answers"),
        (lambda logits: logits.max(axis=1), "Return their positions"),
        (lambda logits: logits.argmin(axis=1), "smallest"),
        (lambda logits: np.zeros(4), "position of the largest"),
    ],
)
def test_from_logits_to_answers(answers, hint):
    answer = chapter00.exercise_3(answers)
    assert not answer
    assert hint in repr(answer)
