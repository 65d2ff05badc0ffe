"""The graph of a network and its training, as TensorBoard's Graphs tab shows it."""

from __future__ import annotations

import inspect

import keras
import tensorflow as tf

from petkeras.inspection import layers_in_sequence
from petkeras.losses import accuracy, softmax_cross_entropy


def scoped_graph(model):
    """Return a graph of the network whose top level shows one scope per layer.

    When a `tf.function` traces a Keras model, everything goes under the model's name, and the
    weights go outside their layers. Here each layer's `call` is traced in a scope with the layer's
    name, with a placeholder for each weight.

    Args:
        model: a `keras.Model` whose layers follow one another, as those of `pet_net` do.

    Raises:
        PetkerasError: the layers do not follow one another.

    Returns:
        A `tf.Graph` with the scopes `images`, one per layer, `labels`, `loss`, `accuracy`, and
        `train`: each weight's gradient and its update by Adam.
    """
    placeholder, all_weights = tf.compat.v1.placeholder, []
    with tf.Graph().as_default() as graph:
        x = placeholder(tf.float32, (None, *model.input_shape[1:]), name="images")
        labels = placeholder(tf.float32, (None, *model.output_shape[1:]), name="labels")
        for layer in layers_in_sequence(model):
            with tf.name_scope(layer.name):
                weights = [
                    (weight, placeholder(weight.dtype, weight.shape, name=weight.name))
                    for weight in layer.variables
                ]
                all_weights += [made for weight, made in weights if weight.trainable]
                with keras.StatelessScope(state_mapping=weights):
                    y = _call_as_in_training(layer, x)
                x = tf.identity(y) if y is x else y  # also show a dropout of rate 0
        with tf.name_scope("loss"):
            loss = tf.reduce_mean(softmax_cross_entropy(labels, x))
        with tf.name_scope("accuracy"):
            tf.reduce_mean(accuracy(labels, x))
        with tf.name_scope("train"):
            for weight, gradient in zip(all_weights, tf.gradients(loss, all_weights), strict=True):
                _write_adam(weight.op.name, gradient)
    return graph


def _write_adam(name, gradient):
    """Add Adam's operation for one weight to the current graph."""
    with tf.name_scope(name.replace("/", "_")):
        variable, m, v = (
            tf.compat.v1.placeholder(tf.resource, name=part) for part in ("variable", "m", "v")
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable,
            m=m,
            v=v,
            beta1_power=0.9,
            beta2_power=0.999,
            lr=1e-3,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-7,
            grad=gradient,
            name="adam",
        )


def _call_as_in_training(layer, x):
    if "training" in inspect.signature(layer.call).parameters:
        return layer.call(x, training=True)
    return layer.call(x)
