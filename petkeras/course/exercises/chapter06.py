"""Checks of chapter 06, loss, gradient and Adam."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers, read_numbers


def exercise_1(logits):
    """Check two logits that make 0.9 the first breed's probability.

    Args:
        logits: `(2,)`.
    """
    values = read_numbers(logits)
    if values is None or values.shape != (2,):
        return not_yet("There are two breeds, so there are two logits: two numbers.")
    first = 1 / (1 + np.exp(np.clip(values[1] - values[0], -500, 500)))
    if np.isclose(first, 0.9, atol=0.005):
        return right("a difference of log(0.9 / 0.1) = 2.197, whatever the two are.")
    if np.isclose(first, 0.1, atol=0.005):
        return not_yet("It is the second breed that gets 0.9. Which logit must be the larger?")
    if np.allclose(values, [0.9, 0.1], atol=0.01):
        return not_yet(
            "These are the probabilities themselves; they are what comes out of the softmax. As "
            f"logits they give {first:.2f}."
        )
    much = "less" if first > 0.9 else "more"
    return not_yet(
        f"The first breed's probability is {first:.2f}, and shall be 0.90. Only the difference of "
        f"the two logits counts. Must it be {much}?"
    )


def exercise_2(gradient):
    """Check a function that returns the gradient of each picture's loss by its logits.

    Args:
        gradient: a function of labels and logits, both `(batch, classes)`, to the same shape.
    """
    logits = np.random.default_rng(6).normal(0, 2, (4, 3))
    labels = np.eye(3)[[0, 2, 1, 1]]
    values, hint = call_for_numbers(gradient, labels.copy(), logits.copy())
    if hint:
        return not_yet(hint)
    if values.shape != logits.shape:
        return not_yet(
            f"Each logit has its own slope: of 4 pictures and 3 breeds (4, 3). Received: "
            f"{values.shape}"
        )
    if np.allclose(values, logits):
        return not_yet(
            "These are the logits. By how much does the loss change when one of them grows by a "
            "little?"
        )
    wanted = _slopes(labels, logits)
    if np.allclose(values, -wanted, atol=1e-5):
        return not_yet("The other sign: a larger logit of the true breed lowers the loss.")
    if np.allclose(values, logits - labels, atol=1e-5):
        return not_yet("From what are the labels taken off? Logits are no probabilities yet.")
    if np.allclose(values, wanted / len(logits), atol=1e-5):
        return not_yet("This is the gradient of the batch's mean; it is asked for each picture's.")
    if np.allclose(values, wanted + labels, atol=1e-5):
        return not_yet("These are the probabilities. What would they be if all was well?")
    if not np.allclose(values, wanted, atol=1e-5):
        return not_yet("Nudge a logit by 0.001: the loss changes by 0.001 times another number.")
    large, hint = call_for_numbers(gradient, labels.copy(), 1000 * logits)
    if hint or not np.allclose(large, _slopes(labels, 1000 * logits), atol=1e-5):
        return not_yet(
            "Right for small logits; with logits of 1000, exp overflows. Recall the cure."
        )
    return right("probabilities minus labels.")


def _slopes(labels, logits, nudge=1e-4):
    """Return by how much each picture's loss changes with each logit: measured, not derived."""
    slopes = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = nudge
        ahead, back = _losses(labels, logits + step), _losses(labels, logits - step)
        slopes[place] = (ahead - back)[place[0]] / (2 * nudge)
    return slopes


def _losses(labels, logits):
    total = np.logaddexp.reduce(logits, axis=1)  # log of the sum of the exponentials, without them
    return total - np.sum(labels * logits, axis=1)


def exercise_3(descend):
    """Check gradient descent with momentum against Keras's.

    Args:
        descend: a function of a gradient function, w, a learning rate, momentum, and how many
            steps; it returns where w has come to.
    """
    start, rate, momentum, steps = np.array([-3.0, 1.0]), 0.03, 0.8, 12
    ended, hint = call_for_numbers(descend, _valley, start.copy(), rate, momentum, steps)
    if hint:
        return not_yet(hint)
    if ended.shape != start.shape:
        return not_yet(f"Return where w has come to, two numbers. Received: shape {ended.shape}")
    if _near(ended, _by_keras(start, rate, momentum, steps)):
        return right("the same place as Keras's SGD(momentum=...) comes to.")
    if _near(ended, _by_keras(start, rate, 0.0, steps)):
        return not_yet("This is where plain gradient descent comes to: nothing is carried along.")
    if _near(ended, _by_keras(start, rate * (1 - momentum), momentum, steps)):
        return not_yet(
            "The gradient counts only 1 - momentum of itself. That is Adam's m; here it counts in "
            "full, so that the velocity adds up."
        )
    if np.linalg.norm(ended) > np.linalg.norm(start):
        return not_yet("It moves uphill. The gradient points to where the function rises.")
    return not_yet(
        "It goes down, elsewhere than it should. Let each velocity be `momentum` times the one "
        "before, less the learning rate times the gradient; and let it be added to w."
    )


def _valley(w):
    return np.array([1.0, 20.0]) * w


def _by_keras(start, rate, momentum, steps):
    variable = keras.Variable(start, dtype="float64")
    optimizer = keras.optimizers.SGD(rate, momentum=momentum)
    for _ in range(steps):
        optimizer.apply([tf.constant(_valley(variable.numpy()))], [variable])
    return variable.numpy()


def _near(one, other):
    return np.allclose(one, other, atol=1e-4)
