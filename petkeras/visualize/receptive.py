"""The receptive field: which pixels of the picture a unit of a feature map can see."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle

from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer, has_maps
from petkeras.visualize.style import SKY, WIDTH, overlay, picture, styled
from petkeras.visualize.windows import Windows

POOLS = (ours.MaxPool2D, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
CONVOLUTIONS = (ours.Conv2D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
PLACE_KEEPING = (  # each of their outputs comes from the input at the same place
    ours.Dropout,
    keras.layers.Activation,
    keras.layers.BatchNormalization,
    keras.layers.Dropout,
    keras.layers.LeakyReLU,
    keras.layers.ReLU,
    keras.layers.Rescaling,
)
MOST_COLUMNS, LARGEST_PANEL = 6, 2.8  # panels side by side, and inches of one's side


@dataclass(frozen=True)
class Field:
    """Hold the pixels that a unit can see: rows `top` to `bottom - 1`, columns alike.

    Args:
        top, left, bottom, right: in pixels, cut off at the picture's edges. A unit that sees
            nothing but padding has `bottom == top` or `right == left`.
        height, width: in pixels, before the edges cut anything off: the same for all units of a
            layer.
    """

    top: int
    left: int
    bottom: int
    right: int
    height: int
    width: int


@dataclass(frozen=True)
class LayerField:
    """Hold how far the units of one layer see.

    Args:
        name: the layer's.
        height, width: of the field of one unit in pixels, edges left aside.
        step_down, step_right: pixels from the field of one unit to the field of the next.
    """

    name: str
    height: int
    width: int
    step_down: int
    step_right: int


def receptive_field(model, layer, row, column):
    """Return the pixels whose change can change a unit, by arithmetic alone.

    Args:
        model: a `keras.Model` whose layers, up to this one, follow one another.
        layer: the name of a layer with feature maps.
        row: the unit's row in the map, from 0.
        column: its column.

    Returns:
        A `Field`, the smallest rectangle around those pixels.

    Raises:
        PetkerasError: there is no such layer or unit, the layer has no maps, or one before it is
            of a kind that is not known here or has more than one input.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.receptive import receptive_field
    >>> receptive_field(pk.pet_net(image_size=32), "pool1", row=0, column=8)
    Field(top=0, left=14, bottom=4, right=20, height=6, width=6)

    Reference: A. Araujo, W. Norris, J. Sim, "Computing Receptive Fields of Convolutional Neural
        Networks", Distill (2019).
    """
    down, across = _paths(model, layer)
    _check_unit(model, layer, row, column)
    rows, columns = _seen(down, row), _seen(across, column)
    height, width = _reach(down)[1], _reach(across)[1]
    return Field(rows[0], columns[0], rows[1], columns[1], height, width)


def receptive_fields(model):
    """List how far each layer's units see.

    Args:
        model: a `keras.Model` whose layers with maps follow one another.

    Returns:
        One `LayerField` for each layer with feature maps, in the order of the data flow.

    Raises:
        PetkerasError: a layer is of a kind that is not known here, or has more than one input.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.receptive import receptive_fields
    >>> for field in receptive_fields(pk.pet_net(image_size=32)):
    ...     if "pool" in field.name:
    ...         print(field)
    LayerField(name='pool1', height=6, width=6, step_down=2, step_right=2)
    LayerField(name='pool2', height=16, width=16, step_down=4, step_right=4)
    """
    fields = []
    for layer in model.layers:
        if has_maps(layer):
            down, across = (_reach(path) for path in _paths(model, layer.name))
            fields.append(LayerField(layer.name, down[1], across[1], down[2], across[2]))
    return fields


def gradient_field(model, x, layer, row, column):
    """Measure how strongly each pixel changes a unit: 0 outside of the receptive field.

    Args:
        model: a `keras.Model`.
        x: one picture as the network takes it, `(height, width, channels)` or a batch of one.
        layer: the name of a layer with feature maps.
        row: the unit's row in the map, from 0.
        column: its column.

    Returns:
        `(height, width)` float32: the absolute gradient of the unit, which is summed over the
        layer's channels, summed over the picture's channels.

    Raises:
        PetkerasError: there is no such layer or unit, the layer has no maps, or x is of another
            shape.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.receptive import gradient_field
    >>> field = gradient_field(pk.pet_net(image_size=16), np.ones((16, 16, 3)), "conv1_1", 5, 5)
    >>> field.shape, int((field > 0).sum())
    ((16, 16), 9)
    """
    shape = model.input_shape[1:]
    if np.shape(x)[-3:] != shape or np.size(x) != math.prod(shape):
        raise PetkerasError(
            f"`x` must be one picture of the shape {shape}, the model's input. "
            f"Received: shape={tuple(np.shape(x))}"
        )
    _check_unit(model, layer, row, column)
    x = tf.reshape(tf.cast(x, tf.float32), (1, *shape))  # (1, height, width, channels)
    maps = keras.Model(model.inputs, model.get_layer(layer).output)
    with tf.GradientTape() as tape:
        tape.watch(x)
        unit = tf.reduce_sum(maps(x, training=False)[0, row, column])
    gradient = tape.gradient(unit, x)  # (1, height, width, channels)
    return tf.reduce_sum(tf.abs(gradient[0]), axis=2).numpy()


@styled
def plot_receptive_field(model, x, image, layers=None, row=None, column=None):
    """Show which part of a photograph a unit of each layer sees, computed and measured.

    Args:
        model: a `keras.Model` whose layers with maps follow one another.
        x: the photograph as the network takes it, `(height, width, channels)` or a batch of one.
        image: the photograph, `(height, width, 3)` uint8.
        layers: names of layers with feature maps; `None` is all convolutions and pools.
        row: a pixel's row: of each layer that unit is shown whose field has its middle nearest
            to the pixel. `None` is the picture's middle.
        column: the pixel's column, alike.

    Returns:
        A matplotlib `Figure`. Above: the photograph and around the field, computed from the
        layers' sizes, a blue frame. Below: the same enlarged, and over it the gradient of the
        unit, bright where a pixel changes it most. Outside of the frame it is 0; in large fields
        it is weak toward the frame, too, as fewer ways lead there.

    Raises:
        PetkerasError: there is no such layer or pixel, a layer has no maps or does not simply
            follow the one before, or x or image is of another shape than the model's input.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.receptive import plot_receptive_field
    >>> plot_receptive_field(model, x, image, ["conv1_1", "pool2"])  # doctest: +SKIP

    Reference: W. Luo, Y. Li, R. Urtasun, R. Zemel, "Understanding the Effective Receptive Field
        in Deep Convolutional Neural Networks", NIPS (2016), for the strength inside.
    """
    if layers is None:
        layers = [each.name for each in model.layers if isinstance(each, POOLS + CONVOLUTIONS)]
    image, size = np.asarray(image), model.input_shape[1:3]
    if image.shape != (*size, 3):
        raise PetkerasError(
            f"plot_receptive_field: `image` must have the shape {(*size, 3)}, that of the model's "
            f"pictures. Received: shape={image.shape}"
        )
    columns = min(len(layers), MOST_COLUMNS)
    rows = 2 * math.ceil(len(layers) / columns)
    high = min(WIDTH / columns, LARGEST_PANEL) + 0.2
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(WIDTH, rows * high))
    for panel in axes.flat:
        panel.set_visible(False)  # until there is something to see
    for place, name in enumerate(layers):
        unit = _nearest_unit(model, name, row, column)
        field = receptive_field(model, name, *unit)
        above, below = axes[2 * (place // columns) :, place % columns][:2]
        picture(above, image)
        above.set_title(f"{name}\n{field.height} x {field.width} pixels", fontsize=10)
        overlay(below, image, gradient_field(model, x, name, *unit))
        _zoom(below, field, size)
        for panel, label in ((above, "field"), (below, "gradient")):
            panel.set_visible(True)
            panel.set_ylabel(label if place % columns == 0 else "")
            _frame(panel, field)
    return figure


def _paths(model, name):
    """Return the windows from the picture to a layer: along height, and along width."""
    find_layer(model, name, maps=True)
    before, down, across = model.inputs[0], [], []
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if len(model.inputs) > 1 or layer.input is not before:
            raise PetkerasError(
                f"Receptive fields are computed for layers that follow one another. Layer "
                f"'{layer.name}' does not take its input from the layer before it alone."
            )
        for path, axis in ((down, 0), (across, 1)):
            path.extend(_windows(layer, before.shape[1:3][axis], axis))
        before = layer.output
        if layer.name == name:
            break
    return down, across


def _windows(layer, size, axis):
    """Return the windows of a layer along one axis: none where it leaves places alone."""
    if isinstance(layer, PLACE_KEEPING):
        return []
    if not isinstance(layer, POOLS + CONVOLUTIONS):
        raise PetkerasError(
            f"Layer '{layer.name}' is a {type(layer).__name__}: what its units see is not known "
            "here. Known are convolutions, pools, activations, dropout and batch normalization."
        )
    if size is None:
        raise PetkerasError(
            f"The size of the pictures that layer '{layer.name}' takes is not known. Build the "
            "model for one size."
        )
    window = layer.pool_size if isinstance(layer, POOLS) else layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1))
    return [Windows(size, window[axis], layer.strides[axis], layer.padding, dilation[axis])]


def _seen(path, place):
    """Return the first pixel that can change a unit, and the one after the last.

    From layer to layer down to the picture, follow the places that are touched; those in the
    padding are always zero, and lead nowhere.
    """
    places = {place}
    for windows in reversed(path):
        touched = {cell for each in places for cell in windows.cells(each)}
        places = touched & set(range(windows.size))
    return (min(places), max(places) + 1) if places else (0, 0)


def _reach(path):
    """Return the field of unit 0 in pixels: its start, which may be below 0, size, and step."""
    start, size, step = 0, 1, 1
    for windows in path:
        start -= windows.before * step
        size += (windows.span - 1) * step
        step *= windows.stride
    return start, size, step


def _check_unit(model, layer, row, column):
    height, width = find_layer(model, layer, maps=True).output.shape[1:3]
    if not (0 <= row < height and 0 <= column < width):
        raise PetkerasError(
            f"The maps of layer '{layer}' have the rows 0 to {height - 1} and the columns 0 to "
            f"{width - 1}. Received: row={row}, column={column}"
        )


def _nearest_unit(model, name, row, column):
    """Return the unit whose field has its middle nearest to a pixel."""
    height, width = model.input_shape[1:3]
    row = (height - 1) / 2 if row is None else row
    column = (width - 1) / 2 if column is None else column
    if not (0 <= row < height and 0 <= column < width):
        raise PetkerasError(
            f"The picture has the rows 0 to {height - 1} and the columns 0 to {width - 1}. "
            f"Received: row={row}, column={column}"
        )
    down, across = _paths(model, name)
    rows, columns = find_layer(model, name, maps=True).output.shape[1:3]
    return _nearest(down, row, rows), _nearest(across, column, columns)


def _nearest(path, pixel, count):
    start, size, step = _reach(path)
    middles = start + (size - 1) / 2 + step * np.arange(count)
    return int(np.abs(middles - pixel).argmin())


def _frame(panel, field):
    corner = (field.left - 0.5, field.top - 0.5)  # a pixel's middle has whole numbers
    width, height = field.right - field.left, field.bottom - field.top
    panel.add_patch(Rectangle(corner, width, height, fill=False, ec=SKY, lw=1.5))


def _zoom(panel, field, shape):
    """Cut a square out of the panel: the field in its middle, as far as the picture goes."""
    half = min(max(field.height, field.width), min(shape) / 2)
    middles = ((field.top + field.bottom) / 2, (field.left + field.right) / 2)
    y, x = (
        min(max(middle, half), size - half) - 0.5
        for middle, size in zip(middles, shape, strict=True)
    )
    panel.set(xlim=(x - half, x + half), ylim=(y + half, y - half))
