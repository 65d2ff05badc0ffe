"""Loss and accuracy against NumPy, Keras and a numerical gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from petkeras import losses


def batch(seed, examples, classes, scale=3.0):
    rng = np.random.default_rng(seed)
    labels = np.eye(classes, dtype="float32")[rng.integers(0, classes, examples)]
    return labels, rng.normal(scale=scale, size=(examples, classes)).astype("float32")


@given(st.integers(0, 2**16), st.integers(1, 6), st.integers(2, 7), st.floats(0.1, 30))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_agrees_with_numpy_and_keras(seed, examples, classes, scale):
    labels, logits = batch(seed, examples, classes, scale)
    exact = logits.astype(np.float64)
    log_sum = np.log(np.exp(exact - exact.max(1, keepdims=True)).sum(1)) + exact.max(1)
    ours = losses.softmax_cross_entropy(labels, logits).numpy()
    np.testing.assert_allclose(ours, log_sum - (labels * exact).sum(1), rtol=1e-5, atol=1e-5)
    kerass = keras.losses.categorical_crossentropy(labels, logits, from_logits=True)
    np.testing.assert_allclose(ours, kerass, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(
        losses.accuracy(labels, logits), logits.argmax(1) == labels.argmax(1)
    )


def test_gradient_agrees_with_finite_differences():
    labels, logits = batch(0, 4, 3)
    x = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(losses.softmax_cross_entropy(labels, x))
    gradient = tape.gradient(loss, x).numpy()
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-2
        above = tf.reduce_sum(losses.softmax_cross_entropy(labels, logits + step))
        below = tf.reduce_sum(losses.softmax_cross_entropy(labels, logits - step))
        np.testing.assert_allclose(gradient[place], (above - below) / 2e-2, atol=1e-3)


def test_stays_finite_for_huge_logits_and_computes_in_float32():
    loss = losses.softmax_cross_entropy([[1, 0]], tf.constant([[-1e4, 1e4]], tf.bfloat16))
    assert loss.dtype == tf.float32
    assert float(loss[0]) == pytest.approx(2e4, rel=1e-2)


@pytest.mark.parametrize("function", [losses.softmax_cross_entropy, losses.accuracy])
def test_refuses_shapes_that_differ(function):
    with pytest.raises(ValueError, match=r"labels \(2, 3\), logits \(2, 2\)"):
        function(np.eye(3)[:2], np.eye(2))
    with pytest.raises(ValueError, match="one-hot"):
        function(np.zeros(2), np.zeros(2))
