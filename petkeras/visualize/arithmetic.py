"""Pooling and convolution, one window at a time: the article's figures 4 and 5."""

from __future__ import annotations

import itertools

import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle

from petkeras import layer_checks
from petkeras.errors import PetkerasError
from petkeras.visualize.animation import Animation
from petkeras.visualize.style import BLUE, GREEN, SKY, YELLOW, styled
from petkeras.visualize.tables import (
    LINE,
    MOST,
    STRONG,
    Table,
    cell_side,
    corners,
    font_size,
    sheet,
    short,
    write_line,
)
from petkeras.visualize.windows import Windows, window_values

MOST_CELLS = 16  # along a side, that can still be read
MOST_NAMED = 60  # characters of numbers that a caption lists
NAMES = "patch", "kernel", "products", "sum"
INSIDE, KERNEL, PRODUCT = (SKY, 0.5), (GREEN, 0.25), (YELLOW, 0.35)


@styled
def animate_max_pool(x, pool_size=2, strides=None, padding="valid", seconds=0.8):
    """Show a window slide over a table of numbers, and the largest of each window go out.

    Args:
        x: `(height, width)`, with its padding at most 16 cells a side.
        pool_size: height and width of the window in cells; an integer or two.
        strides: cells from one window to the next; an integer or two. `None` is `pool_size`.
        padding: `"valid"`, or `"same"`, whose padding is drawn hatched: TensorFlow ignores it, so
            that a window over the edge has fewer numbers.
        seconds: how long each window is shown.

    Returns:
        An `Animation` with one frame for each number of the output, which `tf.nn.max_pool2d`
        computes. Numbers are shown with two decimals at most.

    Raises:
        PetkerasError: an argument is out of range.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.arithmetic import animate_max_pool
    >>> animate_max_pool(np.arange(16).reshape(4, 4)).count
    4

    Reference: the article's section "How convolution and pooling work".
    """
    pool = _pool("animate_max_pool", x, pool_size, strides, padding)
    side = cell_side(pool.shapes)
    figure, axes = sheet(side * pool.rows + 3.2 * LINE)
    pool.draw(axes, 0, side, font_size(side, pool.numbers))
    return Animation(
        figure, lambda frame: _show_largest(pool, frame), pool.output.size, seconds, pool.title
    )


@styled
def animate_max_pool_paddings(x, pool_size=3, strides=1, seconds=0.8):
    """Show max pooling under VALID and under SAME padding, in step.

    Args:
        x: `(height, width)`, with its padding at most 16 cells a side.
        pool_size: height and width of the window in cells; an integer or two.
        strides: cells from one window to the next; an integer or two. `None` is `pool_size`.
        seconds: how long each window is shown.

    Returns:
        An `Animation`: VALID above, SAME below. VALID has fewer windows, and waits at its last.

    Raises:
        PetkerasError: an argument is out of range.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.arithmetic import animate_max_pool_paddings
    >>> animate_max_pool_paddings(np.arange(25).reshape(5, 5)).count
    25

    Reference: the article's section "How convolution and pooling work".
    """
    name = "animate_max_pool_paddings"
    valid, same = (_pool(name, x, pool_size, strides, padding) for padding in ("valid", "same"))
    side = cell_side(valid.shapes, same.shapes)
    font = font_size(side, [*valid.numbers, *same.numbers])
    middle = side * valid.rows + 3.5 * LINE  # where SAME begins
    figure, axes = sheet(middle + side * same.rows + 3.2 * LINE)
    valid.draw(axes, 0, side, font)
    same.draw(axes, middle, side, font)

    def show(frame):
        _show_largest(valid, min(frame, valid.output.size - 1))
        _show_largest(same, frame)

    return Animation(figure, show, same.output.size, seconds, f"{valid.title}; {same.title}")


