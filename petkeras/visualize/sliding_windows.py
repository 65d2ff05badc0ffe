"""The positions of the windows of a pooling or convolution layer, as TensorFlow computes them."""

from __future__ import annotations

import numpy as np


class SlidingWindows:
    """Compute which cells each window covers along one axis of an image.

    Args:
        size: cells of the image along the axis.
        window: cells that a window covers.
        stride: cells from one window to the next.
        padding: `"same"` or `"valid"`.
        dilation: cells from one covered cell to the next.

    Example:

    >>> from petkeras.visualize.sliding_windows import SlidingWindows
    >>> windows = SlidingWindows(size=5, window=3, stride=2, padding="same")
    >>> [list(windows.cells(number)) for number in range(windows.count)]
    [[-1, 0, 1], [1, 2, 3], [3, 4, 5]]

    Reference: TensorFlow's guide to `tf.nn`, "Padding algorithms": if the padding is an odd number
        of cells, the extra cell is at the bottom or right.
    """

    def __init__(self, size, window, stride=1, padding="valid", dilation=1):
        self.size, self.stride, self.dilation = size, stride, dilation
        self.span = (window - 1) * dilation + 1  # cells from the first to the last, both included
        if padding == "same":
            self.count = -(-size // stride)  # of windows: the size of the output
            missing = max((self.count - 1) * stride + self.span - size, 0)
        else:
            self.count = (size - self.span) // stride + 1
            missing = 0
        self.before = missing // 2  # cells of padding at the top or left
        self.after = missing - self.before  # at the bottom or right
        self.padded = range(-self.before, size + self.after)  # all cells; padding is outside `size`

    def cells(self, number):
        """Return the cells that window `number` covers, including those in the padding."""
        first = number * self.stride - self.before
        return range(first, first + self.span, self.dilation)


def window_values(x, rows, columns, outside):
    """Return the values of `x` `(height, width)` in a window, as `(rows, columns)` of its dtype.

    Args:
        x: `(height, width)`.
        rows, columns: the window's rows and columns, as `SlidingWindows.cells` returns them.
        outside: the value of the padding.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.sliding_windows import window_values
    >>> window_values(np.arange(4.0).reshape(2, 2), range(-1, 1), range(1, 3), outside=0)
    array([[0., 0.],
           [1., 0.]])
    """
    x = np.asarray(x)
    values = np.full((len(rows), len(columns)), outside, x.dtype)
    for i, j in np.ndindex(values.shape):
        if 0 <= rows[i] < x.shape[0] and 0 <= columns[j] < x.shape[1]:
            values[i, j] = x[rows[i], columns[j]]
    return values
