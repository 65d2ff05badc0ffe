"""An answer may be anything; reading it never raises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras import check
from petkeras.course.exercises.reading import call, call_for_numbers, read_numbers


@pytest.mark.parametrize(
    "answer",
    [2, 2.0, [[1, 2]], np.ones(3, "int8"), tf.ones((2, 2)), keras.Variable([1.0]), ()],
)
def test_reads_numbers(answer):
    assert read_numbers(answer).shape == np.shape(answer)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "2",
        True,
        1j,
        [1, [2]],
        [1, None],
        [1.0, np.nan],
        np.inf,
        object(),
        {"a": 1},
        print,
        keras.Input((2,)),
        tf.ragged.constant([[1], [1, 2]]),
    ],
)
def test_says_none_where_there_are_no_finite_numbers(answer):
    assert read_numbers(answer) is None


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (3, "Hand over the function itself, without brackets after its name."),
        (lambda: 1, "Your function stops with TypeError: "),
        (lambda x: x[5], "Your function stops with IndexError: list index out of range."),
        (lambda x: None, "Your function returns None."),
        (lambda x: "one", "Your function returns something that is not made of finite numbers."),
    ],
)
def test_says_what_is_wrong_with_a_function(function, sentence):
    values, hint = call_for_numbers(function, [1])
    assert values is None
    assert hint.startswith(sentence)


def test_hands_on_what_a_function_returns():
    assert call(lambda x: x + 1, 1) == (2, None)


def test_what_is_no_chapter_is_no_attribute():
    assert check.chapter04.__name__ == "petkeras.course.exercises.chapter04"
    with pytest.raises(AttributeError, match=r"'petkeras\.check' has no attribute 'mine'"):
        check.mine  # noqa: B018
