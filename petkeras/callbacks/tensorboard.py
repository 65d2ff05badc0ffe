"""What TensorBoard is shown: the graph, loss, accuracy, histograms, pictures and the recipe."""

from __future__ import annotations

import inspect
import io
import os
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.histogram import metadata as histogram
from tensorboard.plugins.hparams import api as hparams

from petkeras.inspection import convolutions
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.visualize import confusion_matrix, feature_maps, plot_confusion
from petkeras.visualize.style import to_unit

MOST_MAPS = 16  # of a layer, in one picture
BARS = 30  # of a histogram, as many as TensorFlow's own have


class Summaries:
    """Write to `tensorboard/train` and `tensorboard/test` of a run folder.

    Tags: `Loss` and `Accuracy` are over one batch, or over some test pictures; `Epoch/Loss` and
    `Epoch/Accuracy` over a whole epoch's training pictures and over the whole test part;
    `kernels/LAYER` and `gradients/LAYER` are histograms; `pictures/kernels/LAYER` (of the first
    layer, in color), `pictures/maps/LAYER` and `pictures/confusion` are images; `recipe` is a
    text. The recipe is also written as hparams, in `tensorboard/` itself, so that TensorBoard's
    HParams tab compares runs.

    Args:
        run_dir: the run folder.

    Reference: the article's section "Visualizing with TensorBoard".
    """

    def __init__(self, run_dir):
        self.folder = folder = Path(run_dir) / "tensorboard"
        self.writers = {
            part: tf.summary.create_file_writer(str(folder / part)) for part in ("train", "test")
        }

    def write_graph(self, model):
        """Write the graph of the network and its loss, once."""
        with self.writers["train"].as_default():
            tf.summary.graph(scoped_graph(model))

    def write_step(self, part, step, loss, accuracy, kernels):
        """Write a batch's loss and accuracy, and each kernel's (layer name, `count_bars`)."""
        with self.writers[part].as_default(step=step):
            tf.summary.scalar("Loss", loss)
            tf.summary.scalar("Accuracy", accuracy)
            for name, bars in kernels:
                write_histogram(f"kernels/{name}", bars)

    def write_epoch(self, part, step, loss, accuracy):
        """Write an epoch's loss and accuracy."""
        with self.writers[part].as_default(step=step):
            tf.summary.scalar("Epoch/Loss", loss)
            tf.summary.scalar("Epoch/Accuracy", accuracy)

    def write_gradients(self, step, model, gradients):
        """Write the histogram of each kernel's gradient: `gradients` has one a trainable weight."""
        with self.writers["train"].as_default(step=step):
            for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
                if weight.name == "kernel":
                    layer = weight.path.split("/")[-2]
                    write_histogram(f"gradients/{layer}", count_bars(gradient))

    def write_pictures(self, step, model, x):
        """Write the first layer's kernels, and the feature maps of one photograph, as images.

        Of a network without convolutions, such as the last layer that `transfer` trains, nothing.
        """
        layers = convolutions(model)
        if not layers:
            return
        first, names = layers[0], [layer.name for layer in layers]
        kernel = np.asarray(first.kernel, np.float32)  # (height, width, channels, filters)
        with self.writers["test"].as_default(step=step):
            if kernel.shape[2] == 3:
                tiles = np.repeat(np.repeat(np.moveaxis(kernel, 3, 0), 16, axis=1), 16, axis=2)
                tf.summary.image(f"pictures/kernels/{first.name}", montage(tiles)[None])
            for name, maps in feature_maps(model, x, names).items():
                tiles = np.moveaxis(maps[0], 2, 0)[:MOST_MAPS, :, :, None]  # (maps, h, w, 1)
                # The square root spreads the small values, of which there are most.
                tf.summary.image(f"pictures/maps/{name}", np.sqrt(montage(tiles))[None])

    def write_confusion(self, step, labels, logits, class_names):
        """Write the confusion matrix of the test part as an image."""
        figure = plot_confusion(confusion_matrix(labels, logits), class_names)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        image = tf.io.decode_png(file.getvalue(), channels=3)  # (height, width, 3) uint8
        with self.writers["test"].as_default(step=step):
            tf.summary.image("pictures/confusion", image[None])

    def write_recipe(self, recipe, data):
        """Write the recipe, as a text and as hparams, once."""
        values = {**asdict(recipe), "breeds": ", ".join(data.class_names)}
        rows = "".join(f"| {name} | {value} |\n" for name, value in values.items())
        with self.writers["train"].as_default(step=0):
            tf.summary.text("recipe", f"| field | value |\n|---|---|\n{rows}")
        with tf.summary.create_file_writer(str(self.folder)).as_default(step=0):
            hparams.hparams(values, trial_id=self.folder.parent.name)

    def flush(self):
        """Write out what is waiting."""
        for writer in self.writers.values():
            writer.flush()

    def close(self):
        """Write out what is waiting, and close the files."""
        for writer in self.writers.values():
            writer.close()


