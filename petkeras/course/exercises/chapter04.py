"""Check chapter 04: convolution and pooling by hand."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import call_for_numbers, not_yet, read_numbers, right
from petkeras.language import translate

# For exercise 3: the smallest number of a table, and its shape.
TABLES = ((0, (4, 6)), (0, (5, 4)), (0, (4, 7)), (0, (3, 3)), (-60, (6, 6)), (-60, (5, 7)))


def exercise_1(output):
    """Check a convolution of the 9x9 table with a 3x3 kernel of ones: 4x4 windows, no padding.

    Args:
        output: `(1, 4, 4, 1)`, as `tf.nn.conv2d` returns it.
    """
    values = read_numbers(output)
    if values is None or values.ndim != 4 or values.shape[1] != values.shape[2]:
        return not_yet("Leave the other lines as they are, and pass the convolution's output.")
    size = values.shape[1]
    if size == 5:
        return not_yet("You get 5x5 with zeros around the table. Leave the padding 'VALID'.")
    if size != 4:
        return not_yet(
            "The output is {size}x{size}; it should be 4x4. The first window starts in row 0, the "
            "last one in row 6. How far apart must four windows start?",
            size=size,
        )
    table = np.arange(81).reshape(9, 9)
    sums = [[table[r : r + 3, c : c + 3].sum() for c in range(0, 7, 2)] for r in range(0, 7, 2)]
    if values.shape != (1, 4, 4, 1) or not np.allclose(values[0, :, :, 0], sums):
        return not_yet("The size is right, but the numbers are not. Change only the stride.")
    return right("The windows start in rows 0, 2, 4 and 6. (9 - 3) / 2 + 1 = 4.")


def exercise_2(kernel):
    """Check a 3x3 kernel that responds positively where dark turns bright from left to right.

    Args:
        kernel: `(3, 3)`.
    """
    values = read_numbers(kernel)
    if values is None or values.shape != (3, 3):
        return not_yet("A kernel is three rows of three numbers.")
    edges = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])  # the two windows that touch an edge
    left_to_right = [float((values * edge).sum()) for edge in edges]
    top_to_bottom = [float((values * edge[:, None]).sum()) for edge in edges]
    if not values.any():
        return not_yet("Zeros respond to everything with 0.")
    if abs(values.sum()) > 1e-6:
        return not_yet(
            "Its response to a uniform area of ones is {response:g}, and it should be 0. What "
            "must the nine numbers add up to?",
            response=values.sum(),
        )
    if max(map(abs, top_to_bottom)) > 1e-6:
        return not_yet("It also responds to an edge from top to bottom. Make its rows all alike.")
    if max(left_to_right) < -1e-6:
        return not_yet(
            "Its response is below 0. The kernel is not flipped: its right column meets the bright "
            "pixels on the right."
        )
    if min(left_to_right) < 1e-6:
        return not_yet("In one of the two windows that touch the edge, it does not respond.")
    return right("Positive numbers meet the bright side, negative ones the dark side.")


def exercise_3(max_pool):
    """Check a function that pools a table by 2x2 windows, stride 2, under SAME padding.

    Args:
        max_pool: a function from `(height, width)` to `(ceil(height / 2), ceil(width / 2))`.
    """
    rng = np.random.default_rng(4)
    for low, shape in TABLES:
        table = rng.integers(low, low + 50, shape)
        pooled, hint = call_for_numbers(max_pool, table.astype(np.float32))
        hint = hint or _compare_pools(pooled, table)
        if hint:
            return not_yet(hint)
    return right("For even and odd sizes, and for numbers below 0.")


def _compare_pools(pooled, table):
    """Return what is wrong with a pooled table, or `None`."""
    (rows, columns), half = table.shape, tuple(np.add(table.shape, 1) // 2)
    size = {"rows": rows, "columns": columns}
    half_size = {"half_rows": half[0], "half_columns": half[1]}
    if pooled.shape == table.shape:
        return translate(
            "Your output is as large as the input, but a table of {rows} rows and {columns} "
            "columns should come out as {half_rows} x {half_columns}.",
            **size,
            **half_size,
        )
    if pooled.shape != half:
        wrong = translate(
            "A table of {rows} rows and {columns} columns should come out as {half_rows} x "
            "{half_columns}, not {shape}.",
            shape=" x ".join(map(str, pooled.shape)) or translate("a single number"),
            **size,
            **half_size,
        )
        odd = translate(" A last row or column without a partner is a window, too.")
        return wrong + odd if rows % 2 else wrong
    if np.allclose(pooled, _pool(table, np.max)):
        return None
    with_zeros = np.pad(table, [(0, length % 2) for length in table.shape])
    if np.allclose(pooled, _pool(with_zeros, np.max)):
        return (
            "Where all numbers at the edge are below 0, you return 0, which is not in the table: "
            "padding must never win. What is smaller than every number?"
        )
    if np.allclose(pooled, _pool(table, np.mean)):
        return "These are the means of the windows. Return their largest numbers."
    return translate(
        "The shape is right. But for a table of {rows} rows and {columns} columns, some numbers "
        "are not the largest in their window.",
        **size,
    )


def _pool(table, reduce):
    """Reduce each 2x2 window; windows at the edge may have fewer numbers."""
    rows, columns = (range(0, length, 2) for length in table.shape)
    return np.array([[reduce(table[r : r + 2, c : c + 2]) for c in columns] for r in rows])
