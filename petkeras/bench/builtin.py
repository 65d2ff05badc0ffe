"""Keras's built-in layers and `model.fit`; run as a module, they train on JAX.

petkeras itself requires Keras to run on TensorFlow, so only `bench.steps` of it is imported here.
"""

from __future__ import annotations

import json
import sys
import time

import keras

from petkeras.bench.steps import StepClock, Task, numpy_batches


class StepTimer(StepClock, keras.callbacks.Callback):
    """A `StepClock` that is a Keras callback."""


class InputTimer(StepTimer):
    """Also record when each step begins: between two steps, `pk.train` waits for a batch.

    `model.fit` fetches a batch within its step, so this callback would measure nothing there.
    """

    def on_train_batch_begin(self, batch, logs=None):
        self.begins.append(time.perf_counter())


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


if __name__ == "__main__":
    task = Task(**json.loads(sys.argv[1]))
    net = keras_net(task.image_size, "float32")
    print(json.dumps(fit(net, numpy_batches(task)).figures()))
