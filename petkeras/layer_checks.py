"""Checks of the layers' arguments, and the base class that checks every input.

Keras's `InputSpec` also checks the rank and the channels, but its messages do not say what to do,
and it does not notice a window larger than the image.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from petkeras.errors import check_argument, is_integer


class CheckedLayer(keras.layers.Layer):
    """A Keras layer that checks every input; `build` sees only the shape of the first one."""

    window = None  # height and width of the window, in layers that slide one

    def __call__(self, x, *args, **kwargs):
        if hasattr(x, "shape"):
            _check_dtype(self, x)
            self.compute_output_shape(tuple(x.shape))  # raises if the shape does not fit
            if self.window and self.padding == "valid" and isinstance(x, tf.Tensor):
                x = _check_size_at_run_time(self, x)
        return super().__call__(x, *args, **kwargs)


def _check_dtype(layer, x):
    """Reject integers: a convolution does not accept them, and dropout would round its results."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(
            f"{type(layer).__name__}: the input must have a floating-point dtype; convert it with "
            f"`tf.cast(x, 'float32')`. Received: dtype={dtype}"
        )


def _check_size_at_run_time(layer, x):
    """Return the images; if their size is unknown until the graph runs, check it then.

    Without this check, on the CPU a convolution whose kernel is larger than the image returns
    uninitialized memory, and a pooling window that is too large crashes the process.
    """
    if None not in x.shape[1:3]:
        return x
    height, width = layer.window
    message = (
        f"{type(layer).__name__}: without padding the input must be at least {height} pixels high "
        f"and {width} wide."
    )
    check = tf.debugging.assert_greater_equal(tf.shape(x)[1:3], layer.window, message)
    with tf.control_dependencies([check]):
        return tf.identity(x)


def positive_integer(layer, argument, value):
    """Return a positive integer as a Python `int`, because a config cannot hold NumPy's."""
    is_valid = is_integer(value) and value > 0
    check_argument(layer, argument, value, is_valid, "a positive integer")
    return int(value)


def two_integers(layer, argument, value):
    """Return (height, width) for `value` or `(value, value)`."""
    try:
        height, width = (value, value) if is_integer(value) else value
        is_pair = is_integer(height) and is_integer(width) and height > 0 and width > 0
    except (TypeError, ValueError):
        is_pair = False
    check_argument(layer, argument, value, is_pair, "a positive integer or a pair of them")
    return int(height), int(width)


def check_padding(layer, value):
    is_valid = isinstance(value, str) and value.lower() in ("same", "valid")
    check_argument(layer, "padding", value, is_valid, "'same' or 'valid'")
    return value.lower()


def check_activation(layer, value, allowed):
    is_valid = (value is None or isinstance(value, str)) and value in allowed
    expected = f"one of {', '.join(map(repr, allowed))}"
    check_argument(layer, "activation", value, is_valid, expected)
    return value


def get_initializer(layer, argument, value):
    try:
        initializer = keras.initializers.get(value)
    except (TypeError, ValueError):
        initializer = None
    is_valid = initializer is not None
    check_argument(layer, argument, value, is_valid, "a Keras initializer or its name")
    return initializer


def get_channels(layer, input_shape):
    """Return the number of channels of an NHWC shape; raise a ValueError if the shape is wrong."""
    if len(input_shape) != 4 or input_shape[3] is None:
        raise ValueError(
            f"{layer}: the input must be 4-D, (batch, height, width, channels), with a known "
            f"number of channels. Received: shape={tuple(input_shape)}"
        )
    if 0 in input_shape:  # for an empty image TensorFlow's convolution returns a wrong shape
        raise ValueError(
            f"{layer}: the input must hold an image, with height, width and channels above 0. "
            f"Received: shape={tuple(input_shape)}"
        )
    return input_shape[3]


def get_features(layer, input_shape):
    """Return the number of features of a 2-D shape; raise a ValueError if the shape is wrong."""
    if len(input_shape) != 2 or not input_shape[1]:
        raise ValueError(
            f"{layer}: the input must be 2-D, (batch, features), with a known number of features; "
            f"add a Flatten before it. Received: shape={tuple(input_shape)}"
        )
    return input_shape[1]


def check_window(layer, argument, window, padding, input_shape):
    """Reject a window that is larger than an image without padding."""
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
    """Return how many windows fit along height and width; `None` where a size is unknown."""
    counts = []
    for size, side, stride in zip(input_shape[1:3], window, strides, strict=True):
        if size is None:
            counts.append(None)
        elif padding == "same":
            counts.append(-(-size // stride))
        else:
            counts.append((size - side) // stride + 1)
    return counts
