"""What TensorBoard is shown: the graph, loss and accuracy, and the histogram of every kernel."""

from __future__ import annotations

import inspect
from pathlib import Path

import keras
import tensorflow as tf

from petkeras.losses import accuracy, softmax_cross_entropy

MOST_VALUES = 100_000  # in a histogram; of a larger kernel every n-th value is taken


class Summaries:
    """Write to `tensorboard/train` and `tensorboard/test` of a run folder.

    Tags: `Loss` and `Accuracy` are over one batch; `Epoch/Loss` and `Epoch/Accuracy` over a whole
    epoch's training pictures and over the whole test part; `kernels/LAYER` are histograms.

    Args:
        run_dir: the run folder.

    Reference: the article's section "Visualizing with TensorBoard".
    """

    def __init__(self, run_dir):
        folder = Path(run_dir) / "tensorboard"
        self.writers = {
            part: tf.summary.create_file_writer(str(folder / part)) for part in ("train", "test")
        }

    def write_graph(self, model):
        """Write the graph of the network and its loss, once."""
        with self.writers["train"].as_default():
            tf.summary.graph(scoped_graph(model))

    def write_step(self, part, step, loss, accuracy, model):
        """Write a batch's loss and accuracy, and the kernels as they are now."""
        with self.writers[part].as_default(step=step):
            tf.summary.scalar("Loss", loss)
            tf.summary.scalar("Accuracy", accuracy)
            for name, values in kernels(model):
                tf.summary.histogram(f"kernels/{name}", values)

    def write_epoch(self, part, step, loss, accuracy):
        """Write an epoch's loss and accuracy."""
        with self.writers[part].as_default(step=step):
            tf.summary.scalar("Epoch/Loss", loss)
            tf.summary.scalar("Epoch/Accuracy", accuracy)

    def close(self):
        """Write out what is waiting."""
        for writer in self.writers.values():
            writer.close()


def kernels(model):
    """List (layer name, values of its kernel): all of them, or 100,000 evenly spaced ones.

    `fc1` has 102,760,448 weights. Going through them all for each histogram would take as long as
    a training step; one in 1028 gives the same picture.
    """
    found = []
    for layer in model.layers:
        for weight in layer.trainable_weights:
            if weight.name == "kernel":
                flat = tf.reshape(weight.value, (-1,))
                found.append((layer.name, flat[:: -(-flat.shape[0] // MOST_VALUES)]))
    return found


def scoped_graph(model):
    """Trace the network anew, so that the graph's top level shows one scope a layer.

    A Keras model called in a `tf.function` puts everything under its own name and its weights
    outside of their layers. Here each layer's own `call` runs in a scope of its name, with a
    placeholder for each weight.

    Args:
        model: a `keras.Model` whose layers follow one another, as those of `pet_net` do.

    Returns:
        A `tf.Graph` with the scopes `images`, one per layer, `labels`, `loss`, `accuracy`.
    """
    placeholder = tf.compat.v1.placeholder
    with tf.Graph().as_default() as graph:
        x = placeholder(tf.float32, (None, *model.input_shape[1:]), name="images")
        labels = placeholder(tf.float32, (None, *model.output_shape[1:]), name="labels")
        for layer in model.layers[1:]:
            with tf.name_scope(layer.name):
                weights = [
                    (weight, placeholder(weight.dtype, weight.shape, name=weight.name))
                    for weight in layer.variables
                ]
                with keras.StatelessScope(state_mapping=weights):
                    y = _call_as_in_training(layer, x)
                x = tf.identity(y) if y is x else y  # a dropout of rate 0 is in the graph, too
        with tf.name_scope("loss"):
            tf.reduce_mean(softmax_cross_entropy(labels, x))
        with tf.name_scope("accuracy"):
            tf.reduce_mean(accuracy(labels, x))
    return graph


def _call_as_in_training(layer, x):
    if "training" in inspect.signature(layer.call).parameters:
        return layer.call(x, training=True)
    return layer.call(x)
