"""The checks of chapter 06: typical mistakes get a hint, and nothing raises."""

import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter06
from petkeras.losses import softmax_cross_entropy

NONSENSE = [None, "nine tenths", 0.9, [], [[1, 2], [3]], [np.nan, 0.0], print, {}]
NONSENSE += [lambda *arguments: None, lambda *arguments: np.full((4, 3), np.nan)]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize(
    "check", [chapter06.exercise_1, chapter06.exercise_2, chapter06.exercise_3]
)
def test_nonsense_gets_a_hint(check, answer):
    assert not check(answer)
    assert check(answer).text


@pytest.mark.parametrize(
    ("logits", "sentence"),
    [
        ([0.9, 0.1], "These are probabilities"),
        ([0.0, 2.197], "You gave 0.9 to the second breed"),
        ([1.0, 0.0], "probability is 0.73; it should be 0.90. Only the difference"),
        ([1e9, 0.0], "it must be smaller"),
    ],
)
def test_exercise_1_says_what_the_logits_give(logits, sentence):
    assert sentence in chapter06.exercise_1(logits).text


@pytest.mark.parametrize("logits", [[2.2, 0.0], np.array([102.197, 100.0]), tf.constant([0, -2.2])])
def test_exercise_1_passes_every_pair_with_the_right_difference(logits):
    assert chapter06.exercise_1(logits)


def tape_gradient(labels, logits):
    logits = tf.Variable(logits)
    with tf.GradientTape() as tape:
        losses = softmax_cross_entropy(labels, logits)
    return tape.gradient(losses, logits)


def softmax(logits):
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("gradient", "sentence"),
    [
        (lambda y, z: z, "These are the logits"),
        (lambda y, z: -tape_gradient(y, z), "Wrong sign"),
        (lambda y, z: z - y, "What do you subtract the labels from?"),
        (lambda y, z: tape_gradient(y, z) / 4, "This is the gradient of the batch's mean"),
        (lambda y, z: softmax(z), "These are the probabilities"),
        (lambda y, z: softmax_cross_entropy(y, z), "Each logit has its own slope"),
        (lambda y, z: softmax(z.T).T - y, "down each column"),
        (lambda y, z: np.exp(z) / np.exp(z).sum() - y, "over all pictures"),
        (lambda y, z: y / softmax(z), "Add 0.001 to a logit"),
    ],
)
def test_exercise_2_says_how_the_gradient_is_wrong(gradient, sentence):
    assert sentence in chapter06.exercise_2(gradient).text


def test_exercise_2_asks_for_logits_of_1000():
    answer = chapter06.exercise_2(lambda y, z: softmax(z) - y)
    assert not answer
    assert "exp overflows" in answer.text


def test_exercise_2_passes_the_tape():
    assert chapter06.exercise_2(tape_gradient)


def roll(gradient, w, learning_rate, momentum, steps, share=1.0, sign=-1.0):
    velocity = 0.0
    for _ in range(steps):
        velocity = momentum * velocity + share * gradient(w)
        w += sign * learning_rate * velocity
    return w


def plain(gradient, w, learning_rate, momentum, steps):
    return roll(gradient, w, learning_rate, 0.0, steps)


@pytest.mark.parametrize(
    ("descend", "sentence"),
    [
        (plain, "you carry no velocity along"),
        (lambda *a: roll(*a, share=1 - a[3]), "You multiply the gradient by 1 - momentum"),
        (lambda *a: roll(*a, sign=1.0), "It moves uphill"),
        (lambda *a: roll(*a[:4], 3), "It goes downhill, but ends in the wrong place"),
        (lambda *a: np.linalg.norm(roll(*a)), "Return the last w, two numbers"),
    ],
)
def test_exercise_3_says_where_it_ends(descend, sentence):
    assert sentence in chapter06.exercise_3(descend).text


def test_exercise_3_passes_a_velocity_of_the_other_sign():
    assert chapter06.exercise_3(roll)
