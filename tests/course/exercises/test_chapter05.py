"""The checks of chapter 05: typical mistakes get a hint, and nothing raises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras.course.exercises import chapter05
from petkeras.layers import Conv2D

NONSENSE = [None, "layer", 27, [], np.nan, print, {}, keras.layers.Layer, keras.layers.Dense(2)]
NONSENSE += [keras.layers.Dense, type("Broken", (keras.layers.Layer,), {"call": lambda s: 1 / 0})]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize(
    "check", [chapter05.exercise_1, chapter05.exercise_2, chapter05.exercise_3]
)
def test_nonsense_gets_a_hint(check, answer):
    assert not check(answer)
    assert check(answer).text


def convolution(filters, kernel_size=3, channels=3):
    layer = Conv2D(filters, kernel_size)
    layer.build((None, 8, 8, channels))
    return layer


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (convolution(28), "784 weights. Each filter has one more weight than its kernel: its bias"),
        (convolution(84), "A kernel is as deep as the picture has channels"),
        (convolution(2), "56 weights. How many does one filter have"),
        (convolution(27, channels=1), "Keep the kernels 3 x 3, over three channels"),
        (Conv2D(27, 3), "Pass the layer, and change only"),
    ],
)
def test_exercise_1_says_what_was_not_counted(layer, sentence):
    assert sentence in chapter05.exercise_1(layer).text


def test_exercise_1_passes_keras_own_layer():
    layer = keras.layers.Conv2D(27, 3)
    layer.build((None, 8, 8, 3))
    assert chapter05.exercise_1(layer)


def scale(make, call=lambda self, x: x * self.factor):
    """Return a layer class whose `build` makes its factor with `make(self, channels)`."""

    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.factor = make(self, input_shape[-1])

    Scale.call = call
    return Scale


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (scale(lambda s, n: tf.Variable(tf.ones(n))), "Keras finds no weight in it"),
        (scale(lambda s, n: np.ones(n, "float32")), "Keras finds no weight in it"),
        (
            scale(lambda s, n: s.add_weight(shape=(n,), initializer="ones", trainable=False)),
            "a weight that must not be trained",
        ),
        (
            scale(lambda s, n: s.add_weight(shape=(), initializer="ones")),
            "a factor for each channel. It has: ()",
        ),
        (scale(lambda s, n: s.add_weight(shape=(n,))), "The factors should start as ones"),
        (
            scale(lambda s, n: s.add_weight(shape=(n,), initializer="ones"), lambda s, x: x),
            "`call` does not multiply x by it",
        ),
        (
            scale(lambda s, n: s.add_weight(shape=n, initializer="sevens")),
            "raises ValueError: Could not interpret initializer",
        ),
    ],
)
def test_exercise_2_says_what_is_wrong_with_the_weight(layer, sentence):
    assert sentence in chapter05.exercise_2(layer).text


def test_exercise_2_passes_a_keras_variable():
    assert chapter05.exercise_2(scale(lambda s, n: keras.Variable(np.ones(n, "float32"))))


def layer_that(calls):
    return type("Mine", (keras.layers.Layer,), {"call": lambda self, x: calls(x)})


@pytest.mark.parametrize(
    ("calls", "sentence"),
    [
        (lambda x: x, "Nothing was averaged"),
        (lambda x: tf.reduce_mean(x, (1, 2), keepdims=True), "Drop the two axes that are averaged"),
        (lambda x: tf.reduce_mean(x, (0, 1, 2)), "Do not mix the pictures of a batch"),
        (lambda x: tf.reduce_mean(x, (1, 2, 3)), "Each channel is a separate map"),
        (lambda x: tf.reduce_mean(x, 3), "Each channel is a separate map"),
        (lambda x: tf.reduce_sum(x, (1, 2)), "These are the sums of the maps"),
        (lambda x: tf.reduce_max(x, (1, 2)), "These are the largest numbers of the maps"),
        (lambda x: x[:, 0, 0], "these are not the means"),
        (lambda x: tf.reduce_mean(x, 1), "The width is an axis, too"),
        (lambda x: tf.reduce_mean(x, 2), "The height is an axis, too"),
        (lambda x: tf.reduce_mean(x), "one number for all pictures"),
        (lambda x: x[:2, 0, 0], "It should be (4, 3)"),
        (lambda x: None, "Your layer's `call` returns None"),
    ],
)
def test_exercise_3_says_which_axes_were_averaged(calls, sentence):
    assert sentence in chapter05.exercise_3(layer_that(calls)).text


def test_exercise_3_passes_keras_own_layer():
    assert chapter05.exercise_3(keras.layers.GlobalAveragePooling2D)
