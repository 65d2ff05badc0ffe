"""Keras's built-in layers and `model.fit`, without petkeras, so that they also run on JAX.

`import petkeras` requires Keras to run on TensorFlow. This file therefore imports nothing from
petkeras; to be timed on JAX, it is run as a script.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import keras
import numpy as np

# Steps that are not timed. They include tracing the step and everything that the first TensorBoard
# entry needs, and they touch the memory for the first time.
WARM_UP = 5


class StepTimer(keras.callbacks.Callback):
    """Record when each step ends, and how much memory the process has used by then.

    Everything after the last step (evaluation, checkpoints, saving) is left out. A loop that takes
    no callbacks calls `on_train_batch_end` itself.
    """

    def __init__(self):
        super().__init__()
        self.begins: list[float] = []  # seconds, as `time.perf_counter` returns them
        self.ends: list[float] = []
        self.first_step = 0.0  # seconds, as `time.time` returns them
        self.memory = 0  # bytes

    def on_train_batch_end(self, batch, logs=None):
        # Keras and petkeras call this with numbers, not tensors: the step is done, on JAX too.
        self.ends.append(time.perf_counter())
        if len(self.ends) == 1:
            self.first_step = time.time()
        unit = 1 if sys.platform == "darwin" else 1024  # bytes
        self.memory = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def figures(self):
        """Return the measurements as a dict.

        Returns:
            `seconds`: the mean time per step after the warm-up. `waiting`: the fraction of that
            time spent waiting for the next batch, or `None` if it was not measured. `first_step`:
            the wall-clock time at which the first step ended. `memory`: the process's peak memory
            in bytes.
        """
        total, waiting = self.ends[-1] - self.ends[WARM_UP - 1], None
        if self.begins:
            waits = zip(self.begins[WARM_UP:], self.ends[WARM_UP - 1 :], strict=False)
            waiting = sum(begin - previous_end for begin, previous_end in waits) / total
        return {
            "seconds": total / (len(self.ends) - WARM_UP),
            "waiting": waiting,
            "first_step": self.first_step,
            "memory": self.memory,
        }


class InputTimer(StepTimer):
    """Also record when each step begins: between two steps, `pk.train` waits for a batch.

    `model.fit` fetches a batch within its step, so this callback would measure nothing there.
    """

    def on_train_batch_begin(self, batch, logs=None):
        self.begins.append(time.perf_counter())


def noise_images(count, image_size):
    """Return images of noise, for the content makes no difference to the time, and labels.

    Returns:
        `(count, image_size, image_size, 3)` uint8 and `(count, 2)` float32, one-hot.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, image_size, image_size, 3), dtype=np.uint8)
    return images, np.eye(2, dtype=np.float32)[np.arange(count) % 2]


def keras_net(image_size, policy):
    """Return the article's network, built from Keras's own layers."""
    start = keras.initializers.TruncatedNormal(stddev=0.1, seed=0)
    conv = {"padding": "same", "activation": "relu", "kernel_initializer": start, "dtype": policy}
    dense = {"kernel_initializer": start, "bias_initializer": "ones"}
    return keras.Sequential(
        [
            keras.Input((image_size, image_size, 3)),
            keras.layers.Conv2D(32, 3, **conv),
            keras.layers.Conv2D(32, 3, **conv),
            keras.layers.MaxPool2D(padding="same", dtype=policy),
            keras.layers.Dropout(0.8, dtype=policy),
            keras.layers.Conv2D(64, 3, **conv),
            keras.layers.Conv2D(64, 3, **conv),
            keras.layers.MaxPool2D(padding="same", dtype=policy),
            keras.layers.Dropout(0.8, dtype=policy),
            keras.layers.Flatten(dtype=policy),
            keras.layers.Dense(512, activation="relu", dtype=policy, **dense),
            keras.layers.Dropout(0.5, dtype=policy),
            keras.layers.Dense(2, dtype="float32", **dense),
        ]
    )


def fit(model, batches):
    """Train with `model.fit` until the batches end; return the `StepTimer`."""
    timer = StepTimer()
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-5), loss, metrics=["accuracy"])
    model.fit(batches, verbose=0, callbacks=[timer])
    return timer


def numpy_batches(task):
    """Yield (images minus their mean, labels) as NumPy arrays for each step of a `Task`'s dict."""
    size = task["batch_size"]
    images, labels = noise_images((WARM_UP + task["steps"]) * size, task["image_size"])
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    for first in range(0, len(images), size):
        yield images[first : first + size].astype(np.float32) - mean, labels[first : first + size]


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    net = keras_net(asked["image_size"], "float32")
    print(json.dumps(fit(net, numpy_batches(asked)).figures()))
