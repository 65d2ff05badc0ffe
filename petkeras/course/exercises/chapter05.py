"""Check chapter 05: counting weights, making a weight, and writing a layer."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from petkeras.course.exercises.feedback import call, call_for_numbers, find_hint, not_yet, right
from petkeras.language import translate


def exercise_1(layer):
    """Check a built `Conv2D` with 3x3 kernels over three channels that has 756 weights."""
    if not isinstance(layer, keras.layers.Layer) or not layer.built or len(layer.weights) != 2:
        return not_yet("Pass the layer, and change only the number of filters.")
    kernel, count = tuple(layer.weights[0].shape), layer.count_params()
    if len(kernel) != 4 or kernel[:3] != (3, 3, 3):
        return not_yet("Keep the kernels 3 x 3, over three channels.")
    if count == 756:
        return right("27 filters, each with 3 x 3 x 3 weights and one bias: 27 x 28.")
    hints = [
        (756 // 9, "A kernel is as deep as the picture has channels: how many weights is that?"),
        (756 // 27, "Each filter has one more weight than its kernel: its bias."),
    ]
    hint = find_hint(kernel[3], hints) or "How many does one filter have, its bias included?"
    return not_yet("{count:,} weights. {hint}", count=count, hint=translate(hint))


def exercise_2(layer_class):
    """Check a layer class that multiplies each channel by a factor that it can learn."""
    x = np.random.default_rng(5).normal(size=(2, 4, 4, 3)).astype("float32")
    layer, _, hint = _apply(layer_class, x)
    if hint:
        return not_yet(hint)
    if not layer.weights:
        return not_yet("Keras finds no weight in it. Which call makes one that Keras knows about?")
    if not layer.trainable_weights:
        return not_yet("Keras now finds the factors, but as a weight that must not be trained.")
    shapes = [tuple(weight.shape) for weight in layer.trainable_weights]
    if shapes != [(3,)]:
        return not_yet(
            "For a picture with 3 channels it should have one weight of shape (3,), a factor for "
            "each channel. It has: {shapes}.",
            shapes=", ".join(map(str, shapes)),
        )
    weight = layer.trainable_weights[0]
    if not np.allclose(weight, 1.0):
        return not_yet("The factors should start as ones, as before. Check the `initializer`.")
    weight.assign([1.0, 2.0, -3.0])
    values, hint = call_for_numbers(layer, x)
    if hint or values.shape != x.shape or not np.allclose(values, x * [1, 2, -3], atol=1e-5):
        return not_yet("The weight is there, but `call` does not multiply x by it.")
    return right("Keras finds, trains and saves every weight that add_weight makes.")


def exercise_3(layer_class):
    """Check a layer class that returns the mean of each feature map."""
    x = np.random.default_rng(5).normal(size=(4, 6, 5, 3)).astype("float32")
    _, values, hint = _apply(layer_class, tf.constant(x))
    if hint:
        return not_yet(hint)
    if values.shape != (4, 3):
        hints = {
            x.shape: "Nothing was averaged.",
            (4, 1, 1, 3): "Drop the two axes that are averaged: (4, 3).",
            (3,): "Do not mix the pictures of a batch.",
            (1, 3): "Do not mix the pictures of a batch.",
            (4, 5, 3): "You averaged over the height only. The width is an axis, too.",
            (4, 6, 3): "You averaged over the width only. The height is an axis, too.",
            (): "That is one number for all pictures. Average over height and width only.",
            (4,): "Each channel is a separate map. Which axes are its height and width?",
            (4, 6, 5): "Each channel is a separate map. Which axes are its height and width?",
        }
        hint = hints.get(
            values.shape, "It should be (4, 3): a number for each map of each picture."
        )
        return not_yet(
            "For an input of shape {given} the output is {shape}. {hint}",
            given=x.shape,
            shape=values.shape,
            hint=translate(hint),
        )
    if np.allclose(values, x.mean(axis=(1, 2)), atol=1e-5):
        return right("64 numbers instead of 200,704, and fc1 would need 33,280 weights.")
    hints = [
        (x.sum(axis=(1, 2)), "These are the sums of the maps. How many numbers does a map have?"),
        (x.max(axis=(1, 2)), "These are the largest numbers of the maps, not their means."),
    ]
    hint = find_hint(values, hints, atol=1e-4)
    return not_yet(hint or "The shape is right, but these are not the means over height and width.")


def _apply(layer_class, x):
    """Make a layer and call it. Return the layer, its output, and a hint if something failed."""
    if not (isinstance(layer_class, type) and issubclass(layer_class, keras.layers.Layer)):
        return None, None, translate("Pass the layer's class itself, without parentheses after it.")
    layer, hint = call(layer_class)
    if hint:
        return None, None, hint
    values, hint = call_for_numbers(layer, x)
    if hint:
        hint = hint.replace(translate("Your function"), translate("Your layer's `call`"))
    return layer, values, hint
