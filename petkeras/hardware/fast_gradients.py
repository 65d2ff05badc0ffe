"""Quicker gradients for the layers of a model, used while `pk.train` traces its training step.

`layers.py` calls TensorFlow's operations and leaves their gradients to TensorFlow. In a training
step some of these gradients can be had in less time or memory. So while the step is traced, the
`call` of each layer whose gradient gains is replaced; the values are the same up to rounding.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

import tensorflow as tf

from petkeras.hardware import devices
from petkeras.layers import ACTIVATIONS, Conv2D, Dense, Dropout

MIN_CHANNELS = 9  # with fewer channels the matrix products are too narrow to be fast
# The configuration of the layers as this file knows them. A layer with more is left alone.
KNOWN = {
    "name", "trainable", "dtype", "filters", "units", "kernel_size", "strides", "padding",
    "activation", "kernel_initializer", "bias_initializer", "rate", "seed",
}  # fmt: skip


@contextmanager
def replaced_calls(model):
    """Replace `call` of a model's layers by quicker ones, for a training step traced in the block.

    Only instances of exactly `Conv2D`, `Dense` and `Dropout` are touched, and only those whose
    configuration holds nothing that this file does not know.

    Args:
        model: a `keras.Model` that is built.
    """
    replaced = []
    try:
        for layer in model._flatten_layers():
            call = _quicker_call(layer)
            if call is not None:
                layer.call = call
                replaced.append(layer)
        yield
    finally:
        for layer in replaced:
            del layer.call  # the method of its class shows again


def _quicker_call(layer):
    """Return what is to replace a layer's `call`, or `None` if it is to stay."""
    if type(layer) not in (Conv2D, Dense, Dropout) or set(layer.get_config()) - KNOWN:
        return None
    if "call" in vars(layer) or not layer.built:  # a call of somebody else's stays, too
        return None
    if type(layer) is Dense:
        # Read outside of the layer's call, the kernel is not cast to its compute dtype.
        return partial(_call_dense, layer, layer.kernel.value)
    if type(layer) is Dropout:
        return partial(_call_dropout, layer, layer.call)
    is_wide = layer.kernel.shape[2] >= MIN_CHANNELS and layer.compute_dtype == "float32"
    gains = is_wide and layer.strides == (1, 1) and devices.convolves_slowly_backward()
    return partial(_call_conv2d, layer) if gains else None


def _call_conv2d(layer, x):
    kernel = tf.convert_to_tensor(layer.kernel)
    x = convolve(x, kernel, layer.padding.upper())  # (B, H', W', filters)
    x = tf.nn.bias_add(x, layer.bias)
    return ACTIVATIONS[layer.activation](x)


def _call_dense(layer, kernel, x):
    makes_way = not devices.has_gpu() and not devices.uses_xla()
    x = multiply(x, tf.convert_to_tensor(kernel), makes_way)  # (B, units)
    x = tf.nn.bias_add(x, layer.bias)
    return ACTIVATIONS[layer.activation](x)


def _call_dropout(layer, call, x, training=False):
    """Drop what one device would drop of this replica's part of the batch."""
    replica = tf.distribute.get_replica_context()
    if not training or replica is None or replica.num_replicas_in_sync == 1:
        return call(x, training=training)
    parts, part = replica.num_replicas_in_sync, replica.replica_id_in_sync_group
    seed = tf.cast(layer.seed_generator.next(), tf.int32)  # (2,)
    dtype = tf.float32 if x.dtype.size < 4 else x.dtype
    shape = tf.concat([[parts], tf.shape(x)], axis=0)
    mask = tf.nn.experimental.stateless_dropout(tf.ones(shape, dtype), layer.rate, seed)
    return tf.cast(tf.cast(x, dtype) * mask[part], x.dtype)  # (B, ...), of (parts, B, ...)


def multiply(x, kernel, makes_way=False):
    """Return `tf.matmul(x, kernel)`, with gradients in an order that saves memory.

    TensorFlow may compute the two gradients in any order. Here the kernel's comes last: once it is
    there, nothing reads the kernel anymore, so the optimizer can update it in place and free its
    gradient. For `fc1` that is 411 MB.

    Args:
        x: `(batch, features)`.
        kernel: `(features, units)`, in x's dtype or a wider one. It is cast to x's dtype; its
            gradient is computed in its own, which takes no longer, as it has few terms per sum.
        makes_way: move x to the lowest free place in memory before the kernel's gradient is made.
            Between two gradients TensorFlow keeps its memory, and `fc1`'s 411 MB need a gap in one
            piece. By then everything that the convolutions kept is free, with x in its middle. A
            training process then takes 2.5 GB instead of 2.9. XLA has no such operation.

    Returns:
        `(batch, units)`, in x's dtype.
    """

    @tf.custom_gradient
    def product(x, kernel):
        with tf.control_dependencies([x]):  # not before it is needed
            narrow = tf.cast(kernel, x.dtype)

        def gradients(g):  # the loss's gradient with respect to the output: (B, units)
            # This is g kernel^T. Transposed, and as a stack of one matrix, it goes to oneDNN's
            # newer kernels: 24 ms in float32 instead of 62.
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

    The kernel's weight at row i, column j meets each output pixel at the input pixel that lies i
    rows below and j columns to the right of it. So its gradient is the sum over all pixels of the
    input, shifted by (i, j), times the output's gradient: one matrix product per kernel position.

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

    def add(number, total):  # one image at a time, as the processor's caches hold no more
        image = tf.pad(x[number], [[above, below], [left, right], [0, 0]])
        gradient = tf.pad(g[number], [[0, rows - 1], [0, columns - 1], [0, 0]])  # of its size
        # Pixel by pixel: a shift down or right is then a shift along the rows of a matrix. What
        # would run over an edge meets the zeros of the padded gradient.
        width = tf.shape(image)[1]
        image, gradient = tf.reshape(image, (-1, channels)), tf.reshape(gradient, (-1, filters))
        shifts = [i * width + j for i in range(rows) for j in range(columns)]
        products = [
            tf.matmul(image[shift:], gradient[: tf.shape(gradient)[0] - shift], transpose_a=True)
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
