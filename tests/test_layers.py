"""The numbers of the five layers, against Keras's own layers and NumPy; their messages."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import petkeras as pk
from petkeras import layers

sides = st.integers(3, 9)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.sampled_from(["same", "valid"])
activations = st.sampled_from(list(layers.ACTIVATIONS))
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
    use_bias=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=seeds,
)
def test_conv2d_agrees_with_keras(
    shape, filters, kernel_size, strides, padding, activation, use_bias, dtype, seed
):
    arguments = {
        "filters": filters,
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": padding,
        "activation": activation,
        "use_bias": use_bias,
        "dtype": dtype,
    }
    ours, kerass = layers.Conv2D(**arguments), keras.layers.Conv2D(**arguments)
    assert_same(ours, kerass, random_input(shape, seed, dtype))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("dilation_rate", [2, (2, 3), (1, 3)])
def test_a_dilated_conv2d_agrees_with_keras_in_gradients_too(dilation_rate, padding):
    arguments = {"dilation_rate": dilation_rate, "padding": padding}
    ours, kerass = (
        layers.Conv2D(4, (2, 3), **arguments),
        keras.layers.Conv2D(4, (2, 3), **arguments),
    )
    x = random_input((2, 9, 8, 3), 0)
    assert_same(ours, kerass, x)
    in_a_graph = tf.function(ours, input_signature=[tf.TensorSpec((None, None, None, 3))])
    np.testing.assert_allclose(in_a_graph(x), ours(x), rtol=1e-5, atol=1e-5)
    assert ours.compute_output_shape(x.shape) == kerass.compute_output_shape(x.shape)


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
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple),
    units=st.integers(2, 6),
    activation=activations,
    use_bias=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=seeds,
)
def test_dense_agrees_with_keras(shape, units, activation, use_bias, dtype, seed):
    ours = layers.Dense(units, activation, use_bias=use_bias, dtype=dtype)
    kerass = keras.layers.Dense(units, activation, use_bias=use_bias, dtype=dtype)
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


@pytest.mark.parametrize("noise_shape", [(None, 1, 1, None), (4, 1, 1, 3)])
def test_dropout_drops_together_what_shares_one_of_the_noise_shape(noise_shape):
    x = np.ones((4, 5, 6, 3), "float32")
    dropout = layers.Dropout(0.5, seed=1, noise_shape=noise_shape)
    graph = tf.function(
        lambda x: dropout(x, training=True), input_signature=[tf.TensorSpec((None, None, None, 3))]
    )
    for y in (dropout(x, training=True).numpy(), graph(x).numpy()):
        np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))  # whole maps
        assert set(y.ravel().tolist()) == {0.0, 2.0}


def test_dropout_layers_can_share_a_seed_generator():
    x = np.ones((9, 9), "float32")
    shared, twin = keras.random.SeedGenerator(3), keras.random.SeedGenerator(3)
    drawn = [layers.Dropout(0.5, shared)(x, training=True) for _ in range(2)]
    one = layers.Dropout(0.5, twin)
    for mask in drawn:
        np.testing.assert_array_equal(mask, one(x, training=True))
    assert one.get_config()["seed"] == 3


def test_dropout_and_dense_pass_a_mask_on():
    ids = np.array([[1, 2, 0, 0]])
    x = keras.layers.Embedding(10, 4, mask_zero=True)(ids)
    for layer in (layers.Dropout(0.3), layers.Dense(2)):
        mask = keras.src.backend.get_keras_mask(layer(x))
        np.testing.assert_array_equal(mask, ids > 0)


# Activations


def square(x):
    return x * x


@pytest.mark.parametrize(
    ("activation", "saved"),
    [
        (tf.nn.relu, "relu"),
        (keras.activations.relu, "relu"),
        (tf.nn.swish, "silu"),
        ("mish", "mish"),
        (keras.activations.hard_sigmoid, "hard_sigmoid"),
        ("linear", "linear"),
    ],
)
def test_activations_are_taken_by_name_or_as_functions(activation, saved):
    layer, twin = layers.Dense(3, activation), keras.layers.Dense(3, activation)
    assert_same(layer, twin, random_input((4, 5), 0))
    assert layer.get_config()["activation"] == saved
    assert layers.Dense.from_config(layer.get_config()).get_config() == layer.get_config()


def test_an_activation_of_ones_own_is_loaded_once_it_is_registered(tmp_path):
    registered = keras.saving.register_keras_serializable(package="test_layers")(square)
    x = random_input((2, 5), 0)
    for activation in (registered, keras.layers.LeakyReLU(0.1), "mish"):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(3, activation)])
        model.save(tmp_path / "model.keras")
        np.testing.assert_array_equal(pk.load_model(tmp_path / "model.keras")(x), model(x))

    def cube(x):
        return x**3

    model = keras.Sequential([keras.Input((5,)), layers.Dense(3, cube)])
    np.testing.assert_allclose(model(x), (x @ model.get_weights()[0]) ** 3, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    with pytest.raises(pk.PetkerasError, match=r"requests code \(builtins.cube\)"):
        pk.load_model(tmp_path / "model.keras")


def test_a_function_named_like_one_of_kerass_is_refused():
    def relu(x):
        return tf.minimum(tf.nn.relu(x), 6)

    with pytest.raises(ValueError, match=r"^Dense: `activation` must not .*activation=relu$"):
        layers.Dense(2, relu)


def test_the_activation_can_be_taken_off_as_in_keras():
    x = random_input((2, 5), 0)
    for activation in (None, keras.activations.linear):
        layer = layers.Dense(3, "softmax")
        layer(x)
        layer.activation = activation
        np.testing.assert_allclose(layer(x), x @ layer.kernel.numpy(), rtol=1e-5, atol=1e-6)
        json.dumps(layer.get_config())


# As in Keras


def test_names_and_calls_of_keras_work():
    assert layers.MaxPooling2D is layers.MaxPool2D
    x = random_input((2, 4, 4, 3), 0)
    made = [layers.Conv2D(2, 3, data_format=None), layers.MaxPool2D(), layers.Flatten()]
    for layer in (*made, layers.Dropout(0.5), layers.Dense(2)):
        np.testing.assert_array_equal(layer(inputs=x), layer(x))
        with pytest.raises(TypeError, match="call the layer with an input"):
            layer()
    layers.Conv2D(2, 3, groups=1, lora_rank=None)
    layers.Dense(2, lora_rank=None, quantization_config=None)


def test_configs_of_earlier_versions_are_read():
    zeros = {"class_name": "Zeros", "module": "keras.initializers", "config": {}}
    weights = {"activation": None, "kernel_initializer": zeros, "bias_initializer": zeros}
    window = {"kernel_size": [3, 2], "strides": [1, 2], "padding": "valid"}
    conv = layers.Conv2D.from_config({"name": "c", "filters": 4, **window, **weights})
    assert conv(np.ones((1, 5, 5, 3))).shape == (1, 3, 2, 4)
    assert (conv.use_bias, conv.dilation_rate, conv.kernel_regularizer) == (True, (1, 1), None)
    dense = layers.Dense.from_config({"units": 4, **weights, "activation": "relu"})
    assert dense.activation is tf.nn.relu
    assert layers.Dropout.from_config({"rate": 0.5, "seed": 1}).noise_shape is None
    layers.Flatten.from_config({"name": "flatten"})


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
        (lambda: layers.Conv2D(2, 3, activation="nope"), ("`activation`", "'relu'", "'nope'")),
        (
            lambda: layers.Conv2D(2, 3, strides=(1, 2), dilation_rate=2),
            ("`strides` and `dilation_rate`", "as in Keras", "(1, 2)", "(2, 2)"),
        ),
        (
            lambda: layers.Conv2D(2, 3, data_format="channels_first"),
            ("`data_format`", "convolves on a CPU", "Permute", "'channels_first'"),
        ),
        (
            lambda: layers.Conv2D(2, 3, groups=2),
            ("`groups` must be 1", "use keras.layers.Conv2D", "groups=2"),
        ),
        (lambda: layers.Conv2D(2, 3, lora_rank=4), ("`lora_rank`", "LoRA is not supported", "4")),
        (lambda: layers.Dense(2, lora_rank=4), ("`lora_rank`", "LoRA is not supported", "4")),
        (
            lambda: layers.Dense(2, dtype="int8_from_float32"),
            ("`dtype`", "quantization is not supported", "int8_from_float32"),
        ),
        (lambda: layers.MaxPool2D(-1), ("`pool_size`", "-1")),
        (lambda: layers.MaxPool2D(2, strides=0), ("`strides`", "strides=0")),
        (lambda: layers.Dense(0), ("`units`", "units=0")),
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
        (lambda: layers.Flatten()(np.ones((2, 0, 3))), ("length above 0", "(2, 0, 3)")),
        (lambda: layers.Dense(2).build((2, None)), ("known number of features", "(2, None)")),
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
        (
            layers.Conv2D(
                3,
                2,
                activation="mish",
                dilation_rate=(2, 1),
                use_bias=False,
                kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                kernel_constraint=keras.constraints.UnitNorm(axis=[0, 1, 2]),
            ),
            (2, 6, 7, 3),
        ),
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
    loaded = pk.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert loaded.layers[0].get_config() == layer.get_config()
    assert [float(loss) for loss in loaded.losses] == [float(loss) for loss in model.losses]


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
