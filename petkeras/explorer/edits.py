"""Run an explored network in TensorFlow, with what a person changed in it.

The page describes changes as JSON (`network.edits()` in `web/network.js`). A notebook gets its
exact answers from here, and `petkeras.explorer.dense` measures with it how far a page is off.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError, is_integer, is_number
from petkeras.explorer.chain import Chain, ChainLayer, windows_shape
from petkeras.language import translate
from petkeras.text import one_line

MAX_SIDE = 99  # weights along a side of a kernel that a person puts in
MAX_VALUE = 1e30  # of a weight: larger ones would overflow in float32
WINDOWED = ("conv", "max_pool", "average_pool")  # kinds of layers with strides and padding


@dataclass(frozen=True)
class Edits:
    """Hold what a person changed, checked against the network.

    Args:
        photograph: the index of the chosen photograph, or -1 for `pixels` alone.
        pixels: the changed photograph, `(height, width, channels)` uint8, or `None`.
        filters: a dict from (layer index, filter) to its new kernel
            `(kernel_height, kernel_width, channels)` float32 and its new bias.
        off: a dict from a layer's index to the channels that are switched off.
        geometry: a dict from a layer's index to its new strides and padding.
        frame: the index of the film's frame whose weights are used, or `None`.
    """

    photograph: int = 0
    pixels: np.ndarray | None = None
    filters: dict[tuple[int, int], tuple[np.ndarray, float]] = field(default_factory=dict)
    off: dict[int, list[int]] = field(default_factory=dict)
    geometry: dict[int, dict[str, Any]] = field(default_factory=dict)
    frame: int | None = None


NO_EDITS = Edits()


def compute_outputs(chain: Chain, x, edits: Edits = NO_EDITS, weights=None):
    """Return the outputs of all layers, computed by TensorFlow in float32.

    Args:
        chain: the network.
        x: its input, `(batch, height, width, channels)` float32.
        edits: filters, channels that are off, strides and padding that were changed.
        weights: other weights for some layers, as in a film: a dict from a layer's index to a dict
            of its weights.

    Returns:
        A list of tensors, `(batch, height, width, channels)` or `(batch, units)`.

    Raises:
        PetkerasError: a changed layer's output does not fit the layers after it.
    """
    outputs = []
    for index, layer in enumerate(chain.layers):
        if weights and index in weights:
            layer = replace(layer, weights=layer.weights | weights[index])
        if index in edits.geometry:
            layer = replace(layer, settings=layer.settings | edits.geometry[index])
        filters = {k: edited for (i, k), edited in edits.filters.items() if i == index}
        x = compute_layer(layer, x, filters)
        if index in edits.off:
            is_on = np.ones(x.shape[-1], np.float32)
            is_on[edits.off[index]] = 0
            x = x * is_on
        outputs.append(x)
    return outputs


def compute_layer(layer: ChainLayer, x, filters=None, activate=True):
    """Return a layer's output for `x`.

    Args:
        layer: the layer.
        x: `(batch, height, width, channels)` or `(batch, units)` float32.
        filters: a dict from filters of a convolution to their new (kernel, bias).
        activate: whether to apply the activation of a convolution or a dense layer.
    """
    y = COMPUTE[layer.kind](layer, x, filters or {})
    return tf.nn.relu(y) if activate and layer.settings.get("activation") == "relu" else y


# One function for each kind of layer: (layer, x, filters) -> output without activation.


def _conv(layer, x, filters):
    kernel, bias = layer.weights["kernel"], layer.weights.get("bias")
    _check_window(layer, kernel.shape[:2], x)
    y = _convolve(x, kernel, layer.settings)  # (batch, h, w, filters)
    y = y if bias is None else tf.nn.bias_add(y, bias)
    if not filters:
        return y
    maps = tf.unstack(y, axis=3)
    for number, (new_kernel, new_bias) in filters.items():
        new_size, size = new_kernel.shape[:2], tuple(kernel.shape[:2])
        if new_size != size and layer.settings["padding"] != "same":
            raise PetkerasError(
                translate(
                    "Layer '{name}' has no padding, so its kernels must stay {height} x {width}.",
                    name=one_line(layer.name),
                    height=size[0],
                    width=size[1],
                )
            )
        maps[number] = _convolve(x, new_kernel[..., None], layer.settings)[..., 0] + new_bias
    return tf.stack(maps, axis=3)


def _convolve(x, kernel, settings):
    strides, padding = settings["strides"], settings["padding"].upper()
    dilation = settings["dilation"]
    if max(dilation) == 1:
        return tf.nn.conv2d(x, kernel, strides, padding)
    if max(strides) == 1:
        return tf.nn.convolution(x, kernel, strides, padding, dilations=dilation)
    return tf.nn.conv2d(x, _spread(np.asarray(kernel), dilation), strides, padding)


def _spread(kernel, dilation):
    """Return a kernel with zeros between its weights: TensorFlow takes no strides and dilation."""
    height, width = ((n - 1) * step + 1 for n, step in zip(kernel.shape, dilation, strict=False))
    spread = np.zeros((height, width, *kernel.shape[2:]), np.float32)
    spread[:: dilation[0], :: dilation[1]] = kernel
    return spread


def _pool(operation):
    def pool(layer, x, filters):
        settings = layer.settings
        _check_window(layer, settings["pool"], x)
        return operation(x, settings["pool"], settings["strides"], settings["padding"].upper())

    return pool


def _check_window(layer, window, x):
    if min(windows_shape(x.shape[1:], window, layer.settings)) < 1:
        raise PetkerasError(
            translate(
                "Layer '{name}' cannot be computed: its window of {window} is larger than its "
                "input of {input}.",
                name=one_line(layer.name),
                window=f"{window[0]} x {window[1]}",
                input=f"{x.shape[1]} x {x.shape[2]}",
            )
        )


def _batch_norm(layer, x, filters):
    mean, variance, beta, gamma = map(layer.weights.get, ("mean", "variance", "beta", "gamma"))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, layer.settings["epsilon"])


def _dense(layer, x, filters):
    kernel, bias = layer.weights["kernel"], layer.weights.get("bias")
    if x.shape[1] != kernel.shape[0]:
        raise PetkerasError(
            translate(
                "Layer '{name}' takes {wanted} values, and there are {given} now: only strides and "
                "padding that keep the size fit it.",
                name=one_line(layer.name),
                wanted=kernel.shape[0],
                given=x.shape[1],
            )
        )
    y = tf.matmul(x, kernel)  # (batch, units)
    return y if bias is None else tf.nn.bias_add(y, bias)


COMPUTE = {
    "conv": _conv,
    "max_pool": _pool(tf.nn.max_pool2d),
    "average_pool": _pool(tf.nn.avg_pool2d),
    "global_average_pool": lambda layer, x, filters: tf.reduce_mean(x, axis=(1, 2)),
    "relu": lambda layer, x, filters: tf.nn.relu(x),
    "flatten": lambda layer, x, filters: tf.reshape(x, (x.shape[0], -1)),
    "dropout": lambda layer, x, filters: x,
    "batch_norm": _batch_norm,
    "dense": _dense,
}


# What arrives from a page may be anything: every part is checked.


def read_edits(received, chain: Chain, photographs, frames=0):
    """Return the `Edits` that JSON from a page describes.

    Args:
        received: the parsed JSON: a dict with any of the keys `photograph`, `pixels`, `filters`,
            `off`, `geometry` and `frame`.
        chain: the network.
        photographs: how many photographs there are.
        frames: how many frames the film has.

    Raises:
        PetkerasError: something in it is missing or does not fit the network.
    """
    try:
        frame = received.get("frame")
        return Edits(
            photograph=read_index(received.get("photograph", 0), photographs, -1),
            pixels=_read_pixels(received.get("pixels"), chain.input_shape),
            filters=dict(_read_filter(each, chain) for each in received.get("filters", [])),
            off=_read_off(received.get("off", []), chain),
            geometry=_read_geometry(received.get("geometry", {}), chain),
            frame=None if frame is None else read_index(frame, frames),
        )
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        reason = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else error
        raise PetkerasError(
            translate(
                "These changes do not fit the network: {reason}.", reason=one_line(reason, 120)
            )
        ) from None


def read_index(value, count, least=0):
    """Return an index below `count`; raise a ValueError if it is none."""
    if not is_integer(value) or not least <= value < count:
        raise ValueError(f"{one_line(repr(value), 40)} is not a number from {least} to {count - 1}")
    return int(value)


def _read_pixels(text, shape):
    if text is None:
        return None
    values = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    if values.size != np.prod(shape):
        raise ValueError(f"a photograph must have {np.prod(shape)} bytes, not {values.size}")
    return values.reshape(shape)


def _read_filter(received, chain):
    index = read_index(received["layer"], len(chain.layers))
    layer = chain.layers[index]
    if layer.kind != "conv":
        raise ValueError(f"layer '{layer.name}' has no kernels")
    number = read_index(received["filter"], layer.shape[2])
    height, width = (read_index(side, MAX_SIDE + 1, 1) for side in received["size"])
    kernel = np.array(received["kernel"], np.float64)
    shape = (height, width, layer.weights["kernel"].shape[2])
    if kernel.size != np.prod(shape) or not (np.abs(kernel) <= MAX_VALUE).all():
        raise ValueError(f"a kernel must be {np.prod(shape)} finite numbers")
    bias = received.get("bias") or 0.0
    if not is_number(bias) or not abs(bias) <= MAX_VALUE:
        raise ValueError("a bias must be a finite number")
    return (index, number), (np.float32(kernel).reshape(shape), float(bias))


def _read_off(received, chain):
    off: dict[int, list[int]] = {}
    for layer, number in received:
        index = read_index(layer, len(chain.layers))
        off.setdefault(index, []).append(read_index(number, chain.layers[index].shape[-1]))
    return off


def _read_geometry(received, chain):
    geometry = {}
    for key, chosen in received.items():
        index = read_index(int(key), len(chain.layers))
        if chain.layers[index].kind not in WINDOWED:
            raise ValueError(f"layer '{chain.layers[index].name}' has no strides")
        strides = [read_index(stride, MAX_SIDE + 1, 1) for stride in chosen["strides"]]
        if len(strides) != 2 or chosen["padding"] not in ("same", "valid"):
            raise ValueError("strides must be two numbers, and padding 'same' or 'valid'")
        geometry[index] = {"strides": strides, "padding": chosen["padding"]}
    return geometry
