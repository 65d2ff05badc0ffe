"""The article's five layers: each creates its own weights and calls `tf.nn` itself.

Keras has all of these layers. They are written out here so that nothing is hidden: `build` shows
every weight with its shape, and `call` shows every operation, one per line. Images are NHWC:
(batch, height, width, channels). In comments, B is the batch size. Arguments are those of Keras;
`docs/keras-layers.md` lists the differences.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from petkeras import layer_checks as checks
from petkeras.errors import check_argument, is_number

ACTIVATIONS = {
    None: tf.identity,
    "relu": tf.nn.relu,
    "sigmoid": tf.nn.sigmoid,
    "softmax": tf.nn.softmax,
    "tanh": tf.nn.tanh,
    "elu": tf.nn.elu,
    "gelu": tf.nn.gelu,
    "leaky_relu": tf.nn.leaky_relu,
    "log_softmax": tf.nn.log_softmax,
    "relu6": tf.nn.relu6,
    "selu": tf.nn.selu,
    "silu": tf.nn.silu,
    "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign,
}


@keras.saving.register_keras_serializable(package="petkeras")
class Conv2D(checks.CheckedLayer):
    """Slide kernels over images: a 2-D convolution, a bias and an activation.

    Args:
        filters: the number of kernels, and so of feature maps in the output.
        kernel_size: height and width of a kernel in pixels, an integer or a pair.
        strides: pixels from one window to the next, an integer or a pair.
        padding: `"same"` (zeros around the image) or `"valid"` (no padding). The default is the
            article's; Keras's is `"valid"`.
        activation: `None`, a name such as `"relu"`, or a function. Register a function of your own
            with Keras, or a saved model that uses it cannot be loaded.
        kernel_initializer: initial values of the kernels, a Keras initializer or its name.
        bias_initializer: initial values of the biases.
        dilation_rate: pixels from one weight of a kernel to the next, an integer or a pair. It may
            be above 1 only if the strides are 1.
        data_format: `"channels_last"`, the only order that is supported.
        use_bias: whether to add a bias to each feature map.
        kernel_regularizer: a penalty on the kernels, which training adds to the loss.
        bias_regularizer: a penalty on the biases.
        kernel_constraint: a function that the optimizer applies to the kernels after each step.
        bias_constraint: the same for the biases.

    Input shape: `(batch, height, width, channels)`. Integers are cast to the compute dtype.

    Output shape: `(batch, new_height, new_width, filters)`, in the layer's compute dtype. With
        `"same"`, `new_height = ceil(height / stride)`; with `"valid"`,
        `new_height = ceil((height - span + 1) / stride)`, where the kernel's span is
        `(kernel_height - 1) * dilation + 1`.

    Raises:
        ValueError: an argument is out of range, or the input is not 4-D, has an unknown number of
            channels or a different number from the first input, or, with padding `"valid"`, is
            smaller than a kernel.

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
        *,
        dilation_rate=1,
        data_format="channels_last",
        use_bias=True,
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = checks.positive_integer("Conv2D", "filters", filters)
        self.kernel_size = checks.two_integers("Conv2D", "kernel_size", kernel_size)
        self.strides = checks.two_integers("Conv2D", "strides", strides)
        self.padding = checks.check_padding("Conv2D", padding)
        self.dilation_rate = checks.dilation_pair(
            "Conv2D", "dilation_rate", dilation_rate, self.strides
        )
        self.window = checks.span_pair(self.kernel_size, self.dilation_rate)
        self.data_format = checks.check_data_format("Conv2D", data_format)
        self.activation = checks.get_activation("Conv2D", activation, ACTIVATIONS)
        self.use_bias = checks.check_flag("Conv2D", "use_bias", use_bias)
        self.kernel_initializer = checks.get_part(
            "Conv2D", "kernel_initializer", kernel_initializer
        )
        self.bias_initializer = checks.get_part("Conv2D", "bias_initializer", bias_initializer)
        self.kernel_regularizer = checks.get_part(
            "Conv2D", "kernel_regularizer", kernel_regularizer
        )
        self.bias_regularizer = checks.get_part("Conv2D", "bias_regularizer", bias_regularizer)
        self.kernel_constraint = checks.get_part("Conv2D", "kernel_constraint", kernel_constraint)
        self.bias_constraint = checks.get_part("Conv2D", "bias_constraint", bias_constraint)

    def build(self, input_shape):
        channels = checks.get_channels("Conv2D", input_shape)
        checks.check_window("Conv2D", "kernel_size", self.window, self.padding, input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x):
        padding, dilations = self.padding.upper(), self.dilation_rate
        # With dilations, tf.nn.conv2d has no gradient on a CPU.
        conv = tf.nn.conv2d if dilations == (1, 1) else tf.nn.convolution
        x = conv(x, self.kernel, self.strides, padding, dilations=dilations)  # (B, H', W', filters)
        x = tf.nn.bias_add(x, self.bias) if self.use_bias else x
        return self.activation(x) if self.activation else x

    def compute_output_shape(self, input_shape):
        channels = checks.get_channels("Conv2D", input_shape)
        if self.built and channels != self.kernel.shape[2]:
            raise ValueError(
                f"Conv2D: this layer's kernels expect {self.kernel.shape[2]} channels. "
                f"Received: shape={input_shape}"
            )
        checks.check_window("Conv2D", "kernel_size", self.window, self.padding, input_shape)
        height, width = checks.count_windows(input_shape, self.window, self.strides, self.padding)
        return (input_shape[0], height, width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "data_format": self.data_format,
            "activation": checks.serialize_activation(self.activation, ACTIVATIONS),
            "use_bias": self.use_bias,
            **checks.serialize_parts(self),
        }


