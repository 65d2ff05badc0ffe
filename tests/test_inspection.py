"""Finding layers, kernels and values in any Keras model."""

import keras
import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.inspection import (
    MAX_SAMPLES,
    check_filters,
    convolutions,
    filter_layers,
    find_layer,
    has_feature_maps,
    layers_in_sequence,
    sample_values,
    sampled_kernels,
)
from petkeras.models import pet_net


@pytest.fixture(scope="module")
def model():
    return pet_net(image_size=16)


def names(layers):
    return [layer.name for layer in layers]


def test_a_layer_is_found_by_its_name_or_the_layers_are_listed(model):
    assert find_layer(model, "fc1") is model.get_layer("fc1")
    with pytest.raises(PetkerasError, match=r"There is no layer 'fc2'. The layers are: images, "):
        find_layer(model, "fc2")
    with pytest.raises(
        PetkerasError, match=r"Layer 'softmax' has no feature maps. Layers with .* pool2, drop2"
    ):
        find_layer(model, "softmax", maps=True)


def test_layers_with_feature_maps_are_those_before_flatten_without_the_input(model):
    assert names(filter(has_feature_maps, model.layers)) == [
        "conv1_1", "conv1_2", "pool1", "drop1", "conv2_1", "conv2_2", "pool2", "drop2",
    ]  # fmt: skip


def test_convolutions_have_4d_kernels_and_filter_layers_trainable_ones(model):
    expected = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert names(convolutions(model)) == expected
    assert names(filter_layers(model)) == expected
    frozen = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3, trainable=False, name="frozen"),
            keras.layers.Conv2D(2, 3, name="trainable"),
        ]
    )
    assert names(convolutions(frozen)) == ["frozen", "trainable"]
    assert names(filter_layers(frozen)) == ["trainable"]


def test_layers_in_sequence_end_at_the_named_layer(model):
    assert names(layers_in_sequence(model)) == names(model.layers[1:])
    assert names(layers_in_sequence(model, "pool1")) == ["conv1_1", "conv1_2", "pool1"]


def test_a_layer_with_two_inputs_is_not_in_sequence():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 3, padding="same")(images)
    forked = keras.Model(images, keras.layers.Add(name="sum")([x, images]))
    with pytest.raises(PetkerasError, match=r"follow one another. The input of layer 'sum' is not"):
        layers_in_sequence(forked)


def test_filters_that_do_not_exist_are_refused():
    assert list(check_filters(None, 3, "Layer 'conv'")) == [0, 1, 2]
    assert check_filters((2, 0), 3, "Layer 'conv'") == [2, 0]
    for wrong in (-1, 3):
        with pytest.raises(
            PetkerasError, match=f"'conv' has the filters 0 to 2. Received: {wrong}"
        ):
            check_filters([0, wrong], 3, "Layer 'conv'")


def test_small_tensors_are_sampled_whole_and_large_ones_evenly():
    small = np.arange(6.0).reshape(2, 3)
    assert sample_values(small).numpy().tolist() == [0, 1, 2, 3, 4, 5]
    large = sample_values(np.arange(MAX_SAMPLES + 1)).numpy()
    assert large.tolist() == list(range(0, MAX_SAMPLES + 1, 2))


def test_kernels_are_sampled_by_layer_name(model):
    kernels = dict(sampled_kernels(model))
    assert list(kernels) == ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1", "softmax"]
    weights = model.get_layer("conv1_1").kernel.numpy()
    np.testing.assert_array_equal(kernels["conv1_1"], weights.ravel())
