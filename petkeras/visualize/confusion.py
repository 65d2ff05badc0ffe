"""Which breeds are taken for which, and the photographs that go wrong the most."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.visualize.style import WIDTH, grid_shape, picture, styled


def confusion_matrix(labels, logits):
    """Count how often each class was taken for each.

    Args:
        labels: `(n, classes)` one-hot.
        logits: `(n, classes)`, or probabilities.

    Returns:
        `(classes, classes)` int: row i, column j counts pictures of class i that were called j.

    Example:

    >>> from petkeras.visualize import confusion_matrix
    >>> confusion_matrix([[1, 0], [1, 0], [0, 1]], [[2.0, 1.0], [0.0, 3.0], [0.0, 1.0]]).tolist()
    [[1, 1], [0, 1]]
    """
    labels, logits = np.asarray(labels), np.asarray(logits)
    matrix = np.zeros((labels.shape[1],) * 2, int)
    np.add.at(matrix, (labels.argmax(axis=1), logits.argmax(axis=1)), 1)
    return matrix


@styled
def plot_confusion(matrix, class_names):
    """Show a confusion matrix: rows are what pictures show, columns what they were called.

    Args:
        matrix: `(classes, classes)` counts, such as `confusion_matrix` returns.
        class_names: the classes in order.

    Returns:
        A matplotlib `Figure`: in each cell the count, and as its color the share of its row.
    """
    classes = len(class_names)
    side = min(WIDTH, 2.8 + 0.9 * classes)
    figure, axes = plt.subplots(figsize=(side, 0.85 * side if classes < 10 else side))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shown = picture(axes, shares, cmap="Blues", vmin=0, vmax=1)
    size = float(np.clip(200 / classes, 5.5, 16))
    for (row, column), count in np.ndenumerate(matrix):
        if count or classes <= 10:
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, count, ha="center", va="center", color=color, fontsize=size)
    names, ticks, small = list(class_names), range(classes), min(10, size + 1)
    axes.set_xticks(ticks, names, fontsize=small, rotation=90 if classes > 4 else 0)
    axes.set_yticks(ticks, names, fontsize=small)
    axes.set(xlabel="called", ylabel="is")
    figure.colorbar(shown, ax=axes, label="share of the row", shrink=0.7, pad=0.02, aspect=30)
    return figure


@styled
def plot_worst(images, labels, logits, class_names, names=None, count=12):
    """Show the photographs whose own class got the smallest probabilities, the worst first.

    Args:
        images: `(n, height, width, 3)` uint8.
        labels: `(n, classes)` one-hot.
        logits: `(n, classes)`.
        class_names: the classes in order.
        names: the n file names, or `None`.
        count: how many to show at most.

    Returns:
        A matplotlib `Figure`; above each photograph what it was called with which probability,
        and what it is.

    Raises:
        PetkerasError: there are no images, or `count` is below 1.
    """
    if not len(images) or count < 1:
        raise PetkerasError(
            f"`images` must hold a photograph, and `count` be 1 or more. "
            f"Received: {len(images)} images, count={count}"
        )
    probabilities = tf.nn.softmax(np.asarray(logits, np.float32)).numpy()  # (n, classes)
    truth = np.asarray(labels).argmax(axis=1)
    of_truth = probabilities[np.arange(len(truth)), truth]
    worst = np.argsort(of_truth, kind="stable")[:count]
    rows, columns = grid_shape(len(worst), 4)
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(WIDTH, rows * (WIDTH / columns + 0.75))
    )
    for panel in axes.flat:
        panel.set_visible(False)
    for panel, number in zip(axes.flat, worst, strict=False):
        panel.set_visible(True)
        said = probabilities[number].argmax()
        title = f"{class_names[said]} {probabilities[number, said]:.1%}\n" + (
            "right"
            if said == truth[number]
            else f"is {class_names[truth[number]]}, {of_truth[number]:.1%}"
        )
        picture(panel, images[number])
        panel.set_title(title, fontsize=9)
        if names is not None:
            panel.set_xlabel(names[number], fontsize=7, color="#555555")
    return figure