@keras.saving.register_keras_serializable(package="petkeras")
class MaxPool2D(checks.CheckedLayer):
    """Keep the largest value of each window of each feature map.

    It is also called `MaxPooling2D`, as in Keras.

    Args:
        pool_size: height and width of the window in pixels, an integer or a pair.
        strides: pixels from one window to the next, an integer or a pair; `None` means `pool_size`.
        padding: `"same"` (windows may extend past the edge) or `"valid"` (they may not). The
            default is the article's; Keras's is `"valid"`.
        data_format: `"channels_last"`, the only order that is supported.

    Input shape: `(batch, height, width, channels)`. Integers are cast to the compute dtype.

    Output shape: `(batch, new_height, new_width, channels)`, sizes as in `Conv2D`.

    Raises:
        ValueError: an argument is out of range, or the input is not 4-D or, with padding `"valid"`,
            is smaller than the window.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import MaxPool2D
    >>> x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    >>> MaxPool2D()(x)[0, :, :, 0].numpy().tolist()
    [[5.0, 7.0], [13.0, 15.0]]

    Reference: the article's section "How convolution and pooling work".
    """

    def __init__(
        self, pool_size=2, strides=None, padding="same", *, data_format="channels_last", **kwargs
    ):
        super().__init__(**kwargs)
        strides = pool_size if strides is None else strides
        self.pool_size = self.window = checks.two_integers("MaxPool2D", "pool_size", pool_size)
        self.strides = checks.two_integers("MaxPool2D", "strides", strides)
        self.padding = checks.check_padding("MaxPool2D", padding)
        self.data_format = checks.check_data_format("MaxPool2D", data_format)

    def call(self, x):
        padding = self.padding.upper()
        return tf.nn.max_pool2d(x, self.pool_size, self.strides, padding)  # (B, H', W', channels)

    def compute_output_shape(self, input_shape):
        channels = checks.get_channels("MaxPool2D", input_shape)
        checks.check_window("MaxPool2D", "pool_size", self.pool_size, self.padding, input_shape)
        height, width = checks.count_windows(
            input_shape, self.pool_size, self.strides, self.padding
        )
        return (input_shape[0], height, width, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


MaxPooling2D = MaxPool2D


@keras.saving.register_keras_serializable(package="petkeras")
class Dropout(checks.CheckedLayer):
    """Set a random fraction of the values to 0 during training, and scale up the rest.

    The remaining values are divided by `1 - rate`, which keeps the expected sum the same. Outside
    training the input passes through unchanged. A mask is always passed on.

    Args:
        rate: the fraction to drop, in [0, 1). The article specifies *keep*, which is 1 - rate.
        seed: an integer that makes the choice reproducible, `None`, or a
            `keras.random.SeedGenerator`, which layers may share until the model is saved.
        noise_shape: the shape of the random choice: along an axis of size 1 all values are dropped
            or kept together; `None` stands for the input's size. For example,
            `(None, 1, 1, None)` drops whole feature maps.

    Call arguments:
        x: a tensor of any shape. Integers are cast to the compute dtype.
        training: whether to drop values.

    Output shape: the same as the input shape.

    Raises:
        ValueError: `rate` is not a number in [0, 1), or another argument is out of range or does
            not fit the input.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Dropout
    >>> half = Dropout(0.5, seed=0)
    >>> sorted(set(half(np.ones((8, 8), "float32"), training=True).numpy().ravel().tolist()))
    [0.0, 2.0]

    Reference: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
        Overfitting", JMLR 15 (2014), section 10 for the scaling.
    """

    def __init__(self, rate, seed=None, *, noise_shape=None, **kwargs):
        super().__init__(**kwargs)
        is_fraction = is_number(rate) and 0 <= rate < 1
        check_argument("Dropout", "rate", rate, is_fraction, "the fraction to drop, in [0, 1)")
        self.rate = float(rate)
        self.seed = checks.get_seed("Dropout", seed)
        self.noise_shape = checks.check_noise_shape("Dropout", noise_shape)
        self.supports_masking = True
        # Its state is a variable of the layer, so checkpoints include it.
        is_generator = isinstance(seed, keras.random.SeedGenerator)
        self.seed_generator = seed if is_generator else keras.random.SeedGenerator(self.seed)

    def call(self, x, training=False):
        if not training:
            return x
        seed = tf.cast(self.seed_generator.next(), tf.int32)  # (2,)
        dtype = tf.float32 if x.dtype.size < 4 else x.dtype  # 16 bits would drop 0.797, not 0.8
        y = tf.nn.experimental.stateless_dropout(
            tf.cast(x, dtype), self.rate, seed, noise_shape=self.mask_shape(x)
        )
        return tf.cast(y, x.dtype)

    def mask_shape(self, x):
        """Return the shape of the random choice for an input, a list of integers and scalars."""
        sizes = x.shape if self.noise_shape is None else self.noise_shape
        return [size or tf.shape(x)[axis] for axis, size in enumerate(sizes)]

    def compute_output_shape(self, input_shape):
        checks.check_mask("Dropout", self.noise_shape, input_shape)
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }


