"""The five layers, written out: each makes its own weights and calls `tf.nn` itself.

Keras has all of these. They stand here so that nothing is hidden: `build` shows every weight with
its shape, `call` every operation, one a line. Pictures are NHWC: (batch, height, width, channels).
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

ACTIVATIONS = {
    None: tf.identity,
    "relu": tf.nn.relu,
    "sigmoid": tf.nn.sigmoid,
    "softmax": tf.nn.softmax,
    "tanh": tf.nn.tanh,
}


@keras.saving.register_keras_serializable(package="petkeras")
class Conv2D(keras.layers.Layer):
    """Slide kernels over pictures: a 2-D convolution, a bias, an activation.

    Args:
        filters: how many kernels, and so how many feature maps come out.
        kernel_size: height and width of a kernel in pixels; an integer or two.
        strides: pixels from one window to the next; an integer or two.
        padding: `"same"` (zeros around the picture) or `"valid"` (none).
        activation: `None`, `"relu"`, `"sigmoid"`, `"softmax"` or `"tanh"`.
        kernel_initializer: what the kernels start from, as Keras names it.
        bias_initializer: what the biases start from.

    Input shape: `(batch, height, width, channels)`, a floating dtype.

    Output shape: `(batch, new_height, new_width, filters)`, in the layer's compute dtype. With
        `"same"`, `new_height = ceil(height / stride)`; with `"valid"`,
        `new_height = ceil((height - kernel_height + 1) / stride)`.

    Raises:
        ValueError: an argument is out of range, the input is not of rank 4, its channels are
            unknown, or a kernel is larger than a `"valid"` input.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Conv2D
    >>> images = np.ones((10, 224, 224, 3), "float32")
    >>> Conv2D(32, 3, activation="relu")(images).shape
    TensorShape([10, 224, 224, 32])

    Reference: the article's section "Building the network".
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="same",
        activation=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = _positive_integer("Conv2D", "filters", filters)
        self.kernel_size = _two_integers("Conv2D", "kernel_size", kernel_size)
        self.strides = _two_integers("Conv2D", "strides", strides)
        self.padding = _padding("Conv2D", padding)
        self.activation = _activation("Conv2D", activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        channels = _channels("Conv2D", input_shape)
        _check_window("Conv2D", "kernel_size", self.kernel_size, self.padding, input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer=self.bias_initializer
        )

    def call(self, x):
        x = tf.nn.conv2d(x, self.kernel, self.strides, self.padding.upper())  # (B, H', W', filters)
        x = tf.nn.bias_add(x, self.bias)
        return ACTIVATIONS[self.activation](x)

    def compute_output_shape(self, input_shape):
        height, width = _windows(input_shape, self.kernel_size, self.strides, self.padding)
        return (input_shape[0], height, width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": self.activation,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable(package="petkeras")
class MaxPool2D(keras.layers.Layer):
    """Keep the largest value of each window of each feature map.

    Args:
        pool_size: height and width of the window in pixels; an integer or two.
        strides: pixels from one window to the next; an integer or two. `None` is `pool_size`.
        padding: `"same"` (windows may hang over the edge) or `"valid"` (they may not).

    Input shape: `(batch, height, width, channels)`, a floating dtype.

    Output shape: `(batch, new_height, new_width, channels)`, sizes as in `Conv2D`.

    Raises:
        ValueError: an argument is out of range, the input is not of rank 4, or the pool is
            larger than a `"valid"` input.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import MaxPool2D
    >>> x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    >>> MaxPool2D()(x)[0, :, :, 0].numpy().tolist()
    [[5.0, 7.0], [13.0, 15.0]]

    Reference: the article's section "How convolution and pooling work".
    """

    def __init__(self, pool_size=2, strides=None, padding="same", **kwargs):
        super().__init__(**kwargs)
        strides = pool_size if strides is None else strides
        self.pool_size = _two_integers("MaxPool2D", "pool_size", pool_size)
        self.strides = _two_integers("MaxPool2D", "strides", strides)
        self.padding = _padding("MaxPool2D", padding)

    def build(self, input_shape):
        _channels("MaxPool2D", input_shape)
        _check_window("MaxPool2D", "pool_size", self.pool_size, self.padding, input_shape)

    def call(self, x):
        return tf.nn.max_pool2d(x, self.pool_size, self.strides, self.padding.upper())

    def compute_output_shape(self, input_shape):
        height, width = _windows(input_shape, self.pool_size, self.strides, self.padding)
        return (input_shape[0], height, width, input_shape[3])

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }


@keras.saving.register_keras_serializable(package="petkeras")
class Dropout(keras.layers.Layer):
    """While training, set a random part of the values to 0 and scale up the rest.

    The values kept are divided by `1 - rate`, so that their expected sum stays the same; outside
    training the input passes through untouched.

    Args:
        rate: the fraction that is dropped, in [0, 1). The article speaks of *keep*, 1 - rate.
        seed: an integer that makes the choice repeatable, or `None`.

    Call arguments:
        x: a tensor of any shape and a floating dtype.
        training: whether to drop.

    Output shape: the input's.

    Raises:
        ValueError: `rate` is not a number in [0, 1).

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Dropout
    >>> half = Dropout(0.5, seed=0)
    >>> sorted(set(half(np.ones((8, 8), "float32"), training=True).numpy().ravel().tolist()))
    [0.0, 2.0]

    Reference: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
        Overfitting", JMLR 15 (2014), section 10 for the scaling.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise ValueError(
                f"Dropout: `rate` must be a number in [0, 1), the fraction that is dropped. "
                f"Received: rate={rate!r}"
            )
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)  # its state is saved with the layer

    def build(self, input_shape):
        pass  # no weights

    def call(self, x, training=False):
        if not training:
            return x
        seed = tf.cast(self.seed_generator.next(), tf.int32)  # (2,)
        wide = tf.cast(x, tf.float32) if x.dtype.size < 4 else x  # 16 bits draw 0.8 as 0.797
        wide = tf.nn.experimental.stateless_dropout(wide, self.rate, seed)
        return tf.cast(wide, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="petkeras")
class Flatten(keras.layers.Layer):
    """Lay the values of each picture in one row.

    Input shape: `(batch, ...)`, every axis but the first of known length.

    Output shape: `(batch, product of the other axes)`.

    Raises:
        ValueError: the input has no batch axis, or an axis of unknown length.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Flatten
    >>> Flatten()(np.zeros((10, 56, 56, 64), "float32")).shape
    TensorShape([10, 200704])
    """

    def build(self, input_shape):
        if len(input_shape) < 1 or None in input_shape[1:]:
            raise ValueError(
                "Flatten: the input must have a batch axis and known lengths after it. "
                f"Received: shape={tuple(input_shape)}"
            )
        self.features = math.prod(input_shape[1:])

    def call(self, x):
        return tf.reshape(x, (-1, self.features))  # (B, features)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], math.prod(input_shape[1:]))


@keras.saving.register_keras_serializable(package="petkeras")
class Dense(keras.layers.Layer):
    """Join every input to every unit: a matrix product, a bias, an activation.

    Args:
        units: how many values come out.
        activation: `None`, `"relu"`, `"sigmoid"`, `"softmax"` or `"tanh"`.
        kernel_initializer: what the kernel starts from, as Keras names it.
        bias_initializer: what the biases start from.

    Input shape: `(batch, features)`, a floating dtype.

    Output shape: `(batch, units)`, in the layer's compute dtype.

    Raises:
        ValueError: an argument is out of range, or the input is not of rank 2 with known features.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Dense
    >>> Dense(2)(np.zeros((10, 512), "float32")).shape
    TensorShape([10, 2])
    """

    def __init__(
        self,
        units,
        activation=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = _positive_integer("Dense", "units", units)
        self.activation = _activation("Dense", activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(
                "Dense: the input must have rank 2, (batch, features), with known features; "
                f"put a Flatten before it. Received: shape={tuple(input_shape)}"
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[1], self.units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.units,), initializer=self.bias_initializer
        )

    def call(self, x):
        x = tf.matmul(x, self.kernel)  # (B, units)
        x = tf.nn.bias_add(x, self.bias)
        return ACTIVATIONS[self.activation](x)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def _positive_integer(layer, argument, value):
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f"{layer}: `{argument}` must be a whole number above 0. Received: {argument}={value!r}"
        )
    return value


def _two_integers(layer, argument, value):
    """Return (height, width) for `value` or `(value, value)`."""
    pair = (value, value) if isinstance(value, int) else value
    try:
        height, width = pair
        return (
            _positive_integer(layer, argument, height),
            _positive_integer(layer, argument, width),
        )
    except (TypeError, ValueError):
        raise ValueError(
            f"{layer}: `{argument}` must be a whole number above 0, or two. "
            f"Received: {argument}={value!r}"
        ) from None


def _padding(layer, value):
    if not isinstance(value, str) or value.lower() not in ("same", "valid"):
        raise ValueError(
            f"{layer}: `padding` must be 'same' or 'valid'. Received: padding={value!r}"
        )
    return value.lower()


def _activation(layer, value):
    if not (value is None or isinstance(value, str)) or value not in ACTIVATIONS:
        allowed = ", ".join(repr(name) for name in ACTIVATIONS)
        raise ValueError(
            f"{layer}: `activation` must be one of {allowed}. Received: activation={value!r}"
        )
    return value


def _channels(layer, input_shape):
    """Return the last axis of an NHWC shape, or say what is wrong with the shape."""
    if len(input_shape) != 4 or input_shape[3] is None:
        raise ValueError(
            f"{layer}: the input must have rank 4, (batch, height, width, channels), with known "
            f"channels. Received: shape={tuple(input_shape)}"
        )
    return input_shape[3]


def _check_window(layer, argument, window, padding, input_shape):
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


def _windows(input_shape, window, strides, padding):
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
