"""Checks of chapter 08's exercises: steps of an epoch, the loss of knowing nothing, the step."""

from __future__ import annotations

import keras
import numpy as np

from petkeras.course.exercises import not_yet, number, right
from petkeras.course.exercises.reading import stops_with
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.training import train_step


def exercise_1(steps):
    """Check the number of steps in an epoch of 340 pictures, 16 a batch."""
    steps = number(steps)
    if steps is None:
        return not_yet("put a number in place of None: how often do 16 go into 340?")
    if steps == 22:
        return right("21 whole batches and one of 4 pictures.")
    if steps == 340 // 16:
        return not_yet("4 pictures are left over after these batches. Are they shown, too?")
    if steps == 340 / 16:
        return not_yet("a step is a whole batch or a smaller one, never a quarter of a step.")
    return not_yet("count the batches of 16 that it takes until all 340 pictures were shown.")


def exercise_2(loss):
    """Check the loss of an even guess among 37 breeds."""
    loss = number(loss)
    if loss is None:
        return not_yet("put a number in place of None: what is p, and what is -log p?")
    if np.isclose(loss, np.log(37), atol=0.01):
        return right("p = 1/37, and -log p = log 37, about 3.61.")
    if np.isclose(loss, 1 / 37, atol=0.001):
        return not_yet("that is p itself. The loss is -log p.")
    if np.isclose(loss, np.log2(37), atol=0.01) or np.isclose(loss, np.log10(37), atol=0.01):
        return not_yet("that is a logarithm to another base. The loss takes the natural one.")
    if np.isclose(loss, -np.log(37), atol=0.01):
        return not_yet("mind the sign: p is below 1, so log p is below 0, and -log p above.")
    return not_yet("with 37 breeds an even guess gives p = 1/37. Take -log of it.")


def exercise_3(my_step):
    """Check a training step by the weights that it leaves behind."""
    if not callable(my_step):
        return not_yet("my_step must be a function of model, optimizer, images and labels.")
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 8, 8, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 0, 1]]
    before = _model().get_weights()
    ours, theirs = _model(), _model()
    expected = float(train_step(ours, keras.optimizers.SGD(0.1), images, labels)[0])
    try:
        loss = number(my_step(theirs, keras.optimizers.SGD(0.1), images, labels))
    except Exception as error:  # whatever the reader's code raises is told, not thrown
        return not_yet(f"it {stops_with(error)}")
    after, wanted = theirs.get_weights(), ours.get_weights()
    if all(np.array_equal(a, b) for a, b in zip(after, before, strict=True)):
        return not_yet("no weight has moved. Ask the tape for gradients, and let them be applied.")
    if not all(np.allclose(a, b, atol=1e-5) for a, b in zip(after, wanted, strict=True)):
        moved = np.linalg.norm(after[0] - before[0]) / np.linalg.norm(wanted[0] - before[0])
        if np.isclose(moved, 4, rtol=0.05):
            return not_yet(
                "the weights moved four times too far: mean of the four losses, not sum."
            )
        return not_yet(
            "the weights moved, but not as they should. Does it call the model with "
            "training=True, so that dropout is on? Is it the mean of the losses?"
        )
    if loss is None:
        return not_yet("the weights are right. Return the loss, too.")
    if not np.isclose(loss, expected, atol=1e-4):
        return not_yet("the weights are right, but what is returned is not the batch's mean loss.")
    return right(
        "the same weights as pk.train_step leaves behind, to the last step of Adam or SGD."
    )


def _model():
    return pet_net(image_size=8, recipe=MODERN, seed=3)
