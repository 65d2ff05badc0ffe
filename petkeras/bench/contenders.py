"""The contenders: the article's network, batch and images, trained in different ways.

Each contender is a function that trains for a given number of steps and returns a `StepTimer`.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile

import keras
import numpy as np
import tensorflow as tf

from petkeras.bench.builtin import WARM_UP, InputTimer, StepTimer, fit, keras_net, noise_images
from petkeras.data.pets import PetData
from petkeras.data.pipeline import Pictures, mean_image, training_batches
from petkeras.hardware import devices
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE
from petkeras.runs.train import train


@dataclasses.dataclass(frozen=True)
class Task:
    """Describe what all contenders train.

    Args:
        steps: timed steps; the warm-up steps come before them.
        batch_size: images per step.
        image_size: height and width of an image in pixels.
        device: `"cpu"` or `"gpu"`. TensorFlow finds its own; PyTorch has to be told.
    """

    steps: int
    batch_size: int
    image_size: int
    device: str = "cpu"

    @property
    def all_steps(self):
        """The number of steps, including the warm-up."""
        return WARM_UP + self.steps

    @property
    def recipe(self):
        """The article's recipe, with one epoch of these steps and no checkpoint during it."""
        return dataclasses.replace(
            ARTICLE, epochs=1, batch_size=self.batch_size, checkpoint_minutes=0.0
        )

    def data(self):
        """Return a `PetData` of noise, with exactly as many training images as the steps need."""
        images, labels = noise_images(self.all_steps * self.batch_size, self.image_size)
        train = Pictures(images, labels, tuple(map(str, range(len(images)))))
        test = Pictures(images[: self.batch_size], labels[: self.batch_size], train.names)
        return PetData(train, test, ("one", "other"), mean_image(images))

    def batches(self):
        """Return the batches, made by petkeras's input pipeline."""
        data = self.data()
        return training_batches(data.train, data.mean, self.recipe)


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


def torch_loop(task, bfloat16=False, compiled=False, channels_last=True):
    """Train PyTorch's layers with its fused Adam, eager or compiled."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    device = "cuda" if task.device == "gpu" else "cpu"
    if device == "cuda":  # TensorFlow does both by default
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
    data, timer = task.data(), StepTimer()
    mean = torch.from_numpy(data.mean).to(device)
    for step in range(task.all_steps):
        batch = slice(step * task.batch_size, (step + 1) * task.batch_size)
        x = torch.from_numpy(data.train.images[batch]).to(device).float() - mean
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
        y = torch.from_numpy(data.train.labels[batch].argmax(axis=1)).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            logits = forward(x)
        loss = nn.functional.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        float(loss.detach())
        timer.on_train_batch_end(step)
    return timer
