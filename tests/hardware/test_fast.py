"""Gradients that are written out, against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from petkeras.hardware import devices
from petkeras.hardware import fast as gradients

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
    ours = wrap(lambda: first_and_second(gradients.multiply, x, kernel))()
    for our, theirs in zip(ours, first_and_second(tf.matmul, x, kernel), strict=True):
        np.testing.assert_allclose(our, theirs, rtol=1e-12)


def kernels_gradient(x, kernel):
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        cubes = tf.reduce_sum(gradients.multiply(x, kernel) ** 3)
    return tape.gradient(cubes, kernel)


@pytest.mark.parametrize(
    ("gpus", "xla", "moves"), [([], False, 1), (["0"], False, 0), ([], True, 0)]
)
def test_a_steps_memory_is_kept_in_one_piece_on_a_cpu(monkeypatch, gpus, xla, moves):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(devices, "uses_xla", lambda: xla)
    x, kernel = random_tensor((3, 4), 1), random_tensor((4, 2), 2)
    wanted = kernels_gradient(x, kernel)
    with gradients.memory_in_one_piece():
        step = tf.function(kernels_gradient).get_concrete_function(x, kernel)
    kinds = [operation.type for operation in step.graph.get_operations()]
    assert kinds.count("DeepCopy") == moves
    np.testing.assert_allclose(step(x, kernel), wanted, rtol=1e-12)


def test_and_only_in_there():
    with pytest.raises(ZeroDivisionError), gradients.memory_in_one_piece():
        raise ZeroDivisionError
    x, kernel = random_tensor((3, 4), 1), random_tensor((4, 2), 2)
    step = tf.function(kernels_gradient, jit_compile=True)  # XLA has no such operation
    np.testing.assert_allclose(step(x, kernel), kernels_gradient(x, kernel), rtol=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_those_of_a_convolution_are_tensorflows_and_have_gradients_too(
    compiled, padding, monkeypatch
):
    monkeypatch.setattr(gradients, "_gains", lambda x: True)
    x, kernel = random_tensor((2, 5, 6, 3), 1), random_tensor((3, 2, 3, 4), 2)
    wrap = tf.function if compiled else lambda function: function

    def written_out(x, kernel):
        return gradients.convolve(x, kernel, (1, 1), padding)

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
    ours = gradients.kernel_gradient(x, y, kernel.shape, padding)
    np.testing.assert_allclose(ours, tape.gradient(loss, kernel), rtol=1e-10, atol=1e-10)


def operations(x, kernel, strides=(1, 1)):
    """Name the kinds of operations that a convolution's gradients are made of."""

    def derive(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            y = tf.reduce_sum(gradients.convolve(x, kernel, strides, "SAME"))
        return tape.gradient(y, kernel)

    graph = tf.function(derive).get_concrete_function(x, kernel).graph
    return {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize("slow", [False, True])
def test_only_where_tensorflow_is_slow_it_is_written_out(slow, monkeypatch):
    monkeypatch.setattr(devices, "convolves_slowly_backward", lambda: slow)
    x, kernel = (
        random_tensor((2, 8, 8, 16), 1, "float32"),
        random_tensor((3, 3, 16, 4), 2, "float32"),
    )
    assert ("Conv2DBackpropFilter" in operations(x, kernel)) is not slow
    assert "Conv2DBackpropFilter" in operations(x, kernel, strides=(2, 2))
    few = x[..., :3], kernel[:, :, :3]  # channels
    assert "Conv2DBackpropFilter" in operations(*few)
    assert "Conv2DBackpropFilter" in operations(
        tf.cast(x, tf.bfloat16), tf.cast(kernel, tf.bfloat16)
    )
