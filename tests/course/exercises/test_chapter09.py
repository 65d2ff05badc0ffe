"""The checks of chapter 09: typical mistakes get a hint."""

import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter09

NONSENSE = [
    None, "text", float("nan"), [], np.zeros((3, 3)), lambda: 1, lambda *_: "text", lambda *_: None,
    lambda *_: np.full((4, 4), np.nan), lambda *_: [None, 3],
]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_gets_a_hint(number, answer):
    checked = getattr(chapter09, f"exercise_{number}")(answer)
    assert not checked
    assert len(checked.text) > 10


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (64, "16,384 numbers"),
        (16, "1,024 numbers"),
        (4096, "far too large"),
        (32.0, "without a decimal point"),
        (0, "1 or more"),
        (True, "looking for one number"),
    ],
)
def test_exercise_1(answer, says):
    assert says in chapter09.exercise_1(answer).text


def test_exercise_1_takes_all_sizes_that_pooling_makes_8():
    assert all(chapter09.exercise_1(size) for size in (29, np.int64(32)))
    assert not any(chapter09.exercise_1(size) for size in (28, 33))


def where(test, give=lambda operation: operation.type):
    return lambda graph, scope: [give(o) for o in graph.get_operations() if test(o.name, scope)]


def belongs(name, scope):
    return name.split("/")[0] == scope


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (where(str.startswith), "Mind the slash"),
        (where(lambda name, scope: f"{scope}/" in name), "only the start"),
        (where(belongs, lambda o: o.name), "operations' names"),
        (where(belongs, lambda o: o), "the operations themselves"),
        (lambda *a: where(belongs)(*a)[::-1], "not in the graph's order"),
        (lambda *a: [], "The list is empty"),
        (lambda *a: set(where(belongs)(*a)), "Return a list"),
        (lambda *a: ["Placeholder"], "the whole graph"),
        (lambda *a: ["Abs"], "starts with its name and a slash"),
    ],
)
def test_exercise_2(answer, says):
    assert says in chapter09.exercise_2(answer).text


def test_exercise_2_is_right_for_names_up_to_the_slash():
    assert chapter09.exercise_2(where(belongs))


def total(signature=None, give=tf.reduce_sum):
    return tf.function(lambda images: give(images), input_signature=signature)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (total(), "traced 3 times"),
        (total([tf.TensorSpec((10, 8, 8, 3), tf.float32)]), "batch of shape (4, 8, 8, 3)"),
        (total([tf.TensorSpec((None, 4, 4, 3), tf.float32)]), "batch of shape (10, 8, 8, 3)"),
        (total(give=tf.reduce_mean), "the sum of all"),
        (total(give=lambda x: tf.reduce_sum(x, axis=0)), "the sum of all"),
        (tf.reduce_sum, "@tf.function above it"),
    ],
)
def test_exercise_3(answer, says):
    assert says in chapter09.exercise_3(answer).text


def test_exercise_3_is_right_for_an_open_batch():
    assert chapter09.exercise_3(total([tf.TensorSpec((None, 8, 8, 3), tf.float32)]))
