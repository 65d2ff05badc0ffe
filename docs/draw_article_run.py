"""Draw docs/article-run/curve.png: the article's 400 epochs, next to its own saved run.

    python docs/draw_article_run.py

The data come from docs/article-run/history.csv, a copy of the run folder's `history.csv`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from petkeras.callbacks.history import read_history
from petkeras.runs.intervals import accuracy_interval
from petkeras.visualize.style import BLUE, ORANGE, WIDTH, styled

FOLDER = Path(__file__).parent / "article-run"
TEST_PICTURES = 60
PUBLISHED = {1: (0.52, 0.40), 400: (0.90, 0.833)}  # epoch: training and test accuracy


@styled
def draw(history):
    """Return a figure of the accuracy after each epoch, with the test accuracy's 95% interval."""
    epochs = [row.epoch for row in history]
    train = [row.accuracy for row in history]
    test = [row.test_accuracy for row in history]
    low, high = np.transpose([accuracy_interval(p * TEST_PICTURES, TEST_PICTURES) for p in test])
    figure, axes = plt.subplots(figsize=(WIDTH, 4))
    axes.fill_between(epochs, low, high, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(epochs, train, "--", color=ORANGE, linewidth=1, label="training, with dropout")
    axes.plot(epochs, test, color=BLUE, linewidth=1, label="test, with its 95% interval")
    for part, color, name in ((0, ORANGE, "training"), (1, BLUE, "test")):
        points = [accuracies[part] for accuracies in PUBLISHED.values()]
        axes.plot(
            list(PUBLISHED), points, "*", color=color, markersize=13, label=f"the article's, {name}"
        )
    axes.set(xlabel="epoch", title="Accuracy", ylim=(0.3, 1.0))
    axes.legend(loc="lower right", ncols=2)
    return figure


if __name__ == "__main__":
    draw(read_history(FOLDER / "history.csv")).savefig(FOLDER / "curve.png")
