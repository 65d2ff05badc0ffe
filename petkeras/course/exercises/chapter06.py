"""Check chapter 06: probabilities from logits, the loss's gradient, and momentum."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.course.exercises.feedback import (
    call_for_numbers,
    find_hint,
    not_yet,
    read_numbers,
    right,
)
from petkeras.language import translate


def exercise_1(logits):
    """Check two logits, `(2,)`, that give the first breed a probability of 0.9."""
    values = read_numbers(logits)
    if values is None or values.shape != (2,):
        return not_yet("There are two breeds, so there are two logits: two numbers.")
    first = 1 / (1 + np.exp(np.clip(values[1] - values[0], -500, 500)))
    if np.isclose(first, 0.9, atol=0.005):
        return right("A difference of log(0.9 / 0.1) = 2.197, whatever the two numbers are.")
    if np.isclose(first, 0.1, atol=0.005):
        return not_yet("You gave 0.9 to the second breed. Which logit must be larger?")
    if np.allclose(values, [0.9, 0.1], atol=0.01):
        return not_yet(
            "These are probabilities, the softmax's output. As logits they give {first:.2f}.",
            first=first,
        )
    change = "it must be smaller." if first > 0.9 else "it must be larger."
    return not_yet(
        "The first breed's probability is {first:.2f}; it should be 0.90. Only the difference "
        "between the two logits counts: {change}",
        first=first,
        change=translate(change),
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
            "Each logit has its own slope, so 4 pictures and 3 breeds give shape (4, 3). "
            "Received: {shape}",
            shape=values.shape,
        )
    expected = _measure_slopes(labels, logits)
    if not np.allclose(values, expected, atol=1e-5):
        hints = [
            (
                _softmax(logits, axis=0) - labels,
                "Your probabilities add up to 1 down each column. Sum along each row: axis=1.",
            ),
            (
                _softmax(logits, axis=None) - labels,
                "Your probabilities add up to 1 over all pictures. Sum along each row: axis=1.",
            ),
            (logits, "These are the logits. How does the loss change if one grows a little?"),
            (-expected, "Wrong sign: a larger logit of the true breed lowers the loss."),
            (
                logits - labels,
                "What do you subtract the labels from? Logits are not probabilities.",
            ),
            (
                expected / len(logits),
                "This is the gradient of the batch's mean, not each picture's.",
            ),
            (expected + labels, "These are the probabilities. What would they be at a loss of 0?"),
        ]
        hint = find_hint(values, hints, atol=1e-5)
        return not_yet(hint or "Add 0.001 to a logit, and see by how much the loss changes.")
    large, hint = call_for_numbers(gradient, labels.copy(), 1000 * logits)
    if hint or not np.allclose(large, _measure_slopes(labels, 1000 * logits), atol=1e-5):
        return not_yet(
            "Right for small logits, but for logits of 1000 exp overflows. How did the chapter "
            "avoid that?"
        )
    return right("Probabilities minus labels.")


def _softmax(logits, axis):
    raised = np.exp(logits)
    return raised / raised.sum(axis=axis, keepdims=True)


def _measure_slopes(labels, logits, nudge=1e-4):
    """Return how much each picture's loss changes with each logit: measured, not derived."""
    slopes = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = nudge
        change = _losses(labels, logits + step) - _losses(labels, logits - step)
        slopes[place] = change[place[0]] / (2 * nudge)
    return slopes


def _losses(labels, logits):
    return np.logaddexp.reduce(logits, axis=1) - np.sum(labels * logits, axis=1)  # (batch,)


def exercise_3(descend):
    """Check gradient descent with momentum against Keras's.

    Args:
        descend: a function of a gradient function, w, a learning rate, a momentum and a number of
            steps; it returns the last w.
    """
    start, rate, momentum, steps = np.array([-3.0, 1.0]), 0.03, 0.8, 12
    end, hint = call_for_numbers(descend, _valley_gradient, start.copy(), rate, momentum, steps)
    if hint:
        return not_yet(hint)
    if end.shape != start.shape:
        return not_yet("Return the last w, two numbers. Received: shape {shape}", shape=end.shape)
    if np.allclose(end, _descend_by_keras(start, rate, momentum, steps), atol=1e-4):
        return right("You end where Keras's SGD(momentum=...) ends.")
    hints = [
        (
            _descend_by_keras(start, rate, 0.0, steps),
            "This is where plain gradient descent ends: you carry no velocity along.",
        ),
        (
            _descend_by_keras(start, rate, momentum, 1),
            "That is w after one step. Does your `return` stand inside the loop?",
        ),
        (start, "w is where it started. Add the velocity to it in each step."),
        (
            _descend_by_keras(start, rate * (1 - momentum), momentum, steps),
            "You multiply the gradient by 1 - momentum. Adam's m does that; here the gradient "
            "counts in full, so that the velocity builds up.",
        ),
    ]
    hint = find_hint(end, hints, atol=1e-4)
    if hint is None and np.linalg.norm(end) > np.linalg.norm(start):
        hint = "It moves uphill. The gradient points to where the function rises."
    return not_yet(
        hint
        or "It goes downhill, but ends in the wrong place. Each velocity is `momentum` times the "
        "one before, minus the learning rate times the gradient; add it to w."
    )


def _valley_gradient(w):
    return np.array([1.0, 20.0]) * w


def _descend_by_keras(start, rate, momentum, steps):
    variable = keras.Variable(start, dtype="float64")
    optimizer = keras.optimizers.SGD(rate, momentum=momentum)
    for _ in range(steps):
        optimizer.apply([tf.constant(_valley_gradient(variable.numpy()))], [variable])
    return variable.numpy()
