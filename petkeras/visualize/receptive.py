"""The receptive field: which pixels of the image a unit of a feature map depends on."""

from __future__ import annotations

import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle

from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.inspection import (
    check_one_input_and_output,
    find_layer,
    fits,
    has_feature_maps,
    named_layers,
)
from petkeras.language import translate
from petkeras.tracing import layers_in_sequence, recording, run_model
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.sliding_windows import SlidingWindows
from petkeras.visualize.style import (
    SKY,
    WIDTH,
    draw_heatmap,
    draw_image,
    min_max_scale,
    panel_grid,
    styled,
)

POOLS = (ours.MaxPool2D, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
CONVOLUTIONS = (
    ours.Conv2D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
ELEMENTWISE = (  # each output depends on the input at the same position only
    ours.Dropout,
    keras.layers.Activation,
    keras.layers.BatchNormalization,
    keras.layers.Dropout,
    keras.layers.ELU,
    keras.layers.Identity,
    keras.layers.LeakyReLU,
    keras.layers.Normalization,
    keras.layers.ReLU,
    keras.layers.Rescaling,
)
MAX_COLUMNS, MAX_PANEL = 6, 2.8  # panels per row, and the inches of a panel's side


class ReceptiveField(NamedTuple):
    """Hold the pixels that a unit depends on.

    Args:
        top, left, bottom, right: rows `top` to `bottom - 1`, columns alike, within the image. A
            unit that depends on padding alone has `bottom == top` or `right == left`.
        height, width: in pixels, not cut off at the image's edges: the same for all units of a
            layer.
    """

    top: int
    left: int
    bottom: int
    right: int
    height: int
    width: int


class LayerReceptiveField(NamedTuple):
    """Hold the size of the receptive fields of a layer's units.

    Args:
        name: the layer's name.
        height, width: of one unit's field in pixels, not cut off at the image's edges.
        step_down, step_right: pixels from the field of one unit to that of the next.
    """

    name: str
    height: int
    width: int
    step_down: int
    step_right: int


def receptive_field(model, layer, row, column):
    """Return the receptive field of a unit, computed from the sizes of the layers.

    Args:
        model: a `keras.Model` whose layers, up to this one, follow one another.
        layer: the name of a layer with feature maps; for a layer in a nested model, such as
            `"backbone/conv5"`.
        row, column: the unit's position in the map, from 0.

    Returns:
        A `ReceptiveField`: the smallest rectangle around the pixels that can change the unit.

    Raises:
        PetkerasError: there is no such layer or unit, the layer has no feature maps, or a layer
            before it is of an unsupported type or has more than one input.

    Example:

    >>> import petkeras as pk
    >>> pk.visualize.receptive_field(pk.pet_net(image_size=32), "pool1", row=0, column=8)
    ReceptiveField(top=0, left=14, bottom=4, right=20, height=6, width=6)

    Reference: A. Araujo, W. Norris, J. Sim, "Computing Receptive Fields of Convolutional Neural
        Networks", Distill (2019).
    """
    down, across = _paths(model, layer)
    _check_unit(layer, layers_in_sequence(model, layer)[-1].output_shape, row, column)
    (top, bottom), (left, right) = _visible_range(down, row), _visible_range(across, column)
    return ReceptiveField(top, left, bottom, right, _first_field(down)[1], _first_field(across)[1])


def receptive_fields(model):
    """Return the sizes of the receptive fields of all layers with feature maps.

    Args:
        model: a `keras.Model` whose layers with feature maps follow one another.

    Returns:
        A list of `LayerReceptiveField`, from the input to the output.

    Raises:
        PetkerasError: a layer is of an unsupported type, or has more than one input.

    Example:

    >>> import petkeras as pk
    >>> for field in pk.visualize.receptive_fields(pk.pet_net(image_size=32)):
    ...     if "pool" in field.name:
    ...         print(field)
    LayerReceptiveField(name='pool1', height=6, width=6, step_down=2, step_right=2)
    LayerReceptiveField(name='pool2', height=16, width=16, step_down=4, step_right=4)
    """
    fields = []
    check_one_input_and_output(model)
    for name, layer in named_layers(model, nested=False).items():
        if has_feature_maps(layer):
            (_, *down), (_, *across) = map(_first_field, _paths(model, name))
            sizes, steps = zip(down, across, strict=True)
            fields.append(LayerReceptiveField(name, *sizes, *steps))
    return fields


def gradient_field(model, x, layer, row, column):
    """Return how strongly each pixel changes a unit: 0 outside of the receptive field.

    Args:
        model: a functional or sequential `keras.Model`.
        x: one preprocessed image, `(height, width, channels)` or a batch of one.
        layer: the name of a layer with feature maps.
        row, column: the unit's position in the map, from 0.

    Returns:
        `(height, width)` float32: the absolute gradient of the unit, which is summed over the
        layer's channels, summed over the image's channels.

    Raises:
        PetkerasError: there is no such layer or unit, the layer has no feature maps, or `x` has
            the wrong shape.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model, x = pk.pet_net(image_size=16), np.ones((16, 16, 3))
    >>> field = pk.visualize.gradient_field(model, x, "conv1_1", 5, 5)
    >>> field.shape, int((field > 0).sum())
    ((16, 16), 9)
    """
    found = find_layer(model, layer, maps=True)
    shape, given = tuple(model.inputs[0].shape[1:]), np.shape(x)
    if not fits(given[-3:], shape) or np.size(x) != math.prod(given[-3:]):
        raise PetkerasError(
            f"`x` must be one image of the shape {shape}, the model's input. "
            f"Received: shape={tuple(given)}"
        )
    x = tf.reshape(tf.cast(x, tf.float32), (1, *given[-3:]))  # (1, height, width, channels)
    with tf.GradientTape(watch_accessed_variables=False) as tape, recording({layer: found}) as at:
        tape.watch(x)
        run_model(model, x)
        _check_unit(layer, at[layer].shape, row, column)
        unit = tf.reduce_sum(at[layer][0, row, column])
    gradient = tape.gradient(unit, x)  # (1, height, width, channels)
    return tf.reduce_sum(tf.abs(gradient[0]), axis=2).numpy()


@styled
def plot_receptive_field(model, x, image, layers=None, row=None, column=None):
    """Show the receptive field of one unit per layer on a photograph, computed and measured.

    Args:
        model: a `keras.Model` whose layers with feature maps follow one another.
        x: the preprocessed photograph, `(height, width, channels)` or a batch of one.
        image: the photograph, `(height, width, 3)` uint8.
        layers: names of layers with feature maps; `None` is all convolutions and pools.
        row, column: a pixel: of each layer, the unit is shown whose field is centered nearest to
            it. `None` is the image's middle.

    Returns:
        A matplotlib `Figure`. Above, the photograph with a frame around the computed field. Below,
        the field enlarged, and over it the unit's gradient, bright where a pixel changes the unit
        most. Outside of the frame the gradient is 0; in large fields it is also weak near the
        frame, because fewer paths lead there.

    Raises:
        PetkerasError: there is no such layer or pixel; a layer has no feature maps or does not
            follow the one before it; or `x` or `image` has the wrong shape.

    Reference: W. Luo, Y. Li, R. Urtasun, R. Zemel, "Understanding the Effective Receptive Field
        in Deep Convolutional Neural Networks", NIPS (2016), on the gradient inside the field.
    """
    check_one_input_and_output(model)
    if layers is None:
        every = named_layers(model, nested=False)
        layers = [name for name, each in every.items() if isinstance(each, POOLS + CONVOLUTIONS)]
    image, size = np.asarray(image), tuple(model.inputs[0].shape[1:3])
    if not layers:
        raise PetkerasError(
            f"The keras.Model '{model.name}' has no convolutions or pools, whose fields are shown."
        )
    if not fits(image.shape, (*size, 3)):
        raise PetkerasError(
            f"plot_receptive_field: `image` must have the shape {(*size, 3)} of the model's "
            f"images. Received: shape={image.shape}"
        )
    columns = min(len(layers), MAX_COLUMNS)
    rows = 2 * math.ceil(len(layers) / columns)
    figure, axes = panel_grid(rows, columns, rows * (min(WIDTH / columns, MAX_PANEL) + 0.2))
    seen = []  # the fields, in words
    for number, name in enumerate(layers):
        unit = _nearest_unit(model, name, row, column)
        field = receptive_field(model, name, *unit)
        above, below = axes[2 * (number // columns) :, number % columns][:2]
        draw_image(above, image)
        sizes = {"height": field.height, "width": field.width}
        above.set_title(
            label("{layer}\n{height} x {width} pixels", layer=name, **sizes), fontsize=10
        )
        draw_heatmap(below, image, min_max_scale(gradient_field(model, x, name, *unit)))
        _zoom(below, field, size)
        for panel, what in ((above, label("field")), (below, label("gradient"))):
            panel.set_ylabel(what if number % columns == 0 else "")
            corner = (field.left - 0.5, field.top - 0.5)  # pixel centers are integers
            width, height = field.right - field.left, field.bottom - field.top
            panel.add_patch(Rectangle(corner, width, height, fill=False, ec=SKY, lw=1.5))
        seen.append(f"{name} {field.height} x {field.width}")
    text = translate(
        "What one unit of each layer sees of a picture, framed, and its gradient below, in pixels: "
        "{fields}.",
        fields=listed(seen, 12),
    )
    return describe(figure, text)


def _paths(model, name):
    """Return the sliding windows from the image to a layer: along the height, and the width."""
    find_layer(model, name, maps=True)
    calls = layers_in_sequence(model, name)
    return [[w for call in calls for w in _windows(call, axis)] for axis in (0, 1)]


def _windows(call, axis):
    """Return a list of a layer's sliding windows along an axis; empty if it has none."""
    layer = call.layer
    if isinstance(layer, ELEMENTWISE):
        return []
    if not isinstance(layer, POOLS + CONVOLUTIONS):
        raise PetkerasError(
            f"Layer '{call.name}' is a {type(layer).__name__}, whose receptive field is not known "
            "here. Known are convolutions, pools, activations, dropout and batch normalization."
        )
    size = call.input_shape[1 + axis]
    if size is None:
        raise PetkerasError(
            f"The size of the images that layer '{call.name}' takes is not known. Build the model "
            "for a fixed image size."
        )
    window = layer.pool_size if isinstance(layer, POOLS) else layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1))
    return [SlidingWindows(size, window[axis], layer.strides[axis], layer.padding, dilation[axis])]


def _visible_range(path, position):
    """Return the first pixel that can change a unit, and the one after the last.

    Follow the covered positions from layer to layer down to the image. Positions in the padding
    are always zero, so they are dropped.
    """
    positions = {position}
    for windows in reversed(path):
        covered = {cell for each in positions for cell in windows.cells(each)}
        positions = covered & set(range(windows.size))
    return (min(positions), max(positions) + 1) if positions else (0, 0)


def _first_field(path):
    """Return the start of unit 0's field in pixels, which may be below 0, its size and the step."""
    start, size, step = 0, 1, 1
    for windows in path:
        start -= windows.before * step
        size += (windows.span - 1) * step
        step *= windows.stride
    return start, size, step


def _check_unit(layer, shape, row, column):
    height, width = shape[1:3]
    _check_position(f"The maps of layer '{layer}' have", height, width, row, column)


def _check_position(owner, height, width, row, column):
    if not (0 <= row < height and 0 <= column < width):
        raise PetkerasError(
            f"{owner} the rows 0 to {height - 1} and the columns 0 to {width - 1}. "
            f"Received: row={row}, column={column}"
        )


def _nearest_unit(model, name, row, column):
    """Return the unit whose field is centered nearest to a pixel."""
    height, width = model.inputs[0].shape[1:3]
    down, across = _paths(model, name)
    row = (height - 1) / 2 if row is None else row
    column = (width - 1) / 2 if column is None else column
    _check_position("The image has", height, width, row, column)
    rows, columns = layers_in_sequence(model, name)[-1].output_shape[1:3]
    return _nearest(down, row, rows), _nearest(across, column, columns)


def _nearest(path, pixel, count):
    start, size, step = _first_field(path)
    centers = start + (size - 1) / 2 + step * np.arange(count)
    return int(np.abs(centers - pixel).argmin())


def _zoom(panel, field, shape):
    """Limit the panel to a square around the field, within the image."""
    half = min(max(field.height, field.width), min(shape) / 2)
    centers = ((field.top + field.bottom) / 2, (field.left + field.right) / 2)
    y, x = (
        min(max(center, half), size - half) - 0.5
        for center, size in zip(centers, shape, strict=True)
    )
    panel.set(xlim=(x - half, x + half), ylim=(y + half, y - half))
