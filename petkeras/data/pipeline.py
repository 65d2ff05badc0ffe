"""Turn uint8 pictures into the batches that the network sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from petkeras.data.augmentation import apply_draws, random_draws
from petkeras.data.mapped import MappedImages
from petkeras.errors import check_seed
from petkeras.recipes import Recipe


@dataclass(frozen=True)
class Pictures:
    """Hold one part of a data set: decoded and resized pictures with their labels.

    Args:
        images: `(n, size, size, 3)` uint8, an array or a `MappedImages`. In `transfer`, where only
            the last layer is trained, the features of the pictures: `(n, features)` float32.
        labels: `(n, classes)` float32, one-hot.
        names: the n file names.
    """

    images: np.ndarray | MappedImages
    labels: np.ndarray
    names: tuple[str, ...]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, part: slice):
        """Return some of the pictures, read into memory: `pictures[::5]` is every fifth."""
        return Pictures(self.images[part], self.labels[part], self.names[part])


def mean_image(images):
    """Return the mean of pictures `(n, size, size, 3)`: `(size, size, 3)` float32."""
    total = np.zeros(images.shape[1:], np.float64)
    for image in images:  # one at a time, without a float copy of all
        total += image
    return (total / len(images)).astype(np.float32)


def preprocess(images, mean, recipe: Recipe):
    """Subtract the mean image and scale.

    Args:
        images: `(batch, size, size, 3)`, 0..255, any dtype.
        mean: `(size, size, 3)` float32, the mean image of the training part.
        recipe: gives `pixel_scale`.

    Returns:
        `(batch, size, size, 3)` float32, the input of the network.
    """
    return (tf.cast(images, tf.float32) - mean) / recipe.pixel_scale


def training_batches(pictures: Pictures, mean, recipe: Recipe, seed=0, first_step=0):
    """Return the batches of a whole training run, from any step on.

    Each epoch takes every picture once, in an order of its own; its last batch may be smaller.
    Only `seed` and the step decide a batch, so a run can be resumed at any step.

    Args:
        pictures: the training part.
        mean: `(size, size, 3)` float32.
        recipe: gives `epochs`, `batch_size`, `pixel_scale` and the augmentation.
        seed: an integer; another seed gives another order and other augmentation.
        first_step: the step to start at.

    Returns:
        A `tf.data.Dataset` of (images `(b, size, size, 3)` float32, labels `(b, classes)` float32).
    """
    batches = shared_batches(pictures, mean, recipe, seed, first_step)
    return batches.map(lambda images, labels, weights: (images, labels))


def shared_batches(pictures, mean, recipe, seed=0, first_step=0, parts=1, own=(0,)):
    """Return the batches of `training_batches` in parts, one for each device.

    All parts of a batch have the same size. If the batch cannot be divided evenly, the last part
    repeats the last picture of the batch with a weight of 0.

    Args:
        pictures, mean, recipe, seed, first_step: as in `training_batches`.
        parts: the number of devices that share a batch.
        own: the indices of the parts to return, one after the other for each step.

    Returns:
        A `tf.data.Dataset` of (images, labels, weights): weights `(b,)` float32 sum to 1 over all
        parts of a batch.
    """
    per_epoch, size = steps_per_epoch(pictures, recipe), recipe.batch_size
    seed = tf.constant(check_seed(seed), tf.int64)

    def batches_of(epoch):
        """Return (step, part, indices of pictures) for an epoch's own parts."""
        order = tf.random.experimental.stateless_shuffle(tf.range(len(pictures)), [seed, epoch])
        first = tf.maximum(first_step - epoch * per_epoch, 0)
        numbers = tf.data.Dataset.range(first * len(own), per_epoch * len(own))

        def choose(number):
            batch, part = number // len(own), tf.gather(own, number % len(own))
            return epoch * per_epoch + batch, part, order[batch * size : (batch + 1) * size]

        return numbers.map(choose)

    def make(step, part, chosen):
        rows, weights = _part(tf.size(chosen), tf.cast(part, tf.int32), parts)  # (b,) each
        draws = random_draws(tf.size(chosen), [seed, per_epoch * recipe.epochs + step])
        x, labels = _take(pictures, tf.gather(chosen, rows))
        x = apply_draws(tf.cast(x, tf.float32), recipe, tf.gather(draws, rows, axis=1))
        return preprocess(x, mean, recipe), labels, weights

    epochs = tf.data.Dataset.range(first_step // per_epoch, recipe.epochs)
    with tf.device("CPU"):
        batches = epochs.flat_map(batches_of).map(make, num_parallel_calls=2, deterministic=True)
    count = (per_epoch * recipe.epochs - first_step) * len(own)
    return batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def _take(pictures, rows):
    """Return some of the images and labels, read from memory or from disk."""
    images, labels = tf.numpy_function(
        lambda rows: (pictures.images[rows], pictures.labels[rows]),
        [rows],
        (pictures.images.dtype, pictures.labels.dtype),
        stateful=False,
    )
    images = tf.ensure_shape(images, (None, *pictures.images.shape[1:]))  # (b, size, size, 3)
    return images, tf.ensure_shape(labels, (None, *pictures.labels.shape[1:]))  # (b, classes)


def _part(batch_size, part, parts):
    """Return the rows of a batch that belong to a part, and their weights."""
    size = -(-batch_size // parts)
    rows = part * size + tf.range(size)
    weights = tf.cast(rows < batch_size, tf.float32) / tf.cast(batch_size, tf.float32)
    return tf.minimum(rows, batch_size - 1), weights


def steps_per_epoch(pictures: Pictures, recipe: Recipe):
    """Return the number of batches in an epoch, including the last, smaller one."""
    return math.ceil(len(pictures) / recipe.batch_size)


def evaluation_batches(pictures: Pictures, mean, recipe: Recipe):
    """Yield the images once in their own order, without augmentation.

    Yields:
        `(b, size, size, 3)` float32, as in `training_batches`; b is at most the batch size.
    """
    for first in range(0, len(pictures), recipe.batch_size):
        yield preprocess(pictures.images[first : first + recipe.batch_size], mean, recipe)
