"""Feature maps, compared with the outputs of layers called one by one."""

import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.visualize import feature_maps, plot_before_after, plot_feature_maps


@pytest.fixture(scope="module")
def model():
    return pet_net(image_size=16, seed=0)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]


def test_maps_are_the_outputs_of_the_layers_in_sequence(model, x):
    maps = feature_maps(model, x)
    value = x
    for layer in model.layers[1:]:
        value = layer(value)
        if len(value.shape) == 4:
            np.testing.assert_allclose(maps.pop(layer.name), value, rtol=1e-5)
    assert not maps


def test_all_maps_of_a_layer_are_shown_on_one_scale(model, x):
    maps = feature_maps(model, x, ["conv2_2"])["conv2_2"][0]
    (axes,) = panels(plot_feature_maps(maps, "maps"))
    assert len(axes.images) == 64
    for number, image in enumerate(axes.images):
        np.testing.assert_array_equal(image.get_array(), maps[..., number])
        assert image.get_clim() == (maps.min(), maps.max())


def test_maps_are_in_rows_each_below_its_number(model, x):
    maps = feature_maps(model, x, ["conv1_1"])["conv1_1"][0]
    (axes,) = panels(plot_feature_maps(maps[..., :11], columns=4))
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for number, (image, text) in enumerate(zip(axes.images, axes.texts, strict=True)):
        row, column = divmod(number, 4)
        x0, x1, y0, y1 = image.get_extent()
        assert left <= x0 < x1 <= right
        assert top <= y1 < y0 <= bottom
        assert text.get_text() == str(number)
        assert text.get_position() == (x0, pytest.approx(y1, abs=1))
        if column:
            assert x0 > axes.images[number - 1].get_extent()[1]
        if row:
            assert y1 > axes.images[number - 4].get_extent()[2]


def test_only_the_chosen_filters_are_shown(model, x):
    maps = feature_maps(model, x, ["conv1_1"])["conv1_1"][1]
    (axes,) = panels(plot_feature_maps(maps, filters=[9, 4]))
    assert [text.get_text() for text in axes.texts] == ["9", "4"]
    np.testing.assert_array_equal(axes.images[1].get_array(), maps[..., 4])


def test_before_and_after_show_the_same_filters_in_the_same_order(model, x):
    before = feature_maps(model, x, ["conv1_2"])["conv1_2"][0]
    after = 2 * before
    shown = panels(plot_before_after(before, after))
    for axes, maps in zip(shown, (before, after), strict=True):
        assert len(axes.images) == 16
        for number, image in enumerate(axes.images):
            np.testing.assert_array_equal(image.get_array(), maps[..., number])


def test_layers_without_maps_and_unknown_layers_are_refused(model, x):
    with pytest.raises(
        PetkerasError, match=r"'fc1' has no feature maps. Layers with feature maps are: conv1_1"
    ):
        feature_maps(model, x, ["fc1"])
    with pytest.raises(PetkerasError, match=r"no layer 'conv3_1'. The layers are: conv1_1"):
        feature_maps(model, x, ["conv3_1"])


def test_maps_of_a_whole_batch_are_refused(model, x):
    with pytest.raises(
        PetkerasError, match=r"`maps` must be the maps of one .* shape=\(2, 16, 16, 32\)"
    ):
        plot_feature_maps(feature_maps(model, x, ["conv1_1"])["conv1_1"])


def test_a_filter_that_does_not_exist_is_refused():
    with pytest.raises(PetkerasError, match=r"`maps` has the filters 0 to 3. Received: 4"):
        plot_feature_maps(np.zeros((2, 2, 4)), filters=[4])