def count_bars(values):
    """Count an array's values for a histogram, as `tf.summary.histogram` does, but faster.

    TensorFlow's operations take 18 ms to count 100,000 values, NumPy takes less than one.

    Args:
        values: an array; what is not finite in it is left out.

    Returns:
        `(bars, 3)` float64, of each bar: from, to, how many.
    """
    values = np.asarray(values, np.float64)
    counts, edges = np.histogram(values[np.isfinite(values)], BARS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def write_histogram(tag, bars):
    """Write what `count_bars` counted to the writer at hand."""
    kind = histogram.create_summary_metadata(display_name=None, description=None)
    tf.summary.write(tag, bars, metadata=kind)


def drop_entries_after(run_dir, step):
    """Remove from a run's TensorBoard files all entries of later steps than one.

    A run that died has written them, and goes on from an earlier checkpoint: it will write them
    again. A last entry that was cut short is dropped, too.
    """
    files = list((Path(run_dir) / "tensorboard").rglob("events.out.tfevents.*"))
    for file in filter(Path.is_file, files):
        if step < 0:
            file.unlink()
            continue
        half_made = file.with_name("incomplete")
        with tf.io.TFRecordWriter(str(half_made)) as kept:
            for entry, its_step in _entries(file):
                if its_step <= step:
                    kept.write(entry)
        os.replace(half_made, file)


def _entries(file):
    """Yield an events file's entries, as bytes, with their steps, up to the first damaged one."""
    try:
        for entry in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            yield entry, event_pb2.Event.FromString(entry).step
    except (tf.errors.DataLossError, DecodeError):
        return


def montage(tiles):
    """Lay pictures out in rows of eight, and stretch their values to 0..1 together.

    Args:
        tiles: `(n, height, width, channels)`.

    Returns:
        `(rows * (height + 1), columns * (width + 1), channels)` float32 in [0, 1], a line of the
        smallest value between pictures.
    """
    columns = min(8, len(tiles))
    rows = -(-len(tiles) // columns)
    tiles = to_unit(tiles)
    tiles = np.pad(tiles, [(0, rows * columns - len(tiles)), (0, 1), (0, 1), (0, 0)])
    _, height, width, channels = tiles.shape
    tiles = tiles.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return tiles.reshape(rows * height, columns * width, channels).astype(np.float32)


def scoped_graph(model):
    """Trace the network anew, so that the graph's top level shows one scope a layer.

    A Keras model called in a `tf.function` puts everything under its own name and its weights
    outside of their layers. Here each layer's own `call` runs in a scope of its name, with a
    placeholder for each weight.

    Args:
        model: a `keras.Model` whose layers follow one another, as those of `pet_net` do.

    Returns:
        A `tf.Graph` with the scopes `images`, one per layer, `labels`, `loss`, `accuracy`, and
        `train`: each weight's gradient, and its step by Adam.
    """
    placeholder, all_weights = tf.compat.v1.placeholder, []
    with tf.Graph().as_default() as graph:
        x = placeholder(tf.float32, (None, *model.input_shape[1:]), name="images")
        labels = placeholder(tf.float32, (None, *model.output_shape[1:]), name="labels")
        for layer in model.layers[1:]:
            with tf.name_scope(layer.name):
                weights = [
                    (weight, placeholder(weight.dtype, weight.shape, name=weight.name))
                    for weight in layer.variables
                ]
                all_weights += [made for weight, made in weights if weight.trainable]
                with keras.StatelessScope(state_mapping=weights):
                    y = _call_as_in_training(layer, x)
                x = tf.identity(y) if y is x else y  # a dropout of rate 0 is in the graph, too
        with tf.name_scope("loss"):
            loss = tf.reduce_mean(softmax_cross_entropy(labels, x))
        with tf.name_scope("accuracy"):
            tf.reduce_mean(accuracy(labels, x))
        with tf.name_scope("train"):
            for weight, gradient in zip(all_weights, tf.gradients(loss, all_weights), strict=True):
                _write_adam(weight.op.name, gradient)
    return graph


def _write_adam(name, gradient):
    """Add Adam's operation for one weight to the graph at hand."""
    with tf.name_scope(name.replace("/", "_")):
        variable, m, v = (
            tf.compat.v1.placeholder(tf.resource, name=part) for part in ("variable", "m", "v")
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable,
            m=m,
            v=v,
            beta1_power=0.9,
            beta2_power=0.999,
            lr=1e-3,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-7,
            grad=gradient,
            name="adam",
        )


def _call_as_in_training(layer, x):
    if "training" in inspect.signature(layer.call).parameters:
        return layer.call(x, training=True)
    return layer.call(x)
