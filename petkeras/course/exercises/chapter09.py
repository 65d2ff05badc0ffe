"""Check chapter 09: an edge of the graph, a scope's operations, and a function traced once."""

from __future__ import annotations

import tensorflow as tf

from petkeras.callbacks.graph import scoped_graph
from petkeras.course.exercises.feedback import (
    ask_for_count,
    call,
    not_yet,
    read_count,
    read_number,
    right,
)
from petkeras.models import pet_net
from petkeras.visualize import graph_edges

NUMBERS = 4096  # on the edge that exercise 1 asks for
MAX_SIZE = 256  # pixels; a larger network would take too much memory


def exercise_1(image_size):
    """Check the picture size at which 4,096 numbers go from flatten to fc1."""
    size = read_count(image_size)
    if size is None:
        return not_yet(ask_for_count(image_size, "image_size"))
    if size > MAX_SIZE:
        return not_yet(
            "Anything above {most} pixels is far too large. Which way must it go?", most=MAX_SIZE
        )
    ((_, numbers),) = graph_edges(scoped_graph(pet_net(image_size=size)))["flatten", "fc1"]
    if numbers == NUMBERS:
        return right(
            "Two pools reduce {size} pixels to 8, and 8 x 8 x 64 = {numbers:,}.",
            size=size,
            numbers=numbers,
        )
    return not_yet(
        "With {size} pixels it is {numbers:,} numbers. They grow with the picture's area: half "
        "the side gives a quarter of the numbers.",
        size=size,
        numbers=numbers,
    )


def exercise_2(kinds_in):
    """Check a function that lists the types of the operations in a top-level scope, in order."""
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
        return not_yet("Return a list, in the graph's order.")
    kinds = list(kinds)
    if kinds == ["Neg", "Relu"]:
        return right("The scope is the name up to the first slash, and nothing else counts.")
    if not kinds:
        return not_yet("The list is empty. graph.get_operations() returns all operations.")
    if all(isinstance(kind, tf.Operation) for kind in kinds):
        return not_yet("These are the operations themselves. Their kind is in `.type`.")
    if "conv1/Neg" in kinds:
        return not_yet("These are the operations' names. Their kind is in `.type`.")
    if "Placeholder" in kinds:
        return not_yet("That is the whole graph. Which names begin with the scope's?")
    if "Sigmoid" in kinds:
        return not_yet("train/conv1/... is in the scope train: only the start of a name counts.")
    if "Tanh" in kinds:
        return not_yet("conv1_1 also starts with conv1, but is a different scope. Mind the slash.")
    if sorted(map(str, kinds)) == ["Neg", "Relu"]:
        return not_yet("These are the right ones, but not in the graph's order.")
    return not_yet("A scope's operations are those whose name starts with its name and a slash.")


def exercise_3(total):
    """Check that a tf.function sums batches of any length, and is traced once for all of them."""
    if not hasattr(total, "experimental_get_tracing_count"):
        return not_yet("`total` must be a function with @tf.function above it.")
    for count in (10, 4, 7):
        batch = tf.reshape(tf.range(count * 192, dtype=tf.float32), (count, 8, 8, 3)) / 1e4
        result, hint = call(total, batch)
        if hint and "Binding inputs" in hint:
            return not_yet(
                "Its `input_signature` does not fit a float32 batch of shape ({count}, 8, 8, 3). "
                "`None` in a shape stands for any length.",
                count=count,
            )
        if hint:
            return not_yet(hint)
        value = read_number(result)
        if value is None or abs(value - float(tf.reduce_sum(batch))) > 1e-2:
            return not_yet("`total` should return the sum of all numbers in the batch.")
    try:
        traces = int(total.experimental_get_tracing_count())
    except Exception as error:
        return not_yet("The number of traces cannot be read: {error}.", error=type(error).__name__)
    if traces == 1:
        return right("Traced once, for batches of 10, 4 and 7.")
    return not_yet(
        "It was traced {traces} times for batches of 10, 4 and 7. Can one `input_signature` cover "
        "all of them?",
        traces=traces,
    )
