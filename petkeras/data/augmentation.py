"""Augmentation: random flip, shift, zoom, rotation, light and color."""

from __future__ import annotations

import math

import tensorflow as tf

from petkeras.recipes import Recipe


def augment(images, recipe: Recipe, seed):
    """Change pictures at random, as another photograph of the same pet might differ.

    Flip, shift, zoom and rotation are one affine map per picture, so that each picture is sampled
    only once; uncovered areas are filled by reflection. Brightness, contrast and saturation follow.

    Args:
        images: `(batch, size, size, 3)` float32, 0..255.
        recipe: gives `flip`, `shift`, `zoom`, `rotation`, `light`, `color`; if all are 0, the
            pictures are returned unchanged.
        seed: two integers; the same two give the same changes.

    Returns:
        `(batch, size, size, 3)` float32, 0..255.
    """
    return apply_draws(images, recipe, random_draws(tf.shape(images)[0], seed))


def random_draws(count, seed):
    """Return random numbers for `count` pictures: `(8, count)` float32 in -1..1."""
    return tf.random.stateless_uniform((8, count), seed, -1.0, 1.0)


def apply_draws(images, recipe: Recipe, draws):
    """Change pictures as `augment` does, by the numbers that `random_draws` returned."""
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
        saturation = (1 + recipe.color * draws[7])[:, None, None, None]  # 0 is gray, 1 unchanged
        gray = tf.reduce_mean(images, axis=3, keepdims=True)
        images = tf.clip_by_value(gray + saturation * (images - gray), 0.0, 255.0)
    return images


def _affine(draws, recipe, size):
    """Return `(batch, 8)` maps from output to input pixels, about the center.

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
