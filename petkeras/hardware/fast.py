"""Two of TensorFlow's operations with gradients written out, where those save memory or time.

TensorFlow has gradients of its own for both; these are the same up to rounding.
"""

from __future__ import annotations

from contextlib import contextmanager

import tensorflow as tf

from petkeras.hardware import devices

FEW_CHANNELS = 8  # up to here the products would be too narrow to be fast

_moves_inputs = False


@contextmanager
def memory_in_one_piece():
    """Make way for the largest gradient, in a training step that is traced in here.

    Between two gradients TensorFlow keeps its memory, which is much faster than to ask the system
    for it again; but it can use for `fc1`'s 411 MB only what is free in one piece. When they are
    needed, all that the convolutions kept is free again, and in its midst lies what went into
    `fc1`. `multiply` therefore moves that away, to the lowest place that is free: a training
    process takes 2.5 GB, and not 2.9.

    On a GPU, or with XLA, which has no such operation, nothing is moved.
    """
    global _moves_inputs
    _moves_inputs = not devices.has_gpu() and not devices.uses_xla()
    try:
        yield
    finally:
        _moves_inputs = False


@tf.custom_gradient
def multiply(x, kernel):
    """Multiply two matrices, `tf.matmul(x, kernel)`, with gradients in an order that saves memory.

    TensorFlow may compute the two in any order. Here the kernel's comes last: as soon as it is
    there, nothing reads the kernel any more, so that the optimizer can change it where it lies and
    let its gradient go. For `fc1` that is 411 MB.

    Args:
        x: `(batch, features)`.
        kernel: `(features, units)`, in x's dtype or a wider one. It is cast to x's; its gradient
            is computed in its own, which takes no longer: it has few sums and many results.

    Returns:
        `(batch, units)`, in x's dtype.
    """
    with tf.control_dependencies([x]):  # not before it is needed
        narrow = tf.cast(kernel, x.dtype)

    def gradients(g):  # of the loss, to each value that came out: (B, units)
        # That is g kernel^T. Turned around, and as a stack of one matrix, which goes to oneDNN's
        # newer kernels, it takes 24 ms in float32 in place of 62.
        turned = tf.matmul(narrow[None], tf.transpose(g)[None])  # (1, features, B)
        to_x = tf.transpose(turned[0])  # (B, features)
        with tf.control_dependencies([to_x]):
            moved = tf.raw_ops.DeepCopy(x=x) if _moves_inputs else x
            wide = tf.cast(moved, kernel.dtype), tf.cast(g, kernel.dtype)
            to_kernel = tf.matmul(*wide, transpose_a=True)  # (features, units)
        return to_x, to_kernel

    return tf.matmul(x, narrow), gradients


def convolve(x, kernel, strides, padding):
    """Slide kernels over pictures, `tf.nn.conv2d`, with a faster gradient on some processors.

    On a processor without AVX-512 the gradient to the kernels takes TensorFlow's library as long as
    all the rest of a convolution's step. There it is computed by `kernel_gradient`.

    Args:
        x: `(batch, height, width, channels)`.
        kernel: `(kernel_height, kernel_width, channels, filters)`.
        strides: pixels from one window to the next, down and across.
        padding: `"SAME"` or `"VALID"`.

    Returns:
        `(batch, new_height, new_width, filters)`.
    """
    if tuple(strides) != (1, 1) or not _gains(x):
        return tf.nn.conv2d(x, kernel, strides, padding)

    @tf.custom_gradient
    def convolve_by_ones(x, kernel):
        def gradients(g):  # of the loss, to each value that came out: (B, H', W', filters)
            to_x = tf.nn.conv2d_transpose(g, kernel, tf.shape(x), strides, padding)
            return to_x, kernel_gradient(x, g, kernel.shape, padding)

        return tf.nn.conv2d(x, kernel, strides, padding), gradients

    return convolve_by_ones(x, kernel)


def _gains(x):
    wide = x.dtype == tf.float32 and x.shape[3] > FEW_CHANNELS
    return wide and devices.convolves_slowly_backward()


def kernel_gradient(x, g, shape, padding):
    """Return the gradient to the kernels of a convolution with strides of 1, by matrix products.

    A kernel's weight at row i, column j meets each pixel of the output at the input's pixel that is
    i below and j to the right of it. So its gradient is the sum, over all pixels, of the input
    shifted by (i, j) times what came back: one matrix product for each place in the kernel.

    Args:
        x: what went into the convolution, `(batch, height, width, channels)`.
        g: the gradient to what came out, `(batch, new_height, new_width, filters)`.
        shape: the kernel's, `(kernel_height, kernel_width, channels, filters)`.
        padding: the convolution's, `"SAME"` or `"VALID"`.

    Returns:
        An array of that shape.
    """
    rows, columns, channels, filters = shape
    above, left = ((rows - 1) // 2, (columns - 1) // 2) if padding == "SAME" else (0, 0)
    below, right = (rows - 1 - above, columns - 1 - left) if padding == "SAME" else (0, 0)

    def add(number, total):  # one picture at a time, as the processor's caches hold no more
        one = tf.pad(x[number], [[above, below], [left, right], [0, 0]])
        back = tf.pad(g[number], [[0, rows - 1], [0, columns - 1], [0, 0]])  # as high and wide
        # Pixel by pixel: a shift down or right is then one along the rows of a matrix. What would
        # run over an edge meets the zeros of `back`.
        width = tf.shape(one)[1]
        one, back = tf.reshape(one, (-1, channels)), tf.reshape(back, (-1, filters))
        shifts = [i * width + j for i in range(rows) for j in range(columns)]
        products = [
            tf.matmul(one[shift:], back[: tf.shape(back)[0] - shift], transpose_a=True)
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
