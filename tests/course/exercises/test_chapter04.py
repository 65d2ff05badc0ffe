"""The checks of chapter 04: typical mistakes get a hint, and nothing raises."""

import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter04

NONSENSE = [None, "four", 4, [], [[1, 2], [3]], np.full((1, 4, 4, 1), np.nan), print, {}]
EDGE = np.array([[-1, 0, 1]] * 3)


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize(
    "check", [chapter04.exercise_1, chapter04.exercise_2, chapter04.exercise_3]
)
def test_nonsense_gets_a_hint(check, answer):
    assert not check(answer)
    assert check(answer).text


def convolve_nine(strides, padding="VALID"):
    table = np.arange(81, dtype="float32").reshape(1, 9, 9, 1)
    return tf.nn.conv2d(table, np.ones((3, 3, 1, 1), "float32"), strides, padding)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (convolve_nine(3), "The output is 3x3; it should be 4x4"),
        (convolve_nine(2, "SAME"), "You get 5x5 with zeros around the table"),
        (convolve_nine(2) * 2, "Change only the stride"),
        (convolve_nine(2)[0], "Leave the other lines as they are"),
    ],
)
def test_exercise_1_names_a_wrong_size(answer, sentence):
    assert sentence in chapter04.exercise_1(answer).text


def test_exercise_1_passes_four_by_four():
    assert chapter04.exercise_1(convolve_nine(2))


@pytest.mark.parametrize(
    ("kernel", "sentence"),
    [
        (-EDGE, "The kernel is not flipped"),
        (EDGE.T, "It also responds to an edge from top to bottom"),
        ([[0, 0, 1]] * 3, "Its response to a uniform area of ones is 3"),
        ([[-1, 2, -1]] * 3, "In one of the two windows that touch the edge"),
        (EDGE[0], "A kernel is three rows of three numbers"),
    ],
)
def test_exercise_2_says_what_the_kernel_responds_to(kernel, sentence):
    assert sentence in chapter04.exercise_2(kernel).text


@pytest.mark.parametrize("kernel", [EDGE, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-2, 1, 1]] * 3])
def test_exercise_2_passes_every_kernel_that_works(kernel):
    assert chapter04.exercise_2(kernel)


def pool_by_tensorflow(x, padding="SAME"):
    return tf.nn.max_pool2d(x[None, :, :, None], 2, 2, padding)[0, :, :, 0]


def pool_by_means(x):
    return tf.nn.avg_pool2d(x[None, :, :, None], 2, 2, "SAME")[0, :, :, 0]


def pool_with_zeros(x):
    padded = np.pad(x, ((0, x.shape[0] % 2), (0, x.shape[1] % 2)))
    return pool_by_tensorflow(padded, "VALID")


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        (lambda x: pool_by_tensorflow(x, "VALID"), "A last row or column without a partner"),
        (pool_with_zeros, "padding must never win"),
        (pool_by_means, "These are the means of the windows"),
        (lambda x: x[::2, ::2], "some numbers are not the largest in their window"),
        (lambda x: x, "Your output is as large as the input"),
        (lambda x: x.max(), "not a single number"),
        (lambda x: x.maximum(), "Your function raises AttributeError"),
    ],
)
def test_exercise_3_says_how_the_pool_is_wrong(pool, sentence):
    assert sentence in chapter04.exercise_3(pool).text


def test_exercise_3_passes_tensorflows_own_pool():
    assert chapter04.exercise_3(pool_by_tensorflow)
