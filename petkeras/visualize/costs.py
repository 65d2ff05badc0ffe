"""The cost of each layer: weights to store, multiplications to do, outputs to keep."""

from __future__ import annotations

import html
import math
from typing import NamedTuple

import keras
import matplotlib.pyplot as plt
import tensorflow as tf
from rich.cells import cell_len, set_cell_size

from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.language import message, translate
from petkeras.tracing import layer_calls
from petkeras.visualize.description import describe
from petkeras.visualize.lettering import label
from petkeras.visualize.style import NEUTRAL, WIDTH, styled

MULTIPLYING = (
    ours.Conv2D,
    ours.Dense,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
)
HEADINGS = (
    message("layer"),
    message("output"),
    message("weights"),
    message("multiply-adds"),
    message("weight bytes"),
    message("output bytes"),
)


class LayerCost(NamedTuple):
    """Hold the cost of one layer.

    Args:
        name: the layer's name.
        output_shape: of one image, without the batch.
        weights: how many numbers the layer has learned or keeps.
        multiply_adds: of the forward pass for one image: multiplications of an input and a kernel
            weight, each with its addition.
        weight_bytes: of the weights in float32.
        output_bytes: of one image's output, in the layer's compute dtype.
    """

    name: str
    output_shape: tuple[int, ...]
    weights: int
    multiply_adds: int
    weight_bytes: int
    output_bytes: int


def costs(model):
    """Return the cost of each layer.

    Multiply-adds are counted for convolutions (separable, depthwise and transposed ones, too) and
    dense layers, ours and Keras's: each kernel weight once per output position, or per input
    position of a transposed convolution. Biases, activations, pooling, normalization, products of
    feature maps and other layers count 0. The backward pass, which takes about twice as many, is
    not counted.

    Args:
        model: a functional or sequential `keras.Model` for images of a fixed size.

    Returns:
        A list of `LayerCost` for each layer except the input, in the order in which they compute.
        A layer of a nested model has a name such as `backbone/conv5`. A layer that is called more
        than once has an entry for each call; its weights are counted in the first.

    Raises:
        PetkerasError: the size of a layer's output is not known, or the model is of another kind.

    Example:

    >>> import petkeras as pk
    >>> pk.visualize.costs(pk.pet_net(image_size=32))[0].multiply_adds
    884736
    """
    _, calls = layer_calls(model)
    names = [call.name for call in calls]
    return [_cost(call, call.name in names[:place]) for place, call in enumerate(calls)]


def _cost(call, seen_before):
    layer, shape = call.layer, call.output_shape[1:]
    if None in shape:
        raise PetkerasError(
            f"The cost of layer '{call.name}' depends on the image size: build the model for a "
            f"fixed size. Received: an output of shape {shape}"
        )
    weights = 0 if seen_before else layer.count_params()
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    positions = (call.input_shape[1:] if is_transposed else shape)[:-1]  # none of a dense layer
    return LayerCost(
        name=call.name,
        output_shape=shape,
        weights=weights,
        multiply_adds=math.prod(positions) * sum(math.prod(k.shape) for k in _kernels(layer)),
        weight_bytes=4 * weights,
        output_bytes=math.prod(shape) * tf.as_dtype(layer.compute_dtype).size,
    )


def _kernels(layer):
    if isinstance(layer, keras.layers.SeparableConv2D):
        return [layer.depthwise_kernel, layer.pointwise_kernel]
    return [layer.kernel] if isinstance(layer, MULTIPLYING) else []


class CostTable:
    """Show costs as a table: aligned text when printed, HTML in Jupyter.

    Args:
        rows: a list of `LayerCost`.
    """

    def __init__(self, rows):
        self.rows = rows

    def cells(self):
        """Return all lines of the table as text: the headings, the layers and the totals."""
        totals = [sum(column) for column in zip(*(row[2:] for row in self.rows), strict=True)]
        return [
            tuple(map(translate, HEADINGS)),
            *((row.name, _by(row.output_shape), *_with_commas(row[2:])) for row in self.rows),
            (translate("total"), "", *_with_commas(totals)),
        ]

    def __str__(self):
        lines = self.cells()
        widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            set_cell_size(name, widths[0])
            + "".join(
                "  " + " " * (width - cell_len(cell)) + cell
                for cell, width in zip(others, widths[1:], strict=True)
            )
            for name, *others in lines
        )

    __repr__ = __str__

    def _repr_html_(self):
        first, *lines, last = (
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
            for line in self.cells()
        )
        head, total = (line.replace("td>", "th>") for line in (first, last))
        return f"<table><thead>{head}</thead><tbody>{''.join(lines)}{total}</tbody></table>"


def _by(shape):
    return " x ".join(map(str, shape))


def _with_commas(numbers):
    return (f"{number:,}" for number in numbers)


def cost_table(model):
    """Return the cost of each layer as a table whose last line holds the totals.

    Args:
        model: as in `costs`, which also describes what is counted.

    Returns:
        A `CostTable`.

    Raises:
        PetkerasError: the size of a layer's output is not known.

    Example:

    >>> import petkeras as pk
    >>> print(str(pk.visualize.cost_table(pk.pet_net(image_size=32))).splitlines()[1])
    conv1_1   32 x 32 x 32        896        884,736         3,584       131,072
    """
    return CostTable(costs(model))


@styled
def plot_costs(model):
    """Show the weights, multiplications and outputs of a network's layers side by side.

    Args:
        model: as in `costs`.

    Returns:
        A matplotlib `Figure` with a bar for each layer, the first layer on top. The axes are
        linear: bars too small to be seen are labeled with their number like all others.

    Raises:
        PetkerasError: the size of a layer's output is not known.
    """
    rows = costs(model)
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(WIDTH, 0.5 + 0.28 * len(rows)))
    _draw_bars(axes[0], rows, label("Weights"), [row.weights for row in rows], "")
    _draw_bars(axes[1], rows, label("Multiply-adds"), [row.multiply_adds for row in rows], "MAC")
    _draw_bars(axes[2], rows, label("A picture's outputs"), [row.output_bytes for row in rows], "B")
    axes[0].invert_yaxis()  # shared by all three
    weights = max(rows, key=lambda row: row.weights)
    work = max(rows, key=lambda row: row.multiply_adds or 0)
    return describe(
        figure,
        translate(
            "Bars for {count} layers. {largest} has the most weights, {weights:,}; {slowest} takes "
            "the most multiplications.",
            count=len(rows),
            largest=weights.name,
            weights=weights.weights,
            slowest=work.name,
        ),
    )


def _draw_bars(axes, rows, name, values, unit):
    bars = axes.barh(range(len(rows)), values, color=NEUTRAL)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.bar_label(bars, [format_quantity(value, unit) for value in values], padding=3, fontsize=10)
    axes.set_title(label("{name}: {total}", name=name, total=format_quantity(sum(values), unit)))
    axes.set(xlim=(0, 1.65 * max(values) or 1), xticks=[])
    axes.margins(y=0.01)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["bottom"].set_visible(False)


def format_quantity(value, unit=""):
    """Return an integer as text, from 100,000 on in thousands, millions or billions.

    Example:

    >>> from petkeras.visualize.costs import format_quantity
    >>> [format_quantity(9248), format_quantity(102760960), format_quantity(6422528, "B")]
    ['9,248', '102.8 M', '6.4 MB']
    """
    if value >= 100_000:
        for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
            if value >= size:
                return f"{value / size:.1f} {letter}{unit}"
    return f"{value:,} {unit}".strip()
