"""Samples of what a person can change in an explorer, to fit and to measure with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from petkeras.explorer.edits import NO_EDITS, Edits, compute_outputs
from petkeras.visualize.kernels import article_kernels

GRAY = 128  # the patch that the page slides over a photograph
BATCH_SIZE = 8


class Change(NamedTuple):
    """A change of a photograph, or of the network.

    Args:
        base: the index of the photograph that is changed.
        pixels: the photograph after the change, `(height, width, channels)` uint8.
        edits: what was changed in the network.
    """

    base: int
    pixels: np.ndarray
    edits: Edits = NO_EDITS


def make_occlusions(photographs, count, seed):
    """Return photographs with a gray square of some size somewhere, in turn."""
    rng = np.random.default_rng(seed)
    changes = []
    for number in range(count):
        base = number % len(photographs)
        pixels = photographs[base].copy()
        height, width = pixels.shape[:2]
        side = max(1, int(min(height, width) * rng.choice([1 / 8, 1 / 4, 3 / 8, 1 / 2])))
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        pixels[top : top + side, left : left + side] = GRAY
        changes.append(Change(base, pixels))
    return changes


def make_replacements(others):
    """Return other photographs in place of the first."""
    return [Change(0, pixels) for pixels in others]


def make_edits(photographs, chain, count, seed):
    """Return large changes of the network: the article's kernels, and maps that are switched off.

    The article's kernels are put into convolutions with padding, and see the mean of all inputs.
    """
    rng = np.random.default_rng(seed)
    kernels = list(article_kernels().values())  # (7, 7) each
    convolutions = [i for i, layer in enumerate(chain.layers) if layer.kind == "conv"]
    changes = []
    for number in range(count if convolutions else 0):
        index = convolutions[number // 2 % len(convolutions)]
        layer = chain.layers[index]
        base, chosen = number % len(photographs), int(rng.integers(layer.shape[2]))
        if number % 2 or layer.settings["padding"] != "same":
            edits = Edits(off={index: [chosen]})
        else:
            kernel = kernels[rng.integers(len(kernels))]
            channels = layer.weights["kernel"].shape[2]
            mean = np.repeat(kernel[:, :, None] / channels, channels, axis=2)  # (7, 7, channels)
            edits = Edits(filters={(index, chosen): (mean, 0.0)})
        changes.append(Change(base, photographs[base], edits))
    return changes


def run_changes(explored, index, changes):
    """Return what TensorFlow computes for changes.

    Args:
        explored: an `Explored`.
        index: the index of a dense layer.
        changes: a list of `Change`.

    Returns:
        The layer's inputs, `(changes, features)`, and the logits, `(changes, classes)`.
    """
    groups: list[list[Change]] = []
    for change in changes:
        is_new = change.edits is not NO_EDITS or not groups or len(groups[-1]) == BATCH_SIZE
        if is_new or groups[-1][0].edits is not NO_EDITS:
            groups.append([])
        groups[-1].append(change)
    inputs, logits = [], []
    for group in groups:
        x = explored.preprocess(np.stack([change.pixels for change in group]))
        outputs = compute_outputs(explored.chain, x, group[0].edits)
        inputs.append(outputs[index - 1])
        logits.append(outputs[-1])
    return np.concatenate(inputs), np.concatenate(logits)
