"""Checks of the layers' arguments, and the base class that checks every input.

Keras's `InputSpec` also checks the rank and the channels, but its messages do not say what to do,
and it does not notice a window larger than the image.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.errors import check_argument, is_integer

# The arguments that take one of Keras's objects, or its name, and are saved as its config.
PARTS = (
    "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "kernel_constraint", "bias_constraint",
)  # fmt: skip
# Keras's arguments that petkeras does not have: the only value that is accepted, and the reason.
UNSUPPORTED = {
    "groups": (1, "grouped convolutions are not supported; use keras.layers.Conv2D"),
    "lora_rank": (None, "LoRA is not supported; use Keras's own layer"),
    "lora_alpha": (None, "LoRA is not supported; use Keras's own layer"),
    "quantization_config": (None, "quantization is not supported; use Keras's own layer"),
}


class CheckedLayer(keras.layers.Layer):
    """A Keras layer that checks every input, and casts integers to its compute dtype."""

    window = None  # height and width that the window spans, in layers that slide one

    def __init__(self, **kwargs):
        name = type(self).__name__
        for argument in UNSUPPORTED.keys() & kwargs:
            (default, reason), value = UNSUPPORTED[argument], kwargs.pop(argument)
            check_argument(name, argument, value, value == default, f"{default}: {reason}")
        super().__init__(**kwargs)
        is_quantized = isinstance(self.dtype_policy, keras.dtype_policies.QuantizedDTypePolicy)
        expected = "unquantized: quantization is not supported; use Keras's own layer"
        check_argument(name, "dtype", self.dtype_policy.name, not is_quantized, expected)
        self.built = type(self).build is keras.layers.Layer.build  # nothing to build: no weights

    def __call__(self, x=None, *args, inputs=None, **kwargs):
        x = inputs if x is None else x  # `inputs` is what Keras's layers call it
        if x is None:
            raise TypeError(f"{type(self).__name__}: call the layer with an input, as in layer(x).")
        if hasattr(x, "shape"):
            x = _cast_integers(self, x)
            self.compute_output_shape(tuple(x.shape))  # raises if the shape does not fit
            if self.window and self.padding == "valid" and isinstance(x, tf.Tensor):
                x = _check_size_at_run_time(self, x)
        return super().__call__(x, *args, **kwargs)


def _cast_integers(layer, x):
    """Return an input with a floating-point dtype.

    A convolution does not accept integers, and dropout would round its results. A symbolic input is
    returned as it is, and cast when the model runs.
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if keras.backend.is_float_dtype(dtype):
        return x
    if dtype != "bool" and not keras.backend.is_int_dtype(dtype):
        raise ValueError(
            f"{type(layer).__name__}: the input must have a floating-point, integer or bool dtype. "
            f"Received: dtype={dtype}"
        )
    return x if isinstance(x, keras.KerasTensor) else tf.cast(x, layer.compute_dtype)


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


# Arguments


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


def dilation_pair(layer, argument, value, strides):
    """Return a dilation as (height, width), if it can be combined with the strides."""
    dilation = two_integers(layer, argument, value)
    if max(dilation) > 1 and max(strides) > 1:
        raise ValueError(
            f"{layer}: `strides` and `{argument}` must not both be above 1, as in Keras. "
            f"Received: strides={strides}, {argument}={dilation}"
        )
    return dilation


def check_padding(layer, value):
    is_valid = isinstance(value, str) and value.lower() in ("same", "valid")
    check_argument(layer, "padding", value, is_valid, "'same' or 'valid'")
    return value.lower()


def check_data_format(layer, value):
    """Return `"channels_last"`, which is also what `None` means, whatever `keras.json` says."""
    is_valid = value is None or value == "channels_last"
    expected = (
        "'channels_last': images are (batch, height, width, channels), the only order that "
        "TensorFlow convolves on a CPU. Convert yours with `keras.layers.Permute((2, 3, 1))`"
    )
    check_argument(layer, "data_format", value, is_valid, expected)
    return "channels_last"


