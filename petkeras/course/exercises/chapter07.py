"""Check chapter 07: how far smoothing looks back, writing scalars, and a histogram's mean."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from petkeras.course.exercises.feedback import (
    ask_for_number,
    call_for_numbers,
    find_hint,
    not_yet,
    read_number,
    right,
)
from petkeras.language import translate

LOSSES = {5: 0.7, 10: 0.5, 15: 0.4}  # the scalars of exercise 2, by step


def exercise_1(weight):
    """Check the weight at which a value ten steps back counts half."""
    weight = read_number(given := weight)
    if weight is None:
        return not_yet(ask_for_number(given))
    if not 0 < weight < 1:
        return not_yet("`weight` must be a number between 0 and 1.")
    after_ten = weight**10
    if abs(after_ten - 0.5) < 0.02:
        return right(
            "A value ten steps back counts {after_ten:.2f} times as much as the latest.",
            after_ten=after_ten,
        )
    much = "That is too much." if after_ten > 0.5 else "That is too little."
    return not_yet(
        "With {weight:g}, a value one step back counts {weight:g} times as much as the latest, "
        "and one ten steps back {after_ten:.2g} times. {much}",
        weight=weight,
        after_ten=after_ten,
        much=translate(much),
    )


def exercise_2(folder):
    """Check that an event file in a folder holds the three losses at their steps."""
    if not isinstance(folder, str | os.PathLike) or not Path(folder).is_dir():
        return not_yet("`folder` must be the folder that the writer writes to.")
    try:
        scalars = _read_scalars(folder)
    except Exception as error:
        return not_yet("The event file cannot be read: {error}.", error=type(error).__name__)
    if not scalars:
        return not_yet(
            "There is no scalar in the folder yet. tf.summary.scalar writes "
            "one, inside `with writer.as_default():`."
        )
    if "loss" in scalars and "Loss" not in scalars:
        return not_yet("The tag should be 'Loss', with a capital L. You wrote 'loss'.")
    if "Loss" not in scalars:
        tags = ", ".join(map(repr, scalars))
        return not_yet("The tag should be 'Loss'. You wrote {tags}.", tags=tags)
    losses = scalars["Loss"]
    if list(losses) == [0, 1, 2]:
        return not_yet("The steps should be 5, 10 and 15. You numbered the values from 0.")
    if sorted(losses) != sorted(LOSSES):
        steps = ", ".join(str(step) for step in sorted(losses))
        return not_yet("The steps should be 5, 10 and 15. You wrote {steps}.", steps=steps)
    if not np.allclose([losses[step] for step in LOSSES], list(LOSSES.values()), atol=1e-4):
        return not_yet("The steps are right. Now write each step's own value.")
    return right("TensorBoard would draw a curve of three points.")


def _read_scalars(folder):
    """Return the scalars in a folder's event files: {tag: {step: value}}."""
    scalars = {}
    for file in sorted(Path(folder).glob("events.out.*")):
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                number = read_number(tf.make_ndarray(value.tensor))
                if number is not None:
                    scalars.setdefault(value.tag, {})[event.step] = number
    return scalars


def exercise_3(histogram_mean):
    """Check a function that estimates the mean of a histogram's values from its buckets."""
    buckets = np.array([[0.0, 1.0, 1.0], [1.0, 3.0, 2.0], [3.0, 7.0, 1.0]])
    mean, hint = call_for_numbers(histogram_mean, buckets.copy())
    if hint:
        return not_yet(hint)
    if mean.size != 1:
        return not_yet("The mean is one number for the whole histogram.")
    mean = mean.item()
    left, right_edge, count = buckets.T
    middle = (left + right_edge) / 2  # 0.5, 2, 5
    if np.isclose(mean, (middle * count).sum() / count.sum()):
        return right("It is exact only if each bucket's values average to its middle.")
    hints = [
        (middle.mean(), "Not all buckets hold the same number of values."),
        ((left * count).sum() / count.sum(), "You used the left edge of each bucket."),
        ((right_edge * count).sum() / count.sum(), "You used the right edge of each bucket."),
        ((middle * count).sum(), "That is the sum of the values. How many values are there?"),
        ((middle * count).sum() / 3, "You divided by the buckets, not by the values."),
        (buckets.mean(), "You averaged edges and counts together."),
    ]
    return not_yet(
        find_hint(mean, hints)
        or "A bucket from 1 to 3 with two values adds about 2 + 2 to the sum of all values."
    )
