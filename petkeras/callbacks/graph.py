"""The graph of a network and its training, as TensorBoard's Graphs tab shows it."""

from __future__ import annotations

import keras
import tensorflow as tf

from petkeras.inspection import check_one_input_and_output, is_nested_model, named_layers
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.tracing import using_calls, without_softmax


def scoped_graph(model):
    """Return a graph of the network whose top level shows one scope per layer.

    When a `tf.function` traces a Keras model, everything goes under the model's name, and the
    weights go outside their layers. Here only the model's `call` is traced, so that each layer is
    at the top level, with a placeholder for each weight in its layer's scope. The layers of a
    nested model are in its scope.

    Args:
        model: a functional or sequential `keras.Model` with one input and one output.

    Raises:
        PetkerasError: the model is of another kind.

    Returns:
        A `tf.Graph` with the scopes `images`, one per layer, `labels`, `loss`, `accuracy`, and
        `train`: each trainable weight's gradient and its update by Adam.
    """
    check_one_input_and_output(model)
    # In the graph of a `tf.function`, because layers may hold tensors that a plain graph rejects.
    trace = tf.function(lambda: _trace(model), autograph=False)
    return trace.get_concrete_function().graph


def _trace(model):
    """Add a network, its loss and its training to the current graph."""
    weights: dict = {}  # from ids of variables to (variable, placeholder)
    images = _placeholder(tf.float32, (None, *model.input_shape[1:]), "images")
    labels = _placeholder(tf.float32, (None, *model.output_shape[1:]), "labels")
    with keras.StatelessScope() as state:
        calls = [
            (layer, _call_in_scope(name, layer, state, weights))
            for name, layer in named_layers(model).items()
        ]
        with using_calls(calls), without_softmax(model):
            logits = model.call(images, training=True)
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(softmax_cross_entropy(labels, logits))
    with tf.name_scope("accuracy"):
        tf.reduce_mean(accuracy(labels, logits))
    with tf.name_scope("train"):
        trainable = [made for weight, made in weights.values() if weight.trainable]
        for weight, gradient in zip(trainable, tf.gradients(loss, trainable), strict=True):
            if gradient is not None:  # None: the loss does not depend on it
                _write_adam(weight.op.name, gradient)


def _placeholder(dtype, shape, name):
    return tf.compat.v1.placeholder(dtype, shape, name)


def _call_in_scope(name, layer, state, weights):
    """Return a layer's `call` that adds its weights and operations to the scope of that name."""
    call = layer.call
    variables = () if is_nested_model(layer) else layer.variables  # a model's are in its layers

    def call_in_scope(x, *args, **kwargs):
        with _scope(name):
            for weight in variables:
                if id(weight) not in weights:
                    made = _placeholder(weight.dtype, weight.shape, weight.name)
                    weights[id(weight)] = (weight, made)
                    state.add_update((weight, made))
            y = call(x, *args, **kwargs)
            return tf.identity(y) if y is x else y  # such as dropout with rate 0

    return call_in_scope


def _scope(name):
    return tf.name_scope(f"{name}/")  # the slash: from the top level, and never numbered


def _write_adam(name, gradient):
    """Add Adam's operation for one weight to the current graph."""
    with tf.name_scope(name.replace("/", "_")):
        variable, m, v = (
            tf.compat.v1.placeholder(tf.resource, name=part) for part in ("variable", "m", "v")
        )
        numbers = {
            "beta1_power": 0.9,
            "beta2_power": 0.999,
            "lr": 1e-3,
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-7,
        }
        numbers = {key: tf.cast(number, gradient.dtype) for key, number in numbers.items()}
        tf.raw_ops.ResourceApplyAdam(var=variable, m=m, v=v, grad=gradient, name="adam", **numbers)
