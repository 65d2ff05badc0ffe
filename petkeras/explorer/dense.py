"""The large kernel of a dense layer, made small enough for a page, and how far off that is.

At 64 pixels `fc1` has 34 MB of weights, at 224 pixels 411 MB. A page gets a compressed kernel, and
TensorFlow's own values of the layer for each photograph. Only the *change* of the layer's input
passes the compressed kernel, so nothing is off until something is changed. How far the scores are
off then is measured here, for changes of all sizes. The largest of some measured errors is no
bound: another change may have a larger one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from petkeras.explorer.compression import low_rank, quantize
from petkeras.explorer.samples import Samples
from petkeras.language import translate

LIMIT = 0.02  # the largest error of a probability that the page still shows
MAX_EXACT = 1_000_000  # bytes of all dense kernels together that are sent as they are
MAX_REST = 2_000_000  # bytes of the other dense kernels beside a compressed one
MAX_BYTES = 4_300_000  # of a compressed kernel
MAX_LOW_RANK = 8_100_000  # numbers of a low-rank factor; they compress to some 3 bits each
MAX_RANK = 64


@dataclass(frozen=True)
class DensePart:
    """Hold how the dense layers get into a page.

    Args:
        layer: the index of the layer whose kernel is compressed or left out, or `None`.
        kind: `"exact"`, `"int8"`, `"int4"`, `"low_rank"`, `"kernel"` (Python is asked) or `"none"`.
        errors: the largest errors that were measured; see `Samples.measure`.
        arrays: the compressed kernel's arrays, and `before/J` for each photograph J.
        left_out: the indices of the layers whose kernels are not sent as they are.
        notes: lines that a person should read.
    """

    layer: int | None
    kind: str
    errors: list[dict] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def describe(self):
        """Return what the page's description says of the dense layers."""
        return {"layer": self.layer, "kind": self.kind, "errors": self.errors, "limit": LIMIT}


def make_dense_part(explored, notebook=False):
    """Return the `DensePart` of an `Explored`: its dense kernels as they are, or compressed.

    Args:
        explored: an `Explored`.
        notebook: whether TensorFlow can be asked instead.
    """
    chain = explored.chain
    sizes = {
        index: 4 * int(tf.size(layer.weights["kernel"]))  # bytes
        for index, layer in enumerate(chain.layers)
        if layer.kind == "dense"
    }
    if sum(sizes.values()) <= MAX_EXACT:
        return DensePart(None, "exact" if chain.has_logits else "none")
    index = next((i for i, size in sizes.items() if size > MAX_EXACT), max(sizes, key=sizes.get))
    rest = sum(sizes.values()) - sizes[index]
    if chain.has_logits and not notebook and rest <= MAX_REST:
        return _compress(explored, index)
    large = tuple(i for i, size in sizes.items() if i == index or size > MAX_EXACT)
    if chain.has_logits and notebook:
        return DensePart(index, "kernel", left_out=large)
    note = translate("The dense layers are too large for a page, so it shows no probabilities.")
    return DensePart(index, "none", left_out=large, notes=(note,))


def _compress(explored, index):
    kernel = np.asarray(explored.chain.layers[index].weights["kernel"])  # (features, units)
    samples = Samples(explored, index)
    kind = choose_kind(*kernel.shape)
    if kind == "int8":
        arrays, factors = quantize(kernel, 8)
    else:
        changes, bases = samples.to_fit()
        if kind == "int4":
            arrays, factors = quantize(kernel, 4, changes)
        else:
            rank = max(1, min(MAX_RANK, MAX_LOW_RANK // len(kernel), kernel.shape[1]))
            outputs = changes @ kernel  # (n, units)
            arrays, factors = low_rank(kernel, outputs, samples.slopes(outputs, bases), rank)
    arrays = {f"layers/{index}/{name}": array for name, array in arrays.items()}
    arrays |= {f"before/{number}": row for number, row in enumerate(samples.before)}
    return DensePart(index, kind, samples.measure(factors), arrays, (index,))


def choose_kind(features, units):
    """Return how a kernel is compressed: as finely as a page has room for."""
    if features * units <= MAX_BYTES:
        return "int8"
    return "int4" if units % 2 == 0 and features * units // 2 <= MAX_BYTES else "low_rank"


def probability_error(score_error):
    """Return how far a probability is off at most, if a difference of two scores is off by this.

    Example:

    >>> from petkeras.explorer.dense import probability_error
    >>> round(probability_error(0.01), 5)
    0.0025
    """
    return math.tanh(score_error / 4)
