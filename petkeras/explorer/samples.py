"""Fit a compressed dense layer to samples of changes, and measure its errors with others."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from petkeras.explorer.changes import (
    Change,
    make_edits,
    make_geometries,
    make_occlusions,
    make_replacements,
    run_changes,
)
from petkeras.explorer.edits import compute_layer

GROUPS = 10  # of measured changes, by size
BEYOND = 1e9  # stands for an error or a size that is not finite


class Samples:
    """Run samples of changes in TensorFlow; those to fit to and those to measure differ.

    Args:
        explored: an `Explored`.
        index: the index of the dense layer that is compressed.
    """

    def __init__(self, explored, index):
        self.explored, self.index, self.chain = explored, index, explored.chain
        self.photographs = explored.photographs.pixels
        self.layer = self.chain.layers[index]
        unchanged = [Change(number, pixels) for number, pixels in enumerate(self.photographs)]
        self.inputs, _ = run_changes(explored, index, unchanged)  # (photographs, features)
        self.before = compute_layer(self.layer, self.inputs, activate=False).numpy()

    def to_fit(self):
        """Return changes of the layer's input, `(n, features)`, and whose photograph's `(n,)`."""
        training = self.explored.training
        changes = [
            *make_replacements(training if len(training) else self.photographs[1:]),
            *make_occlusions(self.photographs, 32, seed=1),
            *make_edits(self.photographs, self.chain, 100, seed=1),
        ]
        inputs, _ = run_changes(self.explored, self.index, changes)
        bases = [change.base for change in changes]
        return inputs - self.inputs[bases], bases

    def slopes(self, outputs, bases):
        """Return the second moments of how the scores depend on the layer's output.

        They depend on it linearly as long as ReLU cuts off the same units, so each photograph and
        each change has its own slopes; so have changes half and twice as large.

        Args:
            outputs: changes of the layer's output before its activation, `(n, units)`.
            bases: of which photographs, `(n,)`.

        Returns:
            `(units, units)`.
        """
        changed = [self.before[bases] + times * outputs for times in (0.5, 1, 2)]
        values = tf.constant(np.concatenate([self.before, *changed]), tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(values)
            scores = self._scores(values)
            # What moves all scores alike moves no probability.
            scores = tf.unstack(scores - tf.reduce_mean(scores, axis=1, keepdims=True), axis=1)
        slopes = (tape.gradient(score, values) for score in scores)  # (n, units) for each class
        return np.sum([tf.matmul(slope, slope, transpose_a=True) for slope in slopes], axis=0)

    def measure(self, factors):
        """Return the largest errors of a compressed kernel, by the size of the change.

        The size of a change is that of the layer's input, as a share of the input's length. An
        error is one of the difference of two scores.

        Args:
            factors: matrices whose product is the compressed kernel.

        Returns:
            See `largest_by_size`.
        """
        others = self.explored.photographs.others[:60]
        changes = [
            *make_replacements(others if len(others) else self.photographs[:, :, ::-1]),  # mirrored
            *make_occlusions(self.photographs, 60, seed=2),
            *make_edits(self.photographs, self.chain, 100, seed=2),
            *make_geometries(self.photographs, self.chain),
        ]
        inputs, scores = run_changes(self.explored, self.index, changes)
        bases = [change.base for change in changes]
        with np.errstate(invalid="ignore", over="ignore"):  # a huge kernel may give infinity
            moved = inputs - self.inputs[bases]  # (n, features)
            lengths = np.linalg.norm(self.inputs[bases], axis=1)
            sizes = np.linalg.norm(moved, axis=1) / np.maximum(lengths, 1e-30)
            for factor in factors:
                moved = moved @ factor
            errors = np.ptp(self._scores(self.before[bases] + moved) - scores, axis=1)
        finite = {"nan": BEYOND, "posinf": BEYOND}
        return largest_by_size(np.nan_to_num(sizes, **finite), np.nan_to_num(errors, **finite))

    def _scores(self, x):
        """Return the logits for the layer's output before its activation, `(n, units)`."""
        x = tf.nn.relu(x) if self.layer.settings["activation"] == "relu" else x
        for layer in self.chain.layers[self.index + 1 :]:
            x = compute_layer(layer, x)
        return x


def largest_by_size(sizes, errors, groups=GROUPS):
    """Return the largest error among changes up to some sizes.

    Args:
        sizes: of the changes, `(n,)`.
        errors: of the same changes, `(n,)`.
        groups: how many sizes, so that as many changes lie between each two of them.

    Returns:
        A list of dicts, by rising `size`: how many changes are no larger, `count`, and the largest
        `error` among them.

    Example:

    >>> from petkeras.explorer.samples import largest_by_size
    >>> largest_by_size([0.1, 3.0, 0.2, 1.0], [0.01, 0.05, 0.02, 0.01], groups=2)
    [{'size': 0.2, 'count': 2, 'error': 0.02}, {'size': 3.0, 'count': 4, 'error': 0.05}]
    """
    order = np.argsort(sizes)
    sizes = np.asarray(sizes, float)[order]
    errors = np.maximum.accumulate(np.asarray(errors, float)[order])
    counts = np.unique(np.linspace(0, len(sizes), groups + 1).astype(int)[1:])
    return [
        {"size": float(sizes[n - 1]), "count": int(n), "error": float(errors[n - 1])}
        for n in counts
        if n > 0
    ]
