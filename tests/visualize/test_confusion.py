"""The confusion matrix against a count by loops, and the worst predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from petkeras.errors import PetkerasError
from petkeras.visualize import confusion_matrix, plot_confusion, plot_worst


@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 2**31))
def test_every_picture_is_counted_once_in_its_own_row(classes, count, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes))
    expected = np.zeros((classes, classes), int)
    for actual, row in zip(truth, logits, strict=True):
        expected[actual, list(row).index(max(row))] += 1
    np.testing.assert_array_equal(confusion_matrix(np.eye(classes)[truth], logits), expected)


def test_the_figure_holds_the_counts_and_colors_by_the_share_of_a_row():
    matrix = np.array([[3, 1], [0, 4]])
    axes = plot_confusion(matrix, ("cat", "dog")).axes[0]
    assert [text.get_text() for text in axes.texts] == ["3", "1", "0", "4"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])


def test_37_classes_fit(recwarn):
    figure = plot_confusion(np.eye(37, dtype=int), [f"breed_{i}" for i in range(37)])
    figure.draw_without_rendering()
    assert not recwarn.list


def test_the_worst_photographs_come_first_with_their_probabilities():
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    labels = np.eye(2)[[0, 0, 1]]
    logits = np.log([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    figure = plot_worst(images, labels, logits, ("cat", "dog"), ("a", "b", "c"))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert titles == ["dog 80.0%\nis cat, 20.0%", "dog 60.0%\nright", "cat 90.0%\nright"]
    assert [int(axes.images[0].get_array()[0, 0, 0]) for axes in figure.axes[:3]] == [1, 2, 0]


def test_an_empty_list_of_photographs_is_refused():
    with pytest.raises(PetkerasError, match="`images` must hold at least one photograph"):
        plot_worst(np.zeros((0, 4, 4, 3)), np.zeros((0, 2)), np.zeros((0, 2)), ("cat", "dog"))
