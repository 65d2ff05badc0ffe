"""The checks of chapter 07: typical mistakes get a hint."""

import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter07

NONSENSE = [
    None, "text", float("nan"), [], np.zeros((3, 3)), lambda: 1, lambda *_: "text", lambda *_: None,
    lambda *_: np.full((4, 4), np.nan),
]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_gets_a_hint(number, answer):
    checked = getattr(chapter07, f"exercise_{number}")(answer)
    assert not checked
    assert len(checked.text) > 10


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (0.5, "one ten steps back 0.00098 times. That is too little"),
        (0.9, "too little"),
        (0.99, "too much"),
        (1.5, "between 0 and 1"),
    ],
)
def test_exercise_1(answer, says):
    assert says in chapter07.exercise_1(answer).text


def test_exercise_1_is_right_about_the_tenth_root_of_a_half():
    assert chapter07.exercise_1(0.5**0.1)
    assert chapter07.exercise_1(np.float32(0.933))


def written(folder, values, tag="Loss"):
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for step, value in values.items():
            tf.summary.scalar(tag, value, step=step)
    writer.close()
    return folder


@pytest.mark.parametrize(
    ("values", "tag", "says"),
    [
        ({}, "Loss", "no scalar in the folder yet"),
        ({5: 0.7, 10: 0.5, 15: 0.4}, "loss", "You wrote 'loss'"),
        ({0: 0.7, 1: 0.5, 2: 0.4}, "Loss", "numbered the values from 0"),
        ({5: 0.7, 15: 0.4}, "Loss", "You wrote 5, 15"),
        ({5: 0.4, 10: 0.5, 15: 0.7}, "Loss", "each step's own value"),
    ],
)
def test_exercise_2(tmp_path, values, tag, says):
    assert says in chapter07.exercise_2(written(tmp_path, values, tag)).text


def test_exercise_2_reads_what_was_written(tmp_path):
    assert chapter07.exercise_2(str(written(tmp_path, {5: 0.7, 10: 0.5, 15: 0.4})))


def test_exercise_2_survives_a_damaged_file(tmp_path):
    (tmp_path / "events.out.tfevents.1").write_bytes(b"nonsense" * 9)
    assert not chapter07.exercise_2(tmp_path)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda b: (b[:, :2].mean(1)).mean(), "Not all buckets"),
        (lambda b: np.average(b[:, 0], weights=b[:, 2]), "left edge"),
        (lambda b: np.average(b[:, 1], weights=b[:, 2]), "right edge"),
        (lambda b: b[:, :2].mean(1) @ b[:, 2], "the sum of the values"),
        (lambda b: b[:, :2].mean(1) @ b[:, 2] / len(b), "not by the values"),
        (lambda b: b.mean(), "edges and counts together"),
        (lambda b: 17, "A bucket from 1 to 3"),
        (lambda b: b.mean(axis=0), "one number"),
        (lambda b: b["left"], "IndexError"),
    ],
)
def test_exercise_3(answer, says):
    assert says in chapter07.exercise_3(answer).text


def test_exercise_3_is_right_for_weighted_middles():
    assert chapter07.exercise_3(lambda b: np.average(b[:, :2].mean(1), weights=b[:, 2]))
