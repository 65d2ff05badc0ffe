"""Look into any Keras model: find its layers, its kernels, and the maps that it makes."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError

MAX_VALUES = 40_000  # of a kernel; of a larger one every n-th value is taken


def find_layer(model, name, maps=False):
    """Return a layer by its name.

    Raises:
        PetkerasError: there is no such layer, or `maps` asks for one with feature maps and this
            one has none. The message lists those that would do.
    """
    there = [layer for layer in model.layers if not maps or has_maps(layer)]
    for layer in there:
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in there)
    if any(layer.name == name for layer in model.layers):
        raise PetkerasError(f"Layer '{name}' has no feature maps. Layers that have: {names}.")
    raise PetkerasError(f"There is no layer '{name}'. The layers are: {names}.")


def has_maps(layer):
    """Tell whether a layer's output is `(batch, height, width, channels)`; the input's is not."""
    return type(layer).__name__ != "InputLayer" and len(layer.output.shape) == 4


def convolutions(model):
    """List the layers that have kernels `(height, width, channels, filters)`."""
    return [
        layer for layer in model.layers if len(getattr(layer, "kernel", np.zeros(0)).shape) == 4
    ]


def filter_layers(model):
    """List the layers that have feature maps, made by kernels that can be trained."""
    return [
        layer
        for layer in model.layers
        if has_maps(layer) and any(weight.name == "kernel" for weight in layer.trainable_weights)
    ]


def kernels(model):
    """List (layer name, values of its kernel): all of them, or 40,000 evenly spaced ones.

    `fc1` has 102,760,448 weights. Going through them all at each summary would take as long as a
    training step; one in 2570 gives the same picture.
    """
    return [
        (layer.name, sample_values(weight.value))
        for layer in model.layers
        for weight in layer.trainable_weights
        if weight.name == "kernel"
    ]


def sample_values(values):
    """Return a tensor's values in a row: all of them, or 40,000 evenly spaced ones."""
    flat = tf.reshape(values, (-1,))
    return flat[:: -(-flat.shape[0] // MAX_VALUES)]
