"""Checks of chapter 12: freezing, cutting off the last layer, the nearest mean of features."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers


def exercise_1(model):
    """Check that of a `pet_net` only the last layer is left to learn."""
    layers = getattr(model, "layers", None)
    if not isinstance(layers, list) or not layers or not hasattr(layers[-1], "trainable"):
        return not_yet("`model` must be the network itself.")
    learning = [layer.name for layer in layers if layer.trainable_weights]
    last = layers[-1].name
    if learning == [last]:
        return right("weights of the last layer alone would be given to Adam.")
    if not learning:
        return not_yet(f"all layers are frozen, '{last}' too: nothing would learn.")
    if last not in learning:
        return not_yet(f"'{last}' is frozen. It is the one that shall learn.")
    others = ", ".join(name for name in learning if name != last)
    return not_yet(f"these still learn: {others}. Set their `trainable` to False.")


def exercise_2(model, backbone):
    """Check that a backbone ends in what the last layer of a `pet_net` sees."""
    size, last = 16, "softmax"
    images = np.random.default_rng(0).normal(size=(4, size, size, 3)).astype("float32")
    try:
        kernel, bias = (weight.numpy() for weight in model.get_layer(last).weights)
        logits = np.asarray(model(images, training=False))
    except Exception:  # the reader may have put anything into `model`
        return not_yet("leave `model` as it was: the network that is cut.")
    features, hint = call_for_numbers(lambda: backbone(images, training=False))
    if hint:
        return not_yet("`backbone` must be a keras.Model that takes pictures.")
    if features.shape == logits.shape and np.allclose(features, logits, atol=1e-5):
        return not_yet("it still ends in the logits: the last layer is not cut off.")
    if features.shape != (4, len(kernel)):
        return not_yet(
            f"a picture comes out as {features.shape[1:]}, but '{last}' sees {len(kernel)} "
            "numbers. Which layer comes right before it?"
        )
    if np.allclose(features @ kernel + bias, logits, atol=1e-3):
        return right("put the last layer on top again, and the old logits come out.")
    return not_yet(f"{len(kernel)} numbers, but not those that '{last}' of `model` sees.")


def exercise_3(nearest):
    """Check a function that gives each row the class whose mean is nearest."""
    features = np.array([[-6.0, 1], [6, 1], [10, 0], [10, 2], [3, 20], [-3, 20], [0, 26]])
    classes = np.array([0, 0, 1, 1, 2, 2, 2])
    new = np.array([[9.0, 1], [1, 1], [0, 15], [6.5, 1], [0, 10.5]])
    expected = [1, 0, 2, 1, 0]  # by pencil: the means are (0, 1), (10, 1), (0, 22)
    answer, hint = call_for_numbers(nearest, features, classes, new)
    if hint:
        return not_yet(hint)
    if answer.shape == (3,):
        return not_yet("that is a number for each class. Each row of `new` needs a class.")
    if answer.shape != (5,):
        return not_yet(f"5 pictures have 5 classes, but what comes out has shape {answer.shape}.")
    if answer.tolist() == expected:
        return right("no weight was trained, and it is a classifier.")
    if answer.tolist() == _by_nearest_picture(features, classes, new):
        return not_yet("that is the class of the nearest picture. Take the mean of a class first.")
    if answer.tolist() == _by_mean(features, classes, new, np.argmax):
        return not_yet("these classes are the farthest ones.")
    if len(set(answer.tolist())) == 1:
        return not_yet("every picture gets the same class. Compare distances to each class's mean.")
    return not_yet("compare the distance, over all features, from each row to each class's mean.")


def _by_mean(features, classes, new, choose):
    means = np.array([features[classes == label].mean(axis=0) for label in range(3)])
    return choose(np.linalg.norm(new[:, None] - means, axis=2), axis=1).tolist()


def _by_nearest_picture(features, classes, new):
    distances = np.linalg.norm(new[:, None] - features, axis=2)
    return classes[distances.argmin(axis=1)].tolist()
