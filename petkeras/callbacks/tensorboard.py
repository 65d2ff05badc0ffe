"""Log to TensorBoard: the graph, loss, accuracy, histograms, images and the recipe."""

from __future__ import annotations

import io
import math
import os
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.histogram import metadata as histogram
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams_metadata

from petkeras.callbacks.base import RunCallback
from petkeras.callbacks.graph import scoped_graph
from petkeras.inspection import convolutions, sampled_kernels
from petkeras.system.files import local_path
from petkeras.text import one_line
from petkeras.tracing import compile_logits
from petkeras.training import evaluate
from petkeras.visualize import confusion_matrix, feature_maps, plot_confusion
from petkeras.visualize.style import min_max_scale

MAX_MAPS = 16  # per layer, in one image
NUM_BINS = 30  # per histogram, as in TensorFlow's own
TEST_EVERY = 5  # training entries to one test entry


class TensorBoard(RunCallback):
    """Write to `tensorboard/train` and `tensorboard/test` of a run folder.

    Tags: `Loss` and `Accuracy` are over one batch of training or of test images. Only every fifth
    entry is written for the test, too, because its forward pass takes time: with each entry it
    would make training 5% slower. `Epoch/Loss` and `Epoch/Accuracy` are over an epoch's training
    images, and over the whole test part (or the validation part of `model.fit`). `kernels/LAYER`
    and `gradients/LAYER` are histograms.
    `pictures/kernels/LAYER` (of the first layer, in color), `pictures/maps/LAYER` and
    `pictures/confusion` are images, written after epochs 1, 2, 4, 8, ... and the last. `recipe` is
    text. The recipe and the settings are also written as hparams, in `tensorboard/` itself, so that
    TensorBoard's HParams tab can compare runs by their final accuracy.

    In `model.fit` no gradients are written; without `test`, no images and no test entries.

    Args:
        run_dir: the run folder.
        every: steps between two entries for the training part.
        test: the test part, with its `images` and one-hot `labels`, or `None`.
        preprocess: a function from these images to the network's input.
        class_names: the names of the classes.
        batch_size: images per training step. A test entry uses as many test images, the next ones
            each time.
        recipe: a `Recipe` to write as text and as hparams, or `None`.
        settings: a dict of further hparams, such as `{"seed": 0}`.

    Reference: the article's section "Visualizing with TensorBoard".
    """

    def __init__(
        self,
        run_dir,
        every=5,
        test=None,
        preprocess=lambda images: tf.cast(images, tf.float32),
        class_names=(),
        batch_size=10,
        recipe=None,
        settings=None,
    ):
        super().__init__()
        self.folder, self.every = local_path("run_dir", run_dir) / "tensorboard", every
        self.test, self.preprocess, self.class_names = test, preprocess, tuple(class_names)
        self.batch_size = batch_size
        self.recipe, self.settings = recipe, settings or {}
        self.writers = {}
        self.has_failed = False

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.writers = {
            part: tf.summary.create_file_writer(str(self.folder / part))
            for part in ("train", "test")
        }
        if self.test is not None:
            self.forward = compile_logits(self.model)
        if self.step == 0:
            self.write_graph()
            if self.recipe is not None:
                self.write_recipe()

    def on_train_batch_end(self, batch, logs=None):
        self.has_failed = not math.isfinite(logs.get("loss", 0.0))
        if not self.is_due(self.every):
            return
        bins = [(name, count_bins(values)) for name, values in sampled_kernels(self.model)]
        self.write_step("train", logs.get("loss"), logs.get("accuracy"), bins)
        if self.loop:
            self.write_gradients(self.loop.gradients)
        if self.test is not None and self.is_due(TEST_EVERY * self.every):
            loss, accuracy = self._evaluate_some()
            self.write_step("test", loss, accuracy, bins)

    def on_epoch_end(self, epoch, logs=None):
        self.write_epoch("train", logs.get("loss"), logs.get("accuracy"))
        name = "test" if self.loop else "val"
        self.write_epoch("test", logs.get(f"{name}_loss"), logs.get(f"{name}_accuracy"))
        is_power_of_two = (epoch + 1) & epoch == 0
        if self.test is not None and (is_power_of_two or epoch + 1 == self.params["epochs"]):
            self.write_images(self.preprocess(self.test.images[:1]))
            self.write_confusion(self._test_logits())

    def on_train_end(self, logs=None):
        if self.recipe is not None and not (self.loop and self.loop.interrupted):
            self.write_status()
        self.close()

    def _evaluate_some(self):
        """Return the loss and accuracy over the next few test images."""
        size = self.batch_size
        entry = self.step // (TEST_EVERY * self.every)
        first = (entry - 1) * size % len(self.test.images)
        some = slice(first, first + size)
        x = self.preprocess(self.test.images[some])  # (b, size, size, 3)
        loss, accuracy, _ = evaluate(self.forward, [x], self.test.labels[some])
        return loss, accuracy

    def _test_logits(self):
        if self.loop:
            return self.loop.test_logits
        images, size = self.test.images, self.batch_size
        batches = (images[first : first + size] for first in range(0, len(images), size))
        return evaluate(self.forward, map(self.preprocess, batches), self.test.labels)[2]

    def write_graph(self):
        """Write the graph of the network and its loss, or print why that is impossible."""
        try:
            graph = scoped_graph(self.model)
        except Exception as error:  # some layers cannot be traced like this: training goes on
            print(f"The graph is left out of TensorBoard: {one_line(error)}", flush=True)
            return
        with self._writing("train", step=0):
            tf.summary.graph(graph)

    def write_step(self, part, loss, accuracy, bins):
        """Write a batch's loss and accuracy, and each kernel's histogram as (layer name, bins)."""
        with self._writing(part, step=self.step):
            for tag, value in (("Loss", loss), ("Accuracy", accuracy)):
                if value is not None:
                    tf.summary.scalar(tag, value)
            for name, counts in bins:
                write_histogram(f"kernels/{name}", counts)

    def write_epoch(self, part, loss, accuracy):
        """Write an epoch's loss and accuracy, except those that are `None`."""
        with self._writing(part, step=self.step):
            for tag, value in (("Epoch/Loss", loss), ("Epoch/Accuracy", accuracy)):
                if value is not None:
                    tf.summary.scalar(tag, value)

    def write_gradients(self, gradients):
        """Write the histogram of each kernel's gradient, given one per trainable weight."""
        with self._writing("train", step=self.step):
            for weight, gradient in zip(self.model.trainable_weights, gradients, strict=True):
                if weight.name == "kernel":
                    layer = weight.path.split("/")[-2]
                    write_histogram(f"gradients/{layer}", count_bins(gradient))

    def write_images(self, x):
        """Write the first layer's kernels, and the feature maps of one photograph, as images.

        Nothing is written for a network without convolutions, such as the last layer that
        `transfer` trains.
        """
        layers = convolutions(self.model)
        if not layers:
            return
        name, first = next(iter(layers.items()))
        kernel = np.asarray(first.kernel, np.float32)  # (height, width, channels, filters)
        with self._writing("test", step=self.step):
            if kernel.shape[2] == 3:
                tiles = np.repeat(np.repeat(np.moveaxis(kernel, 3, 0), 16, axis=1), 16, axis=2)
                tf.summary.image(f"pictures/kernels/{name}", montage(tiles)[None])
            for name, maps in feature_maps(self.model, x, list(layers)).items():
                tiles = np.moveaxis(maps[0], 2, 0)[:MAX_MAPS, :, :, None]  # (maps, h, w, 1)
                # The square root spreads out the small values, which are the most frequent.
                tf.summary.image(f"pictures/maps/{name}", np.sqrt(montage(tiles))[None])

    def write_confusion(self, logits):
        """Write the confusion matrix of the test part as an image."""
        labels, names = self.test.labels, self.class_names
        names = names or tuple(map(str, range(labels.shape[1])))
        figure = plot_confusion(confusion_matrix(labels, logits), names)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        image = tf.io.decode_png(file.getvalue(), channels=3)  # (height, width, 3) uint8
        with self._writing("test", step=self.step):
            tf.summary.image("pictures/confusion", image[None])

    def write_recipe(self):
        """Write the recipe, the settings and the classes, as text and as hparams."""
        names = {"breeds": ", ".join(self.class_names)}
        values = {**asdict(self.recipe), **self.settings, **names}
        rows = "".join(f"| {name} | {value} |\n" for name, value in values.items())
        with self._writing("train", step=0):
            tf.summary.text("recipe", f"| field | value |\n|---|---|\n{rows}")
        metric = hparams.Metric("Epoch/Accuracy", group="test", display_name="test accuracy")
        with self._writing_hparams(step=0):
            hparams.hparams_config([hparams.HParam(name) for name in values], [metric])
            hparams.hparams(values, trial_id=self.folder.parent.name)

    def write_status(self):
        """Record whether the run succeeded, or failed with a loss that is not finite."""
        status = "STATUS_FAILURE" if self.has_failed else "STATUS_SUCCESS"
        end = plugin_data_pb2.SessionEndInfo(
            status=api_pb2.Status.Value(status), end_time_secs=time.time()
        )
        data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
        with self._writing_hparams(step=self.step):
            tf.summary.write(
                hparams_metadata.SESSION_END_INFO_TAG,
                tf.make_ndarray(hparams_metadata.NULL_TENSOR),
                metadata=hparams_metadata.create_summary_metadata(data),
            )

    @contextmanager
    def _writing_hparams(self, step):
        """Write to the folder of both parts in the block, where the HParams tab looks."""
        writer = tf.summary.create_file_writer(str(self.folder))
        with tf.summary.record_if(True), writer.as_default(step=step):
            yield
        writer.close()

    @contextmanager
    def _writing(self, part, step):
        """Write to a part in the block, even if another callback has turned summaries off."""
        with tf.summary.record_if(True), self.writers[part].as_default(step=step):
            yield

    def flush(self):
        """Write buffered entries to disk; a resumed run needs all that precede its checkpoint."""
        for writer in self.writers.values():
            writer.flush()

    def close(self):
        for writer in self.writers.values():
            writer.close()
        self.writers = {}


