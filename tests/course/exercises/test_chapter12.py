"""The checks of chapter 12: typical mistakes, and answers of any type, get a hint."""

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras.course.exercises import chapter12

NO_ANSWERS = [None, "text", 3, float("nan"), [1, 2], np.zeros((2, 2))]


def net(frozen):
    model = pk.pet_net(image_size=16, seed=0)
    for layer in model.layers:
        layer.trainable = layer.name not in frozen
    return model


ALL = [layer.name for layer in pk.pet_net(image_size=16).layers]


@pytest.mark.parametrize(
    ("frozen", "hint"),
    [
        (ALL, "All layers are frozen, even 'softmax'"),
        (["softmax"], "that is the layer that should learn"),
        (["conv1_1", "conv1_2", "conv2_1", "conv2_2"], "These still learn: fc1."),
    ],
)
def test_freezing(frozen, hint):
    answer = chapter12.exercise_1(net(frozen))
    assert not answer
    assert hint in repr(answer)


def test_frozen_all_but_the_last_is_right():
    assert chapter12.exercise_1(net(ALL[:-1]))


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ("softmax", "It still ends in the logits"),
        ("flatten", "Which layer comes right before it?"),
        ("conv2_2", "Which layer comes right before it?"),
    ],
)
def test_cutting(layer, hint):
    model = net([])
    cut = keras.Model(model.input, model.get_layer(layer).output)
    answer = chapter12.exercise_2(model, cut)
    assert not answer
    assert hint in repr(answer)


def test_cutting_another_network():
    other = pk.pet_net(image_size=16, seed=1)
    cut = keras.Model(other.input, other.get_layer("fc1").output)
    assert "not the ones that 'softmax'" in repr(chapter12.exercise_2(net([]), cut))


@pytest.mark.parametrize("layer", ["fc1", "drop3"])
def test_both_layers_before_the_last_are_right(layer):
    model = net([])
    assert chapter12.exercise_2(model, keras.Model(model.input, model.get_layer(layer).output))


def by_mean(features, classes, new, choose=np.argmin):
    means = np.array([features[classes == label].mean(axis=0) for label in np.unique(classes)])
    return choose(np.linalg.norm(new[:, None] - means, axis=2), axis=1)


@pytest.mark.parametrize(
    ("nearest", "hint"),
    [
        (
            lambda f, c, new: c[np.linalg.norm(new[:, None] - f, axis=2).argmin(axis=1)],
            "the class of the nearest picture",
        ),
        (lambda f, c, new: by_mean(f, c, new, np.argmax), "farthest away"),
        (lambda f, c, new: np.zeros(3), "one number per class"),
        (lambda f, c, new: np.zeros((5, 3)), "returns (5, 3)"),
        (lambda f, c, new: np.zeros(5), "Every picture gets the same class"),
        (
            lambda f, c, new: [0, 1, 0, 1, 2],
            "compare the distances to the means, over all features",
        ),
        (lambda f, c, new: None, "returns None"),
        (lambda f, c, new: f.nothing, "raises AttributeError"),
        (lambda f, c, new: np.full(5, np.nan), "something other than finite numbers"),
    ],
)
def test_the_nearest_mean(nearest, hint):
    answer = chapter12.exercise_3(nearest)
    assert not answer
    assert hint in repr(answer)


def test_the_nearest_mean_is_right():
    assert chapter12.exercise_3(by_mean)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_anything_but_an_answer_gets_a_hint(answer):
    for checked in (
        chapter12.exercise_1(answer),
        chapter12.exercise_2(answer, answer),
        chapter12.exercise_2(net([]), answer),
        chapter12.exercise_3(answer),
    ):
        assert not checked
        assert repr(checked).startswith("Not yet: ")
