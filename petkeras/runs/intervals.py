"""What an accuracy on a few test pictures says, and what it does not."""

from __future__ import annotations

import math

import numpy as np

FEW = 30  # pictures; fewer tell too little


def accuracy_interval(right, count):
    """Return the 95% interval of an accuracy that was measured on few pictures, after Wilson.

    Args:
        right: how many pictures the network got right.
        count: how many it was asked about; 1 or more.

    Returns:
        Two floats in [0, 1]: accuracies below and above them fit badly to what was seen.

    Raises:
        ValueError: `right` is not between 0 and `count`, or `count` is below 1.

    Example:

    >>> from petkeras.runs.intervals import accuracy_interval
    >>> [round(end, 3) for end in accuracy_interval(50, 60)]
    [0.72, 0.907]

    Reference: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
        Inference", Journal of the American Statistical Association 22 (1927).
    """
    if not (count >= 1 and 0 <= right <= count):
        raise ValueError(
            "accuracy_interval: `right` must be from 0 to `count`, and `count` 1 or more. "
            f"Received: right={right}, count={count}"
        )
    z = 1.959964  # 95% of a normal distribution lie within that many standard deviations
    share, weight = right / count, z**2 / count
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
    """List what is to be kept in mind of an accuracy on a test part.

    Args:
        accuracy: a number in [0, 1].
        labels: `(pictures, classes)`, one-hot, of the test part.
        class_names: the classes' names.

    Returns:
        A list of sentences: none where the test part is large enough and the accuracy better than
        chance.

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
            f"The test part has {count} pictures only: each is {1 / count:.3f} of the accuracy. "
            "Hold back more with a larger '--test-fraction', or add pictures."
        )
    if low <= counts[largest] / count:
        caveats.append(
            f"That is not surely better than chance: who always says '{class_names[largest]}' is "
            f"right for {counts[largest] / count:.3f} of the test part. The network may need more "
            "epochs, another learning rate, or more pictures."
        )
    return caveats
