"""Checks of chapter 03: steps of an epoch, one-hot labels, a mean that sees no test picture."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call, call_for_numbers, read_numbers

PICTURES, STEPS = 340, 11  # in an epoch, of exercise 1


def exercise_1(batch_size):
    """Check the batch size with which 340 pictures make an epoch of 11 steps."""
    if not isinstance(batch_size, Integral) or isinstance(batch_size, bool) or batch_size < 1:
        return not_yet("A batch has a whole number of pictures, 1 or more.")
    steps = len(range(0, PICTURES, int(batch_size)))
    last = (PICTURES - 1) % int(batch_size) + 1
    if steps == STEPS:
        return right(f"10 batches of {batch_size}, and a last one of {last}.")
    if steps == STEPS + 1 and last < batch_size:
        return not_yet(
            f"{steps - 1} batches of {batch_size} leave {last} pictures over, and these make a "
            "step, too."
        )
    few = "few" if steps < STEPS else "many"
    return not_yet(f"{batch_size} in a batch give {steps} steps. That is too {few}.")


def exercise_2(one_hot):
    """Check a function from class numbers to one-hot labels."""
    numbers, classes = np.array([2, 0, 1, 2]), 4
    labels, hint = call_for_numbers(one_hot, numbers.copy(), classes)
    if hint:
        return not_yet(hint)
    wanted = np.zeros((len(numbers), classes))
    for row, number in enumerate(numbers):
        wanted[row, number] = 1
    if labels.shape == wanted.shape[::-1] and labels.shape != wanted.shape:
        return not_yet("A label is a row. You have made it a column.")
    if labels.shape != wanted.shape:
        return not_yet(
            f"Four numbers and 4 classes make labels of shape {wanted.shape}. "
            f"Yours have {labels.shape}."
        )
    if np.array_equal(labels, wanted):
        return right("One 1 in each row, at the place of its class.")
    if np.array_equal(labels, wanted.T):
        return not_yet("A label is a row. You have made it a column.")
    if np.array_equal(np.roll(labels, 1, axis=1), wanted):
        return not_yet("The first class has the number 0, not 1.")
    if not (labels.sum(axis=1) == 1).all():
        return not_yet("Each row has a single 1, and zeros else.")
    return not_yet("The 1 is not where it belongs: label 2 has it at place 2, counted from 0.")


def exercise_3(center):
    """Check a function that takes the mean image off the training part and the test part."""
    rng = np.random.default_rng(0)
    train = rng.integers(0, 200, (6, 4, 4, 3)).astype(np.uint8)
    test = rng.integers(55, 256, (3, 4, 4, 3)).astype(np.uint8)
    parts, hint = call(center, train.copy(), test.copy())
    if hint:
        return not_yet(hint)
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        return not_yet("Your function returns two things: the training part and the test part.")
    given = [read_numbers(part) for part in parts]
    for values, part in zip(given, (train, test), strict=True):
        if values is None or values.shape != part.shape:
            return not_yet("Each part comes back with the shape that it had.")
    real = [part.astype(np.float64) for part in (train, test)]
    every = np.concatenate(real)
    one = real[0].mean(axis=0)

    def is_centered(train_mean, test_mean):
        return np.allclose(given[0], real[0] - train_mean, atol=1e-3) and np.allclose(
            given[1], real[1] - test_mean, atol=1e-3
        )

    if is_centered(one, one):
        return right("The test part was looked at by nobody.")
    hints = [
        ((0, 0), "Both parts come back as they came."),
        ((every.mean(axis=0),) * 2, "Your mean has seen the test part."),
        ((one, real[1].mean(axis=0)), "The test part has a mean of its own. It may not have one."),
        ((one, 0), "The test part still has its mean: a network would not know it again."),
        ((one.mean(),) * 2, "You took off one number. The mean of pictures is a picture: axis=0."),
        ((one.mean(axis=(0, 1)),) * 2, "You took off one color. Each pixel has its own mean."),
    ]
    for means, hint in hints:
        if is_centered(*means):
            return not_yet(hint)
    whole = [(part - one.astype(np.uint8)) for part in (train, test)]
    if np.array_equal(given[0], whole[0]) and np.array_equal(given[1], whole[1]):
        return not_yet("uint8 has no numbers below 0: make the pictures float32 first.")
    return not_yet("Take the mean over the training pictures (axis=0) off both parts.")
