"""The checks of chapter 11: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter11

START = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
CHANGE = 0.1 * np.random.default_rng(1).normal(size=START.shape)


@pytest.mark.parametrize(
    ("frames", "hint"),
    [
        (None, "Put a number"),
        (272, "the one at the start"),
        (8, "400 epochs has 34"),
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
        (None, "Put a number"),
        (CHANGE, "an array of shape (3, 3, 8, 16)"),
        (np.linalg.norm(CHANGE), "the distance itself"),
        ((CHANGE**2).sum() / (START**2).sum(), "That is the square"),
        (np.abs(CHANGE).sum() / np.abs(START).sum(), "added up absolute values"),
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
        (3, "Pass the function itself"),
        (lambda maps: maps.no_such_thing, "raises AttributeError"),
        (lambda maps: None, "does not return anything"),
        (lambda maps: (maps == 0).all(axis=(0, 1)), "not True and False"),
        (lambda maps: np.flatnonzero(maps.sum(axis=(0, 1)) == 0), "add up to 0"),
        (lambda maps: np.flatnonzero(maps.any(axis=(0, 1))), "not silent"),
        (lambda maps: [0], "along both of its axes"),
    ],
)
def test_silent_filters(silent, hint):
    answer = chapter11.exercise_3(silent)
    assert not answer
    assert hint in repr(answer)
