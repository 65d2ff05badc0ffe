"""What each layer costs: weights to store, multiplications to do, outputs to keep."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

import keras
import matplotlib.pyplot as plt
import tensorflow as tf

from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.visualize.style import BLUE, GREEN, ORANGE, WIDTH, styled

MULTIPLYING = (
    ours.Conv2D,
    ours.Dense,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
)
HEADINGS = ("layer", "output", "weights", "multiply-adds", "weight bytes", "output bytes")


@dataclass(frozen=True)
class LayerCost:
    """Hold what one layer costs.

    Args:
        name: the layer's.
        output_shape: of one picture, without the batch.
        weights: how many numbers the layer has learned or keeps.
        multiply_adds: for one picture, forward: multiplications of an input with a weight of a
            kernel, each with its addition.
        weight_bytes: of the weights in float32.
        output_bytes: of one picture's output, in the layer's compute dtype.
    """

    name: str
    output_shape: tuple[int, ...]
    weights: int
    multiply_adds: int
    weight_bytes: int
    output_bytes: int


def costs(model):
    """List what each layer costs.

    Counted as multiply-adds are convolutions, depthwise ones and dense layers, ours and Keras's:
    each weight of a kernel once at each place of the output. Biases, activations, the comparisons
    of a pool, normalization and layers of other kinds count 0. The backward pass, which takes
    about twice as many again, is not counted either.

    Args:
        model: a built `keras.Model` for pictures of a known size. Models inside it are gone into.

    Returns:
        One `LayerCost` for each layer but the input, in the order of the data flow.

    Raises:
        PetkerasError: the size of a layer's output is not known.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.costs import costs
    >>> costs(pk.pet_net(image_size=32))[0].multiply_adds  # 3 * 3 * 3 * 32 weights, 32 * 32 places
    884736
    """
    rows = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            rows.extend(costs(layer))
        elif not isinstance(layer, keras.layers.InputLayer):
            rows.append(_cost(layer))
    return rows


def _cost(layer):
    shape = tuple(layer.output.shape[1:])
    if None in shape:
        raise PetkerasError(
            f"What layer '{layer.name}' costs depends on the size of the pictures: build the model "
            f"for one size. Received: an output of shape {shape}"
        )
    multiplying = isinstance(layer, MULTIPLYING)
    places = math.prod(shape[:-1])  # of a map; a dense layer's output is one place
    return LayerCost(
        name=layer.name,
        output_shape=shape,
        weights=layer.count_params(),
        multiply_adds=math.prod(layer.kernel.shape) * places if multiplying else 0,
        weight_bytes=4 * layer.count_params(),
        output_bytes=math.prod(shape) * tf.as_dtype(layer.compute_dtype).size,
    )


class CostTable:
    """Show costs as a table: aligned text where printed, HTML in Jupyter.

    Args:
        rows: a list of `LayerCost`.
    """

    def __init__(self, rows):
        self.rows = rows

    def cells(self):
        """Return all lines of the table as text: the headings, the layers, the totals."""
        lines = [
            (
                row.name,
                " x ".join(map(str, row.output_shape)),
                *(f"{number:,}" for number in _numbers(row)),
            )
            for row in self.rows
        ]
        totals = (sum(column) for column in zip(*map(_numbers, self.rows), strict=True))
        return [HEADINGS, *lines, ("total", "", *(f"{total:,}" for total in totals))]

    def __str__(self):
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            f"{name:<{widths[0]}}  "
            + "  ".join(f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
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


def _numbers(row):
    return row.weights, row.multiply_adds, row.weight_bytes, row.output_bytes


def cost_table(model):
    """Return what each layer costs as a table, with the totals in its last line.

    Args:
        model: a built `keras.Model` for pictures of a known size.

    Returns:
        A `CostTable`; what is counted says `costs`.

    Raises:
        PetkerasError: the size of a layer's output is not known.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.costs import cost_table
    >>> print(str(cost_table(pk.pet_net(image_size=32))).splitlines()[1])
    conv1_1   32 x 32 x 32        896        884,736         3,584       131,072
    """
    return CostTable(costs(model))


@styled
def plot_costs(model):
    """Show side by side where a network's weights, multiplications and outputs are.

    Args:
        model: a built `keras.Model` for pictures of a known size.

    Returns:
        A matplotlib `Figure` with a bar for each layer, from the picture down. The axes are
        linear: what cannot be seen is small beside the rest, and its number stands there.

    Raises:
        PetkerasError: the size of a layer's output is not known.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.visualize.costs import plot_costs
    >>> plot_costs(pk.pet_net())  # doctest: +SKIP
    """
    rows = costs(model)
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(WIDTH, 0.5 + 0.28 * len(rows)))
    _bars(axes[0], rows, "Weights", [row.weights for row in rows], "", BLUE)
    _bars(axes[1], rows, "Multiply-adds", [row.multiply_adds for row in rows], "MAC", ORANGE)
    _bars(axes[2], rows, "A picture's outputs", [row.output_bytes for row in rows], "B", GREEN)
    axes[0].invert_yaxis()  # the three share it
    return figure


def _bars(axes, rows, name, values, unit, color):
    bars = axes.barh(range(len(rows)), values, color=color)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.bar_label(bars, [human(value, unit) for value in values], padding=3, fontsize=10)
    axes.set_title(f"{name}: {human(sum(values), unit)}")
    axes.set(xlim=(0, 1.65 * max(values) or 1), xticks=[])
    axes.margins(y=0.01)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["bottom"].set_visible(False)


def human(value, unit=""):
    """Write a whole number: below 100,000 in full, above in thousands, millions or billions.

    Example:

    >>> from petkeras.visualize.costs import human
    >>> human(9248), human(102760960), human(1387266048, "MAC"), human(6422528, "B")
    ('9,248', '102.8 M', '1.4 GMAC', '6.4 MB')
    """
    if value >= 100_000:
        for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
            if value >= size:
                return f"{value / size:.1f} {letter}{unit}"
    return f"{value:,} {unit}".strip()
