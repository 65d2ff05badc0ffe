"""The positions of windows, against TensorFlow."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from petkeras.visualize.sliding_windows import SlidingWindows


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_is_where_tensorflow_puts_it(size, window, stride, dilation):
    stride = stride if dilation == 1 else 1
    windows = SlidingWindows(size, window, stride, "same", dilation)
    assert windows.after - windows.before in (0, 1)
    place = np.float32(2.0 ** np.arange(size))[None, None, :, None]  # each cell its own bit
    ones = np.ones((1, window, 1, 1), "float32")
    sums = tf.nn.conv2d(place, ones, (1, stride), "SAME", dilations=(1, dilation)).numpy().ravel()
    for number, total in enumerate(sums):
        touched = [cell for cell in windows.cells(number) if 0 <= cell < size]
        assert sum(2**cell for cell in touched) == total
