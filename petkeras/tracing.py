"""Look inside a model while it computes: the outputs of its layers, and its logits.

petkeras's own models return logits. A model that ends in a softmax works, too: wherever petkeras
trains or explains it, the logits before the softmax are used.

Everything here works through one mechanism: for the duration of a `with` block, a layer's `call` is
replaced by another function. This works for any model that Keras can call, with branches, nested
models and layers of any kind.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import (
    check_one_input_and_output,
    find_layer,
    is_nested_model,
    named_layers,
    unwrapped,
)


@contextmanager
def using_calls(calls):
    """Replace the `call` of layers in the block, and restore it afterward.

    Args:
        calls: an iterable of (layer, function) pairs.
    """
    before = []
    try:
        for layer, call in calls:
            before.append((layer, vars(layer).get("call")))
            layer.call = call
        yield
    finally:
        for layer, call in reversed(before):
            del layer.call  # the class's own method is used again ...
            if call is not None:
                layer.call = call  # ... or another replacement


@contextmanager
def recording(layers):
    """Record the outputs of layers whenever they are called in the block.

    Args:
        layers: a dict from names to layers.

    Yields:
        A dict that fills with each layer's output by name; if it is called again, the last one.
    """
    outputs = {}

    def recorded(name, call):
        def call_and_record(*args, **kwargs):
            outputs[name] = call(*args, **kwargs)
            return outputs[name]

        return call_and_record

    with using_calls([(layer, recorded(name, layer.call)) for name, layer in layers.items()]):
        yield outputs


def last_operation(model):
    """Return the layer, or the operation of `keras.ops`, that computes a model's output."""
    last = keras.Model(model.inputs, model.outputs).operations[-1]
    return last_operation(last) if is_nested_model(last) else last


def final_activation(model):
    """Return the name of the activation that a model ends in, or `None` if that is linear.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.tracing import final_activation
    >>> final_activation(pk.pet_net(image_size=16))
    """
    last = last_operation(model)
    activation = getattr(last, "activation", None)
    if activation is None:
        name = type(last).__name__.lower()  # keras.layers.ReLU, or an operation of `keras.ops`
    else:
        name = getattr(activation, "__name__", "").removesuffix("_v2")  # as tf.nn.softmax has
    return name if name in ("softmax", "sigmoid", "tanh", "relu") else None


@contextmanager
def without_softmax(model):
    """Make a model return its logits in the block, if it ends in a softmax."""
    check_one_input_and_output(model)
    if final_activation(model) != "softmax":
        yield
    else:
        with without_activation(last_operation(model)):
            yield


@contextmanager
def without_activation(layer):
    """Make a layer leave out its activation in the block, if it has one.

    A layer that is nothing but an activation, such as `keras.layers.ReLU`, returns its input.
    """
    if getattr(layer, "activation", None) is not None:
        activation = layer.activation
        layer.activation = None if isinstance(activation, str) else keras.activations.linear
        try:
            yield
        finally:
            layer.activation = activation
    elif type(layer).__name__ in ("Softmax", "ReLU", "Relu", "Sigmoid", "Tanh"):
        with using_calls([(layer, lambda x, *args, **kwargs: x)]):
            yield
    else:
        yield


def run_model(model, x):
    """Return a model's output for `x`, without dropout, as a tensor."""
    return unwrapped(model)(x, training=False)


def compute_logits(model, x):
    """Return a model's logits `(batch, classes)` float32, without dropout."""
    with without_softmax(model):
        return tf.cast(run_model(model, x), tf.float32)


def compile_logits(model):
    """Return a model's forward pass without dropout, compiled for batches of any size.

    Returns:
        A function from images, float32, to logits `(batch, classes)` float32. All calls for a model
        return the same function.
    """
    return compile_once(model, "logits", lambda images: compute_logits(model, images))


def compile_outputs(model, names):
    """Return a function that computes the outputs of layers, compiled for batches of any size.

    Args:
        model: a functional or sequential `keras.Model` with one input and one output.
        names: the layers' names, as `petkeras.inspection.find_layer` takes them.

    Returns:
        A function from images, float32, to a dict of the layers' outputs by name. What comes after
        these layers is not computed.

    Raises:
        PetkerasError: there is no such layer.

    Example:

    >>> import tensorflow as tf
    >>> import petkeras as pk
    >>> from petkeras.tracing import compile_outputs
    >>> maps = compile_outputs(pk.pet_net(image_size=16), ["pool2"])(tf.ones((5, 16, 16, 3)))
    >>> maps["pool2"].shape
    TensorShape([5, 4, 4, 64])
    """
    layers = {name: find_layer(model, name) for name in names}

    def compute(images):
        with without_softmax(model), recording(layers) as outputs:
            run_model(model, images)
        return dict(outputs)

    return compile_once(model, ("outputs", *names), compute)


