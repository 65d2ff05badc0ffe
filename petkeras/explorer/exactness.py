"""Compare the explorer's exact sums with TensorFlow's convolutions, value by value.

The page shows a convolution as a sum of products, added in the order of rows, columns and channels
with a float32 accumulator. On many processors TensorFlow gets the same, to the last bit; on others
the last digits differ. Here the same sums are computed by NumPy.
"""

from __future__ import annotations

import numpy as np

from petkeras.explorer.edits import compute_layer
from petkeras.visualize.sliding_windows import SlidingWindows

SAMPLES = 300  # values of each convolution and photograph


def measure_exactness(chain, inputs):
    """Return how far TensorFlow's convolutions are from sums in the exact order.

    Args:
        chain: the network.
        inputs: for each photograph a list of the inputs of all layers, `(1, ...)`.

    Returns:
        A dict from each convolution's name to how many values were `compared`, and the `largest`
        difference.
    """
    exactness = {}
    for index, layer in enumerate(chain.layers):
        if layer.kind != "conv":
            continue
        rng = np.random.default_rng(index)
        differences = []
        for x in (of_photograph[index] for of_photograph in inputs):
            own = compute_layer(layer, x, activate=False)[0].numpy()  # (h, w, filters)
            places = tuple(rng.integers(own.shape, size=(SAMPLES, 3)).T)  # y, x, filter
            sums = exact_sums(layer, np.asarray(x)[0], places)
            differences.append(np.abs(sums - own[places]))
        differences = np.concatenate(differences)
        exactness[layer.name] = {
            "compared": len(differences),
            "largest": float(differences.max()),
        }
    return exactness


def exact_sums(layer, x, places):
    """Return a convolution's values with bias, before the activation, summed in the exact order.

    Args:
        layer: a `ChainLayer` of the kind `"conv"`.
        x: its input, `(height, width, channels)` float32.
        places: three arrays `(n,)` of rows, columns and filters.

    Returns:
        `(n,)` float32.
    """
    kernel = np.asarray(layer.weights["kernel"], np.float64)  # (kh, kw, channels, filters)
    rows, columns = (_windows(layer, axis, x.shape) for axis in (0, 1))
    total = np.zeros(len(places[0]), np.float32)
    for row in range(kernel.shape[0]):
        y = places[0] * rows.stride - rows.before + row * rows.dilation
        for column in range(kernel.shape[1]):
            at = places[1] * columns.stride - columns.before + column * columns.dilation
            inside = (y >= 0) & (y < x.shape[0]) & (at >= 0) & (at < x.shape[1])
            pixels = np.where(inside[:, None], x[y * inside, at * inside], 0)  # (n, channels)
            # float64 holds the products of float32 numbers exactly.
            products = pixels * kernel[row, column][:, places[2]].T  # (n, channels)
            for product in products.T:
                total = np.float32(total + product)  # the sum in float64, rounded
    bias = layer.weights.get("bias")
    return total if bias is None else total + np.asarray(bias)[places[2]]


def _windows(layer, axis, shape):
    """Return where a convolution's windows lie along an axis."""
    stride, dilation = (layer.settings[name][axis] for name in ("strides", "dilation"))
    window = layer.weights["kernel"].shape[axis]
    return SlidingWindows(shape[axis], window, stride, layer.settings["padding"], dilation)
