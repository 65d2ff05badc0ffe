"""Where TensorFlow lays the windows of a pool or a convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Lay windows along one axis of a picture, where TensorFlow lays them.

    Args:
        size: how many cells the picture has along the axis.
        window: how many of them a window touches.
        stride: cells from one window to the next.
        padding: `"same"` or `"valid"`.
        dilation: cells from one that is touched to the next.

    Example:

    >>> from petkeras.visualize.windows import Windows
    >>> windows = Windows(size=5, window=3, stride=2, padding="same")
    >>> [list(windows.cells(place)) for place in range(windows.count)]
    [[-1, 0, 1], [1, 2, 3], [3, 4, 5]]

    Reference: TensorFlow's guide to `tf.nn`, "Padding algorithms": where an odd number of cells
        is missing, the one more comes at the bottom or right.
    """

    size: int
    window: int
    stride: int = 1
    padding: str = "valid"
    dilation: int = 1

    @property
    def span(self):
        """Cells from the first that is touched to the last, both counted."""
        return (self.window - 1) * self.dilation + 1

    @property
    def count(self):
        """How many windows there are: the size of the output."""
        if self.padding == "same":
            return -(-self.size // self.stride)
        return (self.size - self.span) // self.stride + 1

    @property
    def before(self):
        """Cells of padding at the top or left."""
        return self._missing // 2

    @property
    def after(self):
        """Cells of padding at the bottom or right."""
        return self._missing - self.before

    @property
    def _missing(self):
        if self.padding == "valid":
            return 0
        return max((self.count - 1) * self.stride + self.span - self.size, 0)

    @property
    def padded(self):
        """The picture's cells with the padding around them; padding is below 0, or at the end."""
        return range(-self.before, self.size + self.after)

    def cells(self, place):
        """Return the cells that window number `place` touches, those in the padding too."""
        first = place * self.stride - self.before
        return range(first, first + self.span, self.dilation)


def window_values(x, rows, columns, outside):
    """Return what lies under a window.

    Args:
        x: `(height, width)`.
        rows: the rows that the window touches, as `Windows.cells` gives them.
        columns: its columns.
        outside: what stands in the padding.

    Returns:
        `(rows, columns)` of x's dtype.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.windows import window_values
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