def compile_once(model, key, function, *specs):
    """Return a function of images compiled by TensorFlow, the same one for the same key.

    Compiling takes longer than computing, and TensorFlow keeps about 1 MB of each compiled function
    until the model is deleted.

    Args:
        model: a `keras.Model` with one input and one output.
        key: identifies what is computed.
        function: a function of images and further tensors.
        specs: the `tf.TensorSpec`s of the further tensors.
    """
    functions = _cached(model)
    if key not in functions:
        # A concrete function, because TensorFlow warns about a `tf.function` that is retraced
        # often, and counts those of all models together.
        graph = tf.function(function).get_concrete_function(_image_spec(model), *specs)
        functions[key] = graph
    return functions[key]


def _image_spec(model):
    return tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32)


def _cached(model):
    """Return a dict for what is computed once for a model; it is emptied when a layer is added."""
    # `vars`, because Keras would track an attribute and save it with the model.
    end, cache = vars(model).get("_petkeras_cache", (None, {}))
    if end is not model.outputs[0]:
        end, cache = vars(model)["_petkeras_cache"] = (model.outputs[0], {})
    return cache


class LayerCall(NamedTuple):
    """Describe one call of a layer in a model's forward pass.

    Args:
        name: the layer's name, such as `backbone/conv5`.
        layer: the layer.
        input_shape, output_shape: of its first input and output, with `None` for an unknown length.
        inputs, output: names of tensors: of its inputs, and of its first output.
    """

    name: str
    layer: Any
    input_shape: tuple
    output_shape: tuple
    inputs: list[str]
    output: str


def layers_in_sequence(model, last=None):
    """Return the `LayerCall`s from the input to the layer named `last`, or to the model's last.

    Raises:
        PetkerasError: there is no such layer, or the input of one of them is not just the output
            of the layer before it.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.tracing import layers_in_sequence
    >>> [call.name for call in layers_in_sequence(pk.pet_net(image_size=16), "pool1")]
    ['conv1_1', 'conv1_2', 'pool1']
    """
    images, calls = layer_calls(model)
    if last is not None:
        find_layer(model, last)
    while calls and last is not None and not f"{calls[-1].name}/".startswith(f"{last}/"):
        calls.pop()
    sequence = [calls.pop()] if calls else []
    while sequence and sequence[0].inputs != [images]:
        before = max(
            (n for n, call in enumerate(calls) if [call.output] == sequence[0].inputs), default=None
        )
        if before is None:
            raise PetkerasError(
                "The layers of the model must follow one another. The input of layer "
                f"'{sequence[0].name}' is not just the output of the layer before it."
            )
        sequence.insert(0, calls[before])
        del calls[before:]
    return sequence


def layer_calls(model):
    """Return the name of the images' tensor, and a list of all `LayerCall`s of a forward pass."""
    check_one_input_and_output(model)
    cache = _cached(model)
    if "calls" not in cache:
        calls = []

        def noted(name, layer, call):
            def call_and_note(*args, **kwargs):
                output = call(*args, **kwargs)
                ends = [_tensors((args, kwargs)), _tensors(output)]
                shapes = [tuple(tensors[0].shape) for tensors in ends]
                inputs, outputs = ([_uncast(tensor) for tensor in tensors] for tensors in ends)
                calls.append(LayerCall(name, layer, *shapes, inputs, outputs[0]))
                return output

            return call_and_note

        layers = named_layers(model, nested=False)
        watched = [(layer, noted(name, layer, layer.call)) for name, layer in layers.items()]
        with using_calls(watched):
            forward = tf.function(lambda images: run_model(model, images))
            graph = forward.get_concrete_function(_image_spec(model))
        cache["calls"] = graph.inputs[0].name, calls
    images, calls = cache["calls"]
    return images, list(calls)


def _tensors(values):
    return [each for each in keras.tree.flatten(values) if isinstance(each, tf.Tensor)]


def _uncast(tensor):
    """Return the name of a graph's tensor, before any change of its dtype."""
    while tensor.op.type == "Cast":
        tensor = tensor.op.inputs[0]
    return tensor.name
