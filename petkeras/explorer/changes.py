"""Samples of what a person can change in an explorer, to fit and to measure with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
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


def make_replacements(others):
    """Return other photographs in place of the first."""
    return [Change(0, pixels) for pixels in others]


def make_occlusions(photographs, count, seed):
    """Return photographs, in turn, with a gray square or a stroke of a brush somewhere."""
    rng = np.random.default_rng(seed)
    changes = []
    for number in range(count):
        base = number % len(photographs)
        pixels = photographs[base].copy()
        height, width, channels = pixels.shape
        if rng.random() < 2 / 3:
            side = int(rng.integers(min(height, width) // 2)) + 1
            top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
            pixels[top : top + side, left : left + side] = GRAY
        else:
            pixels[_stroke(height, width, rng)] = rng.choice([0, 255], channels)
        changes.append(Change(base, pixels))
    return changes


def _stroke(height, width, rng):
    """Return which pixels a straight stroke covers, `(height, width)` bool."""
    y, x = np.mgrid[:height, :width]
    start, end = rng.uniform(size=(2, 2)) * (height, width)
    radius = 0.5 + rng.uniform() * min(height, width) / 10
    points = np.linspace(start, end, 30)
    return np.any([np.hypot(y - row, x - column) <= radius for row, column in points], axis=0)


def make_edits(photographs, chain, count, seed):
    """Return changes of the network: kernels, maps that are off, several at once, in turn.

    Every fourth is several changes at once, of the photograph as well.
    """
    if not any(layer.kind == "conv" for layer in chain.layers):
        return []
    rng = np.random.default_rng(seed)
    covered = make_occlusions(photographs, count, seed)
    changes = []
    for number in range(count):
        base = int(rng.integers(len(photographs)))
        kind = (_put_kernel, _change_kernel, _switch_off, _change_several)[number % 4]
        if kind is _change_several:
            changes.append(covered[number]._replace(edits=kind(chain, rng)))
        else:
            changes.append(Change(base, photographs[base], kind(chain, rng)))
    return changes


def _choose_filter(chain, rng):
    """Return the index of a convolution, and one of its filters."""
    index = int(rng.choice([i for i, layer in enumerate(chain.layers) if layer.kind == "conv"]))
    return index, int(rng.integers(chain.layers[index].shape[2]))


def _put_kernel(chain, rng):
    """Return another kernel: one of the article's, or painted; on one input or on the mean of all.

    Without padding, a kernel keeps its size.
    """
    index, number = _choose_filter(chain, rng)
    layer = chain.layers[index]
    height, width, channels = layer.weights["kernel"].shape[:3]
    plane = np.float32(rng.random((height, width)) < 0.4)
    if layer.settings["padding"] == "same" and rng.random() < 2 / 3:
        plane = list(article_kernels().values())[rng.integers(4)]
    kernel = np.zeros((*plane.shape, channels), np.float32)
    if rng.random() < 1 / 2:
        kernel[:] = plane[:, :, None] / channels
    else:
        kernel[:, :, rng.integers(channels)] = plane
    return Edits(filters={(index, number): (kernel, 0.0)})


def _change_kernel(chain, rng):
    """Return a kernel with some other values, and sometimes another bias."""
    index, number = _choose_filter(chain, rng)
    weights = chain.layers[index].weights
    kernel = np.array(weights["kernel"])[..., number]  # (kh, kw, channels)
    cells = tuple(rng.integers(kernel.shape, size=(rng.integers(1, 5), 3)).T)
    kernel[cells] += rng.uniform(-2, 2, len(cells[0])) * np.abs(kernel).max()
    bias = float(weights["bias"][number]) if "bias" in weights else 0.0
    bias += rng.choice([0, 0, 0.1, 1]) * rng.uniform(-1, 1)
    return Edits(filters={(index, number): (kernel, bias)})


def _switch_off(chain, rng):
    """Return one map that is off, or half of a layer's maps, or all but one."""
    layers = [i for i, layer in enumerate(chain.layers) if len(layer.shape) == 3]
    index = int(rng.choice(layers))
    maps = chain.layers[index].shape[2]
    count = max(1, int(rng.choice([1, 1, maps // 2, maps - 1])))
    return Edits(off={index: rng.choice(maps, count, replace=False).tolist()})


def _change_several(chain, rng):
    put, changed, off = (make(chain, rng) for make in (_put_kernel, _change_kernel, _switch_off))
    return Edits(filters=put.filters | changed.filters, off=off.off)


def make_geometries(photographs, chain):
    """Return convolutions with the other padding, each alone, where the layers after it still fit.

    Hardly ever does another stride fit a dense layer.
    """
    changes = []
    for index, layer in enumerate(chain.layers):
        if layer.kind != "conv":
            continue
        padding = "valid" if layer.settings["padding"] == "same" else "same"
        geometry = {"strides": layer.settings["strides"], "padding": padding}
        edits = Edits(geometry={index: geometry})
        if _fits(chain, edits):
            changes += [Change(base, pixels, edits) for base, pixels in enumerate(photographs)]
    return changes


def _fits(chain, edits):
    """Return whether the changed network can be computed; only shapes are looked at."""
    image = tf.TensorSpec((1, *chain.input_shape))
    run = tf.function(lambda x: compute_outputs(chain, x, edits), autograph=False)
    try:
        run.get_concrete_function(image)
    except PetkerasError:
        return False
    return True


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
