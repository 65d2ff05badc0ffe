"""Outputs of layers and logits, against the same network built without its softmax."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.layers import Conv2D, Dense, Flatten
from petkeras.models import pet_net
from petkeras.tracing import (
    compile_logits,
    compile_outputs,
    compute_logits,
    final_activation,
    layer_calls,
    layers_in_sequence,
    recording,
    without_activation,
    without_softmax,
)


def pictures(count=2, size=8):
    return np.random.default_rng(0).normal(size=(count, size, size, 3)).astype("float32")


def features(images):
    he = keras.initializers.HeNormal(seed=0)
    x = Conv2D(4, 3, activation="relu", name="conv", kernel_initializer=he)(images)
    return keras.layers.GlobalAveragePooling2D(name="mean")(x)


def last(**options):
    return {"units": 3, "kernel_initializer": keras.initializers.HeNormal(seed=1), **options}


ENDINGS = {
    "a Dense of petkeras": lambda x: Dense(**last(activation="softmax"))(x),
    "a Dense of Keras": lambda x: keras.layers.Dense(**last(activation="softmax"))(x),
    "an Activation": lambda x: keras.layers.Activation("softmax")(Dense(**last())(x)),
    "a Softmax": lambda x: keras.layers.Softmax()(Dense(**last())(x)),
    "keras.ops": lambda x: keras.ops.softmax(Dense(**last())(x)),
    "a nested model": lambda x: keras.Sequential(
        [keras.Input((4,)), Dense(**last(activation="softmax"))]
    )(x),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_softmax_at_the_end_is_left_out_and_comes_back(ending):
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, ending(features(images)))
    plain = keras.Model(images, Dense(**last())(features(images)))
    x = pictures()
    assert final_activation(model) == "softmax"
    assert final_activation(plain) is None
    expected = plain(x, training=False).numpy()
    np.testing.assert_allclose(compute_logits(model, x), expected, rtol=1e-5)
    np.testing.assert_allclose(compile_logits(model)(x), expected, rtol=1e-5)
    np.testing.assert_allclose(model(x).numpy().sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(model(x), tf.nn.softmax(expected), rtol=1e-5)


def test_the_softmax_comes_back_after_an_error():
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, ENDINGS["a Softmax"](features(images)))
    with pytest.raises(KeyboardInterrupt), without_softmax(model):
        raise KeyboardInterrupt
    np.testing.assert_allclose(model(pictures()).numpy().sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("layer", [Conv2D(2, 1, activation="relu"), keras.layers.ReLU()])
def test_a_layer_can_leave_out_its_activation(layer):
    x = pictures()
    assert layer(x).numpy().min() == 0
    with without_activation(layer):
        assert layer(x).numpy().min() < 0
    assert layer(x).numpy().min() == 0


@pytest.mark.parametrize("wrap", [lambda tensor: [tensor], lambda tensor: {"images": tensor}])
def test_models_made_from_lists_or_dicts_give_their_logits_without_a_warning(wrap):
    images = keras.Input((8, 8, 3), name="images")
    logits = Dense(2)(features(images))
    model = keras.Model(wrap(images), wrap(logits))
    expected = keras.Model(images, logits)(pictures())
    np.testing.assert_allclose(compile_logits(model)(pictures()), expected, rtol=1e-5)


def test_outputs_of_layers_are_those_of_a_model_cut_there():
    images = keras.Input((8, 8, 3))
    inner = keras.Sequential([keras.Input((None, None, 3)), Conv2D(3, 3, name="conv")], name="in")
    first = Conv2D(3, 3, name="first")(images)
    joined = keras.layers.Add(name="sum")([first, inner(first)])
    model = keras.Model(images, keras.layers.Softmax()(Dense(2)(Flatten()(joined))))
    x = pictures()
    computed = compile_outputs(model, ["in/conv", "in", "sum"])(x)
    expected = inner(keras.Model(images, first)(x))
    np.testing.assert_allclose(computed["in/conv"], expected, rtol=1e-5)
    np.testing.assert_allclose(computed["in"], expected, rtol=1e-5)
    np.testing.assert_allclose(computed["sum"], keras.Model(images, joined)(x), rtol=1e-5)


def test_layers_compute_as_before_after_a_recording():
    model, x = pet_net(image_size=8), pictures()
    before = model(x).numpy()
    with recording({"conv": model.get_layer("conv1_1")}) as outputs:
        model(x)
    assert outputs["conv"].shape == (2, 8, 8, 32)
    assert "call" not in vars(model.get_layer("conv1_1"))
    np.testing.assert_array_equal(model(x), before)


def test_a_model_is_compiled_once_until_a_layer_is_added():
    model, x = keras.Sequential([keras.Input((8, 8, 3)), Flatten(), Dense(2)]), pictures(3)
    logits = compile_logits(model)
    for count in (1, 2, 3):
        assert compile_logits(model)(x[:count]).shape == (count, 2)
    assert compile_logits(model) is logits
    model.add(Dense(5))
    assert compile_logits(model)(x).shape == (3, 5)


def test_calls_have_the_shapes_that_they_have_in_this_model():
    images = keras.Input((8, 8, 3))
    any_size = keras.Sequential(
        [keras.Input((None, None, 3)), Conv2D(3, 3, name="conv")], name="in"
    )
    model = keras.Model(images, Flatten(name="flat")(any_size(any_size(images))))
    calls = [(call.name, call.input_shape, call.output_shape) for call in layer_calls(model)[1]]
    maps = (None, 8, 8, 3)
    assert calls == [("in/conv", maps, maps)] * 2 + [("flat", maps, (None, 192))]


def test_layers_in_sequence_end_at_the_named_layer():
    model = pet_net(image_size=16, dtype="mixed_bfloat16")  # casts between layers do not matter
    every = [call.layer for call in layers_in_sequence(model)]
    assert every == model.layers[1:]
    assert [call.layer for call in layers_in_sequence(model, "pool1")] == model.layers[1:4]


def test_a_sequential_model_to_which_layers_were_added_is_in_sequence():
    model = keras.Sequential()
    for layer in (keras.Input((8, 8, 3)), Conv2D(2, 3), keras.layers.ReLU(), Flatten(), Dense(2)):
        model.add(layer)
    assert [call.layer for call in layers_in_sequence(model)] == model.layers


def test_a_branch_is_in_sequence_and_what_joins_branches_is_not():
    images = keras.Input((8, 8, 3))
    stem = Conv2D(3, 3, name="stem")(images)
    left, right = Conv2D(3, 3, name="left")(stem), Conv2D(3, 3, name="right")(stem)
    x = keras.layers.Add(name="sum")([left, right])
    model = keras.Model(images, Conv2D(3, 3, name="last")(x))
    for name in ("left", "right"):
        assert [call.name for call in layers_in_sequence(model, name)] == ["stem", name]
    with pytest.raises(PetkerasError, match=r"follow one another. The input of layer 'sum' is not"):
        layers_in_sequence(model)
    with pytest.raises(PetkerasError, match=r"no layer 'middle'"):
        layers_in_sequence(model, "middle")