@keras.saving.register_keras_serializable(package="petkeras")
class Flatten(checks.CheckedLayer):
    """Reshape each image into a single row of values.

    Args:
        data_format: `"channels_last"`, the only order that is supported.

    Input shape: `(batch, ...)`. Integers are cast to the compute dtype.

    Output shape: `(batch, product of the other axes)`; the product is 1 if there are none, and
        unknown if one of them is.

    Raises:
        ValueError: the input has no batch axis, or another axis has length 0.

    Example:

    >>> import numpy as np
    >>> from petkeras.layers import Flatten
    >>> Flatten()(np.zeros((10, 56, 56, 64), "float32")).shape
    TensorShape([10, 200704])
    """

    def __init__(self, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.data_format = checks.check_data_format("Flatten", data_format)

    def call(self, x):
        features = self.compute_output_shape(x.shape)[1]
        return tf.reshape(x, (-1, features) if features else (tf.shape(x)[0], -1))  # (B, features)

    def compute_output_shape(self, input_shape):
        if len(input_shape) < 1 or 0 in input_shape[1:]:
            raise ValueError(
                "Flatten: the input must have a batch axis, and every other axis must have a "
                f"length above 0. Received: shape={tuple(input_shape)}"
            )
        is_known = None not in input_shape[1:]
        return (input_shape[0], math.prod(input_shape[1:]) if is_known else None)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}


@keras.saving.register_keras_serializable(package="petkeras")
class Dense(checks.CheckedLayer):
    """Connect every input to every unit: a matrix product, a bias and an activation.

    Args:
        units: the number of output values.
        activation, use_bias: as in `Conv2D`.
        kernel_initializer, kernel_regularizer, kernel_constraint: as in `Conv2D`.
        bias_initializer, bias_regularizer, bias_constraint: as in `Conv2D`.

    Input shape: `(batch, ..., features)`. Each row along the last axis goes through the same
        kernel, so images need a `Flatten` before it. Integers are cast to the compute dtype.

    Output shape: `(batch, ..., units)`, in the layer's compute dtype.

    Raises:
        ValueError: an argument is out of range, or the input has fewer than two axes, or an unknown
            number of features or a different number from the first input.

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
        *,
        use_bias=True,
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = checks.positive_integer("Dense", "units", units)
        self.activation = checks.get_activation("Dense", activation, ACTIVATIONS)
        self.use_bias = checks.check_flag("Dense", "use_bias", use_bias)
        self.kernel_initializer = checks.get_part("Dense", "kernel_initializer", kernel_initializer)
        self.bias_initializer = checks.get_part("Dense", "bias_initializer", bias_initializer)
        self.kernel_regularizer = checks.get_part("Dense", "kernel_regularizer", kernel_regularizer)
        self.bias_regularizer = checks.get_part("Dense", "bias_regularizer", bias_regularizer)
        self.kernel_constraint = checks.get_part("Dense", "kernel_constraint", kernel_constraint)
        self.bias_constraint = checks.get_part("Dense", "bias_constraint", bias_constraint)
        self.supports_masking = True

    def build(self, input_shape):
        features = checks.get_features("Dense", input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x):
        x = tf.matmul(x, self.kernel)  # (B, ..., units)
        x = tf.nn.bias_add(x, self.bias) if self.use_bias else x
        return self.activation(x) if self.activation else x

    def compute_output_shape(self, input_shape):
        features = checks.get_features("Dense", input_shape)
        if self.built and features != self.kernel.shape[0]:
            raise ValueError(
                f"Dense: this layer's kernel expects {self.kernel.shape[0]} features. "
                f"Received: shape={input_shape}"
            )
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": checks.serialize_activation(self.activation, ACTIVATIONS),
            "use_bias": self.use_bias,
            **checks.serialize_parts(self),
        }
