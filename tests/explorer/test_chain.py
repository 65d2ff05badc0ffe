import keras
import numpy as np
import pytest
import tensorflow as tf
from explorer.small_runs import L, mixed_network, photographs

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.explorer.chain import read_chain
from petkeras.explorer.edits import compute_outputs
from petkeras.tracing import compute_logits


def logits_of(model, x):
    return compute_outputs(read_chain(model, x.shape[1:3]), x)[-1]


def image_model(*layers, size=12):
    return keras.Sequential([keras.Input((size, size, 3)), *layers])


def test_all_known_layers_of_keras_compute_the_model_s_own_logits():
    model = mixed_network()
    chain = read_chain(model)
    assert [layer.kind for layer in chain.layers] == [
        *("conv", "batch_norm", "relu", "average_pool", "conv", "batch_norm", "relu", "max_pool"),
        *("conv", "global_average_pool", "dropout", "dense", "dense"),
    ]
    assert (chain.stops_at, chain.has_logits) == (None, True)
    assert chain.layers[8].name == "inner/conv"
    x = photographs(3, 20) / np.float32(99)
    np.testing.assert_allclose(logits_of(model, x), compute_logits(model, x), rtol=2e-5, atol=1e-6)


def test_pet_net_computes_the_same_bits_as_the_model():
    model = pk.pet_net(image_size=16, seed=1)
    chain = read_chain(model)
    assert len(chain.layers) == len(model.layers) - 1  # without the InputLayer
    assert [layer.shape for layer in chain.layers[:3]] == [(16, 16, 32), (16, 16, 32), (8, 8, 32)]
    x = photographs(1) / np.float32(255)
    np.testing.assert_array_equal(logits_of(model, x), compute_logits(model, x))


@pytest.mark.parametrize(
    ("scale", "offset"), [(1 / 127.5, -1.0), (1 / 255, 0), ([0.1, 0.2, 0.3], [1.0, 2.0, -3.0])]
)
def test_a_rescaling_scales_and_shifts_each_channel(scale, offset):
    model = image_model(L.Rescaling(scale, offset, name="scaled"), L.Conv2D(4, 3))
    chain = read_chain(model)
    assert [layer.kind for layer in chain.layers] == ["batch_norm", "conv"]
    x = np.float32(photographs(1, 12))
    expected = model.get_layer("scaled")(x)
    np.testing.assert_allclose(compute_outputs(chain, x)[0], expected, rtol=1e-6, atol=1e-6)


def test_a_rescaling_of_every_pixel_by_its_own_is_not_known():
    scale = np.ones((12, 12, 1), np.float32)
    with pytest.raises(PetkerasError, match="other scales and offsets than one for each channel"):
        read_chain(image_model(L.Rescaling(scale), L.Conv2D(2, 3)))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_shapes_are_those_that_keras_computes(padding):
    model = image_model(
        L.Conv2D(4, (3, 2), strides=(2, 3), padding=padding),
        L.MaxPooling2D((2, 1), padding=padding),
        size=17,
    )
    shapes = [layer.shape for layer in read_chain(model).layers]
    assert shapes == [layer.output.shape[1:] for layer in model.layers]


def test_a_model_of_any_size_takes_the_photographs_size():
    model = keras.Sequential(
        [keras.Input((None, None, 1)), L.Conv2D(4, 3), L.GlobalMaxPooling2D(), L.Dense(2)]
    )
    chain = read_chain(model, (9, 11))
    assert (chain.input_shape, chain.layers[0].shape) == ((9, 11, 1), (7, 9, 4))
    with pytest.raises(PetkerasError, match="takes images of any size"):
        read_chain(model)


def branched():
    x = inputs = keras.Input((12, 12, 3))
    x = L.Conv2D(4, 3, name="first")(x)
    return keras.Model(inputs, L.Add()([x, L.Conv2D(4, 3, padding="same", name="branch")(x)]))


def with_operation():
    x = inputs = keras.Input((12, 12, 3))
    x = keras.ops.multiply(L.Conv2D(4, 3, name="first")(x), 2.0)
    return keras.Model(inputs, L.Conv2D(4, 3, name="second")(x))


def used_twice():
    inputs = keras.Input((12, 12, 3))
    layer = L.Conv2D(3, 3, name="again")
    return keras.Model(inputs, layer(layer(inputs)))


