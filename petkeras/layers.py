"""The article's five layers: each creates its own weights and calls `tf.nn` itself.

Keras has all of these layers. They are written out here so that nothing is hidden: `build` shows
every weight with its shape, and `call` shows every operation, one per line. Images are NHWC:
(batch, height, width, channels). In comments, B is the batch size.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from petkeras.errors import check_argument, is_integer, is_number
from petkeras.layer_checks import (
    CheckedLayer,
    check_activation,
    check_padding,
    check_window,
    count_windows,
    get_channels,
    get_features,
    get_initializer,
    positive_integer,
    two_integers,
)

ACTIVATIONS = {
    None: tf.identity,
    "relu": tf.nn.relu,
    "sigmoid": tf.nn.sigmoid,
    "softmax": tf.nn.softmax,
    "tanh": tf.nn.tanh,
}


@keras.saving.register_keras_serializable(package="petkeras")
class Conv2D(CheckedLayer):
    """Slide kernels over images: a 2-D convolution, a bias and an activation.

    Args:
        filters: the number of kernels, and so of feature maps in the output.
        kernel_size: height and width of a kernel in pixels, an integer or a pair.
        strides: pixels from one window to the next, an integer or a pair.
        padding: `"same"` (zeros around the image) or `"valid"` (no padding).
        activation: `None`, `"relu"`, `"sigmoid"`, `"softmax"` or `"tanh"`.
        kernel_initializer: initial values of the kernels, a Keras initializer or its name.
        bias_initializer: initial values of the biases.

    Input shape: `(batch, height, width, channels)`, a floating-point dtype.

    Output shape: `(batch, new_height, new_width, filters)`, in the layer's compute dtype. With
        `"same"`, `new_height = ceil(height / stride)`; with `"valid"`,
        `new_height = ceil((height - kernel_height + 1) / stride)`.

    Raises:
        ValueError: an argument is out of range, or the input is not 4-D, has an integer dtype, has
            an unknown number of channels or a different number from the first input, or, with
            padding `"valid"`, is smaller than a kernel.

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
        self.filters = positive_integer("Conv2D", "filters", filters)
        self.kernel_size = self.window = two_integers("Conv2D", "kernel_size", kernel_size)
        self.strides = two_integers("Conv2D", "strides", strides)
        self.padding = check_padding("Conv2D", padding)
        self.activation = check_activation("Conv2D", activation, ACTIVATIONS)
        self.kernel_initializer = get_initializer(
            "Conv2D", "kernel_initializer", kernel_initializer
        )
        self.bias_initializer = get_initializer("Conv2D", "bias_initializer", bias_initializer)

    def build(self, input_shape):
        channels = get_channels("Conv2D", input_shape)
        check_window("Conv2D", "kernel_size", self.kernel_size, self.padding, input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer=self.bias_initializer
        )

    def call(self, x):
        padding = self.padding.upper()
        x = tf.nn.conv2d(x, self.kernel, self.strides, padding)  # (B, H', W', filters)
        x = tf.nn.bias_add(x, self.bias)
        return ACTIVATIONS[self.activation](x)

    def compute_output_shape(self, input_shape):
        channels = get_channels("Conv2D", input_shape)
        if self.built and channels != self.kernel.shape[2]:
            raise ValueError(
                f"Conv2D: this layer's kernels expect {self.kernel.shape[2]} channels. "
                f"Received: shape={input_shape}"
            )
        check_window("Conv2D", "kernel_size", self.kernel_size, self.padding, input_shape)
        height, width = count_windows(input_shape, self.kernel_size, self.strides, self.padding)
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
class MaxPool2D(CheckedLayer):
    """Keep the largest value of each window of each feature map.

    Args:
        pool_size: height and width of the window in pixels, an integer or a pair.
        strides: pixels from one window to the next, an integer or a pair; `None` means `pool_size`.
        padding: `"same"` (windows may extend past the edge) or `"valid"` (they may not).

    Input shape: `(batch, height, width, channels)`, a floating-point dtype.

    Output shape: `(batch, new_height, new_width, channels)`, sizes as in `Conv2D`.

    Raises:
        ValueError: an argument is out of range, or the input is not 4-D, has an integer dtype, or,
            with padding `"valid"`, is smaller than the window.

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
        self.pool_size = self.window = two_integers("MaxPool2D", "pool_size", pool_size)
        self.strides = two_integers("MaxPool2D", "strides", strides)
        self.padding = check_padding("MaxPool2D", padding)

    def build(self, input_shape):
        get_channels("MaxPool2D", input_shape)
        check_window("MaxPool2D", "pool_size", self.pool_size, self.padding, input_shape)

    def call(self, x):
        padding = self.padding.upper()
        return tf.nn.max_pool2d(x, self.pool_size, self.strides, padding)  # (B, H', W', channels)

    def compute_output_shape(self, input_shape):
        channels = get_channels("MaxPool2D", input_shape)
        check_window("MaxPool2D", "pool_size", self.pool_size, self.padding, input_shape)
        height, width = count_windows(input_shape, self.pool_size, self.strides, self.padding)
        return (input_shape[0], height, width, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }


@keras.saving.register_keras_serializable(package="petkeras")
class Dropout(CheckedLayer):
    """Set a random fraction of the values to 0 during training, and scale up the rest.

    The remaining values are divided by `1 - rate`, which keeps the expected sum the same. Outside
    training the input passes through unchanged.

    Args:
        rate: the fraction to drop, in [0, 1). The article specifies *keep*, which is 1 - rate.
        seed: an integer that makes the choice reproducible, or `None`.

    Call arguments:
        x: a tensor of any shape, with a floating-point dtype.
        training: whether to drop values.

    Output shape: the same as the input shape.

    Raises:
        ValueError: `rate` is not a number in [0, 1), `seed` is not an integer, or the input has an
            integer dtype.

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
        is_fraction = is_number(rate) and 0 <= rate < 1
        check_argument("Dropout", "rate", rate, is_fraction, "the fraction to drop, in [0, 1)")
        is_seed = seed is None or is_integer(seed)
        check_argument("Dropout", "seed", seed, is_seed, "an integer or None")
        self.rate = float(rate)
        self.seed = None if seed is None else int(seed)
        # Its state is a variable of the layer, so checkpoints include it.
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape):
        pass  # no weights

    def call(self, x, training=False):
        if not training:
            return x
        seed = tf.cast(self.seed_generator.next(), tf.int32)  # (2,)
        dtype = tf.float32 if x.dtype.size < 4 else x.dtype  # 16 bits would drop 0.797, not 0.8
        y = tf.nn.experimental.stateless_dropout(tf.cast(x, dtype), self.rate, seed)
        return tf.cast(y, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="petkeras")
