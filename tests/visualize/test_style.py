"""The style: colors that work in gray, layers that are found or named."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer
from petkeras.models import pet_net
from petkeras.visualize.style import HEAT, SIGNED, VALUES, grid_shape, to_unit


@pytest.mark.parametrize("colors", [VALUES, HEAT, SIGNED, "Blues_r", "gray"])
def test_lightness_grows_with_the_value_so_that_gray_prints_can_be_read(colors):
    red, green, blue, _ = plt.get_cmap(colors)(np.linspace(0, 1, 64)).T
    linear = np.array([red, green, blue]) ** 2.2  # sRGB, about
    lightness = np.array([0.2126, 0.7152, 0.0722]) @ linear
    assert (np.diff(lightness) > -1e-3).all()
    assert lightness[-1] - lightness[0] > 0.7


def test_zero_is_gray_on_the_signed_scale():
    red, green, blue, _ = SIGNED(0.5)
    assert max(red, green, blue) - min(red, green, blue) < 0.02


@pytest.mark.parametrize("count", range(1, 70))
def test_a_grid_holds_all_panels_and_no_empty_row(count):
    rows, columns = grid_shape(count)
    assert (rows - 1) * columns < count <= rows * columns


def test_stretching_goes_from_0_to_1_and_an_even_array_becomes_0():
    assert to_unit(np.array([2.0, 3.0, 6.0])).tolist() == [0, 0.25, 1]
    assert to_unit(np.array([7.0, 7.0])).tolist() == [0, 0]


def test_a_layer_is_found_by_its_name_or_those_there_are_named():
    model = pet_net(image_size=16)
    assert find_layer(model, "fc1") is model.get_layer("fc1")
    with pytest.raises(PetkerasError, match=r"There is no layer 'fc2'. The layers are: images, "):
        find_layer(model, "fc2")
    with pytest.raises(
        PetkerasError, match=r"Layer 'softmax' has no feature maps. .* pool2, drop2"
    ):
        find_layer(model, "softmax", maps=True)
