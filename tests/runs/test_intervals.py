"""What is said about an accuracy: its interval, and what to keep in mind."""

import numpy as np
import pytest

from petkeras.runs.intervals import describe_accuracy, find_caveats


def labels(*counts):
    return np.repeat(np.eye(len(counts)), counts, axis=0)


def test_the_articles_accuracy_with_its_interval():
    # 50 of 60, after Wilson: 72% to 91%, as published calculators have it.
    assert describe_accuracy(50 / 60, 60) == "0.833 (95% interval 0.720 to 0.907)"


@pytest.mark.parametrize(
    ("accuracy", "counts", "said"),
    [
        (0.95, (30, 30), []),
        (0.60, (30, 30), ["not surely better than chance: who always says 'a' is right for 0.500"]),
        (0.75, (10, 30), ["who always says 'b' is right for 0.750"]),
        (1.0, (10, 10), ["has 20 pictures only: each is 0.050"]),
        (0.5, (2, 2), ["has 4 pictures only", "not surely better than chance"]),
        (0.6, (20, 20, 20), []),
    ],
)
def test_caveats_where_they_are_due(accuracy, counts, said):
    found = find_caveats(accuracy, labels(*counts), "abc")
    assert len(found) == len(said)
    for sentence, part in zip(found, said, strict=True):
        assert part in sentence
