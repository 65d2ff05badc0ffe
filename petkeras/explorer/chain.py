"""A Keras model as a plain list of layers, which the explorer's own arithmetic can follow.

The explorer knows the layers of petkeras and a few of Keras's own. Whatever else a model holds ends
the list: the part before it can still be explored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from petkeras import layers
from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.layer_checks import count_windows, span_pair
from petkeras.text import one_line
from petkeras.tracing import last_operation, layer_calls

LINEAR = (None, tf.identity, keras.activations.linear)
RELU = (tf.nn.relu, keras.activations.relu, keras.ops.relu)
SOFTMAX = (tf.nn.softmax, keras.activations.softmax, keras.ops.softmax)


@dataclass(frozen=True)
class ChainLayer:
    """Describe one layer: what it computes, and its weights.

    Args:
        name: the layer's name in the model, such as `backbone/conv5`.
        kind: `"conv"`, `"max_pool"`, `"average_pool"`, `"global_average_pool"`, `"relu"`,
            `"flatten"`, `"dropout"`, `"batch_norm"` or `"dense"`.
        shape: of the output, without the batch axis: (height, width, channels) or (units,).
        settings: what else the layer needs, such as `strides`, as it is written in JSON; `fixed`
            if its weights are settings that are never trained.
        weights: float32 tensors by name: `kernel`, `bias`, `gamma`, `beta`, `mean`, `variance`.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chain:
    """Hold the layers that follow one another from a model's input on.

    Args:
        layers: the `ChainLayer`s, at least one.
        input_shape: the images' (height, width, channels).
        stops_at: a line that says which layer cannot be explored and why, or `None`.
        has_logits: whether the last layer returns the model's logits, `(classes,)`.
    """

    layers: tuple[ChainLayer, ...]
    input_shape: tuple[int, int, int]
    stops_at: str | None
    has_logits: bool


class _UnknownError(Exception):
    """The reason why a layer cannot be explored."""


def read_chain(model, size=None):
    """Return a model as a `Chain`, with its weights in float32.

    A softmax at the end is left out, so that the last layer returns logits.

    Args:
        model: a functional or sequential `keras.Model` of images.
        size: (height, width) of the images, for a model that takes any size.

    Raises:
        PetkerasError: the model does not take images, its first layer cannot be explored, or some
            weights are not finite.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.explorer.chain import read_chain
    >>> [layer.name for layer in read_chain(pk.pet_net(image_size=16)).layers][:3]
    ['conv1_1', 'conv1_2', 'pool1']
    """
    current, calls = _call(model)
    last = last_operation(model)
    shape = input_shape = _image_shape(model, size)
    chain: list[ChainLayer] = []
    stop = None
    for number, call in enumerate(calls):
        try:
            _check_order(call, current, calls[number:], [layer.name for layer in chain])
            is_last = call.layer is last and call is calls[-1]
            if is_last and _is_softmax(call.layer):
                break
            chain.append(_read_layer(call, shape, is_last))
        except _UnknownError as reason:
            stop = _stop_line(call, reason, chain)
            break
        current, shape = call.output, chain[-1].shape
    if not chain:
        raise PetkerasError(stop or "The network has no layers that can be explored.")
    is_whole = stop is None and _ends_in(model, last, calls[-1].layer)
    if stop is None and not is_whole:
        name = one_line(chain[-1].name)
        stop = translate(
            "What follows layer '{name}' is not a layer, and cannot be explored.", name=name
        )
    _check_finite(chain)
    return Chain(tuple(chain), input_shape, stop, is_whole and len(shape) == 1)


def _call(model):
    try:
        return layer_calls(model)
    except PetkerasError:  # a ValueError, too
        raise
    except (TypeError, ValueError):  # such as for a layer's name that TensorFlow refuses
        raise PetkerasError(
            f"The network '{one_line(model.name)}' cannot be explored, because Keras cannot call "
            "it. `model.predict` shows why."
        ) from None


