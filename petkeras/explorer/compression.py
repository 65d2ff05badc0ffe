"""Make the kernel of a dense layer small, so that what matters of it is kept.

Three ways, from fine to coarse: integers of 8 bits, integers of 4 bits whose errors cancel out
where the layer's input changes, and a product of two factors of low rank.
"""

from __future__ import annotations

import numpy as np

BLOCK = 1024  # rows of a quantized kernel that share a scale
# The integer that stands for the largest weight. Of 4 bits only some are used: rounding with
# feedback is good enough for that, and the page's compression makes the kernel a quarter smaller.
LARGEST = {8: 127, 4: 4.5}
DIRECTIONS = 32  # of change in which the errors of 4 bits are made to cancel out
REST = 10  # how much heed is paid to all other directions
# The integer that stands for a typical number of a low-rank factor. Small ones compress well, so
# that a page has room for more columns, which is worth more than finer ones.
TYPICAL = 1.5


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

    A kernel of the article can change the network a thousand times as much as a photograph. Tiny
    ones must not count more: what they lack in length is rounding.
    """
    lengths = np.linalg.norm(changes, axis=1, keepdims=True)
    return changes / np.sqrt(np.maximum(lengths, 0.01 * np.median(lengths) + 1e-30))


def low_rank(kernel, outputs, slopes, rank):
    """Return a kernel as a product of two factors, fitted to changes of the layer's output.

    The first factor turns the layer's input into a few numbers: those on which the classes' scores
    depend most. The second guesses the outputs of all units from these numbers.

    Args:
        kernel: `(features, units)` float32.
        outputs: changes of the layer's output before its activation, `(n, units)`.
        slopes: the second moments `(units, units)` of how the scores depend on these outputs.
        rank: how many numbers.

    Returns:
        The arrays `left`, `(features, rank)` int8, `left_scale`, `(rank,)`, and `right`, `(rank,
        units)` float32; and the two factors.
    """
    directions = np.linalg.eigh(slopes)[1][:, : -rank - 1 : -1]  # the strongest, (units, rank)
    outputs = _even(outputs)
    numbers = outputs @ directions  # (n, rank)
    others = outputs - numbers @ directions.T  # what the directions do not show, (n, units)
    right = np.float32(directions.T + np.linalg.lstsq(numbers, others, rcond=1e-5)[0])
    left = kernel @ np.float32(directions)  # (features, rank)
    typical = np.median(left.std(axis=0))
    scale = np.float32(np.maximum(typical, 1e-30) / TYPICAL)
    whole = np.clip(np.rint(left / scale), -127, 127).astype(np.int8)
    arrays = {"left": whole, "left_scale": np.repeat(scale, rank), "right": right}
    return arrays, [whole * scale, right]
