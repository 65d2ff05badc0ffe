"""The numbers of the five layers, against Keras's own layers and NumPy; their messages."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from petkeras import layers

sides = st.integers(3, 9)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.sampled_from(["same", "valid"])
activations = st.sampled_from([None, "relu", "sigmoid", "tanh", "softmax"])
seeds = st.integers(0, 2**16)


def random_input(shape, seed, dtype="float32"):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def outputs_and_gradients(layer, x):
    """Return what a layer gives, and the gradients of a lopsided sum to its input and weights."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        weights = tf.reshape(tf.range(tf.size(y), dtype=y.dtype), tf.shape(y)) / 10
        total = tf.reduce_sum(tf.sin(y + weights))
    return [y, *tape.gradient(total, [x, *layer.trainable_variables])]


def assert_same(ours, kerass, x, tolerance=1e-5):
    ours(x), kerass(x)
    kerass.set_weights(ours.get_weights())
    for mine, theirs in zip(
        outputs_and_gradients(ours, x), outputs_and_gradients(kerass, x), strict=True
    ):
        mine, theirs = np.asarray(mine, np.float64), np.asarray(theirs, np.float64)
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


# Against Keras's own layers


@given(
    shape=st.tuples(st.integers(1, 3), sides, sides, st.integers(1, 4)),
    filters=st.integers(2, 4),
    kernel_size=pairs,
    strides=st.integers(1, 3),
    padding=paddings,
    activation=activations,
    dtype=st.sampled_from(["float32", "float64"]),
    seed=seeds,
)
def test_conv2d_agrees_with_keras(
    shape, filters, kernel_size, strides, padding, activation, dtype, seed
):
    arguments = {
        "filters": filters,
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": padding,
        "activation": activation,
        "dtype": dtype,
    }
    ours, kerass = layers.Conv2D(**arguments), keras.layers.Conv2D(**arguments)
    assert_same(ours, kerass, random_input(shape, seed, dtype))


@given(
    shape=st.tuples(st.integers(1, 3), sides, sides, st.integers(1, 4)),
    pool_size=pairs,
    strides=st.none() | pairs,
    padding=paddings,
    dtype=st.sampled_from(["float32", "float64"]),
    seed=seeds,
)
def test_max_pool2d_agrees_with_keras(shape, pool_size, strides, padding, dtype, seed):
    arguments = {"pool_size": pool_size, "strides": strides, "padding": padding, "dtype": dtype}
    ours, kerass = layers.MaxPool2D(**arguments), keras.layers.MaxPooling2D(**arguments)
    assert_same(ours, kerass, random_input(shape, seed, dtype))


@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9)),
    units=st.integers(2, 6),
    activation=activations,
    dtype=st.sampled_from(["float32", "float64"]),
    seed=seeds,
)
def test_dense_agrees_with_keras(shape, units, activation, dtype, seed):
    ours = layers.Dense(units, activation, dtype=dtype)
    kerass = keras.layers.Dense(units, activation, dtype=dtype)
    assert_same(ours, kerass, random_input(shape, seed, dtype))


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple), seed=seeds)
def test_flatten_agrees_with_keras(shape, seed):
    assert_same(layers.Flatten(), keras.layers.Flatten(), random_input(shape, seed))


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    rate=st.floats(0, 0.9),
    seed=seeds,
)
def test_dropout_passes_through_or_scales_as_in_keras(shape, rate, seed):
    x = random_input(shape, seed)
    assert_same(layers.Dropout(rate), keras.layers.Dropout(rate), x)
    dropped = layers.Dropout(rate, seed=seed)(x, training=True).numpy()
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], x[kept] / (1 - rate), rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    ("ours", "kerass", "shape"),
    [
        (layers.Conv2D, keras.layers.Conv2D, (2, 6, 7, 3)),
        (layers.Dense, keras.layers.Dense, (4, 9)),
    ],
)
def test_half_precision_keeps_float32_weights_and_agrees_with_keras(policy, ours, kerass, shape):
    arguments = (3, 2, 1, "same") if ours is layers.Conv2D else (3,)
    ours, kerass = ours(*arguments, dtype=policy), kerass(*arguments, dtype=policy)
    x = random_input(shape, 0)
    assert_same(ours, kerass, x, tolerance=2e-2)
    assert ours(x).dtype == policy.removeprefix("mixed_")
    assert {weight.dtype for weight in ours.weights} == {"float32"}


# Against plain NumPy


