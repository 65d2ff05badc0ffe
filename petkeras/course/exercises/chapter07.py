"""Checks of chapter 07: how far smoothing looks back, scalars written, a histogram's mean."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers, read_numbers

WANTED = {5: 0.7, 10: 0.5, 15: 0.4}  # the scalars of exercise 2, by step


def exercise_1(weight):
    """Check the weight with which a value ten steps back counts half."""
    value = read_numbers(weight)
    if value is None or value.shape != ():
        return not_yet("`weight` is one number.")
    weight = value.item()
    if not 0 < weight < 1:
        return not_yet("The weight lies between 0 and 1.")
    counts = weight**10
    if abs(counts - 0.5) < 0.02:
        return right(f"A value ten steps back counts {counts:.2f} times as much as the latest.")
    much = "much" if counts > 0.5 else "little"
    return not_yet(
        f"With {weight:g} a value one step back counts {weight:g} times as much as the latest, and "
        f"one ten steps back {counts:.2g} times. That is too {much}."
    )


def exercise_2(folder):
    """Check that a folder has an event file with the three losses and their steps."""
    if not isinstance(folder, str | os.PathLike) or not Path(folder).is_dir():
        return not_yet("`folder` is the folder that the writer writes to.")
    found = {}  # tag -> {step: value}
    try:
        for file in sorted(Path(folder).glob("events.out.*")):
            for event in EventFileLoader(str(file)).Load():
                for value in event.summary.value:
                    numbers = read_numbers(tf.make_ndarray(value.tensor))
                    if numbers is not None and numbers.shape == ():
                        found.setdefault(value.tag, {})[event.step] = numbers.item()
    except Exception as error:
        return not_yet(f"The event file cannot be read: {type(error).__name__}.")
    if not found:
        return not_yet("There is no scalar in the folder yet. tf.summary.scalar writes one.")
    if "Loss" not in found:
        return not_yet(f"The tag is 'Loss'. You have written {', '.join(map(repr, found))}.")
    losses = found["Loss"]
    if list(losses) == [0, 1, 2]:
        return not_yet("The steps are 5, 10 and 15. You have numbered the values from 0.")
    if sorted(losses) != sorted(WANTED):
        steps = ", ".join(str(step) for step in sorted(losses))
        return not_yet(f"The steps are 5, 10 and 15. You have written {steps}.")
    if not np.allclose([losses[step] for step in WANTED], list(WANTED.values()), atol=1e-4):
        return not_yet("The steps are right. At each goes the value that belongs to it.")
    return right("TensorBoard would draw three points of one curve.")


def exercise_3(histogram_mean):
    """Check a function from a histogram's buckets to about the mean of its values."""
    buckets = np.array([[0.0, 1.0, 1.0], [1.0, 3.0, 2.0], [3.0, 7.0, 1.0]])
    mean, hint = call_for_numbers(histogram_mean, buckets.copy())
    if hint:
        return not_yet(hint)
    if mean.size != 1:
        return not_yet("The mean is one number for the whole histogram.")
    left, right_end, count = buckets.T
    middles = (left + right_end) / 2  # 0.5, 2, 5
    if np.isclose(mean.item(), (middles * count).sum() / count.sum()):
        return right("It is exact only if the values of each bucket lie about its middle.")
    hints = {
        middles.mean(): "Not all buckets hold the same number of values.",
        (left * count).sum() / count.sum(): "You took a bucket's left edge for its values.",
        (right_end * count).sum() / count.sum(): "You took a bucket's right edge for its values.",
        (middles * count).sum(): "That is the values' sum. How many values are there?",
        (middles * count).sum() / len(count): "You divided by the buckets, not by the values.",
        buckets.mean(): "Edges and counts are not the same kind of number.",
    }
    for wrong, text in hints.items():
        if np.isclose(mean.item(), wrong):
            return not_yet(text)
    return not_yet(
        "A bucket from 1 to 3 that holds two values adds about 2 + 2 to the sum of all values."
    )
