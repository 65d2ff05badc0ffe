"""Checks of chapter 04, convolution and pooling by hand."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers, read_numbers


def exercise_1(output):
    """Check a convolution of the 9x9 table with a 3x3 kernel of ones: 4x4 windows, no padding.

    Args:
        output: `(1, 4, 4, 1)`, what `tf.nn.conv2d` returned.
    """
    values = read_numbers(output)
    if values is None or values.ndim != 4 or values.shape[1] != values.shape[2]:
        return not_yet("Leave the other lines as they are, and hand over the convolution's output.")
    size = values.shape[1]
    if size == 5:
        return not_yet("5x5 is what zeros around the table give. Leave the padding 'VALID'.")
    if size != 4:
        return not_yet(
            f"{size}x{size} numbers came out, 4x4 shall. The first window begins in row 0, the "
            "last one in row 6. How far apart must four windows begin?"
        )
    table = np.arange(81).reshape(9, 9)
    wanted = [[table[r : r + 3, c : c + 3].sum() for c in range(0, 7, 2)] for r in range(0, 7, 2)]
    if values.shape != (1, 4, 4, 1) or not np.allclose(values[0, :, :, 0], wanted):
        return not_yet("The size is right, the numbers are not. Change nothing but the stride.")
    return right("windows begin in the rows 0, 2, 4 and 6. (9 - 3) / 2 + 1 = 4.")


def exercise_2(kernel):
    """Check a 3x3 kernel that answers above 0 where dark turns to bright from left to right.

    Args:
        kernel: `(3, 3)`.
    """
    values = read_numbers(kernel)
    if values is None or values.shape != (3, 3):
        return not_yet("A kernel is three rows of three numbers.")
    rising = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])  # rows: the two places of an edge
    to_right = [float((values * row).sum()) for row in rising]
    to_bottom = [float((values * row[:, None]).sum()) for row in rising]
    if not values.any():
        return not_yet("Zeros answer to everything with 0.")
    if abs(values.sum()) > 1e-6:
        return not_yet(
            f"It answers to an even area of ones with {values.sum():g}, and shall with 0. What "
            "must the nine numbers add up to?"
        )
    if max(map(abs, to_bottom)) > 1e-6:
        return not_yet(
            "It answers to an edge between above and below, too. Let its rows all be alike."
        )
    if max(to_right) < -1e-6:
        return not_yet(
            "It answers below 0. The kernel is not turned around: what is bright on the right "
            "meets the kernel's right column."
        )
    if min(to_right) < 1e-6:
        return not_yet("Of the two windows that touch the edge, one does not answer above 0.")
    return right("positive numbers meet the bright side, negative ones the dark side.")


def exercise_3(max_pool):
    """Check a function that pools a table by 2x2 windows, stride 2, under SAME padding.

    Args:
        max_pool: a function from `(height, width)` to `(ceil(height / 2), ceil(width / 2))`.
    """
    rng = np.random.default_rng(4)
    tables = [rng.integers(low, low + 50, shape) for low, shape in _TABLES]
    for table in tables:
        pooled, hint = call_for_numbers(max_pool, table.astype(np.float32))
        if hint:
            return not_yet(hint)
        hint = _compare_pools(pooled, table)
        if hint:
            return not_yet(hint)
    return right("even and odd sizes, and numbers below 0.")


_TABLES = ((0, (4, 6)), (0, (5, 4)), (0, (4, 7)), (0, (3, 3)), (-60, (6, 6)), (-60, (5, 7)))


def _compare_pools(pooled, table):
    """Return what is wrong with a pooled table, or `None`."""
    (height, width), half = table.shape, np.add(table.shape, 1) // 2
    size = f"a table of {height} rows and {width} columns"
    if pooled.shape == table.shape:
        return f"As many numbers come out as went in. Of {size}, {half[0]} x {half[1]} are left."
    if pooled.shape != tuple(half):
        lost = " A last row or column without a partner is a window, too." if height % 2 else ""
        return f"Of {size}, {half[0]} x {half[1]} numbers are left, not {_by(pooled.shape)}.{lost}"
    wanted = _pool(table, np.max)
    if np.allclose(pooled, wanted):
        return None
    framed = np.pad(table, [(0, length % 2) for length in table.shape])
    if np.allclose(pooled, _pool(framed, np.max)):
        return (
            "At the edge of a table of numbers below 0 you return 0, which is nowhere in the "
            "table: padding must never win. What is smaller than every number?"
        )
    if np.allclose(pooled, _pool(table, np.mean)):
        return "These are the means of the windows. Their largest numbers are asked for."
    return f"The shape is right; of {size}, some numbers are not the largest of their window."


def _pool(table, reduce):
    """Reduce the numbers of each 2x2 window, of those that are there."""
    rows, columns = (range(0, length, 2) for length in table.shape)
    return np.array([[reduce(table[r : r + 2, c : c + 2]) for c in columns] for r in rows])


def _by(shape):
    return " x ".join(map(str, shape)) or "a single number"
