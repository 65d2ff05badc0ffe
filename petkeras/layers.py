"""The five layers, written out: each makes its own weights and calls `tf.nn` itself.

Keras has all of these. They stand here so that nothing is hidden: `build` shows every weight with
its shape, `call` every operation, one a line. Pictures are NHWC: (batch, height, width, channels).
"""

from __future__ import annotations

import math
import numbers

import keras
import tensorflow as tf

from petkeras.hardware.fast import convolve, multiply
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
        ValueError: an argument is out of range, the input is not of rank 4 or of whole numbers, its
            channels are unknown or not those of the first input, or a kernel is larger than a
            `"valid"` input.

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
        kernel = tf.convert_to_tensor(self.kernel)
        x = convolve(x, kernel, self.strides, self.padding.upper())  # (B, H', W', filters)
        x = tf.nn.bias_add(x, self.bias)
        return ACTIVATIONS[self.activation](x)

    def compute_output_shape(self, input_shape):
        channels = get_channels("Conv2D", input_shape)
        if self.built and channels != self.kernel.shape[2]:
            raise ValueError(
                f"Conv2D: this layer's kernels are made for {self.kernel.shape[2]} channels. "
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
        pool_size: height and width of the window in pixels; an integer or two.
        strides: pixels from one window to the next; an integer or two. `None` is `pool_size`.
        padding: `"same"` (windows may hang over the edge) or `"valid"` (they may not).

    Input shape: `(batch, height, width, channels)`, a floating dtype.

    Output shape: `(batch, new_height, new_width, channels)`, sizes as in `Conv2D`.

    Raises:
        ValueError: an argument is out of range, the input is not of rank 4 or of whole numbers, or
            the pool is larger than a `"valid"` input.

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
        return tf.nn.max_pool2d(x, self.pool_size, self.strides, self.padding.upper())

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
        ValueError: `rate` is not a number in [0, 1), `seed` is not a whole number, or the input
            is of whole numbers.

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
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real) or not 0 <= rate < 1:
            raise ValueError(
                f"Dropout: `rate` must be a number in [0, 1), the fraction that is dropped. "
                f"Received: rate={rate!r}"
            )
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral | None):
            raise ValueError(
                f"Dropout: `seed` must be a whole number or None. Received: seed={seed!r}"
            )
        self.rate = float(rate)
        self.seed = None if seed is None else int(seed)
        # Its state is a variable of the layer, and a checkpoint keeps it.
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape):
        pass  # no weights

    def call(self, x, training=False):
        if not training:
            return x
        seed = tf.cast(self.seed_generator.next(), tf.int32)  # (2,)
        wide = tf.cast(x, tf.float32) if x.dtype.size < 4 else x  # 16 bits draw 0.8 as 0.797
        part, parts = _part_of_batch()
        if parts == 1:
            wide = tf.nn.experimental.stateless_dropout(wide, self.rate, seed)
        else:  # draw for the whole batch, as one device would, and take what is for this part
            ones = tf.ones(
                tf.concat([[parts], tf.shape(wide)], axis=0), wide.dtype
            )  # (parts, B, ...)
            wide *= tf.nn.experimental.stateless_dropout(ones, self.rate, seed)[part]
        return tf.cast(wide, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="petkeras")
class Flatten(CheckedLayer):
    """Lay the values of each picture in one row.

    Input shape: `(batch, ...)`, every axis but the first of known length.

    Output shape: `(batch, product of the other axes)`.

    Raises:
        ValueError: the input has no batch axis, or an axis of unknown length, or is of whole
            numbers.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Flatten
    >>> Flatten()(np.zeros((10, 56, 56, 64), "float32")).shape
    TensorShape([10, 200704])
    """

    def build(self, input_shape):
        self.compute_output_shape(input_shape)  # no weights; complains of a shape that does not fit

    def call(self, x):
        return tf.reshape(x, (-1, math.prod(x.shape[1:])))  # (B, features)

    def compute_output_shape(self, input_shape):
        if len(input_shape) < 1 or not all(input_shape[1:]):
            raise ValueError(
                "Flatten: the input must have a batch axis and known lengths above 0 after it. "
                f"Received: shape={tuple(input_shape)}"
            )
        return (input_shape[0], math.prod(input_shape[1:]))


@keras.saving.register_keras_serializable(package="petkeras")
class Dense(CheckedLayer):
    """Join every input to every unit: a matrix product, a bias, an activation.

    Args:
        units: how many values come out.
        activation: `None`, `"relu"`, `"sigmoid"`, `"softmax"` or `"tanh"`.
        kernel_initializer: what the kernel starts from, as Keras names it.
        bias_initializer: what the biases start from.

    Input shape: `(batch, features)`, a floating dtype.

    Output shape: `(batch, units)`, in the layer's compute dtype.

    Raises:
        ValueError: an argument is out of range, or the input is of whole numbers, not of rank 2
            with known features, or has more or fewer than the first input.

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
            autocast=False,  # `multiply` casts it, not its gradient
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.units,), initializer=self.bias_initializer
        )

    def call(self, x):
        x = multiply(x, tf.convert_to_tensor(self.kernel))  # (B, units)
        x = tf.nn.bias_add(x, self.bias)
        return ACTIVATIONS[self.activation](x)

    def compute_output_shape(self, input_shape):
        features = get_features("Dense", input_shape)
        if self.built and features != self.kernel.shape[0]:
            raise ValueError(
                f"Dense: this layer's kernel is made for {self.kernel.shape[0]} features. "
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


def _part_of_batch():
    """Return which part of a batch is seen here, of how many: 0 of 1, but on several devices."""
    replica = tf.distribute.get_replica_context()
    if replica is None:  # while a model is built for several devices
        return 0, 1
    return replica.replica_id_in_sync_group, replica.num_replicas_in_sync