def _image_shape(model, size):
    shape = model.inputs[0].shape[1:]
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise PetkerasError(
            "The explorer shows networks that take images, (height, width, 3) or (height, width, "
            f"1). The input of '{one_line(model.name)}' has the shape {tuple(shape)}."
        )
    sides = [own or given for own, given in zip(shape, size or (None, None), strict=False)]
    if None in sides:
        raise PetkerasError(
            f"The network '{one_line(model.name)}' takes images of any size. Pass the photographs "
            "as an array of the size that it should be shown at."
        )
    return (*sides, shape[2])


def _check_order(call, current, following, names):
    """Raise the reason if a layer takes anything but the output of the layer before it."""
    if call.inputs != [current]:
        raise _UnknownError(translate("its input is not just the output of the layer before it"))
    for other in following[1:]:  # a layer that returns its input, such as dropout, uses it up
        if current in other.inputs and call.output != current:
            raise _UnknownError(
                translate("its input goes into layer '{name}', too", name=one_line(other.name))
            )
    if call.name in names:
        raise _UnknownError(translate("it is used twice"))


def _stop_line(call, reason, chain):
    values = {"name": one_line(call.name), "kind": one_line(type(call.layer).__name__)}
    if not chain:
        return translate(
            "Layer '{name}' ({kind}) cannot be explored: {reason}.", reason=reason, **values
        )
    return translate(
        "Layer '{name}' ({kind}) cannot be explored: {reason}. The network is shown up to the "
        "layer before it.",
        reason=reason,
        **values,
    )


def _is_softmax(layer):
    if isinstance(layer, keras.layers.Softmax):
        return layer.axis in (-1, len(layer.output.shape) - 1)
    return type(layer) is keras.layers.Activation and layer.activation in SOFTMAX


def _ends_in(model, last, layer):
    """Return True if a model's output is that of a layer, or its softmax."""
    if last is layer:
        return True
    is_softmax = type(last).__name__ == "Softmax" and not isinstance(last, keras.layers.Layer)
    return is_softmax and last.input is getattr(layer, "output", None)


def _check_finite(chain):
    for layer in chain:
        for name, weight in layer.weights.items():
            if not tf.reduce_all(tf.math.is_finite(weight)):
                raise PetkerasError(
                    f"The network cannot be explored: the weights '{name}' of layer "
                    f"'{one_line(layer.name)}' are not finite."
                )


def _read_layer(call, shape, is_last):
    layer = call.layer
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _UnknownError(translate("its data format is channels_first"))
    if isinstance(layer.dtype_policy, keras.dtype_policies.QuantizedDTypePolicy):
        raise _UnknownError(translate("it is quantized"))
    reader = READERS.get(type(layer))
    if reader is None:
        raise _UnknownError(translate("the explorer does not know layers of this kind"))
    kind, shape, settings, weights = reader(layer, shape, is_last)
    return ChainLayer(call.name, kind, shape, settings, _to_float32(weights))


def _to_float32(weights):
    """Return those weights that there are, as float32 tensors."""
    there = {name: weight for name, weight in weights.items() if weight is not None}
    return {name: tf.cast(tf.convert_to_tensor(w), tf.float32) for name, w in there.items()}


# One function for each kind of layer: (layer, input shape, is_last) -> kind, output shape,
# settings and weights.


def _read_conv(layer, shape, is_last):
    if getattr(layer, "groups", 1) != 1:
        raise _UnknownError(translate("it has {count} groups", count=layer.groups))
    settings = {
        "strides": list(layer.strides),
        "padding": layer.padding,
        "dilation": list(layer.dilation_rate),
        "activation": _activation(layer),
    }
    new_shape = (*_windows(shape, layer.kernel_size, settings), layer.filters)
    return "conv", new_shape, settings, {"kernel": layer.kernel, "bias": layer.bias}


def _read_pool(kind):
    def read(layer, shape, is_last):
        settings = {
            "pool": list(layer.pool_size),
            "strides": list(layer.strides),
            "padding": layer.padding,
        }
        return kind, (*_windows(shape, layer.pool_size, settings), shape[2]), settings, {}

    return read


