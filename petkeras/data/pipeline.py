"""From uint8 pictures in memory to the batches that the network sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from petkeras.data.mapped import Mapped
from petkeras.recipes import Recipe


@dataclass(frozen=True)
class Pictures:
    """Hold one part of a data set: decoded and resized pictures, and what they show.

    Args:
        images: `(n, size, size, 3)` uint8, an array or a `Mapped`. In `transfer`, where the last
            layer is trained, what stands for the pictures: their features, `(n, features)` float32.
        labels: `(n, classes)` float32, one-hot.
        names: the n file names.
    """

    images: np.ndarray | Mapped
    labels: np.ndarray
    names: tuple[str, ...]

    def __len__(self):
        return len(self.images)


def mean_image(images):
    """Return the mean of uint8 pictures `(n, size, size, 3)` as `(size, size, 3)` float32."""
    total = np.zeros(images.shape[1:], np.float64)
    for image in images:  # one at a time: no float copy of them all
        total += image
    return (total / len(images)).astype(np.float32)


def preprocess(images, mean, recipe: Recipe):
    """Take the mean image off and scale.

    Args:
        images: `(batch, size, size, 3)`, 0..255, any dtype.
        mean: `(size, size, 3)` float32, of the training part.
        recipe: gives `pixel_scale`.

    Returns:
        `(batch, size, size, 3)` float32: what the network takes.
    """
    return (tf.cast(images, tf.float32) - mean) / recipe.pixel_scale


def training_batches(pictures: Pictures, mean, recipe: Recipe, seed=0, first_step=0):
    """Make the batches of a whole training run, each a function of its step number alone.

    Each epoch takes every picture once, in an order of its own; its last batch may be smaller.
    As nothing but `seed` and the step decides a batch, a run can go on from any step.

    Args:
        pictures: the training part.
        mean: `(size, size, 3)` float32.
        recipe: gives `epochs`, `batch_size`, `pixel_scale` and the augmentation.
        seed: an integer; another seed gives another order and other augmentation.
        first_step: the step to begin at.

    Returns:
        A `tf.data.Dataset` of (images `(b, size, size, 3)` float32, labels `(b, classes)` float32).
    """
    batches = shared_batches(pictures, mean, recipe, seed, first_step)
    return batches.map(lambda images, labels, weights: (images, labels))


def shared_batches(pictures, mean, recipe, seed=0, first_step=0, parts=1, own=(0,)):
    """Make the batches of `training_batches` in parts, one for each device that shares them.

    All parts of a batch have as many pictures. Where they do not come out even, the last part
    repeats the batch's last picture with a weight of 0.

    Args:
        pictures, mean, recipe, seed, first_step: as in `training_batches`.
        parts: how many devices share a batch.
        own: the numbers of the parts that are wanted here, in turn for each step.

    Returns:
        A `tf.data.Dataset` of (images, labels, weights): weights `(b,)` float32 sum to 1 over all
        parts of a batch.
    """
    per_epoch, size = steps_per_epoch(pictures, recipe), recipe.batch_size
    seed = tf.constant(seed, tf.int64)

    def batches_of(epoch):
        """List an epoch's (step, number of a part of its own, the pictures chosen)."""
        order = tf.random.experimental.stateless_shuffle(tf.range(len(pictures)), [seed, epoch])
        first = tf.maximum(first_step - epoch * per_epoch, 0)
        numbers = tf.data.Dataset.range(first * len(own), per_epoch * len(own))

        def choose(number):
            place, part = number // len(own), tf.gather(own, number % len(own))
            return epoch * per_epoch + place, part, order[place * size : (place + 1) * size]

        return numbers.map(choose)

    def make(step, part, chosen):
        rows, weights = _part(tf.size(chosen), tf.cast(part, tf.int32), parts)  # (b,) each
        draws = _draw(tf.size(chosen), [seed, per_epoch * recipe.epochs + step])
        x, labels = _take(pictures, tf.gather(chosen, rows))
        x = _augment(tf.cast(x, tf.float32), recipe, tf.gather(draws, rows, axis=1))
        return preprocess(x, mean, recipe), labels, weights

    epochs = tf.data.Dataset.range(first_step // per_epoch, recipe.epochs)
    with tf.device("CPU"):
        batches = epochs.flat_map(batches_of).map(make, num_parallel_calls=2, deterministic=True)
    count = (per_epoch * recipe.epochs - first_step) * len(own)
    return batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def _take(pictures, rows):
    """Read some pictures, from memory or from the disk, and their labels."""
    images, labels = tf.numpy_function(
        lambda rows: (pictures.images[rows], pictures.labels[rows]),
        [rows],
        (pictures.images.dtype, pictures.labels.dtype),
        stateful=False,
    )
    images = tf.ensure_shape(images, (None, *pictures.images.shape[1:]))  # (b, size, size, 3)
    return images, tf.ensure_shape(labels, (None, *pictures.labels.shape[1:]))  # (b, classes)


def _part(whole, part, parts):
    """Return the rows of a batch of `whole` pictures that are in a part, and their weights."""
    size = -(-whole // parts)
    rows = part * size + tf.range(size)
    weights = tf.cast(rows < whole, tf.float32) / tf.cast(whole, tf.float32)
    return tf.minimum(rows, whole - 1), weights


def steps_per_epoch(pictures: Pictures, recipe: Recipe):
    """Count the batches of an epoch, the last, smaller one included."""
    return math.ceil(len(pictures) / recipe.batch_size)


def evaluation_batches(pictures: Pictures, mean, recipe: Recipe):
    """Yield the images of one pass in the pictures' own order, without augmentation.

    Yields:
        `(b, size, size, 3)` float32, as `training_batches` has them; b is the batch size or less.
    """
    for first in range(0, len(pictures), recipe.batch_size):
        yield preprocess(pictures.images[first : first + recipe.batch_size], mean, recipe)


def augment(images, recipe: Recipe, seed):
    """Change pictures at random, as another photograph of the same pet might differ.

    Flip, shift, zoom and rotation are one affine map a picture, sampled once; what it uncovers is
    filled by reflection. Then brightness, contrast and strength of color.

    Args:
        images: `(batch, size, size, 3)` float32, 0..255.
        recipe: gives `flip`, `shift`, `zoom`, `rotation`, `light`, `color`; all 0 returns the
            pictures as they came.
        seed: two integers; the same two give the same changes.

    Returns:
        `(batch, size, size, 3)` float32, 0..255.
    """
    return _augment(images, recipe, _draw(tf.shape(images)[0], seed))


def _draw(count, seed):
    """Return what decides the changes of `count` pictures: a row of `(8, count)` a kind of one."""
    return tf.random.stateless_uniform((8, count), seed, -1.0, 1.0)


def _augment(images, recipe, draws):
    if recipe.flip or recipe.shift or recipe.zoom or recipe.rotation:
        images = tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=_affine(draws, recipe, float(images.shape[1])),
            output_shape=images.shape[1:3],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="REFLECT",
        )
    if recipe.light:
        brightness = (1 + recipe.light * draws[5])[:, None, None, None]  # (b, 1, 1, 1)
        contrast = (1 + recipe.light * draws[6])[:, None, None, None]
        middle = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        images = tf.clip_by_value(((images - middle) * contrast + middle) * brightness, 0.0, 255.0)
    if recipe.color:
        strength = (1 + recipe.color * draws[7])[:, None, None, None]  # 0 is gray, 1 as it was
        gray = tf.reduce_mean(images, axis=3, keepdims=True)
        images = tf.clip_by_value(gray + strength * (images - gray), 0.0, 255.0)
    return images


def _affine(draws, recipe, size):
    """Return `(batch, 8)` maps from output pixels to input pixels, about the picture's center.

    The rows are (a0, a1, a2, b0, b1, b2, 0, 0): an output pixel (x, y) takes its value from
    (a0 x + a1 y + a2, b0 x + b1 y + b2).
    """
    angle = draws[0] * (recipe.rotation * math.pi / 180)  # (b,) radians
    zoom = 1 + recipe.zoom * draws[1]
    flip = tf.where(draws[2] < 0, -1.0, 1.0) if recipe.flip else tf.ones_like(zoom)
    shift_x, shift_y = recipe.shift * size * draws[3], recipe.shift * size * draws[4]
    middle = (size - 1) / 2
    a0, a1 = flip * zoom * tf.cos(angle), -flip * zoom * tf.sin(angle)
    b0, b1 = zoom * tf.sin(angle), zoom * tf.cos(angle)
    a2 = middle + shift_x - (a0 + a1) * middle
    b2 = middle + shift_y - (b0 + b1) * middle
    zero = tf.zeros_like(zoom)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)
