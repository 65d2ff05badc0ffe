"""Train a network: one step under a GradientTape, and the loop of steps and epochs around it."""

from __future__ import annotations

import math
import time

import keras
import numpy as np
import tensorflow as tf

from petkeras.losses import accuracy, softmax_cross_entropy


def train_step(model, optimizer, images, labels, mean=tf.reduce_mean):
    """Show the network one batch, and move every weight a little against its gradient.

    Args:
        model: a `keras.Model` that returns logits.
        optimizer: a Keras optimizer.
        images: `(batch, size, size, 3)` float32.
        labels: `(batch, classes)` float32, one-hot.
        mean: a function from one value per image, `(batch,)`, to the batch's mean. A device that
            sees only part of a batch passes a function that returns its share of the mean.

    Returns:
        The batch's mean loss and accuracy before the update, both float32 scalars, and the
        gradients: one per trainable weight, with the weight's shape. The loss includes the
        penalties of the layers' regularizers, as in Keras.

    Reference: the article's section "Loss and optimizer".
    """
    with tf.GradientTape() as tape:
        logits = model(images, training=True)  # (B, classes)
        penalties = [tf.cast(each, tf.float32) for each in model.losses]  # of its regularizers
        loss = mean(softmax_cross_entropy(labels, logits) + sum(penalties))
    gradients = tape.gradient(loss, model.trainable_variables)  # one per weight, of its shape
    optimizer.apply(gradients, model.trainable_variables)
    return loss, mean(accuracy(labels, logits)), gradients


class Loop:
    """Train a network step by step and epoch by epoch, calling Keras callbacks along the way.

    Args:
        model: a `keras.Model` that returns logits.
        optimizer: a Keras optimizer; during `run` it is `model.optimizer`, as in `model.fit`.
        step: a function from a batch to its loss, its accuracy and (samples of) its gradients.
        batches: a function from a step number to an iterable of the batches from that step on.
        num_images: the number of training images.
        batch_size: images per step; the last batch of an epoch may be smaller.
        epochs: passes over the training images.
        evaluate: a function that is called after each epoch. It returns the logs to add, such as
            `{"test_accuracy": 0.9}`, and the logits of the test part.

    Attributes:
        steps_done: the number of steps taken so far. Callbacks find the loop as `params["loop"]`.
        interrupted: whether Ctrl-C ended training before the last step.
        sums: this epoch's loss and accuracy summed over its images so far, and their number.
        gradients: the gradients that `step` returned for the last step.
        test_logits: the logits that `evaluate` returned after the last epoch.
    """

    def __init__(self, model, optimizer, step, batches, num_images, batch_size, epochs, evaluate):
        self.model, self.optimizer = model, optimizer
        self.step, self.batches, self.evaluate = step, batches, evaluate
        self.num_images, self.batch_size, self.epochs = num_images, batch_size, epochs
        self.steps_per_epoch = math.ceil(num_images / batch_size)
        self.total_steps = self.steps_per_epoch * epochs
        self.steps_done = 0
        self.interrupted = False
        self.sums = np.zeros(3, np.float32)
        self.gradients = self.test_logits = None
        self.started, self.seconds_before = time.monotonic(), 0.0

    def run(self, callbacks=()):
        """Train until the last epoch ends or a callback sets `model.stop_training`."""
        watch = keras.callbacks.CallbackList(
            callbacks,
            model=self.model,
            epochs=self.epochs,
            steps=self.steps_per_epoch,
            verbose=0,
            loop=self,
        )
        self.model.stop_training = False
        self.started = time.monotonic()
        watch.on_train_begin()
        batches = iter(self.batches(self.steps_done))
        for epoch in range(self.steps_done // self.steps_per_epoch, self.epochs):
            watch.on_epoch_begin(epoch)
            for number in range(self.steps_done % self.steps_per_epoch, self.steps_per_epoch):
                batch = next(batches)
                watch.on_train_batch_begin(number)
                logs = self.take_step(batch)
                watch.on_train_batch_end(number, logs)
                if self.model.stop_training:
                    break
            if self.steps_done % self.steps_per_epoch == 0:
                watch.on_epoch_end(epoch, self.end_epoch())
            if self.model.stop_training:
                break
        watch.on_train_end()

    def take_step(self, batch):
        """Train on one batch, and return its loss and accuracy."""
        first = self.steps_done % self.steps_per_epoch * self.batch_size
        count = min(self.batch_size, self.num_images - first)
        loss, accuracy, self.gradients = self.step(*batch)
        self.steps_done += 1
        self.sums += np.array([loss * count, accuracy * count, count], np.float32)
        return {"loss": loss, "accuracy": accuracy}

    def end_epoch(self):
        """Return the epoch's mean loss and accuracy, and those of the evaluation."""
        loss, accuracy, count = self.sums.tolist()
        self.sums[:] = 0
        logs, self.test_logits = self.evaluate()
        return {"loss": loss / count, "accuracy": accuracy / count, **logs}

    @property
    def seconds(self):
        """Seconds of training so far, including those before the run was resumed."""
        return self.seconds_before + time.monotonic() - self.started


def evaluate(forward, batches, labels):
    """Return the mean loss and accuracy over images, without dropout, and all logits.

    Args:
        forward: a function from images to logits, such as that of
            `petkeras.tracing.compile_logits`.
        batches: an iterable of images `(batch, size, size, 3)` float32.
        labels: `(images, classes)` float32, one-hot, in the order of the batches.

    Returns:
        The loss and the accuracy, two floats, and the logits, `(images, classes)` float32.
    """
    logits = tf.concat([forward(images) for images in batches], axis=0)  # (images, classes)
    loss = tf.reduce_mean(softmax_cross_entropy(labels, logits))
    share = tf.reduce_mean(accuracy(labels, logits))
    return float(loss), float(share), logits.numpy()
