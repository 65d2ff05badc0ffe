"""Faster gradients for the layers of a model, used while `pk.train` traces its training step.

`layers.py` calls TensorFlow's operations and leaves their gradients to TensorFlow. Some of these
gradients can be computed in less time or memory. So while the step is traced, `call` is replaced on
each layer that benefits; the values are the same up to rounding.
"""

from __future__ import annotations

from functools import partial

import tensorflow as tf

from petkeras.hardware import devices
from petkeras.layers import Conv2D, Dense, Dropout
from petkeras.tracing import using_calls

MIN_CHANNELS = 9  # with fewer channels the matrix products are too narrow to be fast
# The config keys that this file can handle. A layer with any other key is left alone.
KNOWN = {
    "name", "trainable", "dtype", "filters", "units", "kernel_size", "strides", "padding",
    "dilation_rate", "data_format", "activation", "use_bias", "kernel_initializer",
    "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint",
    "bias_constraint", "rate", "seed", "noise_shape",
}  # fmt: skip


def replaced_calls(model):
    """Replace `call` on a model's layers with faster versions, while a step is traced in the block.

    Only layers of exactly the classes `Conv2D`, `Dense` and `Dropout` are touched, and only if
    `KNOWN` has all of their config keys.

    Args:
        model: a built `keras.Model`.
    """
    calls = [(layer, _quicker_call(layer)) for layer in model._flatten_layers()]
    return using_calls([(layer, call) for layer, call in calls if call is not None])


def _quicker_call(layer):
    """Return the replacement for a layer's `call`, or `None` to keep it."""
    if type(layer) not in (Conv2D, Dense, Dropout) or set(layer.get_config()) - KNOWN:
        return None
    if "call" in vars(layer) or not layer.built:  # someone else's `call` is kept, too
        return None
    if type(layer) is Dense:
        # Outside the layer's call, the kernel is read without a cast to the compute dtype.
        return partial(_call_dense, layer, layer.kernel.value)
    if type(layer) is Dropout:
        return partial(_call_dropout, layer, layer.call)
    is_wide = layer.kernel.shape[2] >= MIN_CHANNELS and layer.compute_dtype == "float32"
    is_dense = layer.strides == layer.dilation_rate == (1, 1)  # windows without gaps
    gains = is_wide and is_dense and devices.convolves_slowly_backward()
    return partial(_call_conv2d, layer) if gains else None


def _call_conv2d(layer, x):
    kernel = tf.convert_to_tensor(layer.kernel)
    x = convolve(x, kernel, layer.padding.upper())  # (B, H', W', filters)
    x = tf.nn.bias_add(x, layer.bias) if layer.use_bias else x
    return layer.activation(x) if layer.activation else x


def _call_dense(layer, kernel, x):
    if x.shape.rank > 2:
        return Dense.call(layer, x)
    makes_way = not devices.has_gpu() and not devices.uses_xla()
    x = multiply(x, tf.convert_to_tensor(kernel), makes_way)  # (B, units)
    x = tf.nn.bias_add(x, layer.bias) if layer.use_bias else x
    return layer.activation(x) if layer.activation else x


def _call_dropout(layer, call, x, training=False):
    """Drop the values of this replica's part of the batch that one device would drop."""
    replica = tf.distribute.get_replica_context()
    is_alone = replica is None or replica.num_replicas_in_sync == 1
    is_split = layer.noise_shape is None or layer.noise_shape[0] is None  # else all images share it
    if not training or is_alone or not is_split:
        return call(x, training=training)
    parts, part = replica.num_replicas_in_sync, replica.replica_id_in_sync_group
    seed = tf.cast(layer.seed_generator.next(), tf.int32)  # (2,)
    dtype = tf.float32 if x.dtype.size < 4 else x.dtype
    shape = tf.stack([parts, *layer.mask_shape(x)])
    mask = tf.nn.experimental.stateless_dropout(tf.ones(shape, dtype), layer.rate, seed)
    return tf.cast(tf.cast(x, dtype) * mask[part], x.dtype)  # (B, ...), of (parts, B, ...)