def check_flag(layer, argument, value):
    check_argument(layer, argument, value, isinstance(value, bool | np.bool_), "True or False")
    return bool(value)


def get_activation(layer, value, table):
    """Return the function that an activation's name, function or config stands for.

    Names are looked up in `table` first, and then in `keras.activations`.
    """
    if value is None or (isinstance(value, str) and value in table):
        return table[value]
    try:
        function = keras.activations.get(value)
    except (TypeError, ValueError):
        function = None
    expected = f"a function, or one of {', '.join(map(repr, table))} or Keras's other activations"
    check_argument(layer, "activation", value, function is not None, expected)
    if function in table.values():
        return function
    name = getattr(function, "__name__", "")
    if getattr(keras.activations, name, function) is not function:
        raise ValueError(
            f"{layer}: `activation` must not be a function of your own that has the name of one of "
            f"Keras's activations, because a saved model would load with Keras's. Rename it. "
            f"Received: activation={name}"
        )
    return function


def serialize_activation(function, table):
    """Return the name under which `get_activation` finds a function, or its config."""
    for name, known in table.items():
        if function is known:
            return name
    return None if function is None else keras.activations.serialize(function)


def get_part(layer, argument, value):
    """Return the initializer, regularizer or constraint that an argument stands for."""
    kind = argument.rpartition("_")[2]
    try:
        part = getattr(keras, f"{kind}s").get(value)
        is_valid = part is not None or kind != "initializer"  # the others may be None
    except (TypeError, ValueError):
        is_valid = False
    check_argument(layer, argument, value, is_valid, f"a Keras {kind} or its name")
    return part


def serialize_parts(layer):
    """Return the configs of a layer's initializers, regularizers and constraints, by argument."""
    return {name: keras.saving.serialize_keras_object(getattr(layer, name)) for name in PARTS}


def get_seed(layer, value):
    """Return the integer that a seed or a seed generator starts from, or `None`."""
    if isinstance(value, keras.random.SeedGenerator):
        return value.get_config()["seed"]
    expected = "an integer, a keras.random.SeedGenerator or None"
    check_argument(layer, "seed", value, value is None or is_integer(value), expected)
    return None if value is None else int(value)


def check_noise_shape(layer, value):
    """Return a shape of positive integers and `None`s as a tuple, or `None`."""
    if value is None:
        return None
    is_shape = isinstance(value, tuple | list) and all(
        size is None or (is_integer(size) and size > 0) for size in value
    )
    expected = "None, or a tuple of positive integers and of None where the input's size is taken"
    check_argument(layer, "noise_shape", value, is_shape, expected)
    return tuple(None if size is None else int(size) for size in value)


# Shapes of inputs


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
    """Return the length of a shape's last axis; raise a ValueError if the shape is wrong."""
    if len(input_shape) < 2 or not input_shape[-1]:
        raise ValueError(
            f"{layer}: the input must be (batch, ..., features), with a known number of features; "
            "for images of any size, GlobalAveragePooling2D gives one. "
            f"Received: shape={tuple(input_shape)}"
        )
    return input_shape[-1]


def check_mask(layer, noise_shape, input_shape):
    """Reject a noise shape that cannot be broadcast to an input."""
    if noise_shape is None:
        return
    pairs = zip(noise_shape, input_shape, strict=False)
    fits = all(size in (None, 1, length) or length is None for size, length in pairs)
    if len(noise_shape) != len(input_shape) or not fits:
        raise ValueError(
            f"{layer}: `noise_shape` must have the input's rank, and along each axis be None, 1 or "
            f"the input's size. Received: noise_shape={noise_shape}, shape={tuple(input_shape)}"
        )


def span_pair(window, dilation):
    """Return the height and width in pixels that a dilated window spans."""
    return tuple((side - 1) * step + 1 for side, step in zip(window, dilation, strict=True))


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
