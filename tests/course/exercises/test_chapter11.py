"""Chapter 11's checks: what they say to typical mistakes."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter11

START = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
CHANGE = 0.1 * np.random.default_rng(1).normal(size=START.shape)


@pytest.mark.parametrize(
    ("frames", "hint"),
    [
        (None, "put a number"),
        (272, "the one at the start"),
        (8, "An epoch has 34"),
        (5, "34 steps"),
    ],
)
def test_frames_of_a_film(frames, hint):
    answer = chapter11.exercise_1(frames)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("movement", "hint"),
    [
        (None, "put one number"),
        (CHANGE, "put one number"),
        (np.linalg.norm(CHANGE), "the distance itself"),
        ((CHANGE**2).sum() / (START**2).sum(), "that is the square"),
        (np.abs(CHANGE).sum() / np.abs(START).sum(), "sums absolute values"),
        (1.0, "np.linalg.norm"),
    ],
)
def test_movement_of_a_kernel(movement, hint):
    answer = chapter11.exercise_2(movement)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("silent", "hint"),
    [
        (3, "must be a function"),
        (lambda maps: maps.no_such_thing, "it stops with AttributeError"),
        (lambda maps: None, "returns nothing"),
        (lambda maps: (maps == 0).all(axis=(0, 1)), "not True and False"),
        (lambda maps: np.flatnonzero(maps.sum(axis=(0, 1)) == 0), "add up to 0"),
        (lambda maps: np.flatnonzero(maps.any(axis=(0, 1))), "not silent"),
        (lambda maps: [0], "at every place"),
    ],
)
def test_silent_filters(silent, hint):
    answer = chapter11.exercise_3(silent)
    assert not answer
    assert hint in repr(answer)
