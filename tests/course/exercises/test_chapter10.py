"""The checks of chapter 10: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter10


@pytest.mark.parametrize(
    ("rate", "hint"),
    [
        (None, "Put a number"),
        (0.2, "the fraction that is kept"),
        (80, "a percentage"),
        (5, "add up to 1"),
    ],
)
def test_a_rate(rate, hint):
    answer = chapter10.exercise_1(rate)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("dropout", "hint"),
    [
        (0.8, "Pass the function itself"),
        (lambda x, rate, rng: x.no_such_thing, "raises AttributeError"),
        (lambda x, rate, rng: None, "returns None"),
        (lambda x, rate, rng: x[:5], "(5, 100)"),
        (lambda x, rate, rng: x, "Nothing is dropped"),
        (lambda x, rate, rng: x * (rng.random(x.shape) < rate) / rate, "only a fifth"),
        (lambda x, rate, rng: x * (rng.random(x.shape) >= rate), "scale up the rest"),
        (lambda x, rate, rng: x * (rng.random(x.shape) >= rate) * 2, "1 / (1 - rate)"),
        (lambda x, rate, rng: x * (rng.random(x.shape) > 0.5), "drops 50%"),
    ],
)
def test_dropout(dropout, hint):
    answer = chapter10.exercise_2(dropout)
    assert not answer
    assert hint in repr(answer)


def test_dropout_of_whole_columns_is_recognized():
    def columns(x, rate, rng):
        return x * (rng.random(x.shape[1]) >= rate) / (1 - rate)

    assert not chapter10.exercise_2(columns)


@pytest.mark.parametrize(
    ("pictures", "hint"),
    [
        (None, "Put a number"),
        (np.inf, "Put a number"),
        (0, "1 or more"),
        (60, "the interval is 0.1"),
        (10_000, "half as many"),
    ],
)
def test_enough_pictures(pictures, hint):
    answer = chapter10.exercise_3(pictures)
    assert not answer
    assert hint in repr(answer)
