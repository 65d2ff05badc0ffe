"""How fast this machine can be, and therefore the least time that a training step can take."""

from __future__ import annotations

import dataclasses
import math
import time

import tensorflow as tf

ROUNDS = 7  # the fastest counts, as it was disturbed least


def measure():
    """Measure the rate of a large matrix multiplication and the bandwidth of the memory.

    Returns:
        A dict: multiply-adds per second in `float32` and in `bfloat16`, and `bandwidth` in bytes
        per second, measured by adding one array to another.
    """
    return {
        "float32": _multiply_rate(tf.float32),
        "bfloat16": _multiply_rate(tf.bfloat16),
        "bandwidth": _bandwidth(),
    }


def _multiply_rate(dtype, side=2048):
    a = tf.cast(tf.random.stateless_uniform((side, side), (1, 2)), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(a, a)))
    return side**3 / _least_seconds(multiply)


def _bandwidth(count=50_000_000):
    a, b = tf.Variable(tf.ones(count)), tf.Variable(tf.ones(count))
    add = tf.function(lambda: a.assign_add(b)[0])
    return 3 * 4 * count / _least_seconds(add)  # both are read, one is written


def _least_seconds(function):
    function().numpy()  # trace it, and touch its memory
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function().numpy()
        times.append(time.perf_counter() - start)
    return min(times)


def least_step_seconds(costs, batch_size, rates, dtype="float32"):
    """Return a lower bound for the seconds of a training step.

    Each layer runs forward once and backward twice: to the gradient of its kernel and, except for
    the first layer, to the gradient of its input. Each pass takes as long as its multiply-adds, or
    as moving its weights, input and output, whichever is longer. Then Adam reads weight, gradient,
    m and v, and writes three of them. What is not counted (biases, ReLU, pooling, dropout) could
    only add to it.

    Args:
        costs: what `petkeras.visualize.costs` returns for the network in float32.
        batch_size: images per step.
        rates: what `measure` returned.
        dtype: `"float32"` or `"bfloat16"`, the dtype of the multiplications; weights are always
            float32.
    """
    seconds, first = 0.0, True
    width = 4 if dtype == "float32" else 2  # bytes per value
    inputs = math.prod(costs[0].output_shape[:-1]) * 3  # values per image
    for cost in costs:
        outputs = math.prod(cost.output_shape)
        if cost.multiply_adds:
            values = batch_size * (inputs + outputs) * width + cost.weights * width
            multiplying = batch_size * cost.multiply_adds / rates[dtype]
            passes = 2 if first else 3
            seconds += passes * max(multiplying, values / rates["bandwidth"])
            first = False
        inputs = outputs
    weights = sum(cost.weights for cost in costs)
    return seconds + 7 * 4 * weights / rates["bandwidth"]


def images_per_second(image_size, batch_size, batches=30):
    """Measure how many augmented images the input pipeline prepares per second on its own."""
    from petkeras.bench.steps import Task
    from petkeras.data.pipeline import training_batches
    from petkeras.recipes import MODERN

    data = Task(batches, batch_size, image_size).data()
    recipe = dataclasses.replace(MODERN, epochs=1, batch_size=batch_size)
    ready = iter(training_batches(data.train, data.mean, recipe))
    for _ in range(5):
        next(ready)
    start, count = time.perf_counter(), 0
    for batch in ready:
        count += len(batch[0])
    return count / (time.perf_counter() - start)
