"""Small networks for the explorer's tests, trained for a moment or not at all."""

import dataclasses

import keras
import numpy as np
from conftest import halves

import petkeras as pk
from petkeras.data.pets import PetData
from petkeras.data.pipeline import mean_image
from petkeras.models import pet_net
from petkeras.recipes import MODERN

L = keras.layers


def small_data(size=16):
    """Return a `PetData` of two classes that are told apart in seconds."""
    train, test = halves(44, size), halves(24, size, seed=1)
    return PetData(train, test, ("above", "below"), mean_image(train.images))


def small_run(folder, size=16):
    """Train the article's network on small pictures with a film, and return its run folder."""
    recipe = dataclasses.replace(MODERN, epochs=3, film_every=2)
    model = pet_net(image_size=size, recipe=recipe, seed=0)
    pk.train(model, small_data(size), recipe, folder, verbose=False)
    return folder


def mixed_network():
    """Return a network of Keras's own layers of all kinds, with random weights, for 20 pixels."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((20, 20, 3)),
            L.Conv2D(6, 5, strides=2, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.AveragePooling2D(3, 2, padding="same"),
            L.Conv2D(8, 3, padding="same", dilation_rate=2, activation="relu"),
            L.BatchNormalization(center=False),
            L.Activation("relu"),
            L.MaxPooling2D(2, 1),
            keras.Sequential([keras.Input((4, 4, 8)), L.Conv2D(5, 2, name="conv")], name="inner"),
            L.GlobalAveragePooling2D(),
            L.Dropout(0.5),
            L.Dense(7, activation="relu"),
            L.Dense(3, activation="softmax"),
        ]
    )
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            for weight in layer.weights:
                weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model


def photographs(count, size=16, seed=0):
    """Return photographs `(count, size, size, 3)` uint8 of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)
