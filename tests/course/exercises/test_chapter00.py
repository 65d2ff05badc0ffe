"""Chapter 00's checks: what they say to typical mistakes."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter00


@pytest.mark.parametrize(
    ("pictures", "hint"),
    [(None, "put a number"), (340, "one epoch"), (272, "number of steps"), (1, "there are eight")],
)
def test_pictures_seen(pictures, hint):
    answer = chapter00.exercise_1(pictures)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("score", "hint"),
    [("half", "put a number"), (0, "lucky"), (0.5, "that is the share"), (60, "probability 1/2")],
)
def test_a_guessers_score(score, hint):
    answer = chapter00.exercise_2(score)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        (None, "must be a function"),
        (lambda logits: logits.no_such_thing, "it stops with AttributeError"),
        (lambda logits: None, "returns nothing"),
        (lambda logits: logits.argmax(axis=0), "A picture is a row"),
        (lambda logits: logits.argmax(), "4 pictures have 4 answers"),
        (lambda logits: logits.max(axis=1), "Their places"),
        (lambda logits: logits.argmin(axis=1), "smallest"),
        (lambda logits: np.zeros(4), "place of the largest"),
    ],
)
def test_from_logits_to_answers(answers, hint):
    answer = chapter00.exercise_3(answers)
    assert not answer
    assert hint in repr(answer)
