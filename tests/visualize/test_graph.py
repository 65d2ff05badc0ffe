"""The graph's boxes, arrows and shapes against a graph made by hand and the model's own shapes."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from petkeras.callbacks.tensorboard import scoped_graph
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.visualize import graph_edges, graph_scopes, plot_graph

LAYERS = [
    "images", "conv1_1", "conv1_2", "pool1", "drop1", "conv2_1", "conv2_2", "pool2", "drop2",
    "flatten", "fc1", "drop3", "softmax",
]  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return pet_net(num_classes=3, image_size=16)


@pytest.fixture(scope="module")
def axes(model):
    return plot_graph(scoped_graph(model)).axes[0]


def boxes(axes):
    """Return each box's name and its bounding box (left, bottom, right, top)."""
    return {patch.get_label(): patch.get_path().get_extents().extents for patch in axes.patches}


def arrows(axes):
    """Return the arrows as (tail, head), each a point (x, y)."""
    return [(np.array(a.xyann), np.array(a.xy)) for a in axes.texts if not a.get_text()]


def touched(place, extents):
    left, bottom, right, top = extents
    return left - 0.01 <= place[0] <= right + 0.01 and bottom - 0.01 <= place[1] <= top + 0.01


def by_hand():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 4), name="x")
        with tf.name_scope("double"):
            y = tf.add(x, x)
            tf.multiply(y, x)
        with tf.name_scope("sum"):
            tf.reduce_sum(y) + tf.reduce_max(y)
    return graph


def test_scopes_are_in_order_and_operations_without_a_scope_are_listed_by_name():
    assert graph_scopes(by_hand()) == ["x", "double", "sum"]


def test_an_edge_has_each_tensor_once_with_its_shape():
    assert graph_edges(by_hand()) == {("x", "double"): [(None, 4)], ("double", "sum"): [(None, 4)]}


def test_a_tensor_of_unknown_rank_has_no_shape():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, name="x")
        tf.identity(x, name="y")
    assert graph_edges(graph) == {("x", "y"): [None]}


def test_edges_between_layers_have_the_shapes_that_the_model_has(model):
    edges = graph_edges(scoped_graph(model))
    for before, after in zip(model.layers[1:], model.layers[2:], strict=False):
        assert edges[before.name, after.name] == [before.output.shape]


def test_every_scope_is_a_box_and_the_layers_run_from_the_top_down(axes):
    drawn = boxes(axes)
    assert set(drawn) == {*LAYERS, "labels", "loss", "accuracy", "train"}
    tops = [drawn[name][3] for name in LAYERS]
    assert tops == sorted(tops, reverse=True)
    assert len({drawn[name][0] for name in LAYERS}) == 1  # one column
    assert drawn["train"][0] > drawn["softmax"][2]


def test_boxes_do_not_overlap(axes):
    drawn = list(boxes(axes).values())
    for place, (left, bottom, right, top) in enumerate(drawn):
        for other in drawn[place + 1 :]:
            apart = right < other[0] or other[2] < left or top < other[1] or other[3] < bottom
            assert apart


def test_arrows_connect_the_boxes_that_the_graph_connects(axes, model):
    drawn = boxes(axes)
    joined = set()
    for tail, head in arrows(axes):
        (source,) = [name for name, extents in drawn.items() if touched(tail, extents)]
        (target,) = [name for name, extents in drawn.items() if touched(head, extents)]
        joined.add((source, target))
    assert joined == set(graph_edges(scoped_graph(model)))
    assert set(itertools.pairwise(LAYERS)) <= joined


def test_shapes_are_written_beside_the_arrows(axes):
    texts = [text.get_text().replace("×", "x") for text in axes.texts]  # noqa: RUF001
    for shape in ("? x 16 x 16 x 3", "? x 8 x 8 x 64", "? x 1024", "? x 3", "2 tensors"):
        assert shape in texts
    assert len([text for text in texts if text]) == len(arrows(axes)) + len(boxes(axes))


def test_a_graph_without_scopes_is_refused():
    with tf.Graph().as_default() as graph:
        tf.constant(1.0)
    with pytest.raises(PetkerasError, match=r"a graph of 1 operations without scopes"):
        plot_graph(graph)


def test_an_arrow_that_passes_other_layers_is_a_curve():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 4), name="x")
        with tf.name_scope("double"):
            y = tf.add(x, x)
        with tf.name_scope("square"):
            y = tf.multiply(y, y)
        with tf.name_scope("sum"):
            tf.add(x, tf.multiply(y, 2.0))
    drawn = plot_graph(graph).axes[0]
    curved = [
        annotation
        for annotation in drawn.texts
        if not annotation.get_text() and annotation.arrow_patch.get_connectionstyle().rad
    ]
    (arrow,) = curved  # from `x` past `double` and `square`
    (left, _, _, _), (_, _, _, top) = boxes(drawn)["x"], boxes(drawn)["sum"]
    assert arrow.xyann[0] == arrow.xy[0] == pytest.approx(left, abs=0.01)
    assert arrow.xy[1] < top


def test_a_graph_of_too_many_layers_is_refused():
    with tf.Graph().as_default() as graph:
        x = tf.constant(1.0, name="x/one")
        for number in range(40):
            with tf.name_scope(f"layer{number}"):
                x = tf.multiply(tf.add(x, x), x)
    with pytest.raises(PetkerasError, match=r"41 layers at its top level; up to 40 can be drawn"):
        plot_graph(graph)
