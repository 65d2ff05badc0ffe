"""The checks of chapter 00: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter00


@pytest.mark.parametrize(
    ("numbers", "hint"),
    [
        (None, "Put a number"),
        ("12288", "without quotation marks"),
        (64 * 64, "number of pixels"),
        (64 * 3, "a single row"),
        (128, "do not add up"),
        (64 * 64 + 3, "multiply by 3"),
        (1, "How many pixels"),
    ],
)
def test_numbers_of_a_picture(numbers, hint):
    answer = chapter00.exercise_1(numbers)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("accuracy", "hint"),
    [
        ("half", "That is text"),
        (0.5, "A coin"),
        (45, "What fraction"),
        (75, "the percentage"),
        (0.25, "gets wrong"),
        (0.1, "How many of the 60"),
    ],
)
def test_a_lazy_networks_accuracy(accuracy, hint):
    answer = chapter00.exercise_2(accuracy)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        (None, "Pass the function itself"),
        (lambda logits: logits.no_such_thing, "raises AttributeError"),
        (lambda logits: None, "returns None"),
        (lambda logits: logits.argmax(axis=0), "A picture is a row"),
        (lambda logits: logits.argmax(), "one answer for all pictures"),
        (lambda logits: logits[:2, 0], "4 pictures need 4 answers"),
        (lambda logits: logits.max(axis=1), "Return their positions"),
        (lambda logits: logits.argmin(axis=1), "smallest"),
        (lambda logits: np.zeros(4), "position of the largest"),
    ],
)
def test_from_logits_to_answers(answers, hint):
    answer = chapter00.exercise_3(answers)
    assert not answer
    assert hint in repr(answer)
