"""The errors of a compressed kernel are measured with other changes than it was fitted to."""

import numpy as np
import pytest
from explorer.test_dense import explored_network
from hypothesis import given
from hypothesis import strategies as st

from petkeras.explorer.samples import Samples, largest_by_size

FINITE = st.floats(0, 1e6)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=50), st.integers(1, 60))
def test_no_change_up_to_a_size_had_a_larger_error(pairs, groups):
    sizes, errors = zip(*pairs, strict=True)
    rows = largest_by_size(sizes, errors, groups)
    assert rows[-1]["count"] == len(pairs)
    assert rows[-1]["size"] == max(sizes)
    for row in rows:
        smaller = [error for size, error in pairs if size < row["size"]]
        assert row["error"] >= max(smaller, default=0)
        assert row["error"] in errors
        assert sum(size <= row["size"] for size in sizes) >= row["count"]


def test_without_changes_there_are_no_rows():
    assert largest_by_size([], []) == []


@pytest.fixture(scope="module")
def samples():
    return Samples(explored_network(), 2)


def test_a_whole_kernel_has_no_error(samples):
    kernel = samples.layer.weights["kernel"].numpy()
    assert samples.measure([kernel])[-1]["error"] < 1e-3


def test_a_kernel_of_zeros_has_the_error_of_the_whole_change(samples):
    kernel = samples.layer.weights["kernel"].numpy()
    rows = samples.measure([np.zeros_like(kernel)])
    assert [row["error"] for row in rows] == sorted(row["error"] for row in rows)
    assert rows[-1]["error"] > 0.1


def test_slopes_are_those_of_the_scores(samples):
    """Against differences: how far the gap of two scores moves with one unit's output."""
    outputs = np.zeros((1, len(samples.before[0])), np.float32)
    slopes = samples.slopes(outputs, [0])
    assert slopes.shape == (400, 400)
    last = samples.chain.layers[4].weights["kernel"].numpy()  # (units, classes)
    gap = (last[:, 0] - last[:, 1]) / 2
    # Each photograph, and the same one three times more, moved by 0.
    rows = np.concatenate([samples.before, *3 * [samples.before[:1]]]) > 0
    expected = 2 * sum(np.outer(gap * on, gap * on) for on in rows)
    np.testing.assert_allclose(slopes, expected, atol=1e-5 * np.abs(expected).max())
