"""The numbers in the animations, against NumPy and TensorFlow."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st

from petkeras.errors import PetkerasError
from petkeras.visualize.animation import Animation
from petkeras.visualize.arithmetic import (
    animate_convolution,
    animate_max_pool,
    animate_max_pool_paddings,
)
from petkeras.visualize.number_grid import format_number
from petkeras.visualize.sliding_windows import SlidingWindows, window_values
from petkeras.visualize.style import ORANGE

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.sampled_from(["valid", "same", "SAME"])


@st.composite
def tables(draw):
    """Draw a small table of integers or of decimals, negative and positive."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = rng.normal(scale=3, size=shape)
    return np.float32(values.round() if draw(st.booleans()) else values)


def shown(animation, table, frame, axes=0):
    """Return a grid's texts, read back from the figure, by (row, column)."""
    texts = [text for text in animation.frame(frame).axes[axes].texts if text.get_gid()]
    return {
        tuple(map(int, text.get_gid().split()[1:])): text.get_text()
        for text in texts
        if text.get_gid().split()[0] == table
    }


def strong(animation):
    """Return the gids of the cells that are highlighted now."""
    return {
        text.get_gid()
        for text in animation.figure.axes[0].texts
        if text.get_gid() and text.get_fontweight() == "bold"
    }


def windows_of(x, window, strides, padding, dilations=(1, 1)):
    arguments = zip(x.shape, window, strides, dilations, strict=True)
    return [SlidingWindows(size, n, step, padding.lower(), far) for size, n, step, far in arguments]


def fits(x, window, dilations=(1, 1)):
    spans = [(n - 1) * far + 1 for n, far in zip(window, dilations, strict=True)]
    return all(span <= size for span, size in zip(spans, x.shape, strict=True))


def texts_of(output):
    return {place: format_number(value) for place, value in np.ndenumerate(output)}


@given(tables(), pairs, pairs, paddings)
def test_max_pool_shows_what_tensorflow_computes_and_numpy_finds_in_the_windows(
    x, pool, strides, padding
):
    assume(padding != "valid" or fits(x, pool))
    output = tf.nn.max_pool2d(x[None, :, :, None], pool, strides, padding.upper())
    output = output[0, :, :, 0].numpy()
    down, across = windows_of(x, pool, strides, padding)
    assert (down.count, across.count) == output.shape
    animation = animate_max_pool(x, pool, strides, padding)
    assert animation.count == output.size
    for frame, (row, column) in enumerate(np.ndindex(output.shape)):
        inside = window_values(x, down.cells(row), across.cells(column), np.nan)
        assert np.nanmax(inside) == output[row, column]
        assert shown(animation, "output", frame)[row, column] == format_number(output[row, column])
        largest = {
            f"input {i} {j}"
            for i, j in itertools.product(down.cells(row), across.cells(column))
            if 0 <= i < x.shape[0] and 0 <= j < x.shape[1] and x[i, j] == output[row, column]
        }
        assert strong(animation) == largest | {f"output {row} {column}"}
    assert shown(animation, "output", -1) == texts_of(output)
    assert texts_of(x).items() <= shown(animation, "input", -1).items()


@given(tables(), pairs, pairs, pairs, paddings, st.integers(0, 2**16))
def test_convolution_shows_what_tensorflow_computes_and_numpy_sums_up(
    x, size, strides, dilations, padding, seed
):
    if max(strides) > 1:
        dilations = (1, 1)
    assume(padding != "valid" or fits(x, size, dilations))
    kernel = np.float32(np.random.default_rng(seed).normal(size=size))
    output = tf.nn.conv2d(
        x[None, :, :, None], kernel[:, :, None, None], strides, padding.upper(), dilations=dilations
    )[0, :, :, 0].numpy()
    down, across = windows_of(x, size, strides, padding, dilations)
    assert (down.count, across.count) == output.shape
    animation = animate_convolution(x, kernel, strides, padding, dilations)
    for frame, (row, column) in enumerate(np.ndindex(output.shape)):
        patch = window_values(x, down.cells(row), across.cells(column), 0)
        np.testing.assert_allclose((patch * kernel).sum(), output[row, column], atol=1e-4)
        assert shown(animation, "patch", frame) == texts_of(patch)
        assert shown(animation, "products", frame) == texts_of(patch * kernel)
        assert shown(animation, "sum", frame) == {(0, 0): format_number(output[row, column])}
    assert shown(animation, "output", -1) == texts_of(output)
    assert shown(animation, "kernel", -1) == texts_of(kernel)
    padded = [each.padded for each in (down, across)]
    assert list(shown(animation, "input", 0).values()) == [
        format_number(value) for value in window_values(x, *padded, 0).flat
    ]


def test_output_fills_up_cell_by_cell_and_frames_come_in_any_order():
    animation = animate_max_pool([[1, 2, 9, 4], [3, 5, 6, 7]])
    assert shown(animation, "output", 1) == {(0, 0): "5", (0, 1): "9"}
    assert shown(animation, "output", 0) == {(0, 0): "5", (0, 1): ""}
    assert animation.figure.axes[0].texts[-1].get_text() == "The largest of 1, 2, 3, 5 is 5"


