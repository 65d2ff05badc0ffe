"""Pooling and convolution, one window at a time: the article's figures 4 and 5."""

from __future__ import annotations

import itertools

import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle

from petkeras import layer_checks
from petkeras.errors import PetkerasError
from petkeras.language import message
from petkeras.text import one_line
from petkeras.visualize.animation import Animation
from petkeras.visualize.lettering import label
from petkeras.visualize.number_grid import (
    HIGHLIGHT,
    LINE,
    MAX_NUMBER,
    NumberGrid,
    cell_side,
    font_size,
    format_number,
    inch_axes,
    place_grids,
    write_text,
)
from petkeras.visualize.sliding_windows import SlidingWindows, window_values
from petkeras.visualize.style import BLUE, GREEN, SKY, WIDTH, YELLOW, styled

MAX_CELLS = 16  # along a side, that can still be read
MAX_CAPTION = 60  # characters of the numbers that a caption lists
INSIDE, KERNEL, PRODUCT = (SKY, 0.5), (GREEN, 0.25), (YELLOW, 0.35)  # colors with their opacity


@styled
def animate_max_pool(x, pool_size=2, strides=None, padding="valid", seconds=0.8):
    """Show max pooling window by window: the largest number of each window is the output.

    Args:
        x: `(height, width)`, with its padding at most 16 cells per side.
        pool_size: height and width of the window; an integer or two.
        strides: cells from one window to the next; an integer or two. `None` is `pool_size`.
        padding: `"valid"` or `"same"`. TensorFlow ignores the padding, which is drawn hatched: a
            window over the edge has fewer numbers.
        seconds: how long each window is shown.

    Returns:
        An `Animation` with one frame for each output of `tf.nn.max_pool2d`. Numbers are shown with
        at most two decimals.

    Raises:
        PetkerasError: an argument is out of range.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.animate_max_pool(np.arange(16).reshape(4, 4)).count
    4

    Reference: the article's section "How convolution and pooling work".
    """
    return _animate_pools([_pool("animate_max_pool", x, pool_size, strides, padding)], seconds)


@styled
def animate_max_pool_paddings(x, pool_size=3, strides=1, seconds=0.8):
    """Show max pooling with VALID and with SAME padding, in step.

    Args:
        x, pool_size, strides, seconds: as in `animate_max_pool`.

    Returns:
        An `Animation`: VALID above, SAME below. VALID has fewer windows and stops at its last one.

    Raises:
        PetkerasError: an argument is out of range.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.animate_max_pool_paddings(np.arange(25).reshape(5, 5)).count
    25

    Reference: the article's section "How convolution and pooling work".
    """
    name = "animate_max_pool_paddings"
    pools = [_pool(name, x, pool_size, strides, padding) for padding in ("valid", "same")]
    return _animate_pools(pools, seconds)


@styled
def animate_convolution(x, kernel, strides=1, padding="valid", dilations=1, seconds=1.0):
    """Show convolution window by window: patch times kernel, summed, is the output.

    The kernel is not flipped: what networks call a convolution is a cross-correlation.

    Args:
        x: `(height, width)`, with its padding at most 16 cells per side.
        kernel: `(kernel_height, kernel_width)`.
        strides: cells from one window to the next; an integer or two.
        padding: `"valid"` or `"same"`, which is drawn as gray zeros.
        dilations: cells from one that the kernel covers to the next; an integer or two.
        seconds: how long each window is shown.

    Returns:
        An `Animation` with one frame for each output of `tf.nn.conv2d`. Numbers are shown with at
        most two decimals.

    Raises:
        PetkerasError: an argument is out of range, or strides and dilations are both above 1.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> pk.visualize.animate_convolution(np.eye(6), [[1, -1], [0, 2]]).count
    25

    Reference: the article's section "How convolution and pooling work".
    """
    kernel, convolution = _convolution(x, kernel, strides, padding, dilations)
    products = [kernel * convolution.patch(frame) for frame in range(convolution.output.size)]
    shapes = [kernel.shape] * 3 + [(1, 1)]
    side = cell_side(convolution.shapes, shapes)
    font = font_size(side, [*convolution.numbers, *kernel.flat, *np.ravel(products)])
    middle = side * convolution.rows + 3.5 * LINE  # where the lower grids begin
    bottom = middle + side * len(kernel)
    figure, axes = inch_axes(bottom + 1.2 * LINE)
    convolution.draw(axes, 0, side, font, caption=bottom + 0.6 * LINE)
    corners = place_grids(axes, middle, shapes, "\u00d7=\u2192", side)
    names = (message("patch"), message("kernel"), message("products"), message("sum"))
    patch_grid, kernel_grid, product_grid, sum_grid = (
        NumberGrid(axes, name, *map(range, shape), corner, side, font)
        for name, shape, corner in zip(names, shapes, corners, strict=True)
    )
    patch_grid.color_cells(INSIDE)
    kernel_grid.color_cells(KERNEL)
    kernel_grid.write(kernel)
    product_grid.color_cells(PRODUCT)
    sum_grid.color_cells(HIGHLIGHT)

    def show(frame):
        value = convolution.output.flat[frame]
        patch_grid.write(convolution.patch(frame))
        product_grid.write(products[frame])
        sum_grid.write(value)
        inside = itertools.product(*convolution.window(frame))
        caption = label("The products add up to {sum}", sum=format_number(value))
        convolution.show(frame, inside, [], caption)

    return Animation(figure, show, convolution.output.size, seconds, convolution.title)


