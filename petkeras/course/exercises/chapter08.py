"""Check chapter 08: steps per epoch, the loss of knowing nothing, and a training step."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.course.exercises.feedback import (
    ask_for_number,
    call,
    find_hint,
    not_yet,
    read_number,
    right,
)
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.training import train_step


def exercise_1(steps):
    """Check the number of steps in an epoch of 340 pictures, 16 to a batch."""
    steps = read_number(given := steps)
    if steps is None:
        return not_yet("{asked} How many times does 16 go into 340?", asked=ask_for_number(given))
    if steps == 22:
        return right("21 full batches, and one of 4 pictures.")
    hints = [
        (340 // 16, "After that many batches, 4 pictures are left over. They are shown, too."),
        (34, "That is with batches of ten. These are batches of 16."),
        (340 / 16, "A step shows a full batch or a smaller one; there is no quarter of a step."),
    ]
    hint = find_hint(steps, hints)
    return not_yet(hint or "Count the batches of 16 that it takes to show all 340 pictures.")


def exercise_2(loss):
    """Check the loss of an even guess among 37 breeds."""
    loss = read_number(given := loss)
    if loss is None:
        return not_yet("{asked} What is p, and what is -log p?", asked=ask_for_number(given))
    if np.isclose(loss, np.log(37), atol=0.01):
        return right("p = 1/37, and -log p = log 37, about 3.61.")
    other_base = "That is a logarithm to another base. The loss uses the natural logarithm."
    hints = [
        (1 / 37, "That is p itself. The loss is -log p."),
        (np.log2(37), other_base),
        (np.log10(37), other_base),
        (-np.log(37), "Mind the sign: p is below 1, so log p is negative and -log p positive."),
    ]
    hint = find_hint(loss, hints, atol=0.01)
    return not_yet(hint or "With 37 breeds, an even guess gives p = 1/37. Take -log of it.")


def exercise_3(my_step):
    """Check a training step by the weights after it."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 8, 8, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 0, 1]]
    ours, theirs = (pet_net(image_size=8, recipe=MODERN, seed=3) for _ in range(2))
    before = ours.get_weights()
    expected_loss = float(train_step(ours, keras.optimizers.SGD(0.1), images, labels)[0])
    loss, hint = call(my_step, theirs, keras.optimizers.SGD(0.1), images, labels)
    after, expected = theirs.get_weights(), ours.get_weights()
    if hint:
        return not_yet(hint)
    if all(map(np.array_equal, after, before)):
        return not_yet("No weight has moved. Get gradients from the tape, and apply them.")
    if not all(np.allclose(a, b, atol=1e-5) for a, b in zip(after, expected, strict=True)):
        ratio = np.linalg.norm(after[0] - before[0]) / np.linalg.norm(expected[0] - before[0])
        if np.isclose(ratio, 4, rtol=0.05):
            return not_yet(
                "The weights moved four times too far. Take the mean of the four losses, not their "
                "sum."
            )
        return not_yet(_find_step_mistake(after, images, labels))
    loss = read_number(loss)
    if loss is None:
        return not_yet("The weights are right. Return the loss, too.")
    if not np.isclose(loss, expected_loss, atol=1e-4):
        return not_yet("The weights are right, but you do not return the batch's mean loss.")
    return right("The same weights as after pk.train_step.")


def _find_step_mistake(after, images, labels):
    """Return the hint for the step that leads to these weights, or a hint for any other."""

    def cross_entropy(labels, outputs, from_logits=True):
        return keras.losses.categorical_crossentropy(labels, outputs, from_logits=from_logits)

    dropout = "You call the model without training=True, so dropout is off."
    mistakes = [
        (dropout, False, cross_entropy),
        (
            "Your loss takes the logits for probabilities. Use pk.losses.softmax_cross_entropy, or "
            "from_logits=True.",
            True,
            lambda labels, logits: cross_entropy(labels, logits, from_logits=False),
        ),
        (
            "The labels come first, then the logits. You swapped them.",
            True,
            lambda labels, logits: cross_entropy(logits, labels),
        ),
        (
            "The gradient is that of the logits. Hand `loss` to tape.gradient.",
            True,
            lambda labels, logits: tf.reduce_sum(logits, axis=1) * len(labels),
        ),
    ]
    for hint, training, loss in mistakes:
        model = pet_net(image_size=8, recipe=MODERN, seed=3)
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(loss(labels, model(images, training=training)))
        gradients = tape.gradient(mean, model.trainable_variables)
        keras.optimizers.SGD(0.1).apply(gradients, model.trainable_variables)
        if all(
            np.allclose(a, b, atol=1e-5) for a, b in zip(after, model.get_weights(), strict=True)
        ):
            return hint
    return (
        "The weights moved, but to the wrong place. Do you call the model with training=True, so "
        "that dropout is on? Do you take the mean of the losses?"
    )