class Flatten(CheckedLayer):
    """Reshape each image into a single row of values.

    Input shape: `(batch, ...)`; every axis except the first must have a known length.

    Output shape: `(batch, product of the other axes)`.

    Raises:
        ValueError: the input has no batch axis, has an axis of unknown length, or has an integer
            dtype.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Flatten
    >>> Flatten()(np.zeros((10, 56, 56, 64), "float32")).shape
    TensorShape([10, 200704])
    """

    def build(self, input_shape):
        self.compute_output_shape(input_shape)  # no weights, but the shape is checked

    def call(self, x):
        return tf.reshape(x, (-1, math.prod(x.shape[1:])))  # (B, features)

    def compute_output_shape(self, input_shape):
        if len(input_shape) < 1 or not all(input_shape[1:]):
            raise ValueError(
                "Flatten: the input must have a batch axis, and every other axis must have a known "
                f"length above 0. Received: shape={tuple(input_shape)}"
            )
        return (input_shape[0], math.prod(input_shape[1:]))


@keras.saving.register_keras_serializable(package="petkeras")
class Dense(CheckedLayer):
    """Connect every input to every unit: a matrix product, a bias and an activation.

    Args:
        units: the number of output values.
        activation: `None`, `"relu"`, `"sigmoid"`, `"softmax"` or `"tanh"`.
        kernel_initializer: initial values of the kernel, a Keras initializer or its name.
        bias_initializer: initial values of the biases.

    Input shape: `(batch, features)`, a floating-point dtype.

    Output shape: `(batch, units)`, in the layer's compute dtype.

    Raises:
        ValueError: an argument is out of range, or the input is not 2-D, has an integer dtype, or
            has an unknown number of features or a different number from the first input.

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
        self.units = positive_integer("Dense", "units", units)
        self.activation = check_activation("Dense", activation, ACTIVATIONS)
        self.kernel_initializer = get_initializer("Dense", "kernel_initializer", kernel_initializer)
        self.bias_initializer = get_initializer("Dense", "bias_initializer", bias_initializer)

    def build(self, input_shape):
        features = get_features("Dense", input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
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
        features = get_features("Dense", input_shape)
        if self.built and features != self.kernel.shape[0]:
            raise ValueError(
                f"Dense: this layer's kernel expects {self.kernel.shape[0]} features. "
                f"Received: shape={input_shape}"
            )
        return (input_shape[0], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
