"""The contenders on TensorFlow: the article's network, trained in different ways.

Each contender is a function that trains a `Task` and returns a `StepTimer`.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile

import keras
import numpy as np
import tensorflow as tf

from petkeras.bench.builtin import InputTimer, StepTimer, fit, keras_net
from petkeras.hardware import devices
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE
from petkeras.runs.train import train


def petkeras(task, policy, logged=False, xla=False, timer=None):
    """Train with `pk.train`.

    With `logged`, it writes to TensorBoard every 5 steps and films the filters every 50. The number
    of timed steps is then rounded up to a multiple of 50, so that both get their true share.
    """
    if logged:
        every = ARTICLE.film_every
        task = dataclasses.replace(task, steps=math.ceil(task.steps / every) * every)
    if xla:
        devices.use_xla()
    timer = timer or InputTimer()
    model = pet_net(2, task.image_size, task.recipe, seed=0, dtype=policy)
    with tempfile.TemporaryDirectory() as folder:
        run_dir = f"{folder}/run" if logged else None
        train(model, task.data(), task.recipe, run_dir, verbose=False, callbacks=[timer])
    return timer


def keras_fit(task, policy):
    """Train Keras's layers with Keras's `model.fit`."""
    return fit(keras_net(task.image_size, policy), task.batches())


def _make_step(model):
    """Return a training step of plain Keras under a GradientTape, not yet compiled."""
    optimizer = keras.optimizers.Adam(1e-5)
    optimizer.build(model.trainable_variables)

    def step(images, labels):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(softmax_cross_entropy(labels, logits))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss, tf.reduce_mean(accuracy(labels, logits))

    return step


def keras_loop(task, policy):
    """Train Keras's layers with Keras's Adam in a plain loop."""
    step, timer = tf.function(_make_step(keras_net(task.image_size, policy))), StepTimer()
    for number, batch in enumerate(task.batches()):
        [float(value) for value in step(*batch)]
        timer.on_train_batch_end(number)
    return timer


def article_loop(task):
    """Train the article's way: feed images from NumPy, run a second pass for the accuracy, log.

    The images are decoded and the mean is subtracted once; they are kept as floats. Every five
    steps, loss, accuracy and one histogram are written for a training batch and for a test batch.
    """
    data, timer = task.data(), StepTimer()
    images = data.train.images.astype(np.float32) - data.mean
    model = keras_net(task.image_size, "float32")
    train_step = _make_step(model)
    learn = tf.function(lambda x, y: train_step(x, y)[0])

    @tf.function
    def measure(x, y):
        logits = model(x, training=False)
        loss = tf.reduce_mean(softmax_cross_entropy(y, logits))
        return loss, tf.reduce_mean(accuracy(y, logits))

    with tempfile.TemporaryDirectory() as folder:
        writers = [tf.summary.create_file_writer(f"{folder}/{part}") for part in ("train", "test")]
        for step in range(task.all_steps):
            batch = slice(step * task.batch_size, (step + 1) * task.batch_size)
            x, y = images[batch], data.train.labels[batch]
            float(learn(x, y))
            [float(value) for value in measure(x, y)]
            if step % 5 == 0:
                for writer in writers:
                    with writer.as_default(step=step):
                        loss, correct = measure(x, y)
                        tf.summary.scalar("Loss", loss)
                        tf.summary.scalar("Accuracy", correct)
                        tf.summary.histogram("weights1_1", model.layers[0].kernel)
            timer.on_train_batch_end(step)
    return timer