def multiply(x, kernel, makes_way=False):
    """Return `tf.matmul(x, kernel)`, with gradients in an order that saves memory.

    TensorFlow may compute the two gradients in any order. Here the kernel's comes last: by
    then nothing else reads the kernel, so the optimizer can update it in place and free its
    gradient. For `fc1` that saves 411 MB.

    Args:
        x: `(batch, features)`.
        kernel: `(features, units)`, in x's dtype or a wider one. It is cast to x's dtype. Its
            gradient keeps its own dtype, which takes no longer, because each sum has few terms.
        makes_way: move x to the lowest free place in memory before the kernel's gradient is
            computed. TensorFlow does not return memory between two gradients, and `fc1`'s 411 MB
            need one contiguous gap. By then all memory of the convolutions is free, but x lies in
            the middle of it. After the move, a training process takes 2.5 GB instead of 2.9. XLA
            has no such operation.

    Returns:
        `(batch, units)`, in x's dtype.
    """

    @tf.custom_gradient
    def product(x, kernel):
        with tf.control_dependencies([x]):  # so that the cast waits until it is needed
            narrow = tf.cast(kernel, x.dtype)

        def gradients(g):  # the loss's gradient with respect to the output: (B, units)
            # This is g kernel^T. Transposed, and as a stack of one matrix, it runs on
            # oneDNN's newer kernels: 24 ms in float32 instead of 62.
            transposed = tf.matmul(narrow[None], tf.transpose(g)[None])  # (1, features, B)
            to_x = tf.transpose(transposed[0])  # (B, features)
            with tf.control_dependencies([to_x]):
                moved = tf.raw_ops.DeepCopy(x=x) if makes_way else x
                wide = tf.cast(moved, kernel.dtype), tf.cast(g, kernel.dtype)
                to_kernel = tf.matmul(*wide, transpose_a=True)  # (features, units)
            return to_x, to_kernel

        return tf.matmul(x, narrow), gradients

    return product(x, kernel)


def convolve(x, kernel, padding):
    """Return `tf.nn.conv2d(x, kernel, 1, padding)`, with a gradient that is faster without AVX-512.

    On a processor without AVX-512 the gradient with respect to the kernel takes TensorFlow as long
    as the rest of a convolution's step. Here `kernel_gradient` computes it.

    Args:
        x: `(batch, height, width, channels)`.
        kernel: `(kernel_height, kernel_width, channels, filters)`.
        padding: `"SAME"` or `"VALID"`.

    Returns:
        `(batch, new_height, new_width, filters)`.
    """

    @tf.custom_gradient
    def convolution(x, kernel):
        def gradients(g):  # the loss's gradient with respect to the output: (B, H', W', filters)
            to_x = tf.nn.conv2d_transpose(g, kernel, tf.shape(x), 1, padding)
            return to_x, kernel_gradient(x, g, kernel.shape, padding)

        return tf.nn.conv2d(x, kernel, 1, padding), gradients

    return convolution(x, kernel)


def kernel_gradient(x, g, shape, padding):
    """Return the gradient with respect to the kernel of a convolution, by matrix products.

    The kernel's weight at row i, column j connects each output pixel to the input pixel i rows
    below it and j columns to its right. So its gradient is the sum, over all pixels, of the input
    shifted by (i, j) times the output's gradient: one matrix product per kernel position.

    Args:
        x: the convolution's input, `(batch, height, width, channels)`; its strides are 1.
        g: the gradient with respect to its output, `(batch, new_height, new_width, filters)`.
        shape: the kernel's, `(kernel_height, kernel_width, channels, filters)`.
        padding: the convolution's, `"SAME"` or `"VALID"`.

    Returns:
        An array of the kernel's shape.
    """
    rows, columns, channels, filters = shape
    above, left = ((rows - 1) // 2, (columns - 1) // 2) if padding == "SAME" else (0, 0)
    below, right = (rows - 1 - above, columns - 1 - left) if padding == "SAME" else (0, 0)

    def add(number, total):  # one image at a time, because caches hold no more
        image = tf.pad(x[number], [[above, below], [left, right], [0, 0]])
        gradient = tf.pad(g[number], [[0, rows - 1], [0, columns - 1], [0, 0]])  # as large as image
        # One matrix row per pixel: a shift down or right is then a shift along the rows. Pixels
        # that would run over an edge meet the zeros of the padded gradient.
        width = image.shape[1] or tf.shape(image)[1]  # a known number is traced faster
        image, gradient = tf.reshape(image, (-1, channels)), tf.reshape(gradient, (-1, filters))
        pixels = gradient.shape[0] or tf.shape(gradient)[0]
        shifts = [i * width + j for i in range(rows) for j in range(columns)]
        products = [
            tf.matmul(
                tf.slice(image, (shift, 0), (-1, -1)),
                tf.slice(gradient, (0, 0), (pixels - shift, -1)),
                transpose_a=True,
            )
            for shift in shifts
        ]  # (channels, filters) each
        return number + 1, total + tf.reshape(tf.stack(products), shape)

    _, total = tf.while_loop(
        lambda number, total: number < tf.shape(x)[0],
        add,
        (0, tf.zeros(shape, x.dtype)),
        parallel_iterations=1,
    )
    return total