def test_only_cells_that_a_dilated_kernel_touches_are_colored():
    animation = animate_convolution(np.ones((5, 5)), np.ones((2, 2)), dilations=3)
    boxes = animation.frame(0).axes[0].patches[:25]  # the input's
    white = boxes[1].get_facecolor()
    colored = [place for place, box in enumerate(boxes) if box.get_facecolor() != white]
    assert colored == [0, 3, 15, 18]


def test_padding_is_hatched_and_empty_for_a_pool_and_zeros_for_a_convolution():
    pool = animate_max_pool(np.full((2, 2), -7.0), 3, 1, "same")
    assert shown(pool, "input", 0)[-1, -1] == ""
    assert set(shown(pool, "output", -1).values()) == {"-7"}
    assert pool.figure.axes[0].patches[0].get_hatch()
    convolution = animate_convolution(np.ones((2, 2)), np.ones((3, 3)), padding="same")
    assert shown(convolution, "input", 0)[-1, -1] == "0"
    assert not convolution.figure.axes[0].patches[0].get_hatch()


def test_both_paddings_run_in_step_and_valid_stops_at_its_last_window():
    animation = animate_max_pool_paddings(np.arange(16).reshape(4, 4))
    assert animation.count == 16
    animation.frame(9)
    done = [
        text.get_text()
        for text in animation.figure.axes[0].texts
        if "output" in str(text.get_gid())
    ]
    assert done[:4] == ["10", "11", "14", "15"]  # VALID
    assert done[4:] == ["5", "6", "7", "7", "9", "10", "11", "11", "13", "14"] + [""] * 6


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: animate_max_pool(np.full((8, 8), -0.75), 3, 2, "same"), 8),
        (lambda: animate_max_pool(np.full((16, 16), -10.25)), 4),
        (lambda: animate_convolution(np.full((8, 8), -0.75), np.eye(3), padding="same"), 7.5),
    ],
)
def test_numbers_stay_in_their_cells_and_all_text_in_the_figure(make, size):
    animation = make()
    assert isinstance(animation, Animation)
    figure = animation.frame(-1)
    whole = figure.bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1
        if text.get_gid():
            assert text.get_fontsize() >= size
    boxes = [patch.get_window_extent() for patch in figure.axes[0].patches]
    cells = [text for text in figure.axes[0].texts if text.get_gid() and text.get_text()]
    for text in cells:
        wide = text.get_window_extent()
        assert any(box.x0 <= wide.x0 and wide.x1 <= box.x1 and box.y0 <= wide.y0 for box in boxes)


def test_the_animation_is_drawn_in_changing_frames():
    frames = animate_convolution(np.eye(3), np.ones((2, 2))).render()
    assert frames.shape[0] == 4
    assert frames.shape[2:] == (800, 3)
    assert all((one != other).any() for one, other in itertools.pairwise(frames))
    orange = [int(ORANGE[place : place + 2], 16) for place in (1, 3, 5)]
    assert (frames[-1] == orange).all(axis=-1).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: animate_max_pool(np.zeros((1, 4, 4))),
            r"`x` must have the shape .*shape=\(1, 4, 4\)",
        ),
        (lambda: animate_max_pool(np.zeros((0, 4))), r"Received: shape=\(0, 4\)"),
        (
            lambda: animate_max_pool([["a", "b"]]),
            r"`x` must be numbers in rows.*Received: \[\['a', 'b'\]\]",
        ),
        (lambda: animate_max_pool([[1, 2], [3]]), "`x` must be numbers in rows of equal length"),
        (lambda: animate_max_pool(np.zeros((17, 3))), r"too many to read.*shape=\(17, 3\)"),
        (lambda: animate_max_pool(np.zeros((16, 16)), 3, 1, "same"), "too many.*Received: 18 x 18"),
        (lambda: animate_max_pool([[1, np.nan]], 1), r"`x` must be finite.*Received: nan"),
        (lambda: animate_convolution([[1]], [[np.inf]]), r"`kernel` must be finite.*inf"),
        (lambda: animate_max_pool([[2e6]], 1), "between -1e6 and 1e6.*Received: 2000000.0"),
        (lambda: animate_max_pool(np.eye(4), 0), "animate_max_pool: `pool_size`.*pool_size=0"),
        (lambda: animate_max_pool(np.eye(4), 2, (1, 2, 3)), r"`strides` .*strides=\(1, 2, 3\)"),
        (lambda: animate_max_pool(np.eye(4), padding="full"), "'same' or 'valid'.*padding='full'"),
        (lambda: animate_max_pool(np.eye(4), 5), "`pool_size` must span.*5 x 5 .*input of 4 x 4"),
        (lambda: animate_max_pool_paddings(np.eye(2)), "`pool_size` must span at most the input's"),
        (
            lambda: animate_convolution(np.eye(4), np.eye(3), dilations=2),
            "`kernel` must span.*kernel of 5 x 5 cells, input of 4 x 4",
        ),
        (lambda: animate_convolution(np.eye(4), np.ones(3)), r"`kernel` must have.*shape=\(3,\)"),
        (
            lambda: animate_convolution(np.eye(6), np.eye(2), strides=2, dilations=(1, 2)),
            r"must not both be above 1.*strides=\(2, 2\), dilations=\(1, 2\)",
        ),
    ],
)
def test_each_mistake_raises_a_one_line_message(call, message):
    with pytest.raises(PetkerasError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
