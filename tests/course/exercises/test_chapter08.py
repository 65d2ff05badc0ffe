"""The checks of chapter 08: typical mistakes get a hint."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import petkeras as pk
from petkeras.course.exercises import chapter08


@pytest.mark.parametrize(
    ("steps", "hint"),
    [
        (None, "Put a number"),
        ("22 steps", "That is text"),
        (np.nan, "Put a finite one"),
        (34, "with batches of ten"),
        (21, "4 pictures are left over"),
        (21.25, "no quarter of a step"),
        (99, "Count the batches of 16"),
    ],
)
def test_steps_of_an_epoch(steps, hint):
    answer = chapter08.exercise_1(steps)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        (None, "Put a number"),
        (1 / 37, "That is p itself"),
        (np.log2(37), "another base"),
        (np.log(1 / 37), "Mind the sign"),
        (np.log(2), "p = 1/37"),
    ],
)
def test_loss_of_knowing_nothing(loss, hint):
    answer = chapter08.exercise_2(loss)
    assert not answer
    assert hint in repr(answer)


def outside_the_tape(model, optimizer, images, labels):
    """Call the model too early for the tape."""
    logits = model(images, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(pk.losses.softmax_cross_entropy(labels, logits))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return loss


def step(
    training=True,
    reduce=tf.reduce_mean,
    apply=True,
    give=True,
    loss=pk.losses.softmax_cross_entropy,
):
    """Return a training step with one thing wrong."""

    def my_step(model, optimizer, images, labels):
        with tf.GradientTape() as tape:
            logits = model(images, training=training)
            mean = reduce(loss(labels, logits))
        gradients = tape.gradient(mean, model.trainable_variables)
        if apply:
            optimizer.apply(gradients, model.trainable_variables)
        return mean if give else None

    return my_step


@pytest.mark.parametrize(
    ("my_step", "hint"),
    [
        (None, "Pass the function itself"),
        (lambda model: None, "raises TypeError"),
        (outside_the_tape, "inside `with tf.GradientTape() as tape:`"),
        (step(loss=keras.losses.categorical_crossentropy), "from_logits=True"),
        (step(loss=lambda a, b: pk.losses.softmax_cross_entropy(b, a)), "You swapped them"),
        (
            step(loss=lambda labels, logits: logits, reduce=tf.reduce_sum),
            "Hand `loss` to tape.gradient",
        ),
        (step(apply=False), "No weight has moved"),
        (step(training=False), "training=True"),
        (step(reduce=tf.reduce_sum), "mean of the"),
        (step(give=False), "Return the loss, too"),
    ],
)
def test_a_step_of_ones_own(my_step, hint):
    answer = chapter08.exercise_3(my_step)
    assert not answer
    assert hint in repr(answer)
    assert chapter08.exercise_3(step())