def _read_global_average_pool(layer, shape, is_last):
    if layer.keepdims:
        raise _UnknownError(translate("it keeps the axes of height and width"))
    return "global_average_pool", shape[-1:], {}, {}


def _read_relu(layer, shape, is_last):
    if layer.max_value is not None or layer.negative_slope != 0 or layer.threshold != 0:
        raise _UnknownError(translate("it has a largest value, a slope or a threshold"))
    return "relu", shape, {}, {}


def _read_activation(layer, shape, is_last):
    if layer.activation not in RELU:
        raise _UnknownError(translate("the explorer knows the activation ReLU only"))
    return "relu", shape, {}, {}


def _read_flatten(layer, shape, is_last):
    return "flatten", (math.prod(shape),), {}, {}


def _read_dropout(layer, shape, is_last):
    return "dropout", shape, {"rate": float(layer.rate)}, {}


def _read_batch_norm(layer, shape, is_last):
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, len(shape)):  # the batch axis comes first
        raise _UnknownError(translate("it does not normalize channels"))
    weights = {
        "gamma": layer.gamma,
        "beta": layer.beta,
        "mean": layer.moving_mean,
        "variance": layer.moving_variance,
    }
    return "batch_norm", shape, {"epsilon": float(layer.epsilon)}, weights


def _read_rescaling(layer, shape, is_last):
    """Return `x * scale + offset` as a batch normalization with mean 0 and variance 1."""
    try:
        scale, offset = (
            np.broadcast_to(np.float32(value), shape[-1:]) for value in (layer.scale, layer.offset)
        )
    except (TypeError, ValueError):
        raise _UnknownError(
            translate("it has other scales and offsets than one for each channel")
        ) from None
    zeros = np.zeros(shape[-1], np.float32)
    weights = {"gamma": scale, "beta": offset, "mean": zeros, "variance": zeros + 1}
    return "batch_norm", shape, {"epsilon": 0.0, "fixed": True}, weights


def _read_dense(layer, shape, is_last):
    if len(shape) != 1:
        raise _UnknownError(translate("its input is not a vector"))
    is_softmax = is_last and layer.activation in SOFTMAX
    settings = {"activation": "linear" if is_softmax else _activation(layer)}
    return "dense", (layer.units,), settings, {"kernel": layer.kernel, "bias": layer.bias}


def _windows(shape, window, settings):
    counts = windows_shape(shape, window, settings)
    if min(counts) < 1:
        size = f"{shape[0]} x {shape[1]}"
        raise _UnknownError(translate("its window is larger than its input of {size}", size=size))
    return counts


def _activation(layer):
    if layer.activation in LINEAR:
        return "linear"
    if layer.activation in RELU:
        return "relu"
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    raise _UnknownError(
        translate("its activation '{name}' is neither linear nor ReLU", name=one_line(name))
    )


READERS = {
    layers.Conv2D: _read_conv,
    layers.MaxPool2D: _read_pool("max_pool"),
    layers.Dropout: _read_dropout,
    layers.Flatten: _read_flatten,
    layers.Dense: _read_dense,
    keras.layers.Conv2D: _read_conv,
    keras.layers.MaxPooling2D: _read_pool("max_pool"),
    keras.layers.AveragePooling2D: _read_pool("average_pool"),
    keras.layers.GlobalAveragePooling2D: _read_global_average_pool,
    keras.layers.ReLU: _read_relu,
    keras.layers.Activation: _read_activation,
    keras.layers.Flatten: _read_flatten,
    keras.layers.Dropout: _read_dropout,
    keras.layers.Dense: _read_dense,
    keras.layers.BatchNormalization: _read_batch_norm,
    keras.layers.Rescaling: _read_rescaling,
}


def windows_shape(shape, window, settings):
    """Return how many windows of a convolution or a pool fit along height and width."""
    window = span_pair(window, settings.get("dilation", (1, 1)))
    return tuple(count_windows((None, *shape), window, settings["strides"], settings["padding"]))