class _SlidingOperation:
    """Draw the input of a pooling or a convolution, its window, and the output so far."""

    def __init__(self, x, output, windows, outside, title):
        self.x, self.output, self.windows, self.outside = x, output, windows, outside
        sizes = {"size_in": _by(x.shape), "size_out": _by(output.shape)}
        self.title = label("{title}: {size_in} in, {size_out} out", title=title, **sizes)
        self.numbers = [*x.flat, *output.flat]
        self.shapes = [tuple(len(each.padded) for each in windows), output.shape]
        self.rows = self.shapes[0][0]  # the input is never smaller than the output

    def window(self, frame):
        """Return the rows and the columns of the window of output number `frame`."""
        position = np.unravel_index(frame, self.output.shape)
        return [each.cells(at) for each, at in zip(self.windows, position, strict=True)]

    def patch(self, frame):
        """Return the numbers in that window."""
        return window_values(self.x, *self.window(frame), self.outside)

    def draw(self, axes, top, side, font, caption=None):
        """Draw input and output below `top` and the caption at `caption`, both in inches."""
        write_text(axes, WIDTH / 2, top + LINE / 2, self.title)
        corners = place_grids(axes, top + 2 * LINE, self.shapes, "\u2192", side)
        padded = [each.padded for each in self.windows]
        self.input_grid = NumberGrid(axes, message("input"), *padded, corners[0], side, font)
        self.input_grid.write(window_values(self.x, *padded, self.outside))
        if np.isnan(self.outside):
            name, hatch = label("input; hatched padding is ignored"), "////"
        else:
            name, hatch = label("input, padded with zeros"), None
        self.input_grid.mark_padding(self.x.shape, name, hatch)
        cells = map(range, self.output.shape)
        self.output_grid = NumberGrid(axes, message("output"), *cells, corners[1], side, font)
        height, width = (side * each.span for each in self.windows)
        self.frame = Rectangle((0, 0), width, height, fill=False, ec=BLUE, lw=3, zorder=3)
        axes.add_patch(self.frame)
        below = caption or top + 2.6 * LINE + side * self.rows
        self.caption = write_text(axes, WIDTH / 2, below, "")

    def show(self, frame, inside, highlighted, caption):
        """Move the window, color cells of the input, and fill the output up to `frame`."""
        rows, columns = self.window(frame)
        self.frame.set_xy(self.input_grid.cell_corner(rows[0], columns[0]))
        self.input_grid.color_cells(None)
        self.input_grid.color_cells(INSIDE, inside)
        self.input_grid.color_cells(HIGHLIGHT, highlighted)
        done = np.arange(self.output.size).reshape(self.output.shape) <= frame
        self.output_grid.write(np.where(done, self.output, np.nan))
        self.output_grid.color_cells(None)
        self.output_grid.color_cells(HIGHLIGHT, [np.unravel_index(frame, self.output.shape)])
        self.caption.set_text(caption)


def _pool(function, x, pool_size, strides, padding):
    """Check the arguments, and return the `_SlidingOperation` of `tf.nn.max_pool2d`."""
    x = _check_numbers(function, "x", x)
    window = _check_pair(function, "pool_size", pool_size)
    strides = window if strides is None else _check_pair(function, "strides", strides)
    windows = _sliding_windows(function, "pool_size", x, window, strides, padding)
    with tf.device("CPU"):
        output = tf.nn.max_pool2d(x[None, :, :, None], window, strides, padding.upper())
    title = label(
        "The largest of each {size} window, stride {stride}, {padding} padding",
        size=_by(window),
        stride=_step(strides),
        padding=padding.upper(),
    )
    return _SlidingOperation(x, output[0, :, :, 0].numpy(), windows, np.nan, title)


def _animate_pools(pools, seconds):
    """Return an animation of poolings, one below another; the last has the most windows."""
    side = cell_side(*(pool.shapes for pool in pools))
    font = font_size(side, [number for pool in pools for number in pool.numbers])
    *tops, end = itertools.accumulate((side * pool.rows + 3.5 * LINE for pool in pools), initial=0)
    figure, axes = inch_axes(end - 0.3 * LINE)
    for pool, top in zip(pools, tops, strict=True):
        pool.draw(axes, top, side, font)

    def show(frame):
        for pool in pools:
            _show_largest(pool, min(frame, pool.output.size - 1))

    description = "; ".join(pool.title for pool in pools)
    return Animation(figure, show, pools[-1].output.size, seconds, description)


