"""The checks of chapter 03: typical mistakes get a hint."""

import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter03

NONSENSE = [
    None, "text", float("nan"), [], np.zeros((3, 3)), lambda: 1, lambda *_: "text", lambda *_: None,
    lambda *_: np.full((4, 4), np.nan), lambda *_: (None, None), lambda *_: ("a", [[1], [1, 2]]),
]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_gets_a_hint(number, answer):
    checked = getattr(chapter03, f"exercise_{number}")(answer)
    assert not checked
    assert len(checked.text) > 10


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (10, "34 steps. That is too many"),
        (30, "leave 10 pictures over"),
        (34, "10 steps. That is too few"),
        (31.0, "without a decimal point"),
        (0, "1 or more"),
        (True, "looking for one number"),
    ],
)
def test_exercise_1(answer, says):
    assert says in chapter03.exercise_1(answer).text


def test_exercise_1_takes_every_size_that_gives_11_steps():
    fitting = {size for size in range(1, 341) if chapter03.exercise_1(size)}
    assert fitting == {size for size in range(1, 341) if int(np.ceil(340 / size)) == 11}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda n, c: np.eye(c)[n].T, "should be a row"),
        (lambda n, c: np.eye(c)[n - 1], "is number 0, not 1"),
        (lambda n, c: np.eye(c), "in the wrong place"),
        (lambda n, c: np.zeros((len(n), c)), "a single 1"),
        (lambda n, c: np.eye(3)[n], "shape (4, 4). Yours have shape (4, 3)"),
        (lambda n, c: n, "one number per picture"),
        (lambda n, c: np.eye(3)[n], "Yours have shape (4, 3)"),
        (lambda n, c: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_exercise_2(answer, says):
    assert says in chapter03.exercise_2(answer).text


def test_exercise_2_takes_tensors_and_lists():
    assert chapter03.exercise_2(lambda n, c: tf.one_hot(n, c))
    assert chapter03.exercise_2(lambda n, c: [[int(k == m) for k in range(c)] for m in n])


def off(mean):
    """Return an answer that subtracts the two means that `mean` returns for (train, test)."""

    def center(train, test):
        of_train, of_test = mean(train.astype(float), test.astype(float))
        return train - of_train, test - of_test

    return center


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (off(lambda a, b: (np.concatenate([a, b]).mean(0),) * 2), "has seen the test part"),
        (off(lambda a, b: (a.mean(0), b.mean(0))), "a mean of its own"),
        (off(lambda a, b: (a.mean(0), 0.0)), "still has its mean"),
        (off(lambda a, b: (a.mean(),) * 2), "one number"),
        (off(lambda a, b: (a.mean((0, 1, 2)),) * 2), "one color"),
        (lambda a, b: (a - np.uint8(a.mean(0)), b - np.uint8(a.mean(0))), "below 0"),
        (off(lambda a, b: (7.0, 7.0)), "over the training pictures"),
        (lambda a, b: (a, b), "come back unchanged"),
        (lambda a, b: a - a.mean(0), "Return two things"),
        (lambda a, b: (a[0], b), "in the shape that it had"),
    ],
)
def test_exercise_3(answer, says):
    assert says in chapter03.exercise_3(answer).text


def test_exercise_3_takes_float32():
    def center(train, test):
        mean = train.astype(np.float32).mean(axis=0)
        return train - mean, test - mean

    assert chapter03.exercise_3(center)
