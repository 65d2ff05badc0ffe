"""An answer may be any object; reading it never raises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras import check
from petkeras.course.exercises.feedback import (
    call,
    call_for_numbers,
    find_hint,
    read_count,
    read_number,
    read_numbers,
)


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
def test_returns_none_for_anything_but_finite_numbers(answer):
    assert read_numbers(answer) is None


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (3, "Pass the function itself, without parentheses after its name."),
        (lambda: 1, "Your function raises TypeError: "),
        (lambda x: x[5], "Your function raises IndexError: list index out of range."),
        (lambda x: None, "Your function returns None."),
        (lambda x: "one", "Your function returns something other than finite numbers."),
    ],
)
def test_says_what_is_wrong_with_a_function(function, sentence):
    values, hint = call_for_numbers(function, [1])
    assert values is None
    assert hint.startswith(sentence)


def test_passes_on_what_a_function_returns():
    assert call(lambda x: x + 1, 1) == (2, None)


def test_only_chapters_are_attributes():
    assert check.chapter04.__name__ == "petkeras.course.exercises.chapter04"
    with pytest.raises(AttributeError, match=r"'petkeras\.check' has no attribute 'mine'"):
        check.mine  # noqa: B018


def test_a_single_number_is_not_an_array_or_a_string():
    assert read_number(np.float32(2.5)) == 2.5
    assert [read_number(answer) for answer in ([2.5], "2.5", True, np.inf)] == [None] * 4


def test_a_count_is_an_integer_of_1_or_more():
    assert read_count(np.int64(3)) == 3
    assert [read_count(answer) for answer in (3.0, 0, True, None)] == [None] * 4


def test_a_hint_is_found_for_its_mistake_only():
    hints = [([1, 2], "ascending"), ([2, 1], "descending")]
    assert find_hint(np.array([2.0, 1.0]), hints) == "descending"
    assert find_hint(np.array([2.0, 2.0]), hints) is None
