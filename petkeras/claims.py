"""What an accuracy on a few test pictures says, and what it does not."""

from __future__ import annotations

import numpy as np

from petkeras.losses import accuracy_interval

FEW = 30  # pictures; fewer tell too little


def describe_accuracy(accuracy, count):
    """Return an accuracy over `count` pictures with its 95% interval, as text.

    Example:

    >>> from petkeras.claims import describe_accuracy
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
    >>> from petkeras.claims import find_caveats
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
