"""The style: colors that work in grayscale, grids of panels."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from petkeras.visualize.style import (
    HEAT_COLORS,
    SIGNED_COLORS,
    VALUE_COLORS,
    grid_shape,
    min_max_scale,
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
