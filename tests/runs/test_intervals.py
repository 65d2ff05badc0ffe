"""What is said about an accuracy: its interval, and what to keep in mind."""

import numpy as np
import pytest

from petkeras.runs.intervals import accuracy_interval, describe_accuracy, find_caveats


def labels(*counts):
    return np.repeat(np.eye(len(counts)), counts, axis=0)


def test_the_articles_accuracy_with_its_interval():
    # 50 of 60, after Wilson: 72% to 91%, as published calculators have it.
    assert describe_accuracy(50 / 60, 60) == "0.833 (95% interval 0.720 to 0.907)"


@pytest.mark.parametrize(
    ("accuracy", "counts", "said"),
    [
        (0.95, (30, 30), []),
        (
            0.60,
            (30, 30),
            ["not significantly better than chance: always answering 'a' scores 0.500"],
        ),
        (0.75, (10, 30), ["always answering 'b' scores 0.750"]),
        (1.0, (10, 10), ["has only 20 pictures, so each one counts for 0.050"]),
        (0.5, (2, 2), ["has only 4 pictures", "not significantly better than chance"]),
        (0.6, (20, 20, 20), []),
    ],
)
def test_caveats_where_they_are_due(accuracy, counts, said):
    found = find_caveats(accuracy, labels(*counts), "abc")
    assert len(found) == len(said)
    for sentence, part in zip(found, said, strict=True):
        assert part in sentence


@pytest.mark.parametrize(("correct", "count"), [(50, 60), (0, 60), (60, 60), (1, 2), (265, 300)])
def test_the_ends_of_the_interval_are_where_the_score_test_just_fits(correct, count):
    for end in accuracy_interval(correct, count):
        if 1e-9 < end < 1 - 1e-9:  # Wilson's ends solve |share - p| = z * sqrt(p (1 - p) / n)
            distance = abs(correct / count - end)
            assert distance == pytest.approx(1.959964 * (end * (1 - end) / count) ** 0.5)
    low, high = accuracy_interval(correct, count)
    assert -1e-9 <= low <= correct / count <= high <= 1 + 1e-9


@pytest.mark.parametrize(("correct", "count"), [(61, 60), (-1, 60), (0, 0)])
def test_more_correct_than_there_are_is_refused(correct, count):
    with pytest.raises(ValueError, match="`correct` must be from 0 to `count`"):
        accuracy_interval(correct, count)
