"""The checks of chapter 01: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter01

NONSENSE = [None, "text", float("nan"), [], np.zeros((3, 3)), lambda: 1, lambda *_: "text"]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", [*NONSENSE, lambda *_: None, lambda *_: np.full(4, np.nan)])
def test_nonsense_gets_a_hint(number, answer):
    checked = getattr(chapter01, f"exercise_{number}")(answer)
    assert not checked
    assert len(checked.text) > 10


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (60, "still 18.7 points wide"),
        (150, "four times as many"),
        (1000, "fewer pictures are enough"),
        (210.0, "without a decimal point"),
        (0, "1 or more"),
        (True, "looking for one number"),
    ],
)
def test_exercise_1(answer, says):
    assert says in chapter01.exercise_1(answer).text


def test_exercise_1_takes_the_smallest_number_and_those_near_it():
    def width(n, p=5 / 6, z=1.96):  # the formula as textbooks print it
        return 2 * z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)

    smallest = next(n for n in range(1, 1000) if width(n) < 0.1005)
    assert chapter01.exercise_1(smallest)
    assert chapter01.exercise_1(np.int64(smallest + 5))
    assert not chapter01.exercise_1(smallest - 1)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda t: (t == 1).mean(), "You left out the border"),
        (lambda t: (t != 2).mean(), "counted all of the border"),
        (lambda t: (t == 2).mean() + 0.5 * (t == 3).mean(), "the background's share"),
        (lambda t: (t == 1).sum() + 0.5 * (t == 3).sum(), "What fraction of all"),
        (lambda t: (t == 1).sum(), "leaves out the border"),
        (lambda t: t.mean(), "the share is 0.2"),
        (lambda t: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_exercise_2(answer, says):
    assert says in chapter01.exercise_2(answer).text


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        ((1 / 400, 1 / 300), "fractions of the picture"),
        ((60 / 300, 60 / 300), "the height's factor"),
        ((60 / 400, 60 / 400), "the width's factor"),
        ((60 / 300, 60 / 400), "swapped"),
        ((1, 1), "comes back as it was"),
        ((400 / 60, 300 / 60), "divided by the factors"),
        ((60 // 400, 60 // 300), "`//` drops the fraction"),
        ((2, 3), "to (7.5, 6). You moved it to (100, 90)"),
    ],
)
def test_exercise_3(factors, says):
    def squash_box(box, width, height, size):
        return np.array(box) * np.tile(factors, 2)

    assert says in chapter01.exercise_3(squash_box).text


def test_exercise_3_wants_no_rounding_and_four_numbers():
    assert "do not round" in chapter01.exercise_3(lambda *_: (7, 6, 22, 18)).text
    assert "four numbers" in chapter01.exercise_3(lambda *_: (7.5, 6)).text
    assert chapter01.exercise_3(lambda *_: [7.5, 6, 22.5, 18])
