"""The style: colors that work in grayscale, grids of panels."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from petkeras.visualize.style import (
    HEAT_COLORS,
    RUN_COLORS,
    SIGNED_COLORS,
    TEST_COLOR,
    TRAIN_COLOR,
    VALUE_COLORS,
    figure_style,
    grid_shape,
    min_max_scale,
    set_log_scale,
)


@pytest.mark.parametrize("colors", [VALUE_COLORS, HEAT_COLORS, SIGNED_COLORS, "Blues_r", "gray"])
def test_lightness_grows_with_the_value_so_grayscale_prints_are_readable(colors):
    red, green, blue, _ = plt.get_cmap(colors)(np.linspace(0, 1, 64)).T
    linear = np.array([red, green, blue]) ** 2.2  # sRGB, about
    lightness = np.array([0.2126, 0.7152, 0.0722]) @ linear
    assert (np.diff(lightness) > -1e-3).all()
    assert lightness[-1] - lightness[0] > 0.7


def test_zero_is_gray_on_the_signed_scale():
    red, green, blue, _ = SIGNED_COLORS(0.5)
    assert max(red, green, blue) - min(red, green, blue) < 0.02


@pytest.mark.parametrize("count", range(1, 70))
def test_a_grid_holds_all_panels_and_no_empty_row(count):
    rows, columns = grid_shape(count)
    assert (rows - 1) * columns < count <= rows * columns


def test_scaling_goes_from_0_to_1_and_a_constant_array_becomes_0():
    assert min_max_scale(np.array([2.0, 3.0, 6.0])).tolist() == [0, 0.25, 1]
    assert min_max_scale(np.array([7.0, 7.0])).tolist() == [0, 0]


def test_the_colors_of_training_and_test_mean_nothing_else():
    assert not {TRAIN_COLOR, TEST_COLOR} & set(RUN_COLORS)


@pytest.mark.parametrize("ends", [(1e-6, 1e6), (0.02, 0.9), (3, 4), (1, 100), (0.004, 0.006)])
def test_the_labels_of_a_log_axis_are_plain_numbers_at_their_place(ends):
    with figure_style():
        figure, axes = plt.subplots()
    try:
        axes.plot(ends)
        set_log_scale(axes)
        FigureCanvasAgg(figure).draw()
        shown = 0
        for minor in (False, True):
            ticks = axes.get_yticks(minor=minor)
            labels = axes.yaxis.get_ticklabels(minor=minor)
            for value, label in zip(ticks, labels, strict=True):
                if label.get_text():
                    shown += 1
                    assert float(label.get_text()) == pytest.approx(value)
        assert shown >= 2
    finally:
        plt.close(figure)
