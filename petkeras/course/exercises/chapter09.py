"""Checks of chapter 09: an edge's length, the operations of a scope, a function traced once."""

from __future__ import annotations

from numbers import Integral

import tensorflow as tf

from petkeras.callbacks.tensorboard import scoped_graph
from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call, read_numbers
from petkeras.models import pet_net
from petkeras.visualize import graph_edges

WANTED = 4096  # numbers on the edge of exercise 1
LARGEST = 256  # a larger network is not built here: it would take too much memory


def exercise_1(image_size):
    """Check the picture size at which 4,096 numbers go from flatten to fc1."""
    if not isinstance(image_size, Integral) or isinstance(image_size, bool) or image_size < 1:
        return not_yet("`image_size` is a whole number of pixels.")
    if image_size > LARGEST:
        return not_yet(f"Larger than {LARGEST} pixels is far too large. Which way must it go?")
    graph = scoped_graph(pet_net(image_size=int(image_size)))
    (shape,) = graph_edges(graph)["flatten", "fc1"]
    if shape[1] == WANTED:
        return right(f"Two poolings make {image_size} pixels 8, and 8 x 8 x 64 = {WANTED:,}.")
    return not_yet(
        f"With {image_size} pixels it is {shape[1]:,} numbers. The edge grows with the picture's "
        "area: half the side, a quarter of the numbers."
    )


def exercise_2(kinds_in):
    """Check a function that lists the kinds of the operations in a top-level scope, in order."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 4), name="x")
        with tf.name_scope("conv1"):
            y = tf.nn.relu(tf.negative(x))
        with tf.name_scope("conv1_1"):
            y = tf.nn.tanh(y)
        with tf.name_scope("train"), tf.name_scope("conv1"):
            tf.nn.sigmoid(y)
    kinds, hint = call(kinds_in, graph, "conv1")
    if hint:
        return not_yet(hint)
    if not isinstance(kinds, list | tuple):
        return not_yet("Your function returns a list.")
    kinds = list(kinds)
    if kinds == ["Neg", "Relu"]:
        return right("The name up to the first slash is the scope; nothing else counts.")
    if kinds and all(isinstance(kind, tf.Operation) for kind in kinds):
        return not_yet("These are the operations themselves. What kind each is tells `.type`.")
    if "conv1/Neg" in kinds:
        return not_yet("These are the operations' names. What kind each is tells `.type`.")
    if "Sigmoid" in kinds:
        return not_yet(
            "train/conv1/... is in the scope train: only the beginning of a name counts."
        )
    if "Tanh" in kinds:
        return not_yet("conv1_1 begins with conv1, too, but is another scope. Mind the slash.")
    if sorted(map(str, kinds)) == ["Neg", "Relu"]:
        return not_yet("These are they, but not in the order in which they are in the graph.")
    if not kinds:
        return not_yet("The list is empty. graph.get_operations() has them all.")
    return not_yet("A scope's operations are those whose name begins with its name and a slash.")


def exercise_3(total):
    """Check that a tf.function sums batches of any length, and is traced once for all of them."""
    if not hasattr(total, "experimental_get_tracing_count"):
        return not_yet("`total` is a function with @tf.function above it.")
    for count in (10, 4, 7):
        batch = tf.reshape(tf.range(count * 192, dtype=tf.float32), (count, 8, 8, 3)) / 1e4
        result, hint = call(total, batch)
        if hint:
            return not_yet(
                f"A batch of {count} pictures, 8 by 8 by 3, does not get through. {hint}"
            )
        value = read_numbers(result)
        if value is None or value.shape != () or abs(value - float(tf.reduce_sum(batch))) > 1e-2:
            return not_yet("`total` gives the sum of all numbers in the batch.")
    try:
        traced = int(total.experimental_get_tracing_count())
    except Exception as error:
        return not_yet(f"How often it was traced cannot be told: {type(error).__name__}.")
    if traced == 1:
        return right("Traced once, for batches of 10, 4 and 7.")
    return not_yet(
        f"It was traced {traced} times for batches of 10, 4 and 7. Is there an `input_signature` "
        "that holds for all of them?"
    )
