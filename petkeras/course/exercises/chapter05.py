"""Checks of chapter 05, the network from scratch."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call, call_for_numbers


def exercise_1(layer):
    """Check a 3x3 convolution over three channels that has 756 weights.

    Args:
        layer: a built `Conv2D`.
    """
    if not isinstance(layer, keras.layers.Layer) or not layer.built or len(layer.weights) != 2:
        return not_yet("Hand over the layer, and change nothing but the number of filters.")
    shapes = [tuple(weight.shape) for weight in layer.weights]
    count = layer.count_params()
    if shapes[0][:3] != (3, 3, 3):
        return not_yet("The kernels shall stay 3 x 3, over three channels.")
    if shapes[0][3] == 756 // 9:
        return not_yet(
            f"{count:,} weights. A kernel is as deep as the picture has channels: how many weights "
            "is that?"
        )
    if shapes[0][3] == 756 // 27:
        return not_yet(f"{count:,} weights. Each filter has one more than its kernel: its bias.")
    if count != 756:
        return not_yet(f"{count:,} weights. How many has one filter, its bias included?")
    return right("27 filters of 3 x 3 x 3 weights and one bias: 27 x 28.")


def exercise_2(layer_class):
    """Check a layer that multiplies each channel by a factor of its own, and can learn it.

    Args:
        layer_class: a subclass of `keras.layers.Layer` without arguments.
    """
    x = np.random.default_rng(5).normal(size=(2, 4, 4, 3)).astype("float32")
    layer, _, hint = _apply(layer_class, x)
    if hint:
        return not_yet(hint)
    if not layer.weights:
        return not_yet("Keras knows of no weight in it. Which call makes one that it knows of?")
    if not layer.trainable_weights:
        return not_yet("The factor is known now, as a weight that must not be trained.")
    shapes = [tuple(weight.shape) for weight in layer.trainable_weights]
    if shapes != [(3,)]:
        return not_yet(
            f"For a picture of 3 channels it shall have one weight of shape (3,), a factor for "
            f"each channel. It has: {', '.join(map(str, shapes))}."
        )
    weight = layer.trainable_weights[0]
    if not np.allclose(weight, 1.0):
        return not_yet("The factors shall start as ones, as before. What does `initializer` say?")
    weight.assign([1.0, 2.0, -3.0])
    values, hint = call_for_numbers(layer, x)
    if hint or values.shape != x.shape or not np.allclose(values, x * [1, 2, -3], atol=1e-5):
        return not_yet("The weight is there, but `call` does not multiply x by it.")
    return right("what add_weight makes, Keras finds, trains and saves.")


def exercise_3(layer_class):
    """Check a layer that makes of each feature map its mean.

    Args:
        layer_class: a subclass of `keras.layers.Layer` without arguments.
    """
    x = np.random.default_rng(5).normal(size=(4, 6, 5, 3)).astype("float32")
    _, values, hint = _apply(layer_class, tf.constant(x))
    if hint:
        return not_yet(hint)
    came = f"(4, 6, 5, 3) went in, {values.shape} came out"
    if values.shape == x.shape:
        return not_yet(f"{came}: nothing was averaged.")
    if values.shape == (4, 1, 1, 3):
        return not_yet(f"{came}. Let the two axes that are averaged go: (4, 3).")
    if values.shape in ((3,), (1, 3)):
        return not_yet(f"{came}. The pictures of a batch have nothing to do with each other.")
    if values.shape == (4,) or values.shape == (4, 6, 5):
        return not_yet(
            f"{came}. Each channel is a map of its own; which axes are its height, width?"
        )
    if values.shape != (4, 3):
        return not_yet(f"{came}, and (4, 3) shall: a number for each map of each picture.")
    if np.allclose(values, x.sum(axis=(1, 2)), atol=1e-4):
        return not_yet("These are the sums of the maps. How many numbers does a map have?")
    if np.allclose(values, x.max(axis=(1, 2)), atol=1e-5):
        return not_yet("These are the largest numbers of the maps, not their means.")
    if not np.allclose(values, x.mean(axis=(1, 2)), atol=1e-5):
        return not_yet("The shape is right, but these are not the means over height and width.")
    return right("64 numbers instead of 200,704, and fc1 would need 33,280 weights.")


def _apply(layer_class, x):
    """Make a layer and call it; return it, what it gave, and what went wrong, if anything."""
    if not (isinstance(layer_class, type) and issubclass(layer_class, keras.layers.Layer)):
        return None, None, "Hand over the class itself, a subclass of keras.layers.Layer."
    layer, hint = call(layer_class)
    if hint:
        return None, None, hint
    return layer, *call_for_numbers(layer, x)