def count_bins(values):
    """Return a histogram of an array's values, as `tf.summary.histogram` counts them.

    TensorFlow's operations take 18 ms to count 100,000 values; NumPy takes less than 1 ms.

    Args:
        values: an array; values that are not finite are left out.

    Returns:
        `(bins, 3)` float64: each bin's left edge, right edge and count. If all values are equal,
        the last bin has them all, and the bins have no width.
    """
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if values.size and values.min() == values.max():  # NumPy's bins would span a width of 1
        bins = np.full((NUM_BINS, 3), [values[0], values[0], 0.0])
        bins[-1, 2] = values.size
        return bins
    counts, edges = np.histogram(values, NUM_BINS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def write_histogram(tag, bins):
    """Write what `count_bins` returned to the default writer."""
    kind = histogram.create_summary_metadata(display_name=None, description=None)
    tf.summary.write(tag, bins, metadata=kind)


def drop_entries_after(run_dir, step):
    """Delete all entries after `step` from a run's TensorBoard files.

    A run that crashed wrote them after its checkpoint, and will write them again when it is
    resumed. An incomplete last entry is also deleted.
    """
    files = list((Path(run_dir) / "tensorboard").rglob("events.out.tfevents.*"))
    for file in filter(Path.is_file, files):
        if step < 0:
            file.unlink()
            continue
        partial = file.with_name("incomplete")
        with tf.io.TFRecordWriter(str(partial)) as kept:
            for entry, its_step in _read_entries(file):
                if its_step <= step:
                    kept.write(entry)
        os.replace(partial, file)


def _read_entries(file):
    """Yield an event file's entries, as bytes, with their steps, up to the first damaged one."""
    try:
        for entry in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            yield entry, event_pb2.Event.FromString(entry).step
    except (tf.errors.DataLossError, DecodeError):
        return


def montage(tiles):
    """Return images laid out in rows of eight, their values scaled to 0..1 together.

    Args:
        tiles: `(n, height, width, channels)`.

    Returns:
        `(rows * (height + 1), columns * (width + 1), channels)` float32 in [0, 1], with a line of
        the smallest value between images.
    """
    columns = min(8, len(tiles))
    rows = -(-len(tiles) // columns)
    tiles = min_max_scale(tiles)
    tiles = np.pad(tiles, [(0, rows * columns - len(tiles)), (0, 1), (0, 1), (0, 0)])
    _, height, width, channels = tiles.shape
    tiles = tiles.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return tiles.reshape(rows * height, columns * width, channels).astype(np.float32)
