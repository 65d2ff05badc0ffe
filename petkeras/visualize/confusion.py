"""The confusion matrix, and the photographs with the worst predictions."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.visualize.description import counted, describe, listed
from petkeras.visualize.lettering import label, letters_across, text_width, wrap_text
from petkeras.visualize.style import WIDTH, draw_image, grid_shape, panel_grid, styled

MAX_WRAPPED = 10  # classes whose names may take several lines


def confusion_matrix(labels, logits):
    """Return how often each class was predicted for each class.

    Args:
        labels: `(n, classes)` one-hot.
        logits: `(n, classes)`, or probabilities.

    Returns:
        `(classes, classes)` int: row i, column j counts images of class i predicted as j.

    Example:

    >>> import petkeras as pk
    >>> labels, logits = [[1, 0], [1, 0], [0, 1]], [[2.0, 1.0], [0.0, 3.0], [0.0, 1.0]]
    >>> pk.visualize.confusion_matrix(labels, logits).tolist()
    [[1, 1], [0, 1]]
    """
    labels, logits = np.asarray(labels), np.asarray(logits)
    matrix = np.zeros((labels.shape[1],) * 2, int)
    np.add.at(matrix, (labels.argmax(axis=1), logits.argmax(axis=1)), 1)
    return matrix


@styled
def plot_confusion(matrix, class_names):
    """Show a confusion matrix: rows are the true classes, columns the predicted ones.

    Args:
        matrix: `(classes, classes)` counts, such as `confusion_matrix` returns.
        class_names: the classes in order.

    Returns:
        A matplotlib `Figure`: each cell shows the count, and as its color the share of its row.
    """
    classes, names = len(class_names), list(class_names)
    if classes <= MAX_WRAPPED:
        names = [wrap_text(name, 26) for name in names]
    small = float(np.clip(260 / classes, 7, 10))  # font size of the names
    letters = max(text_width(line) for name in names for line in name.split("\n"))
    longest = letters / letters_across(1, small)  # inches
    cell = float(np.clip((WIDTH - longest - 0.6) / classes, 0.16, 0.9))  # inches
    upright = longest > 0.95 * cell
    width = longest + max(cell * classes, 2) + 0.6
    height = (longest if upright else 0.4) + cell * classes + 1.1
    figure, axes = plt.subplots(figsize=(width, height))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shown = draw_image(axes, shares, cmap="Blues", vmin=0, vmax=1)
    size = float(np.clip(28 * cell, 5, 16))
    for (row, column), count in np.ndenumerate(matrix):
        if count or classes <= 10:
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, count, ha="center", va="center", color=color, fontsize=size)
    axes.set_xticks(range(classes), names, fontsize=small, rotation=90 if upright else 0)
    axes.set_yticks(range(classes), names, fontsize=small)
    axes.set(xlabel=label("called"), ylabel=label("is"))
    bar = {"location": "top", "fraction": 0.05, "pad": 0.02, "aspect": 40}
    figure.colorbar(shown, ax=axes, label=label("share of the row"), **bar)
    rows = zip(class_names, np.diag(matrix), np.sum(matrix, axis=1), strict=True)
    right = [
        translate("{count} of {total} {name}", count=count, total=total, name=name)
        for name, count, total in rows
    ]
    text = translate(
        "A confusion matrix. The network names correctly {right}.", right=listed(right)
    )
    return describe(figure, text)


@styled
def plot_worst(images, labels, logits, class_names, names=None, count=12):
    """Show the photographs whose true class got the lowest probabilities, the worst first.

    Args:
        images: `(n, height, width, 3)` uint8.
        labels: `(n, classes)` one-hot.
        logits: `(n, classes)`.
        class_names: the classes in order.
        names: the n file names, or `None`.
        count: how many to show at most.

    Returns:
        A matplotlib `Figure`; above each photograph is the predicted class with its probability,
        and the true class.

    Raises:
        PetkerasError: there are no images, or `count` is below 1.
    """
    if not len(images) or count < 1:
        raise PetkerasError(
            "`images` must hold at least one photograph, and `count` be 1 or more. "
            f"Received: {len(images)} images, count={count}"
        )
    probabilities = tf.nn.softmax(np.asarray(logits, np.float32)).numpy()  # (n, classes)
    truth = np.asarray(labels).argmax(axis=1)
    of_truth = probabilities[np.arange(len(truth)), truth]
    worst = np.argsort(of_truth, kind="stable")[:count]
    rows, columns = grid_shape(len(worst), 4)
    side = 0.95 * WIDTH / columns  # of a photograph, in inches
    titles, files = [], []
    for number in worst:
        predicted = probabilities[number].argmax()
        verdict = label("is {name}, {p:.1%}", name=class_names[truth[number]], p=of_truth[number])
        if predicted == truth[number]:
            verdict = label("right")
        title = f"{class_names[predicted]} {probabilities[number, predicted]:.1%}\n{verdict}"
        titles.append(wrap_text(title, letters_across(side, 9)))
        files.append("" if names is None else wrap_text(names[number], letters_across(side, 7)))
    lines = 2 + max(text.count("\n") for text in titles) + max(text.count("\n") for text in files)
    figure, axes = panel_grid(rows, columns, rows * (WIDTH / columns + 0.17 * lines + 0.2))
    for panel, number, title, file in zip(axes.flat, worst, titles, files, strict=False):
        draw_image(panel, images[number])
        panel.set_title(title, fontsize=9)
        panel.set_xlabel(file, fontsize=7, color="#555555")
    first = ", ".join(titles[0].split("\n"))
    return describe(
        figure,
        translate(
            "{pictures} that the network knew least, the worst first: {first}.",
            pictures=counted(len(worst), "picture"),
            first=first,
        ),
    )
