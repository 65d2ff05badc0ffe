"""A graph of operations as TensorBoard shows it: a box for each scope, an arrow for each tensor."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from petkeras.errors import PetkerasError
from petkeras.visualize.style import BLUE, GREEN, ORANGE, WIDTH, styled

BESIDE = ("labels", "loss", "accuracy", "train")  # all others follow one another
ROW = 0.62  # inches from one box to the next
COLUMN = 3.4
BOX = (1.3, 0.32)  # width and height of a box


def graph_scopes(graph):
    """List a graph's top-level scopes, in the order of their first operations.

    Args:
        graph: a `tf.Graph`, such as `petkeras.callbacks.tensorboard.scoped_graph` returns.

    Returns:
        A list of names; an operation that is in no scope has its own.

    Example:

    >>> import tensorflow as tf
    >>> from petkeras.visualize import graph_scopes
    >>> with tf.Graph().as_default() as graph:
    ...     one = tf.constant(1.0, name="one")
    ...     with tf.name_scope("sums"):
    ...         two = tf.add(one, one, name="two")
    >>> graph_scopes(graph)
    ['one', 'sums']
    """
    return list(dict.fromkeys(_scope(operation.name) for operation in graph.get_operations()))


def graph_edges(graph):
    """Find which tensors go from one top-level scope to another.

    Args:
        graph: a `tf.Graph`.

    Returns:
        A dict from (scope, scope that takes from it) to a list of the shapes of these tensors, each
        tensor once; a shape is a tuple, `None` where a length is open, or `None` where all is.
    """
    edges: dict[tuple[str, str], dict[str, tuple | None]] = {}
    for operation in graph.get_operations():
        for tensor in operation.inputs:
            pair = (_scope(tensor.op.name), _scope(operation.name))
            if pair[0] != pair[1]:
                shape = tensor.shape
                tensors = edges.setdefault(pair, {})
                tensors[tensor.name] = None if shape.rank is None else tuple(shape)
    return {pair: list(tensors.values()) for pair, tensors in edges.items()}


@styled
def plot_graph(graph):
    """Draw a graph's top-level scopes as boxes, and what goes from one to another as arrows.

    Args:
        graph: a `tf.Graph` with the scopes that `petkeras.callbacks.tensorboard.scoped_graph` gives.

    Returns:
        A matplotlib `Figure`: on the left the network, from the top down, beside it the scopes
        `loss`, `accuracy`, `labels` and `train`. Beside an arrow is the shape of its tensor (`?` is
        the batch), or how many tensors there are.

    Raises:
        PetkerasError: the graph has none of the network's scopes.

    Reference: the article's section "Visualizing the graph".
    """
    chain = [scope for scope in graph_scopes(graph) if scope not in BESIDE]
    if not chain or len(chain) == len(graph.get_operations()):
        raise PetkerasError(
            "`graph` must have scopes: make it with petkeras.callbacks.tensorboard.scoped_graph(model). "
            f"Received: a graph of {len(graph.get_operations())} operations without"
        )
    middles = {scope: (0.0, -ROW * row) for row, scope in enumerate(chain)}
    last = middles[chain[-1]][1]
    there = set(graph_scopes(graph))
    # A square, so that no arrow crosses another: the last layer and the labels in two corners.
    aside = {"loss": (COLUMN, last), "accuracy": (0.0, last - ROW), "labels": (COLUMN, last - ROW)}
    middles |= {scope: place for scope, place in aside.items() if scope in there}
    figure, axes = plt.subplots(figsize=(WIDTH * 0.8, ROW * (len(chain) + 1.4)))
    axes.set_axis_off()
    axes.set(xlim=(-1, COLUMN + 1), ylim=(last - ROW - 0.4, 0.4), aspect="equal")
    for scope, (x, y) in middles.items():
        _box(axes, scope, x, y, y, ORANGE if scope in BESIDE else BLUE)
    if "train" in there:  # as high as the network: it takes from every layer
        _box(axes, "train", COLUMN, 0.0, last + ROW, GREEN)
    for (source, target), shapes in graph_edges(graph).items():
        _arrow(axes, middles[source], middles.get(target, (COLUMN, last + ROW)), target, shapes)
    return figure


def _scope(name):
    return name.split("/")[0]


def _box(axes, name, x, top, bottom, color):
    """Draw a box about (x, top) to (x, bottom), with its name in the middle."""
    width, height = BOX
    frame = FancyBboxPatch(
        (x - width / 2, bottom - height / 2),
        width,
        top - bottom + height,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=(color, 0.12),
        edgecolor=color,
        label=name,
    )
    axes.add_patch(frame)
    axes.text(x, (top + bottom) / 2, name, ha="center", va="center", fontsize=10)


def _arrow(axes, start, end, target, shapes):
    """Draw an arrow from the edge of one box to that of another, and write beside it what it is."""
    (x, y), (x_end, y_end) = start, end
    half_width, half_height = BOX[0] / 2, BOX[1] / 2
    if target == "train":
        y_end = max(y, y_end)  # straight across where there is room
    if x == x_end:
        side = 1 if y_end > y else -1
        tail, head = (x, y + side * half_height), (x, y_end - side * half_height)
        place, align = (x + 0.08, (y + y_end) / 2), {"ha": "left", "va": "center"}
    else:
        side = 1 if x_end > x else -1
        tail, head = (x + side * half_width, y), (x_end - side * half_width, y_end)
        slanted = y != y_end  # then its left part has room above it
        place = ((x + x_end) / 2, (y + y_end) / 2 + 0.03)
        align = {"ha": "right" if slanted else "center", "va": "bottom"}
    axes.annotate("", head, tail, arrowprops={"arrowstyle": "->", "color": "#555555", "shrinkA": 0,
                                              "shrinkB": 0})  # fmt: skip
    axes.text(*place, _described(shapes), fontsize=8, color="#555555", **align)


def _described(shapes):
    if len(shapes) > 1:
        return f"{len(shapes)} tensors"
    (shape,) = shapes
    if shape is None:
        return "any shape"
    lengths = ["?" if length is None else str(length) for length in shape]
    return " \N{MULTIPLICATION SIGN} ".join(lengths) or "a number"
