"""Check chapter 12: freezing layers, cutting off the last one, and the nearest mean of features."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import call_for_numbers, not_yet, right

LAST = "softmax"  # the last layer of a `pet_net`


def exercise_1(model):
    """Check that only the last layer of a `pet_net` is trainable."""
    layers = getattr(model, "layers", None)
    if not isinstance(layers, list) or not layers or not hasattr(layers[-1], "trainable"):
        return not_yet("`model` must be the network itself.")
    trainable = [layer.name for layer in layers if layer.trainable_weights]
    last = layers[-1].name
    if trainable == [last]:
        return right("Adam would only get the last layer's weights.")
    if not trainable:
        return not_yet("All layers are frozen, even '{last}': nothing would learn.", last=last)
    if last not in trainable:
        return not_yet("'{last}' is frozen, and that is the layer that should learn.", last=last)
    others = ", ".join(name for name in trainable if name != last)
    return not_yet("These still learn: {others}. Set their `trainable` to False.", others=others)


def exercise_2(model, backbone):
    """Check that a backbone returns the inputs of a `pet_net`'s last layer."""
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    try:
        kernel, bias = (weight.numpy() for weight in model.get_layer(LAST).weights)
        logits = np.asarray(model(images, training=False))
    except Exception:  # `model` may be any object
        return not_yet("Leave `model` as it was: the whole network.")
    features, hint = call_for_numbers(lambda: backbone(images, training=False))
    if hint:
        return not_yet("`backbone` must be a keras.Model that takes pictures.")
    if features.shape == logits.shape and np.allclose(features, logits, atol=1e-5):
        return not_yet("It still ends in the logits: the last layer is not cut off.")
    if features.shape != (4, len(kernel)):
        return not_yet(
            "Its output for a picture has shape {shape}, but '{last}' sees {numbers} numbers. "
            "Which layer comes right before it?",
            shape=features.shape[1:],
            last=LAST,
            numbers=len(kernel),
        )
    if np.allclose(features @ kernel + bias, logits, atol=1e-3):
        return right("Put the last layer back on top, and you get the old logits.")
    return not_yet(
        "These are {numbers} numbers, but not the ones that '{last}' sees.",
        numbers=len(kernel),
        last=LAST,
    )


def exercise_3(nearest):
    """Check a function that gives each row the class whose mean is nearest."""
    features = np.array([[-6.0, 1], [6, 1], [10, 0], [10, 2], [3, 20], [-3, 20], [0, 26]])
    classes = np.array([0, 0, 1, 1, 2, 2, 2])
    new = np.array([[9.0, 1], [1, 1], [0, 15], [6.5, 1], [0, 10.5]])
    expected = [1, 0, 2, 1, 0]  # by hand: the means are (0, 1), (10, 1), (0, 22)
    result, hint = call_for_numbers(nearest, features, classes, new)
    if hint:
        return not_yet(hint)
    if result.shape == ():
        return not_yet("That is one class for all pictures. Measure each row's distance: axis=1.")
    if result.shape == (3,):
        return not_yet("That is one number per class. Each row of `new` needs a class.")
    if result.shape != (5,):
        return not_yet(
            "5 pictures need 5 classes, but your function returns {shape}.", shape=result.shape
        )
    result = result.tolist()
    if result == expected:
        return right("A classifier, without training a single weight.")
    means = np.array([features[classes == label].mean(axis=0) for label in range(3)])
    to_pictures, to_means = (
        np.linalg.norm(new[:, None] - points, axis=2) for points in (features, means)
    )
    if result == classes[to_pictures.argmin(axis=1)].tolist():
        return not_yet("That is the class of the nearest picture. First take each class's mean.")
    if result == to_means.argmax(axis=1).tolist():
        return not_yet("These are the classes whose mean is farthest away.")
    if len(set(result)) == 1:
        return not_yet("Every picture gets the same class. Compare the distances to the means.")
    return not_yet("For each row, compare the distances to the means, over all features.")
