"""A graph of operations as TensorBoard shows it: a box for each scope, an arrow for each tensor."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import BLUE, GREEN, ORANGE, WIDTH, styled

SIDE_SCOPES = ("labels", "loss", "accuracy", "train")  # all others are the network's layers
ROW, COLUMN = 0.62, 3.4  # inches from one box to the next
BOX_WIDTH, BOX_HEIGHT = 1.3, 0.32
BULGE = 0.45  # inches, of an arrow that passes other layers
MAX_SCOPES = 40  # more would make a figure that cannot be read


def graph_scopes(graph):
    """Return a graph's top-level scopes, in the order of their first operations.

    Args:
        graph: a `tf.Graph`, such as `petkeras.callbacks.tensorboard.scoped_graph` returns.

    Returns:
        A list of names; an operation outside of all scopes is listed by its own name.

    Example:

    >>> import tensorflow as tf
    >>> import petkeras as pk
    >>> with tf.Graph().as_default() as graph:
    ...     one = tf.constant(1.0, name="one")
    ...     with tf.name_scope("sums"):
    ...         two = tf.add(one, one, name="two")
    >>> pk.visualize.graph_scopes(graph)
    ['one', 'sums']
    """
    return list(dict.fromkeys(_scope(operation.name) for operation in graph.get_operations()))


def graph_edges(graph):
    """Return the tensors that go from one top-level scope to another.

    Args:
        graph: a `tf.Graph`.

    Returns:
        A dict from (source scope, target scope) to a list of the shapes of these tensors, each
        tensor once. A shape is a tuple with `None` for an unknown length, or `None` if the rank is
        unknown.
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
    """Draw a graph's top-level scopes as boxes, and the tensors between them as arrows.

    Args:
        graph: a `tf.Graph` with scopes, made by `petkeras.callbacks.tensorboard.scoped_graph`.

    Returns:
        A matplotlib `Figure`: the network on the left, from top to bottom, and beside it the scopes
        `loss`, `accuracy`, `labels` and `train`. Beside an arrow is its tensor's shape (`?` is the
        batch), or the number of tensors. An arrow that passes other layers is a curve.

    Raises:
        PetkerasError: the graph has no scopes of a network, or more than 40.

    Reference: the article's section "Visualizing the graph".
    """
    scopes = graph_scopes(graph)
    layers = [scope for scope in scopes if scope not in SIDE_SCOPES]
    if not layers or len(layers) == len(graph.get_operations()):
        raise PetkerasError(
            "`graph` must have scopes: make it with "
            "petkeras.callbacks.tensorboard.scoped_graph(model). "
            f"Received: a graph of {len(graph.get_operations())} operations without scopes"
        )
    if len(layers) > MAX_SCOPES:
        raise PetkerasError(
            f"`graph` has {len(layers)} layers at its top level; up to {MAX_SCOPES} can be drawn. "
            "TensorBoard's Graphs tab shows any number."
        )
    centers = {scope: (0.0, -ROW * row) for row, scope in enumerate(layers)}
    last = centers[layers[-1]][1]
    # The last layer and the three side scopes form a square, so that no arrow crosses another.
    below = last - ROW
    square = {"loss": (COLUMN, last), "accuracy": (0.0, below), "labels": (COLUMN, below)}
    centers |= {scope: center for scope, center in square.items() if scope in scopes}
    figure, axes = plt.subplots(figsize=(WIDTH * 0.8, ROW * (len(layers) + 1.4)))
    axes.set_axis_off()
    axes.set(xlim=(-1.2, COLUMN + 1), ylim=(below - 0.4, 0.4), aspect="equal")
    for scope, (x, y) in centers.items():
        _draw_box(axes, scope, x, y, y, ORANGE if scope in SIDE_SCOPES else BLUE)
    train = (COLUMN, last + ROW)
    if "train" in scopes:  # as high as the network, because tensors of every layer go there
        _draw_box(axes, "train", COLUMN, 0.0, train[1], GREEN)
    for (source, target), shapes in graph_edges(graph).items():
        _draw_arrow(axes, centers[source], centers.get(target, train), target, shapes)
    boxes = listed([*layers, *(scope for scope in scopes if scope in SIDE_SCOPES)], MAX_SCOPES)
    text = translate(
        "The graph as boxes, joined by arrows from top to bottom: {boxes}.", boxes=boxes
    )
    return describe(figure, text)


def _scope(name):
    return name.split("/")[0]


def _draw_box(axes, name, x, top, bottom, color):
    """Draw a box around the line from (x, top) to (x, bottom), with its name in the middle."""
    frame = FancyBboxPatch(
        (x - BOX_WIDTH / 2, bottom - BOX_HEIGHT / 2),
        BOX_WIDTH,
        top - bottom + BOX_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=(color, 0.12),
        edgecolor=color,
        label=name,
    )
    axes.add_patch(frame)
    axes.text(x, (top + bottom) / 2, name, ha="center", va="center", fontsize=10)


def _draw_arrow(axes, start, end, target, shapes):
    """Draw an arrow from the edge of one box to the edge of another, with a label beside it."""
    (x, y), (x_end, y_end) = start, end
    if target == "train":
        y_end = max(y, y_end)  # horizontal where there is room
    curve = "arc3"
    if x == x_end and abs(y - y_end) > 1.5 * ROW:
        tail, head = ((x - BOX_WIDTH / 2, height) for height in (y, y_end))
        curve = f"arc3,rad={2 * BULGE / (y - y_end)}"  # to the left
        beside = (x - BOX_WIDTH / 2 - BULGE - 0.05, (y + y_end) / 2)
        align = {"ha": "right", "va": "center", "rotation": 90}
    elif x == x_end:
        half_height = BOX_HEIGHT / 2 if y_end > y else -BOX_HEIGHT / 2
        tail, head = (x, y + half_height), (x, y_end - half_height)
        beside, align = (x + 0.08, (y + y_end) / 2), {"ha": "left", "va": "center"}
    else:
        half_width = BOX_WIDTH / 2 if x_end > x else -BOX_WIDTH / 2
        tail, head = (x + half_width, y), (x_end - half_width, y_end)
        beside = ((x + x_end) / 2, (y + y_end) / 2 + 0.03)
        # A slanted arrow has room above its left part.
        align = {"ha": "center" if y == y_end else "right", "va": "bottom"}
    arrow = {"arrowstyle": "->", "color": "#555555", "shrinkA": 0, "shrinkB": 0}
    arrow["connectionstyle"] = curve
    axes.annotate("", head, tail, arrowprops=arrow)
    axes.text(*beside, _describe(shapes), fontsize=8, color="#555555", **align)


def _describe(shapes):
    if len(shapes) > 1:
        return label("{count} tensors", count=len(shapes))
    (shape,) = shapes
    if shape is None:
        return label("any shape")
    lengths = ["?" if length is None else str(length) for length in shape]
    return " \N{MULTIPLICATION SIGN} ".join(lengths) or label("a number")
