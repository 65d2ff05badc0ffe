"""The large kernel of a dense layer, made small enough for a page, and how far off that is.

At 64 pixels `fc1` has 34 MB of weights, at 224 pixels 411 MB. A page gets a compressed kernel, and
TensorFlow's own values of the layer for each photograph. Only the *change* of the layer's input
passes the compressed kernel, so nothing is off until something is changed. How far the
probabilities are off then is measured here, for each kind of change that the page allows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from petkeras.explorer.changes import (
    Change,
    make_edits,
    make_occlusions,
    make_replacements,
    run_changes,
)
from petkeras.explorer.edits import compute_layer

LIMIT = 0.02  # the largest error of a probability that the page still shows
MAX_EXACT = 1_000_000  # bytes of all dense kernels together that are sent as they are
MAX_REST = 2_000_000  # bytes of the other dense kernels beside a compressed one
MAX_BYTES = 4_300_000  # of a compressed kernel
MAX_LOW_RANK = 3_800_000  # of a low-rank factor: large photographs take their share of a page
MAX_RANK = 32
BLOCK = 1024  # rows of a quantized kernel that share a scale
# The integer that stands for the largest weight. Of 4 bits only some are used: rounding with
# feedback is good enough for that, and the page's compression makes the kernel a quarter smaller.
LARGEST = {8: 127, 4: 4.5}
DIRECTIONS = 32  # of change in which the errors of 4 bits are made to cancel out
REST = 10  # how much heed is paid to all other directions
MEASURED = 60  # changes of each kind
NO_ERRORS = {"occlusion": 0.0, "photograph": 0.0, "kernel": 0.0}


@dataclass(frozen=True)
class DensePart:
    """Hold how the dense layers get into a page.

    Args:
        layer: the index of the layer whose kernel is compressed or left out, or `None`.
        kind: `"exact"`, `"int8"`, `"int4"`, `"low_rank"`, `"kernel"` (Python is asked) or `"none"`.
        errors: the largest error of a probability by kind of change.
        arrays: the compressed kernel's arrays, and `before/J` for each photograph J.
        left_out: the indices of the layers whose kernels are not sent as they are.
        notes: lines that a person should read.
    """

    layer: int | None
    kind: str
    errors: dict[str, float]
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
        return DensePart(None, "exact" if chain.has_logits else "none", NO_ERRORS)
    index = next((i for i, size in sizes.items() if size > MAX_EXACT), max(sizes, key=sizes.get))
    rest = sum(sizes.values()) - sizes[index]
    if chain.has_logits and not notebook and rest <= MAX_REST:
        return _compress(explored, index)
    large = tuple(i for i, size in sizes.items() if i == index or size > MAX_EXACT)
    if chain.has_logits and notebook:
        return DensePart(index, "kernel", NO_ERRORS, left_out=large)
    note = "The dense layers are too large for a page, so it shows no probabilities."
    return DensePart(index, "none", NO_ERRORS, left_out=large, notes=(note,))


def _compress(explored, index):
    kernel = np.asarray(explored.chain.layers[index].weights["kernel"])  # (features, units)
    samples = _Samples(explored, index)
    kind = choose_kind(*kernel.shape)
    if kind == "low_rank":
        rank = min(MAX_RANK, max(1, MAX_LOW_RANK // len(kernel)))
        weights = unit_weights(explored.chain, index)
        arrays, factors = low_rank(kernel, samples.to_fit() @ kernel, weights, rank)
    elif kind == "int4":
        arrays, factors = quantize(kernel, 4, samples.to_fit())
    else:
        arrays, factors = quantize(kernel, 8)
    arrays = {f"layers/{index}/{name}": array for name, array in arrays.items()}
    arrays |= {f"before/{number}": row for number, row in enumerate(samples.before)}
    return DensePart(index, kind, samples.measure(factors), arrays, (index,))


def choose_kind(features, units):
    """Return how a kernel is compressed: as finely as a page has room for."""
    if features * units <= MAX_BYTES:
        return "int8"
    return "int4" if units % 2 == 0 and features * units // 2 <= MAX_BYTES else "low_rank"


def quantize(kernel, bits, changes=None):
    """Return a kernel in integers of 8 or 4 bits, with a scale for each block of rows.

    Args:
        kernel: `(features, units)` float32.
        bits: 8 or 4.
        changes: changes of the layer's input that must come out well, `(n, features)`.

    Returns:
        The arrays `quantized`, int8 (of 4 bits uint8, two units in a byte), and `scale`, `(blocks,
        units)`; and a list of the kernel that they stand for.
    """
    rows = -(-len(kernel) // -(-len(kernel) // BLOCK))  # in a block
    parts = [kernel[first : first + rows] for first in range(0, len(kernel), rows)]
    largest = np.stack([np.abs(part).max(axis=0) for part in parts])  # (blocks, units)
    scale = np.float32(np.maximum(largest, 1e-30) / LARGEST[bits])
    scales = np.repeat(scale, rows, axis=0)[: len(kernel)]  # (features, units)
    if changes is None:
        whole = _round(kernel / scales, bits)
    else:
        whole = _round_with_feedback(kernel, scales, bits, changes)
    packed = whole.astype(np.int8)
    if bits == 4:
        nibbles = (whole + 8).astype(np.uint8)
        packed = nibbles[:, ::2] | nibbles[:, 1::2] << 4  # (features, units / 2)
    return {"quantized": packed, "scale": scale}, [whole * scales]


def _round(values, bits):
    return np.clip(np.rint(values), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _round_with_feedback(kernel, scales, bits, changes):
    """Return a rounded kernel whose errors cancel out where the input changes most.

    Row by row, each weight is rounded so that it makes up for the errors of the rows before it, in
    the directions in which the layer's input changes.

    Reference: E. Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
        Pre-trained Transformers" (2022), whose second moments have here a low rank.
    """
    _, strengths, directions = np.linalg.svd(_even(changes), full_matrices=False)
    most = min(DIRECTIONS, len(strengths) // 2)
    rest = REST * (strengths[most:] ** 2).sum() / len(kernel)  # how much a row changes otherwise
    directions = (strengths[:most, None] * directions[:most]).T  # (features, directions)
    inertia = (directions**2).sum(axis=1) + rest + 1e-30  # (features,)
    whole = np.empty_like(kernel)
    errors = np.zeros((most, kernel.shape[1]), np.float32)  # so far, (directions, units)
    for row, direction in enumerate(directions):
        wanted = kernel[row] - direction @ errors / inertia[row]  # (units,)
        whole[row] = _round(wanted / scales[row], bits)
        errors += direction[:, None] * (whole[row] * scales[row] - kernel[row])
    return whole


def _even(changes):
    """Return changes divided by the square roots of their lengths, so that large ones count less.

    A kernel of the article can change the network a thousand times as much as a photograph.
    """
    lengths = np.linalg.norm(changes, axis=1, keepdims=True)
    return changes / np.sqrt(np.maximum(lengths, 1e-30))


def low_rank(kernel, outputs, unit_weights, rank):
    """Return a kernel as a product of two factors, fitted to changes of the layer's output.

    The kernel is projected on the few directions in which the outputs change most.

    Args:
        kernel: `(features, units)` float32.
        outputs: changes of the layer's output before its activation, `(n, units)`.
        unit_weights: how much each unit matters, `(units,)`.
        rank: the number of directions.

    Returns:
        The arrays `left`, `(features, rank)` int8, `left_scale`, `(rank,)`, and `right`, `(rank,
        units)`; and the two factors.
    """
    directions = np.linalg.svd(_even(outputs) * unit_weights, full_matrices=False)[2][:rank]
    left = kernel @ np.float32(unit_weights[:, None] * directions.T)  # (features, rank)
    right = np.float32(directions / unit_weights)  # (rank, units)
    scale = np.float32(np.maximum(np.abs(left).max(axis=0), 1e-30) / 127)  # (rank,)
    whole = np.rint(left / scale).astype(np.int8)
    arrays = {"left": whole, "left_scale": scale, "right": right}
    return arrays, [whole * scale, right]


def unit_weights(chain, index):
    """Return how much each unit of a dense layer can move the layer after it, `(units,)`."""
    later = [layer for layer in chain.layers[index + 1 :] if layer.kind != "dropout"]
    units = chain.layers[index].shape[0]
    if not later or later[0].kind != "dense":
        return np.ones(units)
    kernel = np.asarray(later[0].weights["kernel"], np.float64)  # (units, outputs)
    weights = np.linalg.norm(kernel - kernel.mean(axis=1, keepdims=True), axis=1)
    return weights + 0.01 * weights.mean() + 1e-12


class _Samples:
    """Run samples of changes in TensorFlow; those to fit to and those to measure differ."""

    def __init__(self, explored, index):
        self.explored, self.index, self.chain = explored, index, explored.chain
        self.photographs = explored.photographs.pixels
        self.layer = self.chain.layers[index]
        unchanged = [Change(number, pixels) for number, pixels in enumerate(self.photographs)]
        self.inputs, _ = run_changes(explored, index, unchanged)  # (n, features)
        self.before = compute_layer(self.layer, self.inputs, activate=False).numpy()  # (n, units)

    def to_fit(self):
        """Return changes of the layer's input, `(n, features)`."""
        training = self.explored.training
        changes = [
            *make_replacements(training if len(training) else self.photographs[1:]),
            *make_occlusions(self.photographs, 32, seed=1),
            *make_edits(self.photographs, self.chain, 72, seed=1),
        ]
        inputs, _ = run_changes(self.explored, self.index, changes)
        return inputs - self.inputs[[change.base for change in changes]]

    def measure(self, factors):
        """Return the largest error of a probability by kind of change."""
        others = self.explored.photographs.others[:MEASURED]
        others = others if len(others) else self.photographs[:, :, ::-1]  # mirrored
        kinds = {
            "occlusion": make_occlusions(self.photographs, MEASURED, seed=2),
            "photograph": make_replacements(others),
            "kernel": make_edits(self.photographs, self.chain, MEASURED, seed=2),
        }
        return {kind: self._error(changes, factors) for kind, changes in kinds.items()}

    def _error(self, changes, factors):
        if not changes:
            return 0.0
        inputs, logits = run_changes(self.explored, self.index, changes)
        bases = [change.base for change in changes]
        with np.errstate(invalid="ignore", over="ignore"):  # a huge kernel may give infinity
            moved = inputs - self.inputs[bases]  # (n, features)
            for factor in factors:
                moved = moved @ factor
        x = self.before[bases] + moved  # (n, units)
        x = tf.nn.relu(x) if self.layer.settings["activation"] == "relu" else x
        for layer in self.chain.layers[self.index + 1 :]:
            x = compute_layer(layer, x)
        error = float(np.abs(tf.nn.softmax(x) - tf.nn.softmax(logits)).max())
        return error if np.isfinite(error) else 1.0