def windows(x, size, strides, padding, fill):
    """Yield (row, column, window (B, h, w, C)) of every place, as TensorFlow pads."""
    if padding == "same":
        pads = []
        for side, length, stride in zip(x.shape[1:3], size, strides, strict=True):
            missing = max((-(-side // stride) - 1) * stride + length - side, 0)
            pads.append((missing // 2, missing - missing // 2))
        x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    rows = range(0, x.shape[1] - size[0] + 1, strides[0])
    columns = range(0, x.shape[2] - size[1] + 1, strides[1])
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            yield i, j, x[:, row : row + size[0], column : column + size[1]]


@given(
    shape=st.tuples(st.integers(1, 2), sides, sides, st.integers(1, 3)),
    kernel_size=pairs,
    strides=pairs,
    padding=paddings,
    seed=seeds,
)
def test_conv2d_is_the_sum_over_each_window(shape, kernel_size, strides, padding, seed):
    layer = layers.Conv2D(2, kernel_size, strides, padding, bias_initializer="ones")
    x = random_input(shape, seed)
    y = layer(x).numpy()
    wanted = np.full_like(y, np.nan)
    for i, j, window in windows(x, kernel_size, strides, padding, fill=0):
        wanted[:, i, j] = np.einsum("bhwc,hwcf->bf", window, layer.kernel.numpy()) + 1
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-5)


@given(
    shape=st.tuples(st.integers(1, 2), sides, sides, st.integers(1, 3)),
    pool_size=pairs,
    strides=pairs,
    padding=paddings,
    seed=seeds,
)
def test_max_pool2d_is_the_largest_of_each_window(shape, pool_size, strides, padding, seed):
    x = random_input(shape, seed)
    y = layers.MaxPool2D(pool_size, strides, padding)(x).numpy()
    wanted = np.full_like(y, np.nan)
    for i, j, window in windows(x, pool_size, strides, padding, fill=-np.inf):
        wanted[:, i, j] = window.max(axis=(1, 2))
    np.testing.assert_array_equal(y, wanted)


# Dropout


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_dropout_drops_its_rate_and_keeps_the_mean(dtype, rate):
    x = tf.ones((500, 500), dtype)
    y = layers.Dropout(rate, seed=1, dtype=dtype)(x, training=True)
    y = tf.cast(y, tf.float32).numpy()
    sigma = np.sqrt(rate * (1 - rate) / y.size)
    assert abs((y == 0).mean() - rate) < 5 * sigma
    assert abs(y.mean() - 1) < 5 * sigma / (1 - rate) + 4e-3  # 1 / (1 - rate) in 8 bits


def test_dropout_repeats_with_its_seed_and_differs_from_call_to_call():
    x = np.ones((50, 50), "float32")
    one, two = layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3)
    first, second = one(x, training=True).numpy(), one(x, training=True).numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(first, two(x, training=True))
    np.testing.assert_array_equal(second, two(x, training=True))


# Messages


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: layers.Conv2D(0, 3), ("`filters`", "positive integer", "filters=0")),
        (lambda: layers.Conv2D(2.5, 3), ("`filters`", "filters=2.5")),
        (lambda: layers.Conv2D(2, (3, 3, 3)), ("`kernel_size`", "or a pair", "(3, 3, 3)")),
        (lambda: layers.Conv2D(2, True), ("`kernel_size`", "True")),
        (lambda: layers.Conv2D(2, 3, strides=0), ("`strides`", "strides=0")),
        (lambda: layers.Conv2D(2, 3, padding="full"), ("`padding`", "'same' or 'valid'", "full")),
        (lambda: layers.Conv2D(2, 3, padding=None), ("`padding`", "None")),
        (lambda: layers.Conv2D(2, 3, activation="elu"), ("`activation`", "'relu'", "'elu'")),
        (lambda: layers.MaxPool2D(-1), ("`pool_size`", "-1")),
        (lambda: layers.MaxPool2D(2, strides=0), ("`strides`", "strides=0")),
        (lambda: layers.Dense(0), ("`units`", "units=0")),
        (lambda: layers.Dense(2, activation=tf.nn.relu), ("`activation`", "Received")),
        (lambda: layers.Dropout(1), ("`rate`", "[0, 1)", "rate=1")),
        (lambda: layers.Dropout(-0.1), ("`rate`", "rate=-0.1")),
        (lambda: layers.Dropout("half"), ("`rate`", "'half'")),
        (lambda: layers.Dropout(True), ("`rate`", "True")),
        (lambda: layers.Dropout(0.5, seed=1.5), ("seed", "1.5")),
        (lambda: layers.Conv2D(2, 3)(np.ones((4, 4, 3))), ("4-D", "(4, 4, 3)")),
        (lambda: layers.Conv2D(2, 3).build((2, 4, 4, None)), ("known number of channels", "None")),
        (
            lambda: layers.Conv2D(2, 5, padding="valid")(np.ones((1, 4, 9, 3))),
            ("`kernel_size`", "'valid'", "(5, 5)", "(1, 4, 9, 3)"),
        ),
        (
            lambda: layers.MaxPool2D(3, padding="valid")(np.ones((1, 4, 2, 3))),
            ("`pool_size`", "'valid'", "(3, 3)", "(1, 4, 2, 3)"),
        ),
        (lambda: layers.MaxPool2D(2)(np.ones((4, 4))), ("4-D", "(4, 4)")),
        (lambda: layers.Flatten().build((2, None, 3)), ("a known length", "None")),
        (lambda: layers.Dense(2)(np.ones((2, 3, 4))), ("2-D", "Flatten", "(2, 3, 4)")),
    ],
)
def test_refuses_with_a_message_that_names_what_came(make, parts):
    with pytest.raises(ValueError, match=re.escape(parts[0])) as raised:
        make()
    message = str(raised.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Conv2D(3, (2, 3), (1, 2), "valid", "tanh"), (2, 6, 7, 3)),
        (layers.MaxPool2D((2, 3), 1, "valid"), (2, 6, 7, 3)),
        (layers.Dropout(0.3, seed=2), (2, 5)),
        (layers.Flatten(), (2, 3, 4)),
        (layers.Dense(3, "sigmoid"), (2, 5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_saved_and_loaded_layers_give_the_same(layer, shape, tmp_path):
    x = random_input(shape, 0)
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert loaded.layers[0].get_config() == layer.get_config()


def test_a_layer_of_ones_own_with_another_in_it_is_saved_and_loaded(tmp_path):
    @keras.saving.register_keras_serializable(package="tests")
    class TwoDense(layers.Dense):
        def build(self, input_shape):
            super().build(input_shape)
            self.second = layers.Dense(self.units)
            self.second.build((None, self.units))

        def call(self, x):
            return self.second(super().call(x))

    x = random_input((2, 5), 0)
    model = keras.Sequential([keras.Input((5,)), TwoDense(3)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