@styled
def animate_convolution(x, kernel, strides=1, padding="valid", dilations=1, seconds=1.0):
    """Show a kernel slide over a table of numbers: patch times kernel, summed, goes out.

    The kernel is not turned around: what networks call a convolution is a cross-correlation.

    Args:
        x: `(height, width)`, with its padding at most 16 cells a side.
        kernel: `(kernel_height, kernel_width)`.
        strides: cells from one window to the next; an integer or two.
        padding: `"valid"`, or `"same"`, whose padding is drawn as gray zeros.
        dilations: cells from one that the kernel touches to the next; an integer or two.
        seconds: how long each window is shown.

    Returns:
        An `Animation` with one frame for each number of the output, which `tf.nn.conv2d`
        computes. Numbers are shown with two decimals at most.

    Raises:
        PetkerasError: an argument is out of range, or strides and dilations are both above 1.

    Example:

    >>> import numpy as np
    >>> from petkeras.visualize.arithmetic import animate_convolution
    >>> animate_convolution(np.eye(6), [[1, -1], [0, 2]]).count
    25

    Reference: the article's section "How convolution and pooling work".
    """
    kernel, convolution = _convolution(x, kernel, strides, padding, dilations)
    products = [kernel * convolution.patch(frame) for frame in range(convolution.output.size)]
    shapes = [kernel.shape] * 3 + [(1, 1)]
    side = cell_side(convolution.shapes, shapes)
    font = font_size(side, [*convolution.numbers, *kernel.flat, *np.ravel(products)])
    middle = side * convolution.rows + 3.5 * LINE  # where the lower tables begin
    bottom = middle + side * len(kernel)
    figure, axes = sheet(bottom + 1.2 * LINE)
    convolution.draw(axes, 0, side, font, caption=bottom + 0.6 * LINE)
    places = corners(axes, middle, shapes, "\u00d7=\u2192", side)
    patches, kernels, multiplied, total = (
        Table(axes, name, *map(range, shape), place, side, font)
        for name, shape, place in zip(NAMES, shapes, places, strict=True)
    )
    patches.paint(INSIDE)
    kernels.paint(KERNEL)
    kernels.write(kernel)
    multiplied.paint(PRODUCT)
    total.paint(STRONG)

    def show(frame):
        value = convolution.output.flat[frame]
        patches.write(convolution.patch(frame))
        multiplied.write(products[frame])
        total.write(value)
        inside = itertools.product(*convolution.touched(frame))
        convolution.show(frame, inside, [], f"The products add up to {short(value)}")

    return Animation(figure, show, convolution.output.size, seconds, convolution.title)


class _Sliding:
    """A window that slides over an input, and the output that it leaves behind."""

    def __init__(self, x, output, windows, outside, title):
        self.x, self.output, self.windows, self.outside = x, output, windows, outside
        self.title = f"{title}: {_by(x.shape)} in, {_by(output.shape)} out"
        self.numbers = [*x.flat, *output.flat]
        self.shapes = [tuple(len(each.padded) for each in windows), output.shape]
        self.rows = self.shapes[0][0]  # the input is never smaller than the output

    def touched(self, frame):
        """Return the rows and the columns of the window that makes output number `frame`."""
        place = np.unravel_index(frame, self.output.shape)
        return [each.cells(at) for each, at in zip(self.windows, place, strict=True)]

    def patch(self, frame):
        """Return the numbers under that window."""
        return window_values(self.x, *self.touched(frame), self.outside)

    def draw(self, axes, top, side, font, caption=None):
        """Draw input and output from `top` down, in inches; `caption` says where the words go."""
        write_line(axes, top + LINE / 2, self.title)
        places = corners(axes, top + 2 * LINE, self.shapes, "\u2192", side)
        padded = [each.padded for each in self.windows]
        self.source = Table(axes, "input", *padded, places[0], side, font)
        self.source.write(window_values(self.x, *padded, self.outside))
        if np.isnan(self.outside):
            self.source.set_padding_apart(self.x.shape, "input; hatched padding is ignored", "////")
        else:
            self.source.set_padding_apart(self.x.shape, "input, padded with zeros")
        self.target = Table(axes, "output", *map(range, self.output.shape), places[1], side, font)
        spans = [side * each.span for each in self.windows]
        self.outline = Rectangle((0, 0), spans[1], spans[0], fill=False, ec=BLUE, lw=3, zorder=3)
        axes.add_patch(self.outline)
        self.words = write_line(axes, caption or top + 2.6 * LINE + side * self.rows, "")

    def show(self, frame, inside, strong, words):
        """Move the window, color cells of the input, and fill the output up to here."""
        rows, columns = self.touched(frame)
        self.outline.set_xy(self.source.corner(rows[0], columns[0]))
        self.source.paint(None)
        self.source.paint(INSIDE, inside)
        self.source.paint(STRONG, strong)
        done = np.arange(self.output.size).reshape(self.output.shape) <= frame
        self.target.write(np.where(done, self.output, np.nan))
        self.target.paint(None)
        self.target.paint(STRONG, [np.unravel_index(frame, self.output.shape)])
        self.words.set_text(words)


def _pool(function, x, pool_size, strides, padding):
    """Check the arguments, let TensorFlow pool, and return it all as `_Sliding`."""
    x = _table(function, "x", x)
    window = _pair(function, "pool_size", pool_size)
    strides = window if strides is None else _pair(function, "strides", strides)
    windows = _windows(function, "pool_size", x, window, strides, padding)
    with tf.device("CPU"):
        output = tf.nn.max_pool2d(x[None, :, :, None], window, strides, padding.upper())
    title = f"The largest of each {_by(window)} window, {_how(padding, 'stride', strides)}"
    return _Sliding(x, output[0, :, :, 0].numpy(), windows, np.nan, title)


