"""The loss and the accuracy, one value per image."""

from __future__ import annotations

import tensorflow as tf


def softmax_cross_entropy(labels, logits):
    """Return -sum(labels * log(softmax(logits))) for each image.

    Args:
        labels: `(batch, classes)`, the target probabilities of each image; here one-hot.
        logits: `(batch, classes)`, any real numbers; the loss is computed in float32.

    Returns:
        `(batch,)` float32, in nats, 0 or more.

    Raises:
        ValueError: the two shapes differ.

    Example:

    >>> from petkeras.losses import softmax_cross_entropy
    >>> loss = softmax_cross_entropy([[1.0, 0.0]], [[0.0, 0.0]])
    >>> round(float(loss[0]), 4)  # log(2): a coin flip
    0.6931

    Reference: the article's section "Loss and optimizer".
    """
    labels, logits = _same_shape("softmax_cross_entropy", labels, logits)
    return tf.nn.softmax_cross_entropy_with_logits(labels, logits)  # (B,)


def accuracy(labels, logits):
    """Return 1 for each image whose largest logit is that of its label, else 0.

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
    correct = tf.equal(tf.argmax(labels, axis=1), tf.argmax(logits, axis=1))  # (B,) bool
    return tf.cast(correct, tf.float32)


def _same_shape(function, labels, logits):
    labels = tf.cast(labels, tf.float32)
    logits = tf.cast(logits, tf.float32)
    if labels.shape.rank != 2 or not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            f"{function}: `labels` and `logits` must both be (batch, classes), labels one-hot. "
            f"Received: labels {labels.shape}, logits {logits.shape}"
        )
    return labels, logits
