"""The quicker gradients, against TensorFlow's own; the calls that use them."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from petkeras import layers
from petkeras.hardware import devices, fast_gradients
from petkeras.hardware.fast_gradients import replaced_calls
from petkeras.models import pet_net
from petkeras.optimizers import Adam
from petkeras.recipes import MODERN
from petkeras.training import train_step

sizes = st.integers(1, 4)


def random_tensor(shape, seed, dtype="float64"):
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def first_and_second(operation, x, kernel):
    """Return the gradients of a lopsided sum of what comes out, and of those gradients' squares."""
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, kernel])
        with tf.GradientTape() as inner:
            inner.watch([x, kernel])
            cubes = tf.reduce_sum(operation(x, kernel) ** 3)
        first = inner.gradient(cubes, [x, kernel])
        squares = sum(tf.reduce_sum(gradient**2) for gradient in first)
    return [*first, *outer.gradient(squares, [x, kernel])]


@pytest.mark.parametrize("compiled", [False, True])
def test_those_of_a_product_are_tensorflows_and_have_gradients_too(compiled):
    x, kernel = random_tensor((3, 4), 1), random_tensor((4, 2), 2)
    wrap = tf.function if compiled else lambda function: function
    ours = wrap(lambda: first_and_second(fast_gradients.multiply, x, kernel))()
    for our, theirs in zip(ours, first_and_second(tf.matmul, x, kernel), strict=True):
        np.testing.assert_allclose(our, theirs, rtol=1e-12)


def dense_model():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2)])


def count_copies(model, x):
    """Count the inputs that a traced step of a model moves."""
    kernel = model.layers[0].kernel

    @tf.function
    def step(x):
        with fast_gradients.replaced_calls(model), tf.GradientTape() as tape:
            cubes = tf.reduce_sum(model(x, training=True) ** 3)
        return tape.gradient(cubes, kernel.value)

    with tf.GradientTape() as tape:
        cubes = tf.reduce_sum(model(x, training=True) ** 3)
    np.testing.assert_allclose(step(x), tape.gradient(cubes, kernel.value), rtol=1e-5)
    operations = step.get_concrete_function(x).graph.get_operations()
    return [operation.type for operation in operations].count("DeepCopy")


@pytest.mark.parametrize(
    ("gpus", "xla", "moves"), [([], False, 1), (["0"], False, 0), ([], True, 0)]
)
def test_a_steps_memory_is_kept_in_one_piece_on_a_cpu(monkeypatch, gpus, xla, moves):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(devices, "uses_xla", lambda: xla)
    assert count_copies(dense_model(), random_tensor((3, 4), 1, "float32")) == moves


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_those_of_a_convolution_are_tensorflows_and_have_gradients_too(compiled, padding):
    x, kernel = random_tensor((2, 5, 6, 3), 1), random_tensor((3, 2, 3, 4), 2)
    wrap = tf.function if compiled else lambda function: function

    def written_out(x, kernel):
        return fast_gradients.convolve(x, kernel, padding)

    def tensorflows(x, kernel):
        return tf.nn.conv2d(x, kernel, 1, padding)

    np.testing.assert_array_equal(written_out(x, kernel), tensorflows(x, kernel))
    ours = wrap(lambda: first_and_second(written_out, x, kernel))()
    for our, theirs in zip(ours, first_and_second(tensorflows, x, kernel), strict=True):
        np.testing.assert_allclose(our, theirs, rtol=1e-10, atol=1e-10)


@given(
    kernel_size=st.tuples(sizes, sizes),
    more=st.tuples(sizes, sizes),
    pictures=st.integers(0, 3),
    channels=st.tuples(sizes, sizes),
    padding=st.sampled_from(["SAME", "VALID"]),
    seed=st.integers(0, 2**16),
)
def test_a_kernels_gradient_is_tensorflows(kernel_size, more, pictures, channels, padding, seed):
    high, wide = (window + extra - 1 for window, extra in zip(kernel_size, more, strict=True))
    x = random_tensor((pictures, high, wide, channels[0]), seed)
    kernel = random_tensor((*kernel_size, *channels), seed + 1)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        y = tf.nn.conv2d(x, kernel, 1, padding)
        loss = tf.reduce_sum(y**2) / 2
    ours = fast_gradients.kernel_gradient(x, y, kernel.shape, padding)
    np.testing.assert_allclose(ours, tape.gradient(loss, kernel), rtol=1e-10, atol=1e-10)