def _show_largest(pool, frame):
    largest, values = pool.output.flat[frame], pool.patch(frame).ravel()
    under = list(zip(itertools.product(*pool.touched(frame)), values, strict=True))
    inside = [cell for cell, value in under if not np.isnan(value)]
    strong = [cell for cell, value in under if value == largest]
    names = ", ".join(short(value) for value in values if not np.isnan(value))
    if len(names) > MOST_NAMED:
        names = f"{len(inside)} numbers"
    pool.show(frame, inside, strong, f"The largest of {names} is {short(largest)}")


def _convolution(x, kernel, strides, padding, dilations):
    """Check the arguments, let TensorFlow convolve; return the kernel, and all as `_Sliding`."""
    name = "animate_convolution"
    x, kernel = _table(name, "x", x), _table(name, "kernel", kernel)
    strides, dilations = _pair(name, "strides", strides), _pair(name, "dilations", dilations)
    if max(strides) > 1 and max(dilations) > 1:
        raise PetkerasError(
            f"{name}: `strides` and `dilations` must not both be above 1; Keras refuses it, too. "
            f"Received: strides={strides}, dilations={dilations}"
        )
    windows = _windows(name, "kernel", x, kernel.shape, strides, padding, dilations)
    with tf.device("CPU"):
        output = tf.nn.conv2d(
            x[None, :, :, None],  # (1, height, width, 1)
            kernel[:, :, None, None],  # (kernel_height, kernel_width, 1, 1)
            strides,
            padding.upper(),
            dilations=dilations,
        )
    dilated = max(dilations) > 1
    how = _how(padding, *(("dilation", dilations) if dilated else ("stride", strides)))
    title = f"Each {_by(kernel.shape)} patch times the kernel, {how}"
    return kernel, _Sliding(x, output[0, :, :, 0].numpy(), windows, 0, title)


def _table(function, argument, values):
    """Return finite numbers as `(height, width)` float32, or say what is wrong with them."""
    try:
        table = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise PetkerasError(
            f"{function}: `{argument}` must be numbers in rows of one length. "
            f"Received: a {type(values).__name__} that is not"
        ) from None
    if table.ndim != 2 or not 1 <= min(table.shape) <= max(table.shape) <= MOST_CELLS:
        raise PetkerasError(
            f"{function}: `{argument}` must be numbers of shape (height, width), 1 to {MOST_CELLS} "
            f"each: more are too many to read. Received: shape={table.shape}"
        )
    if not (np.abs(table) < MOST).all():  # NaN is not below
        worst = table[~(np.abs(table) < MOST)][0]
        raise PetkerasError(
            f"{function}: `{argument}` must be finite, and between -1e6 and 1e6 to be read. "
            f"Received: {worst}"
        )
    return table.astype(np.float32)


def _checked(check, *arguments):
    """Run one of the layers' own checks: what it refuses is a user's mistake."""
    try:
        return check(*arguments)
    except ValueError as error:
        raise PetkerasError(str(error)) from None


def _pair(function, argument, value):
    return _checked(layer_checks.two_integers, function, argument, value)


def _windows(function, argument, x, window, strides, padding, dilations=(1, 1)):
    """Lay the windows along both axes, or say why they do not fit."""
    padding = _checked(layer_checks.check_padding, function, padding)
    windows = [
        Windows(*sizes, padding, dilation)
        for *sizes, dilation in zip(x.shape, window, strides, dilations, strict=True)
    ]
    spans = tuple(each.span for each in windows)
    if padding == "valid" and any(each.span > each.size for each in windows):
        raise PetkerasError(
            f"{function}: with padding='valid', `{argument}` must span at most the input's height "
            f"and width. Received: {argument} of {_by(spans)} cells, input of {_by(x.shape)}"
        )
    padded = tuple(len(each.padded) for each in windows)
    if max(padded) > MOST_CELLS:
        raise PetkerasError(
            f"{function}: the input with its padding must be at most {MOST_CELLS} x {MOST_CELLS} "
            f"cells: more are too many to read. Received: {_by(padded)}"
        )
    return windows


def _by(pair):
    return f"{pair[0]} x {pair[1]}"


def _how(padding, name, steps):
    step = steps[0] if steps[0] == steps[1] else _by(steps)
    return f"{name} {step}, {padding.upper()} padding"
