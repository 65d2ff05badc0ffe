"""Keras's built-in layers and `model.fit`, without a line of petkeras: so they run on JAX, too.

`import petkeras` refuses any Keras that does not run on TensorFlow. So this file imports nothing of
it, and is run by its path where it is to be timed on JAX.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import dataclass, field

import keras
import numpy as np

# Steps that are not counted: tracing, that of the first entry for TensorBoard included, and memory
# that is touched for the first time.
WARM_UP = 5


@dataclass
class Steps:
    """Hold when each step ended, and, where noted, how long it waited for its batch; in seconds."""

    ends: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def note(self):
        """Take note that a step has ended."""
        self.ends.append(time.perf_counter())

    def figures(self):
        """Return what counts, as a dict.

        Returns:
            `seconds` a step, the mean after the warm-up; `waiting`, the share of them in which a
            step waited for its batch, or `None`; `first_step`, the clock's time when it had ended;
            and `memory`, the most bytes that the process had.
        """
        whole = self.ends[-1] - self.ends[WARM_UP - 1]
        return {
            "seconds": whole / (len(self.ends) - WARM_UP),
            "waiting": sum(self.waits[WARM_UP:]) / whole if self.waits else None,
            "first_step": time.time() - (time.perf_counter() - self.ends[0]),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            * (1 if sys.platform == "darwin" else 1024),
        }


class Waited:
    """Pass on batches as they come, and take note in `Steps` of how long each was waited for."""

    def __init__(self, batches, steps):
        self.batches, self.steps = batches, steps
        self.element_spec = batches.element_spec

    def __iter__(self):
        batches = iter(self.batches)
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            if batch is None:
                return
            self.steps.waits.append(time.perf_counter() - start)
            yield batch


def draw(count, image_size):
    """Draw pictures of noise, whose content costs nothing, and their labels.

    Returns:
        `(count, image_size, image_size, 3)` uint8 and `(count, 2)` float32, one-hot.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, image_size, image_size, 3), dtype=np.uint8)
    return images, np.eye(2, dtype=np.float32)[np.arange(count) % 2]


def keras_net(image_size, policy):
    """Build the article's network of Keras's own layers."""
    start = keras.initializers.TruncatedNormal(stddev=0.1, seed=0)
    make = {"padding": "same", "activation": "relu", "kernel_initializer": start, "dtype": policy}
    dense = {"kernel_initializer": start, "bias_initializer": "ones"}
    return keras.Sequential(
        [
            keras.Input((image_size, image_size, 3)),
            keras.layers.Conv2D(32, 3, **make),
            keras.layers.Conv2D(32, 3, **make),
            keras.layers.MaxPool2D(padding="same", dtype=policy),
            keras.layers.Dropout(0.8, dtype=policy),
            keras.layers.Conv2D(64, 3, **make),
            keras.layers.Conv2D(64, 3, **make),
            keras.layers.MaxPool2D(padding="same", dtype=policy),
            keras.layers.Dropout(0.8, dtype=policy),
            keras.layers.Flatten(dtype=policy),
            keras.layers.Dense(512, activation="relu", dtype=policy, **dense),
            keras.layers.Dropout(0.5, dtype=policy),
            keras.layers.Dense(2, dtype="float32", **dense),
        ]
    )


def fit(model, batches):
    """Train with `model.fit` until the batches end."""
    done = Steps()
    # Keras turns a step's logs into numbers before it calls this: the step has ended, on JAX too.
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: done.note())
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-5), loss, metrics=["accuracy"])
    model.fit(batches, verbose=0, callbacks=[note])
    return done


def numpy_batches(task):
    """Yield (images less their mean, labels) for each step of a `Task`, as NumPy arrays."""
    images, labels = draw((WARM_UP + task["steps"]) * task["batch_size"], task["image_size"])
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    for first in range(0, len(images), task["batch_size"]):
        place = slice(first, first + task["batch_size"])
        yield images[place].astype(np.float32) - mean, labels[place]


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    net = keras_net(asked["image_size"], "float32")
    print(json.dumps(fit(net, numpy_batches(asked)).figures()))