def operations(layer, x):
    """Name the kinds of operations in a convolution's traced step."""
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])

    @tf.function
    def step(x):
        with fast_gradients.replaced_calls(model), tf.GradientTape() as tape:
            total = tf.reduce_sum(model(x, training=True))
        return tape.gradient(total, layer.kernel.value)

    graph = step.get_concrete_function(x).graph
    return {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize("slow", [False, True])
def test_only_where_tensorflow_is_slow_it_is_written_out(slow, monkeypatch):
    monkeypatch.setattr(devices, "convolves_slowly_backward", lambda: slow)
    x = random_tensor((2, 8, 8, 16), 1, "float32")
    assert ("Conv2DBackpropFilter" in operations(layers.Conv2D(4, 3), x)) is not slow
    assert "Conv2DBackpropFilter" in operations(layers.Conv2D(4, 3, strides=2), x)
    assert "Conv2DBackpropFilter" in operations(layers.Conv2D(4, 3, dilation_rate=2), x)
    assert "Conv2DBackpropFilter" in operations(layers.Conv2D(4, 3), x[..., :3])  # few channels
    assert "Conv2DBackpropFilter" in operations(layers.Conv2D(4, 3, dtype="mixed_bfloat16"), x)


# Replaced calls


def small_model():
    return pet_net(image_size=12, recipe=MODERN, seed=1)


def test_calls_are_replaced_in_the_block_only(monkeypatch):
    monkeypatch.setattr(devices, "convolves_slowly_backward", lambda: True)
    model = small_model()
    before = [layer.call for layer in model.layers]
    with fast_gradients.replaced_calls(model):
        replaced = [layer.name for layer in model.layers if "call" in vars(layer)]
    # conv1_1 has three channels, too few
    assert replaced == [
        "conv1_2", "drop1", "conv2_1", "conv2_2", "drop2", "fc1", "drop3", "softmax",
    ]  # fmt: skip
    with pytest.raises(ZeroDivisionError), fast_gradients.replaced_calls(model):
        raise ZeroDivisionError
    assert [layer.call for layer in model.layers] == before
    assert not any("call" in vars(layer) for layer in model.layers)


def test_layers_of_somebody_elses_are_left_alone():
    class Mine(layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    class Regularized(layers.Dense):
        pass

    with_more = layers.Dense(3)
    with_more.get_config = lambda: {"units": 3, "lora_rank": 2}
    patched = layers.Dense(3)
    patched.call = lambda x: x
    others = [Mine(3), Regularized(3), with_more, patched, keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((3,)), *others])
    calls = [layer.call for layer in others]
    with fast_gradients.replaced_calls(model):
        assert [layer.call for layer in others] == calls


def test_layers_with_further_arguments_have_the_same_values(monkeypatch):
    monkeypatch.setattr(devices, "convolves_slowly_backward", lambda: True)
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 9)).astype("float32")

    def outputs_and_gradients(wrap):
        keras.utils.set_random_seed(0)
        parts = [
            layers.Conv2D(9, 3, use_bias=False, activation=keras.activations.mish),
            layers.Conv2D(9, 3, dilation_rate=2, kernel_regularizer="l2"),
            layers.Dropout(0.5, seed=1, noise_shape=(None, 1, 1, None)),
            layers.Dense(4, "elu", use_bias=False),  # of each pixel
            layers.Flatten(),
            layers.Dense(2, use_bias=False, kernel_constraint="non_neg"),
        ]
        model = keras.Sequential([keras.Input((8, 8, 9)), *parts])

        @tf.function
        def step():
            with wrap(model), tf.GradientTape() as tape:
                logits = model(images, training=True)
                loss = tf.reduce_sum(logits**2) + sum(model.losses)
            return [logits, *tape.gradient(loss, model.trainable_variables)]

        return step()

    results = map(outputs_and_gradients, (replaced_calls, contextlib.nullcontext))
    for mine, plain in zip(*results, strict=True):
        scale = np.abs(plain).max()
        np.testing.assert_allclose(mine / scale, plain / scale, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "float64"])
def test_a_step_has_the_same_values_with_replaced_calls_and_without(monkeypatch, dtype):
    monkeypatch.setattr(devices, "convolves_slowly_backward", lambda: True)
    images = np.random.default_rng(0).normal(size=(6, 12, 12, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1, 0]]

    def step_by_sgd(wrap):
        model = pet_net(image_size=12, recipe=MODERN, seed=1, dtype=dtype)
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(model.trainable_variables)

        @tf.function
        def step():
            with wrap(model):
                return train_step(model, optimizer, images, labels)

        loss, accuracy, gradients = step()
        return [loss, accuracy, *gradients, *model.trainable_variables]

    results = step_by_sgd(fast_gradients.replaced_calls), step_by_sgd(contextlib.nullcontext)
    tolerance = 1e-5 if dtype != "mixed_bfloat16" else 2e-2
    for mine, plain in zip(*results, strict=True):
        mine, plain = np.asarray(mine, np.float64), np.asarray(plain, np.float64)
        scale = np.abs(plain).max() or 1.0
        np.testing.assert_allclose(mine / scale, plain / scale, atol=tolerance)


def test_a_step_changes_large_kernels_where_they_lie():
    """A kernel that is still read when Adam changes it would be copied: 411 MB for `fc1`."""
    wide, deep = layers.Dense(300, "relu"), layers.Dense(200)
    model = keras.Sequential([keras.Input((3000,)), wide, deep, layers.Dense(2)])
    optimizer = Adam(1e-3)
    optimizer.build(model.trainable_variables)
    images = np.random.default_rng(0).normal(size=(10, 3000)).astype("float32")

    @tf.function
    def step():
        with replaced_calls(model):
            return train_step(model, optimizer, images, np.eye(2)[[0, 1] * 5])[0]

    def addresses():
        kernels = (layer.kernel.value.read_value() for layer in (wide, deep))
        return [k._numpy_internal().__array_interface__["data"][0] for k in kernels]

    step()
    before = addresses()
    for _ in range(30):
        step()
        assert addresses() == before
