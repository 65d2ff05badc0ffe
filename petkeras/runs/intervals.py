"""How reliable an accuracy on a few test pictures is: 95% intervals and caveats."""

from __future__ import annotations

import math

import numpy as np

FEW = 30  # test pictures; fewer are too few for a reliable accuracy


def accuracy_interval(correct, count):
    """Return the 95% confidence interval of an accuracy measured on a few pictures.

    Args:
        correct: how many pictures were classified correctly.
        count: how many pictures there were, 1 or more.

    Returns:
        Two floats in [0, 1]; true accuracies outside it are implausible.

    Raises:
        ValueError: `correct` is not between 0 and `count`, or `count` is below 1.

    Example:

    >>> from petkeras.runs.intervals import accuracy_interval
    >>> [round(end, 3) for end in accuracy_interval(50, 60)]
    [0.72, 0.907]

    Reference: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
        Inference", Journal of the American Statistical Association 22 (1927).
    """
    if not (count >= 1 and 0 <= correct <= count):
        raise ValueError(
            "accuracy_interval: `correct` must be from 0 to `count`, and `count` 1 or more. "
            f"Received: correct={correct}, count={count}"
        )
    z = 1.959964  # 95% of a normal distribution lies within this many standard deviations
    share, weight = correct / count, z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / (4 * count))
    return middle - half, middle + half


def describe_accuracy(accuracy, count):
    """Return an accuracy over `count` pictures with its 95% interval, as text.

    Example:

    >>> from petkeras.runs.intervals import describe_accuracy
    >>> describe_accuracy(0.9, 60)
    '0.900 (95% interval 0.799 to 0.953)'
    """
    low, high = accuracy_interval(accuracy * count, count)
    return f"{accuracy:.3f} (95% interval {low:.3f} to {high:.3f})"


def find_caveats(accuracy, labels, class_names):
    """Return sentences that say why an accuracy on a test part may be misleading.

    Args:
        accuracy: a number in [0, 1].
        labels: `(pictures, classes)`, one-hot, of the test part.
        class_names: the names of the classes.

    Returns:
        A list; empty if the test part is large enough and the accuracy is better than chance.

    Example:

    >>> import numpy as np
    >>> from petkeras.runs.intervals import find_caveats
    >>> find_caveats(0.95, np.eye(2)[[0, 1] * 30], ("above", "below"))
    []
    """
    counts = np.asarray(labels).sum(axis=0)  # (classes,)
    count, largest = int(counts.sum()), int(counts.argmax())
    low, _ = accuracy_interval(accuracy * count, count)
    caveats = []
    if count < FEW:
        caveats.append(
            f"The test part has only {count} pictures, so each one counts for {1 / count:.3f} of "
            "the accuracy. Hold out a larger test part, or add pictures."
        )
    chance = counts[largest] / count
    if low <= chance:
        caveats.append(
            f"The accuracy is not significantly better than chance: always answering "
            f"'{class_names[largest]}' scores {chance:.3f} on the test part. The network may need "
            "more epochs, another learning rate, or more pictures."
        )
    return caveats
