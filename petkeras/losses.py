"""The loss and the accuracy, one value per picture."""

from __future__ import annotations

import math

import tensorflow as tf


def softmax_cross_entropy(labels, logits):
    """Return -sum(labels * log(softmax(logits))) of each picture.

    Args:
        labels: `(batch, classes)`, each row the wanted probabilities (one-hot here).
        logits: `(batch, classes)`, any real numbers; computed in float32 whatever came in.

    Returns:
        `(batch,)` float32, in nats, 0 or more.

    Raises:
        ValueError: the two shapes differ.

    Example:

    >>> from petkeras.losses import softmax_cross_entropy
    >>> loss = softmax_cross_entropy([[1.0, 0.0]], [[0.0, 0.0]])
    >>> round(float(loss[0]), 4)  # log(2): no idea which
    0.6931

    Reference: the article's section "Loss and optimizer".
    """
    labels, logits = _same_shape("softmax_cross_entropy", labels, logits)
    return tf.nn.softmax_cross_entropy_with_logits(labels, logits)  # (B,)


def accuracy(labels, logits):
    """Return 1 for each picture whose largest logit is at its label, else 0.

    Args:
        labels: `(batch, classes)`, one-hot.
        logits: `(batch, classes)`.

    Returns:
        `(batch,)` float32, 0.0 or 1.0.

    Raises:
        ValueError: the two shapes differ.

    Example:

    >>> from petkeras.losses import accuracy
    >>> accuracy([[1.0, 0.0], [1.0, 0.0]], [[3.0, 1.0], [1.0, 3.0]]).numpy().tolist()
    [1.0, 0.0]
    """
    labels, logits = _same_shape("accuracy", labels, logits)
    hits = tf.equal(tf.argmax(labels, axis=1), tf.argmax(logits, axis=1))  # (B,) bool
    return tf.cast(hits, tf.float32)


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

    >>> from petkeras.losses import accuracy_interval
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


def _same_shape(function, labels, logits):
    labels = tf.cast(labels, tf.float32)
    logits = tf.cast(logits, tf.float32)
    if labels.shape.rank != 2 or not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            f"{function}: `labels` and `logits` must both be (batch, classes), labels one-hot. "
            f"Received: labels {labels.shape}, logits {logits.shape}"
        )
    return labels, logits
