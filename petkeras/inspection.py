"""Find the layers, kernels and feature maps of any Keras model."""

from __future__ import annotations

import tensorflow as tf

from petkeras.errors import PetkerasError

MAX_SAMPLES = 40_000  # values of a kernel; larger kernels are sampled evenly


def check_one_input_and_output(model):
    """Raise a PetkerasError unless a model is built and has one input and one output."""
    ends = [getattr(model, name, None) or () for name in ("inputs", "outputs")]
    if [len(end) for end in ends] != [1, 1]:
        raise PetkerasError(
            f"The keras.Model '{model.name}' must be functional, or sequential and built, with "
            "one input and one output."
        )


def find_layer(model, name, maps=False):
    """Return a layer by its name.

    Raises:
        PetkerasError: there is no such layer, or `maps` is True and the layer has no feature maps.
            The message lists the layers that qualify.
    """
    layers = {layer.name: layer for layer in model.layers if not maps or has_feature_maps(layer)}
    if name in layers:
        return layers[name]
    names = ", ".join(layers)
    if any(layer.name == name for layer in model.layers):
        raise PetkerasError(
            f"Layer '{name}' has no feature maps. Layers with feature maps: {names}."
        )
    raise PetkerasError(f"There is no layer '{name}'. The layers are: {names}.")


def has_feature_maps(layer):
    """Return True if a layer other than the input returns `(batch, height, width, channels)`."""
    return type(layer).__name__ != "InputLayer" and len(layer.output.shape) == 4


def convolutions(model):
    """Return the layers that have a kernel `(height, width, channels, filters)`."""
    kernels = ((layer, getattr(layer, "kernel", None)) for layer in model.layers)
    return [layer for layer, kernel in kernels if kernel is not None and len(kernel.shape) == 4]


def filter_layers(model):
    """Return the layers that have feature maps and a trainable kernel."""
    return [
        layer
        for layer in model.layers
        if has_feature_maps(layer) and any(w.name == "kernel" for w in layer.trainable_weights)
    ]


def layers_in_sequence(model, last=None):
    """Return the layers from the input to the one named `last`, by default the model's last.

    Raises:
        PetkerasError: the layers do not follow one another.
    """
    sequence, previous_output = [], model.inputs[0]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if len(model.inputs) > 1 or layer.input is not previous_output:
            raise PetkerasError(
                "The layers of the model must follow one another. The input of layer "
                f"'{layer.name}' is not just the output of the layer before it."
            )
        sequence.append(layer)
        previous_output = layer.output
        if layer.name == last:
            break
    return sequence


def check_filters(filters, count, owner):
    """Return the indices of the chosen filters; `None` chooses all `count` of them.

    Raises:
        PetkerasError: an index is not in `0..count - 1`. The message begins with `owner`, such as
            "Layer 'conv1_1'".
    """
    chosen = range(count) if filters is None else list(filters)
    for number in chosen:
        if not 0 <= number < count:
            raise PetkerasError(f"{owner} has the filters 0 to {count - 1}. Received: {number}")
    return chosen


def sampled_kernels(model):
    """Return a list of (layer name, kernel values): all values, or 40,000 evenly spaced ones.

    `fc1` has 102,760,448 weights. Reading all of them at each summary would take as long as a
    training step, and one in 2570 gives the same picture.
    """
    sampled = []
    for layer in model.layers:
        kernels = [weight for weight in layer.trainable_weights if weight.name == "kernel"]
        for weight in kernels:  # a nested model has several: they are named by their paths
            name = layer.name if len(kernels) == 1 else weight.path.rpartition("/")[0]
            sampled.append((name, sample_values(weight.value)))
    return sampled


def sample_values(values):
    """Return a tensor's values as a 1-D tensor: all, or 40,000 evenly spaced ones."""
    flat = tf.reshape(values, (-1,))
    return flat[:: -(-flat.shape[0] // MAX_SAMPLES)]
