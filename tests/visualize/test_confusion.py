"""The confusion matrix against a count by loops, and the worst predictions."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

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


@pytest.mark.parametrize("classes", [2, 10, 37])
@pytest.mark.parametrize("letters", [3, 25, 40])
def test_names_do_not_overlap_and_stay_inside_the_figure(classes, letters, recwarn):
    long_name = "american_pit_bull_terrier_of_the_northern_woods"
    names = [f"{i:02d}_{long_name}"[:letters] for i in range(classes)]
    figure = plot_confusion(np.eye(classes, dtype=int), names)
    FigureCanvasAgg(figure).draw()
    assert not recwarn.list
    width, height = figure.bbox.size
    for labels in (figure.axes[0].get_xticklabels(), figure.axes[0].get_yticklabels()):
        assert len(labels) == classes
        boxes = [label.get_window_extent() for label in labels]
        assert not any(p.overlaps(q) for p, q in itertools.pairwise(boxes))
        for box in boxes:
            assert 0 <= box.x0 <= box.x1 <= width
            assert 0 <= box.y0 <= box.y1 <= height
    for label in figure.axes[0].get_yticklabels():
        assert label.get_fontsize() >= 7


def test_titles_of_the_worst_photographs_do_not_overlap():
    names = ("american_pit_bull_terrier", "staffordshire_bull_terrier")
    images, labels = np.zeros((8, 4, 4, 3), np.uint8), np.eye(2)[[0, 1] * 4]
    figure = plot_worst(images, labels, -4 * labels, names, ["x" * 60 + ".jpg"] * 8)
    FigureCanvasAgg(figure).draw()
    for row in (figure.axes[:4], figure.axes[4:8]):
        for texts in ([axes._left_title for axes in row], [axes.xaxis.label for axes in row]):
            boxes = [text.get_window_extent() for text in texts]
            assert not any(p.overlaps(q) for p, q in itertools.pairwise(boxes))


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
