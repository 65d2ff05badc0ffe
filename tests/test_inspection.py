"""Finding layers, kernels and values in any Keras model."""

import keras
import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.inspection import (
    MAX_SAMPLES,
    check_filters,
    check_one_input_and_output,
    convolutions,
    filter_layers,
    find_layer,
    fits,
    has_feature_maps,
    named_layers,
    sample_values,
    sampled_kernels,
)
from petkeras.models import pet_net


@pytest.fixture(scope="module")
def model():
    return pet_net(image_size=16)


@pytest.fixture(scope="module")
def nested():
    images = keras.Input((16, 16, 3))
    backbone = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Conv2D(4, 3, name="conv", trainable=False),
            keras.layers.DepthwiseConv2D(3, name="deep"),
        ],
        name="backbone",
    )
    x = keras.layers.GlobalAveragePooling2D(name="mean")(backbone(images))
    return keras.Model(images, keras.layers.Dense(2, name="logits")(x))


def test_a_layer_is_found_by_its_name_or_the_layers_are_listed(model):
    assert find_layer(model, "fc1") is model.get_layer("fc1")
    with pytest.raises(PetkerasError, match=r"There is no layer 'fc2'. The layers are: conv1_1, "):
        find_layer(model, "fc2")
    with pytest.raises(
        PetkerasError, match=r"Layer 'softmax' has no feature maps. Layers with .* pool2, drop2"
    ):
        find_layer(model, "softmax", maps=True)


def test_layers_of_nested_models_are_named_by_their_path(nested):
    backbone = nested.get_layer("backbone")
    assert named_layers(nested) == {
        "backbone/conv": backbone.get_layer("conv"),
        "backbone/deep": backbone.get_layer("deep"),
        "backbone": backbone,
        "mean": nested.get_layer("mean"),
        "logits": nested.get_layer("logits"),
    }
    assert list(named_layers(nested, nested=False)) == [
        "backbone/conv", "backbone/deep", "mean", "logits",
    ]  # fmt: skip
    assert find_layer(nested, "backbone/conv", maps=True) is backbone.get_layer("conv")
    assert find_layer(nested, "backbone", maps=True) is backbone
    assert list(convolutions(nested)) == ["backbone/conv", "backbone/deep"]
    assert list(filter_layers(nested)) == ["backbone/deep"]  # the other is frozen
    assert [name for name, _ in sampled_kernels(nested)] == ["backbone/deep", "logits"]
    with pytest.raises(PetkerasError, match=r"no layer 'conv'. The layers are: backbone/conv, "):
        find_layer(nested, "conv")


def test_of_many_layers_the_most_similar_are_listed():
    layers = [keras.layers.Dense(1, name=f"layer{number}") for number in range(40)]
    deep = keras.Sequential([keras.Input((1,)), *layers])
    with pytest.raises(
        PetkerasError, match=r"no layer 'layr17'. The layers include layer17, .* lists all"
    ):
        find_layer(deep, "layr17")


class Subclassed(keras.Model):
    def call(self, x):
        return x


def two_outputs():
    images = keras.Input((4,))
    return keras.Model(images, [images, keras.layers.Dense(2)(images)])


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: keras.Sequential([keras.layers.Dense(2)]), "is not built yet. Begin it with"),
        (Subclassed, "is a subclassed model, whose layers cannot be followed"),
        (two_outputs, "has 1 inputs and 2 outputs"),
    ],
)
def test_other_kinds_of_models_are_refused_with_what_is_wanted(make, problem):
    with pytest.raises(PetkerasError, match=rf"{problem}.* with one input and one output") as told:
        check_one_input_and_output(make())
    assert "\n" not in str(told.value)


def test_none_fits_any_length():
    assert fits((8, 9, 3), (None, None, 3))
    assert fits((8, 9, 3), (8, 9, 3))
    assert not fits((8, 9, 3), (8, 8, 3))
    assert not fits((8, 9), (8, 9, 3))
    assert not fits((8, 9, 1), (None, None, 3))


def test_layers_with_feature_maps_are_those_before_flatten_without_the_input(model):
    assert [layer.name for layer in model.layers if has_feature_maps(layer)] == [
        "conv1_1", "conv1_2", "pool1", "drop1", "conv2_1", "conv2_2", "pool2", "drop2",
    ]  # fmt: skip


def test_convolutions_have_4d_kernels_and_filter_layers_trainable_ones(model):
    expected = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert list(convolutions(model)) == expected
    assert list(filter_layers(model)) == expected
    frozen = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3, trainable=False, name="frozen"),
            keras.layers.Conv2D(2, 3, name="trainable"),
        ]
    )
    assert list(convolutions(frozen)) == ["frozen", "trainable"]
    assert list(filter_layers(frozen)) == ["trainable"]


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