class OwnConv(L.Conv2D):
    def call(self, x):
        return 2 * super().call(x)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (branched, "Layer 'branch' (Conv2D) cannot be explored: its input goes into layer 'add"),
        (with_operation, "Layer 'second' (Conv2D) cannot be explored: its input is not just the"),
        (used_twice, "Layer 'again' (Conv2D) cannot be explored: it is used twice"),
        (lambda: L.SeparableConv2D(4, 3), "(SeparableConv2D) cannot be explored: the explorer do"),
        (lambda: OwnConv(4, 3), "(OwnConv) cannot be explored: the explorer does not know layers"),
        (lambda: L.Conv2D(4, 3, groups=2), "cannot be explored: it has 2 groups"),
        (lambda: L.Conv2D(4, 3, activation="tanh"), "its activation 'tanh' is neither linear nor"),
        (lambda: L.Conv2D(4, 3, activation="softmax"), "its activation 'softmax' is neither"),
        (lambda: L.ReLU(6.0), "it has a largest value, a slope or a threshold"),
        (lambda: L.ReLU(negative_slope=0.1), "it has a largest value, a slope or a threshold"),
        (lambda: L.Activation("gelu"), "the explorer knows the activation ReLU only"),
        (lambda: L.BatchNormalization(axis=1), "it does not normalize channels"),
        (lambda: L.GlobalAveragePooling2D(keepdims=True), "it keeps the axes of height and width"),
        (lambda: L.Dense(3), "its input is not a vector"),
    ],
)
def test_what_is_not_known_ends_the_chain_with_a_line(model, line):
    end = model()
    if not isinstance(end, keras.Model):
        end = image_model(L.Conv2D(4, 3, name="first"), end, L.Flatten(), L.Dense(2))
    chain = read_chain(end)
    assert [layer.name for layer in chain.layers] in (["first"], ["again"])
    assert line in chain.stops_at
    assert chain.stops_at.endswith("The network is shown up to the layer before it.")
    assert "\n" not in chain.stops_at
    assert not chain.has_logits


def test_a_first_layer_that_is_not_known_is_an_error():
    with pytest.raises(PetkerasError, match=r"'padded' \(ZeroPadding2D\) cannot be explored: the"):
        read_chain(image_model(L.ZeroPadding2D(name="padded"), L.Conv2D(2, 3)))
    with pytest.raises(PetkerasError, match=r"take images.*has the shape \(5,\)"):
        read_chain(keras.Sequential([keras.Input((5,)), L.Dense(2)]))


@pytest.mark.parametrize(
    "softmax", [L.Softmax(), L.Activation("softmax"), keras.ops.softmax, tf.nn.softmax]
)
def test_a_softmax_at_the_end_is_left_out(softmax):
    x = inputs = keras.Input((6, 6, 3))
    x = L.Flatten()(x)
    is_activation = softmax is tf.nn.softmax
    x = L.Dense(3, activation=softmax)(x) if is_activation else softmax(L.Dense(3)(x))
    model = keras.Model(inputs, x)
    chain = read_chain(model)
    assert chain.has_logits
    assert chain.layers[-1].kind == "dense"
    x = photographs(2, 6) / np.float32(255)
    np.testing.assert_allclose(logits_of(model, x), compute_logits(model, x), atol=1e-5)


def test_another_operation_at_the_end_is_said():
    x = inputs = keras.Input((6, 6, 3))
    x = L.Dense(3, name="scores")(L.Flatten()(x))
    chain = read_chain(keras.Model(inputs, keras.ops.multiply(x, 2.0)))
    assert not chain.has_logits
    assert "'scores'" in chain.stops_at


def test_weights_are_read_in_float32():
    model = pk.pet_net(image_size=8, dtype="mixed_bfloat16", seed=0)
    same = pk.pet_net(image_size=8, seed=0)
    chain = read_chain(model)
    assert {w.dtype for layer in chain.layers for w in layer.weights.values()} == {tf.float32}
    x = photographs(1, 8) / np.float32(255)
    np.testing.assert_array_equal(logits_of(model, x), compute_logits(same, x))


def test_weights_that_are_not_finite_are_refused():
    model = image_model(L.Conv2D(2, 3, name="first"))
    model.layers[0].bias.assign([0.0, np.nan])
    with pytest.raises(PetkerasError, match="weights 'bias' of layer 'first' are not finite"):
        read_chain(model)
