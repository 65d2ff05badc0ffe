"""Check chapter 03: steps per epoch, one-hot labels, and a mean that never sees a test picture."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    ask_for_count,
    call,
    call_for_numbers,
    find_hint,
    not_yet,
    read_count,
    read_numbers,
    right,
)

PICTURES, STEPS = 340, 11  # per epoch, in exercise 1


def exercise_1(batch_size):
    """Check the batch size that splits 340 pictures into 11 steps."""
    size = read_count(batch_size)
    if size is None:
        return not_yet(ask_for_count(batch_size, "batch_size"))
    steps = -(-PICTURES // size)
    last = (PICTURES - 1) % size + 1
    if steps == STEPS:
        return right("10 batches of {size}, and a last one of {last}.", size=size, last=last)
    if steps == STEPS + 1 and last < size:
        return not_yet(
            "{full} batches of {size} leave {last} pictures over, and those make one more step.",
            full=steps - 1,
            size=size,
            last=last,
        )
    return not_yet(
        "Batches of {size} give {steps} steps. That is too few."
        if steps < STEPS
        else "Batches of {size} give {steps} steps. That is too many.",
        size=size,
        steps=steps,
    )


def exercise_2(one_hot):
    """Check a function from class numbers to one-hot labels."""
    numbers, classes = np.array([2, 0, 1, 2]), 4
    labels, hint = call_for_numbers(one_hot, numbers.copy(), classes)
    if hint:
        return not_yet(hint)
    expected = np.eye(classes)[numbers]
    if labels.shape == numbers.shape:
        return not_yet("That is one number per picture. Each needs a row with a place per class.")
    if labels.shape != expected.shape:
        return not_yet(
            "Four numbers and 4 classes make labels of shape {expected}. Yours have shape {shape}.",
            expected=expected.shape,
            shape=labels.shape,
        )
    if np.array_equal(labels, expected):
        return right("One 1 in each row, at the position of its class.")
    hints = [
        (expected.T, "Each label should be a row. Yours are columns."),
        (np.roll(expected, -1, axis=1), "The first class is number 0, not 1."),
    ]
    hint = find_hint(labels, hints)
    if hint is None and not (labels.sum(axis=1) == 1).all():
        hint = "Each row has a single 1; everything else is 0."
    return not_yet(hint or "The 1 is in the wrong place: label 2 has it at position 2, from 0.")


def exercise_3(center):
    """Check a function that subtracts the mean image from the training and the test part."""
    rng = np.random.default_rng(0)
    train = rng.integers(0, 200, (6, 4, 4, 3)).astype(np.uint8)
    test = rng.integers(55, 256, (3, 4, 4, 3)).astype(np.uint8)
    result, hint = call(center, train.copy(), test.copy())
    if hint:
        return not_yet(hint)
    if not isinstance(result, list | tuple) or len(result) != 2:
        return not_yet("Return two things: the training part and the test part.")
    centered = [read_numbers(part) for part in result]
    if any(
        values is None or values.shape != part.shape
        for values, part in zip(centered, (train, test), strict=True)
    ):
        return not_yet("Return each part in the shape that it had.")
    parts = (train.astype(np.float64), test.astype(np.float64))
    mean = parts[0].mean(axis=0)  # (4, 4, 3), what both parts should lose

    def subtracts(*means):
        return all(
            np.allclose(values, part - mean, atol=1e-3)
            for values, part, mean in zip(centered, parts, means, strict=True)
        )

    if subtracts(mean, mean):
        return right("The test part had no say in it.")
    color, mean_of_all = mean.mean(axis=(0, 1)), np.concatenate(parts).mean(axis=0)
    hints = [
        (0, 0, "Both parts come back unchanged."),
        (mean_of_all, mean_of_all, "Your mean has seen the test part."),
        (mean, parts[1].mean(axis=0), "You gave the test part a mean of its own."),
        (mean, 0, "The test part still has its mean. Subtract the same mean from it."),
        (mean.mean(), mean.mean(), "The mean of pictures is a picture, not one number: axis=0."),
        (color, color, "You subtracted one color. Each pixel has a mean of its own."),
    ]
    for train_mean, test_mean, hint in hints:
        if subtracts(train_mean, test_mean):
            return not_yet(hint)
    integers = [part - mean.astype(np.uint8) for part in (train, test)]
    if all(map(np.array_equal, centered, integers)):
        return not_yet("uint8 has no numbers below 0. Convert the pictures to float32 first.")
    return not_yet("Subtract the mean over the training pictures (axis=0) from both parts.")
