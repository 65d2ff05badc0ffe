"""What the layers have in common: what they refuse, in Keras's words, and how they are saved."""

from __future__ import annotations

import numbers

import keras
import numpy as np
import tensorflow as tf


class CheckedLayer(keras.layers.Layer):
    """A Keras layer that checks every input, where `build` sees only the first one's shape."""

    window = None  # height and width of the window, in layers that slide one

    def __call__(self, x, *args, **kwargs):
        if hasattr(x, "shape"):
            _check_dtype(type(self).__name__, x)
            self.compute_output_shape(tuple(x.shape))  # complains of a shape that does not fit
            if self.window and self.padding == "valid" and isinstance(x, tf.Tensor):
                x = _fitting(type(self).__name__, self.window, x)
        return super().__call__(x, *args, **kwargs)

    def save_own_variables(self, store):
        """Hand over each weight where it lies: Keras would copy it twice, for `fc1` 822 MB."""
        own = {}
        super().save_own_variables(own)
        for name, weight in own.items():
            store[name] = _InPlace(weight)


class _InPlace:
    """A weight that NumPy reads, even as `np.array`, without a copy of it."""

    def __init__(self, weight):
        self.weight = weight

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.weight.value.read_value(), dtype)


def positive_integer(layer, argument, value):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(
            f"{layer}: `{argument}` must be a whole number above 0. Received: {argument}={value!r}"
        )
    return int(value)  # NumPy's integers, too, which no config could hold


def two_integers(layer, argument, value):
    """Return (height, width) for `value` or `(value, value)`."""
    pair = (value, value) if isinstance(value, numbers.Integral) else value
    try:
        height, width = pair
        return (
            positive_integer(layer, argument, height),
            positive_integer(layer, argument, width),
        )
    except (TypeError, ValueError):
        raise ValueError(
            f"{layer}: `{argument}` must be a whole number above 0, or two. "
            f"Received: {argument}={value!r}"
        ) from None


def check_padding(layer, value):
    if not isinstance(value, str) or value.lower() not in ("same", "valid"):
        raise ValueError(
            f"{layer}: `padding` must be 'same' or 'valid'. Received: padding={value!r}"
        )
    return value.lower()


def check_activation(layer, value, allowed):
    if not (value is None or isinstance(value, str)) or value not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ValueError(
            f"{layer}: `activation` must be one of {names}. Received: activation={value!r}"
        )
    return value


def get_initializer(layer, argument, value):
    try:
        initializer = keras.initializers.get(value)
    except (TypeError, ValueError):
        initializer = None
    if initializer is None:
        raise ValueError(
            f"{layer}: `{argument}` must be one of `keras.initializers`, or its name. "
            f"Received: {argument}={value!r}"
        )
    return initializer


def get_channels(layer, input_shape):
    """Return the last axis of an NHWC shape, or say what is wrong with the shape."""
    if len(input_shape) != 4 or input_shape[3] is None:
        raise ValueError(
            f"{layer}: the input must have rank 4, (batch, height, width, channels), with known "
            f"channels. Received: shape={tuple(input_shape)}"
        )
    if 0 in input_shape:  # of nothing, TensorFlow's convolution on the CPU gives a wrong shape
        raise ValueError(
            f"{layer}: the input must hold a picture, with height, width and channels above 0. "
            f"Received: shape={tuple(input_shape)}"
        )
    return input_shape[3]


def get_features(layer, input_shape):
    """Return the last axis of a (batch, features) shape, or say what is wrong with the shape."""
    if len(input_shape) != 2 or not input_shape[1]:
        raise ValueError(
            f"{layer}: the input must have rank 2, (batch, features), with known features; "
            f"put a Flatten before it. Received: shape={tuple(input_shape)}"
        )
    return input_shape[1]


def _check_dtype(layer, x):
    """Refuse whole numbers: a convolution cannot take them, a dropout would round them."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(
            f"{layer}: the input must be floating-point numbers; `tf.cast(x, 'float32')` makes "
            f"them. Received: dtype={dtype}"
        )


def _fitting(layer, window, x):
    """Return the pictures, and where their size is unknown until the graph runs, check it then.

    On the CPU, TensorFlow gives out memory that nobody wrote for a convolution whose kernel fits
    nowhere, and a pool that fits nowhere ends the process.
    """
    if None not in x.shape[1:3]:
        return x
    high, wide = window
    message = (
        f"{layer}: without padding, the input must be {high} pixels high and {wide} wide, or more."
    )
    check = tf.debugging.assert_greater_equal(tf.shape(x)[1:3], window, message)
    with tf.control_dependencies([check]):
        return tf.identity(x)


def check_window(layer, argument, window, padding, input_shape):
    """Refuse a window that fits nowhere into a picture without padding."""
    too_large = any(
        size is not None and side > size
        for side, size in zip(window, input_shape[1:3], strict=True)
    )
    if padding == "valid" and too_large:
        raise ValueError(
            f"{layer}: with padding='valid', `{argument}` must be at most the input's height and "
            f"width. Received: {argument}={window}, shape={tuple(input_shape)}"
        )


def count_windows(input_shape, window, strides, padding):
    """Count the places of a window along height and width; None where a size is unknown."""
    counts = []
    for size, side, stride in zip(input_shape[1:3], window, strides, strict=True):
        if size is None:
            counts.append(None)
        elif padding == "same":
            counts.append(-(-size // stride))
        else:
            counts.append((size - side) // stride + 1)
    return counts