def _show_largest(pool, frame):
    largest, values = pool.output.flat[frame], pool.patch(frame).ravel()
    window = list(zip(itertools.product(*pool.window(frame)), values, strict=True))
    inside = [cell for cell, value in window if not np.isnan(value)]
    highlighted = [cell for cell, value in window if value == largest]
    numbers = ", ".join(format_number(value) for value in values if not np.isnan(value))
    caption = label(
        "The largest of {count} numbers is {largest}"
        if len(numbers) > MAX_CAPTION
        else "The largest of {numbers} is {largest}",
        count=len(inside),
        numbers=numbers,
        largest=format_number(largest),
    )
    pool.show(frame, inside, highlighted, caption)


def _convolution(x, kernel, strides, padding, dilations):
    """Check the arguments, and return the kernel and the `_SlidingOperation` of `tf.nn.conv2d`."""
    name = "animate_convolution"
    x, kernel = _check_numbers(name, "x", x), _check_numbers(name, "kernel", kernel)
    strides = _check_pair(name, "strides", strides)
    check = layer_checks.dilation_pair
    dilations = _check_layer_argument(check, name, "dilations", dilations, strides)
    windows = _sliding_windows(name, "kernel", x, kernel.shape, strides, padding, dilations)
    with tf.device("CPU"):
        output = tf.nn.conv2d(
            x[None, :, :, None],  # (1, height, width, 1)
            kernel[:, :, None, None],  # (kernel_height, kernel_width, 1, 1)
            strides,
            padding.upper(),
            dilations=dilations,
        )
    title = label(
        "Each {size} patch times the kernel, dilation {dilation}, {padding} padding"
        if max(dilations) > 1
        else "Each {size} patch times the kernel, stride {stride}, {padding} padding",
        size=_by(kernel.shape),
        dilation=_step(dilations),
        stride=_step(strides),
        padding=padding.upper(),
    )
    return kernel, _SlidingOperation(x, output[0, :, :, 0].numpy(), windows, 0, title)


def _check_numbers(function, argument, values):
    """Return an argument as `(height, width)` float32."""
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise PetkerasError(
            f"{function}: `{argument}` must be numbers in rows of equal length. "
            f"Received: {one_line(repr(values), 60)}"
        ) from None
    if numbers.ndim != 2 or not 1 <= min(numbers.shape) <= max(numbers.shape) <= MAX_CELLS:
        raise PetkerasError(
            f"{function}: `{argument}` must have the shape (height, width), each from 1 to "
            f"{MAX_CELLS}: more cells are too many to read. Received: shape={numbers.shape}"
        )
    readable = np.abs(numbers) < MAX_NUMBER  # False for NaN
    if not readable.all():
        raise PetkerasError(
            f"{function}: `{argument}` must be finite, and between -1e6 and 1e6 to be readable. "
            f"Received: {numbers[~readable][0]}"
        )
    return numbers.astype(np.float32)


def _check_layer_argument(check, *arguments):
    """Apply a check of the layers, and raise its ValueError as a PetkerasError."""
    try:
        return check(*arguments)
    except ValueError as error:
        raise PetkerasError(str(error)) from None


def _check_pair(function, argument, value):
    return _check_layer_argument(layer_checks.two_integers, function, argument, value)


def _sliding_windows(function, argument, x, window, strides, padding, dilations=(1, 1)):
    """Return the windows along both axes, if they fit."""
    padding = _check_layer_argument(layer_checks.check_padding, function, padding)
    windows = [
        SlidingWindows(*sizes, padding, dilation)
        for *sizes, dilation in zip(x.shape, window, strides, dilations, strict=True)
    ]
    spans = tuple(each.span for each in windows)
    if padding == "valid" and any(each.span > each.size for each in windows):
        raise PetkerasError(
            f"{function}: with padding='valid', `{argument}` must span at most the input's height "
            f"and width. Received: {argument} of {_by(spans)} cells, input of {_by(x.shape)}"
        )
    padded = tuple(len(each.padded) for each in windows)
    if max(padded) > MAX_CELLS:
        raise PetkerasError(
            f"{function}: the input with its padding must have at most {MAX_CELLS} x {MAX_CELLS} "
            f"cells: more are too many to read. Received: {_by(padded)}"
        )
    return windows


def _by(pair):
    return f"{pair[0]} x {pair[1]}"


def _step(steps):
    return steps[0] if steps[0] == steps[1] else _by(steps)
