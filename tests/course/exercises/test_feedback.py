"""An answer may be any object; reading it never raises."""

import linecache

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras import check
from petkeras.course.exercises.feedback import (
    ask_for_count,
    ask_for_number,
    call,
    call_for_numbers,
    find_hint,
    not_yet,
    read_count,
    read_number,
    read_numbers,
    right,
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
        (lambda x: x > [0], "Your function returns True and False, but we need numbers."),
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


# A box in the notebook


def test_a_notebook_shows_a_box_with_a_symbol_and_a_terminal_a_line():
    good, bad = right("Well `done`."), not_yet("a < b & `x <y`.")
    assert (repr(good), repr(bad)) == ("Right: Well `done`.", "Not yet: a < b & `x <y`.")
    assert "\N{CHECK MARK}</span> Right.</strong> Well <code>done</code>.</div>" in box(good)
    assert "Not yet.</strong> a &lt; b &amp; <code>x &lt;y</code>.</div>" in box(bad)
    assert "overflow-wrap: break-word" in box(bad)
    assert box(good).partition(">")[0] != box(bad).partition(">")[0]  # another color


def box(answer):
    return answer._repr_html_()


# The line of an error


def as_a_cell(code):
    """Return the last name that a notebook's cell defines; its lines are known as in IPython."""
    lines = [f"{line}\n" for line in code.strip().splitlines()]
    linecache.cache["/tmp/ipykernel_1/2.py"] = (len(code), None, lines, "/tmp/ipykernel_1/2.py")
    names = {"np": np, "tf": tf, "keras": keras}
    exec(compile("".join(lines), "/tmp/ipykernel_1/2.py", "exec"), names)
    return list(names.values())[-1]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return 1 / x", "Line 2 of your code, `return 1 / x`, raises ZeroDivisionError: "),
        ("x = x + 1\n    return helper(x)", "Line 3 of your code, `return helper(x)`, raises Name"),
        ("return np.reshape([1, 2], (3, x))", "Line 2 of your code, `return np.reshape([1, 2], "),
        ("raise KeyError()", "Line 2 of your code, `raise KeyError()`, raises KeyError: it says "),
    ],
)
def test_an_error_is_told_with_its_line(body, sentence):
    _, hint = call(as_a_cell(f"def mine(x):\n    {body}"), 0)
    assert hint.startswith(sentence)


def test_an_error_in_a_tf_function_or_a_layer_is_told_with_its_line():
    total = as_a_cell("@tf.function\ndef total(x):\n    return tf.reduce_sum(y)")
    assert call(total, tf.ones(2))[1] == (
        "Line 3 of your code, `return tf.reduce_sum(y)`, raises NameError: name 'y' is not defined."
    )
    layer = as_a_cell(
        "class Mine(keras.layers.Layer):\n    def call(self, x):\n        return tf.matmul(x, x)"
    )
    _, hint = call(layer(), tf.ones((2, 3)))
    assert hint.startswith("Line 3 of your code, `return tf.matmul(x, x)`, raises ")
    assert "Matrix size-incompatible" in hint


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (lambda x: np.ones((4, 3)) / np.ones(4), "`keepdims=True`"),
        (lambda x: np.ones(3, int).__isub__(0.5), "Write `x = x - y` in place of `x -= y`"),
        (lambda x: np.ones(0).max(), "The slice is empty"),
    ],
)
def test_common_errors_come_with_advice(function, advice):
    assert advice in call(function, 0)[1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "in place of None"),
        ("3", "without quotation marks"),
        (len, "That is a function"),
        (float("nan"), "Put a finite one"),
        ([1, 2], "You passed a list"),
        (np.ones((2, 3)), "an array of shape (2, 3)"),
    ],
)
def test_what_to_say_about_what_is_no_number(answer, sentence):
    assert sentence in ask_for_number(answer)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "in place of None"),
        (0, "must be 1 or more"),
        (30.9, "lies between 30 and 31"),
        (30.0, "write 30 without"),
    ],
)
def test_what_to_say_about_what_is_no_count(answer, sentence):
    assert sentence in ask_for_count(answer, "batch_size")
