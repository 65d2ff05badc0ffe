"""Who is timed: the article's network, batch and pictures, trained in different ways.

Each contender is a function that trains for a given number of steps and returns its `Steps`.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile

import keras
import numpy as np
import tensorflow as tf

from petkeras.bench.builtin import WARM_UP, Steps, Waited, draw, fit, keras_net
from petkeras.callbacks.filters import Film
from petkeras.data.pets import PetData
from petkeras.data.pipeline import Pictures, mean_image, training_batches
from petkeras.hardware import devices
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE
from petkeras.training import Trainer


@dataclasses.dataclass(frozen=True)
class Task:
    """Say what all contenders train.

    Args:
        steps: that are timed; those of the warm-up come before them.
        batch_size: pictures a step.
        image_size: height and width of a picture in pixels.
        device: `"cpu"` or `"gpu"`: TensorFlow finds its own, PyTorch has to be told.
    """

    steps: int
    batch_size: int
    image_size: int
    device: str = "cpu"

    @property
    def all_steps(self):
        """How many steps there are with those of the warm-up."""
        return WARM_UP + self.steps

    @property
    def recipe(self):
        """The article's recipe, for one epoch of these steps."""
        return dataclasses.replace(ARTICLE, epochs=1, batch_size=self.batch_size)

    def data(self):
        """Draw as many pictures of noise as the steps take."""
        images, labels = draw(self.all_steps * self.batch_size, self.image_size)
        train = Pictures(images, labels, tuple(map(str, range(len(images)))))
        test = Pictures(images[: self.batch_size], labels[: self.batch_size], train.names)
        return PetData(train, test, ("one", "other"), mean_image(images))

    def batches(self):
        """Return the batches as petkeras makes them."""
        data = self.data()
        return training_batches(data.train, data.mean, self.recipe)


def petkeras(task, policy, logged=False, xla=False):
    """`pk.train`; `logged`: with TensorBoard every 5 steps and the film every 50.

    Then whole times 50 steps are timed, so that both have their true share.
    """
    if logged:
        whole = ARTICLE.film_every
        task = dataclasses.replace(task, steps=math.ceil(task.steps / whole) * whole)
    data, recipe, done = task.data(), task.recipe, Steps()
    if xla:
        devices.use_xla()

    class Timed(Trainer):
        def _open_batches(self, first):
            return Waited(super()._open_batches(first), done)

        def _note_step(self, *step):
            super()._note_step(*step)
            done.note()

        def _end_epoch(self, *_):
            pass  # the test part is no part of a step

        def _save_checkpoint(self, *_, **__):
            pass

        def save_model(self):
            pass

    model = pet_net(2, task.image_size, recipe, seed=0, dtype=policy)
    with tempfile.TemporaryDirectory() as run_dir:
        trainer = Timed(model, data, recipe, run_dir if logged else None, 0, Film())
        trainer.run(verbose=False)
    return done


def keras_fit(task, policy):
    """Keras's layers and Keras's `model.fit`."""
    return fit(keras_net(task.image_size, policy), task.batches())


def keras_loop(task, policy):
    """Keras's layers and Keras's Adam in a plain loop under a GradientTape."""
    model, optimizer = keras_net(task.image_size, policy), keras.optimizers.Adam(1e-5)
    done = Steps()
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(softmax_cross_entropy(labels, logits))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss, tf.reduce_mean(accuracy(labels, logits))

    for images, labels in task.batches():
        [float(value) for value in step(images, labels)]
        done.note()
    return done


def article_loop(task):
    """The article's way: pictures fed from NumPy, a second pass for the accuracy, two summaries.

    It decodes and subtracts the mean once, keeps float pictures, and writes loss, accuracy and one
    histogram for a training batch and for a test batch every five steps.
    """
    data, done = task.data(), Steps()
    images = data.train.images.astype(np.float32) - data.mean
    labels = data.train.labels
    model, optimizer = keras_net(task.image_size, "float32"), keras.optimizers.Adam(1e-5)
    optimizer.build(model.trainable_variables)

    @tf.function
    def learn(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(softmax_cross_entropy(y, model(x, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function
    def measure(x, y):
        logits = model(x, training=False)
        loss = tf.reduce_mean(softmax_cross_entropy(y, logits))
        return loss, tf.reduce_mean(accuracy(y, logits))

    with tempfile.TemporaryDirectory() as folder:
        writers = [tf.summary.create_file_writer(f"{folder}/{part}") for part in ("train", "test")]
        for step in range(task.all_steps):
            place = slice(step * task.batch_size, (step + 1) * task.batch_size)
            x, y = images[place], labels[place]
            float(learn(x, y))
            [float(value) for value in measure(x, y)]
            if step % 5 == 0:
                for writer in writers:
                    with writer.as_default(step=step):
                        loss, hits = measure(x, y)
                        tf.summary.scalar("Loss", loss)
                        tf.summary.scalar("Accuracy", hits)
                        tf.summary.histogram("weights1_1", model.layers[0].kernel)
            done.note()
    return done


def torch_loop(task, bfloat16=False, compiled=False, channels_last=True):
    """PyTorch's layers, its fused Adam, eager or compiled."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    device = "cuda" if task.device == "gpu" else "cpu"
    if device == "cuda":  # as TensorFlow does there by itself
        torch.set_float32_matmul_precision("high")  # TF32
        torch.backends.cudnn.benchmark = True
    side = -(-task.image_size // 4)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.8),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.8), nn.Flatten(),
        nn.Linear(side * side * 64, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 2),
    )  # fmt: skip
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = net.to(device, memory_format=layout).train()
    forward = torch.compile(net) if compiled else net
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-5, fused=True)
    data, done = task.data(), Steps()
    mean = torch.from_numpy(data.mean).to(device)
    for step in range(task.all_steps):
        place = slice(step * task.batch_size, (step + 1) * task.batch_size)
        x = torch.from_numpy(data.train.images[place]).to(device).float() - mean
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
        y = torch.from_numpy(data.train.labels[place].argmax(axis=1)).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            logits = forward(x)
        loss = nn.functional.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        float(loss.detach())
        done.note()
    return done
