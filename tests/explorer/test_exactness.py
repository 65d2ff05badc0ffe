import keras
import numpy as np
import pytest
from explorer.small_runs import L

from petkeras.explorer.chain import read_chain
from petkeras.explorer.exactness import exact_sums, measure_exactness


def slow_sum(x, kernel, bias, y, column, settings):
    """One value of a convolution, summed by plain loops in the exact order."""
    total = np.float32(0)
    starts = []
    for at, axis in ((y, 0), (column, 1)):
        stride, dilation = settings["strides"][axis], settings["dilation"][axis]
        span = (kernel.shape[axis] - 1) * dilation + 1
        outside = (-(-x.shape[axis] // stride) - 1) * stride + span - x.shape[axis]
        before = max(outside, 0) // 2 if settings["padding"] == "same" else 0
        starts.append((at * stride - before, dilation))
    for row in range(kernel.shape[0]):
        for col in range(kernel.shape[1]):
            i, j = (start + n * step for n, (start, step) in zip((row, col), starts, strict=True))
            if 0 <= i < x.shape[0] and 0 <= j < x.shape[1]:
                for channel in range(kernel.shape[2]):
                    product = float(x[i, j, channel]) * float(kernel[row, col, channel])
                    total = np.float32(float(total) + product)
    return np.float32(total + bias)


@pytest.mark.parametrize(
    "layer",
    [
        L.Conv2D(4, 3, padding="same", bias_initializer="normal"),
        L.Conv2D(4, (5, 2), strides=(2, 3), padding="same", use_bias=False),
        L.Conv2D(4, 3, strides=2),
        L.Conv2D(4, 3, dilation_rate=(2, 3), padding="same"),
    ],
)
def test_exact_sums_are_those_of_plain_loops(layer):
    keras.utils.set_random_seed(0)
    chain = read_chain(keras.Sequential([keras.Input((13, 11, 3)), layer]))
    read = chain.layers[0]
    rng = np.random.default_rng(0)
    x = np.float32(rng.normal(size=(13, 11, 3)))
    places = tuple(rng.integers(read.shape, size=(20, 3)).T)
    bias = read.weights.get("bias", np.zeros(4, np.float32))
    expected = [
        slow_sum(x, np.asarray(read.weights["kernel"])[..., f], bias[f], y, c, read.settings)
        for y, c, f in zip(*places, strict=True)
    ]
    np.testing.assert_array_equal(exact_sums(read, x, places), expected)
    measured = measure_exactness(chain, [[x[None]]])[read.name]
    assert measured["compared"] == 300
    assert measured["largest"] < 1e-6
