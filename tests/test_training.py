"""One training step, and the loop around it."""

import dataclasses

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras.models import pet_net
from petkeras.optimizers import Adam
from petkeras.recipes import MODERN
from petkeras.tracing import compile_logits
from petkeras.training import Loop, evaluate, train_step

QUICK = dataclasses.replace(
    MODERN, epochs=3, warmup=0, learning_rate=1e-3, pixel_scale=64.0, stop_loss=0.0
)


def small_net(recipe=QUICK, seed=1):
    return pet_net(image_size=16, recipe=recipe, seed=seed)


# One step


def test_a_step_does_what_keras_does():
    recipe = dataclasses.replace(QUICK, conv_dropout=0.0, dense_dropout=0.0)
    ours, kerass = small_net(recipe), small_net(recipe)
    images = np.random.default_rng(0).normal(size=(6, 16, 16, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1, 0]]
    optimizer = Adam(1e-3)
    losses = [float(train_step(ours, optimizer, images, labels)[0]) for _ in range(5)]
    kerass.compile(
        keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy(from_logits=True)
    )
    theirs = [float(kerass.train_on_batch(images, labels)) for _ in range(5)]
    np.testing.assert_allclose(losses, theirs, rtol=1e-4)


def test_a_step_adds_penalties_and_applies_constraints_as_keras_does():
    images = np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1, 0]]
    options = {
        "activation": "relu",
        "kernel_regularizer": keras.regularizers.L2(0.5),
        "bias_regularizer": "l1",
        "kernel_constraint": "non_neg",
    }

    def make(module):
        parts = [module.Conv2D(4, 3, padding="same", **options), module.Flatten(), module.Dense(2)]
        return keras.Sequential([keras.Input((8, 8, 3)), *parts])

    ours, kerass = make(pk.layers), make(keras.layers)
    kerass.set_weights(ours.get_weights())
    optimizer = Adam(0.01)
    losses = [float(train_step(ours, optimizer, images, labels)[0]) for _ in range(5)]
    kerass.compile(
        keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy(from_logits=True)
    )
    theirs = [float(kerass.train_on_batch(images, labels)) for _ in range(5)]
    np.testing.assert_allclose(losses, theirs, rtol=1e-4)
    for mine, their in zip(ours.get_weights(), kerass.get_weights(), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-3, atol=1e-4)
    assert ours.layers[0].kernel.numpy().min() == 0


def test_a_step_follows_the_numerical_gradient():
    recipe = dataclasses.replace(QUICK, conv_dropout=0.0, dense_dropout=0.0)
    model = pet_net(image_size=4, recipe=recipe, seed=1, dtype="float64")
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 3))
    labels = np.eye(2, dtype="float32")[[0, 1, 1]]
    bias = model.get_layer("softmax").bias  # the last layer is float32 always
    before = bias.numpy()

    def loss_at(values):
        bias.assign(values)
        logits = model(images, training=True).numpy().astype(float)
        log_sum = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -(labels * (logits - log_sum)).sum(axis=1).mean()

    step = 1e-3
    slope = [
        (loss_at(before + step * unit) - loss_at(before - step * unit)) / (2 * step)
        for unit in np.eye(2)
    ]
    bias.assign(before)
    train_step(model, keras.optimizers.SGD(1.0), images, labels)
    np.testing.assert_allclose(before - bias.numpy(), slope, rtol=1e-3, atol=1e-4)


# The loop, with steps that compute nothing


class Log(keras.callbacks.Callback):
    """Note every call of the loop, and stop where told."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.calls, self.stop_at = [], stop_at

    def on_train_begin(self, logs=None):
        self.calls.append("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"batch {batch}")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(logs)
        loop = self.params["loop"]
        self.model.stop_training |= loop.steps_done == self.stop_at

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((epoch, logs))

    def on_train_end(self, logs=None):
        self.calls.append("end")


def make_loop(epochs=2, steps_done=0):
    """Return a loop of 3 steps an epoch, of 2, 2 and 1 images; a step's loss is its number."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

    def batches(first):
        return ((float(number),) for number in range(first + 1, 100))

    loop = Loop(
        model,
        optimizer=None,
        step=lambda number: (number, number / 10, ["gradients", number]),
        batches=batches,
        num_images=5,
        batch_size=2,
        epochs=epochs,
        evaluate=lambda: ({"test_loss": 0.5}, "logits"),
    )
    loop.steps_done = steps_done
    return loop


def test_the_loop_calls_keras_callbacks_in_keras_order():
    loop, log = make_loop(), Log()
    loop.run([log])
    means = [(1 * 2 + 2 * 2 + 3) / 5, (4 * 2 + 5 * 2 + 6) / 5]
    assert [call if isinstance(call, str) else None for call in log.calls] == [
        "begin",
        *["epoch 0", "batch 0", None, "batch 1", None, "batch 2", None, None],
        *["epoch 1", "batch 0", None, "batch 1", None, "batch 2", None, None],
        "end",
    ]
    assert log.calls[3] == {"loss": 1.0, "accuracy": 0.1}
    for epoch, place in ((0, 8), (1, 16)):
        number, logs = log.calls[place]
        assert number == epoch
        assert logs["loss"] == pytest.approx(means[epoch])
        assert logs["accuracy"] == pytest.approx(means[epoch] / 10)
        assert logs["test_loss"] == 0.5
    assert loop.gradients == ["gradients", 6.0]
    assert loop.test_logits == "logits"
    assert (loop.steps_done, loop.total_steps) == (6, 6)


def test_the_loop_stops_after_the_step_at_which_a_callback_stops_it():
    loop, log = make_loop(), Log(stop_at=2)
    loop.run([log])
    assert log.calls[-2:] == [{"loss": 2.0, "accuracy": 0.2}, "end"]
    assert loop.steps_done == 2


def test_an_epoch_that_is_whole_ends_even_if_its_last_step_stops_the_loop():
    loop, log = make_loop(), Log(stop_at=3)
    loop.run([log])
    assert [call[0] for call in log.calls if isinstance(call, tuple)] == [0]
    assert loop.steps_done == 3


def test_the_loop_continues_in_the_middle_of_an_epoch():
    loop, log = make_loop(steps_done=4), Log()
    loop.run([log])
    losses = [call["loss"] for call in log.calls if isinstance(call, dict)]
    assert losses == [5.0, 6.0]
    assert log.calls[:3] == ["begin", "epoch 1", "batch 1"]


def test_an_evaluation_is_over_all_batches():
    model = small_net()
    images = np.random.default_rng(0).normal(size=(5, 16, 16, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1]]
    forward = compile_logits(model)
    loss, accuracy, logits = evaluate(forward, [images[:3], images[3:]], labels)
    wanted = model(images, training=False).numpy()
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-5)
    log_softmax = wanted - np.log(np.exp(wanted).sum(axis=1, keepdims=True))
    assert loss == pytest.approx(-(labels * log_softmax).sum(axis=1).mean(), rel=1e-4)
    assert accuracy == pytest.approx((wanted.argmax(axis=1) == labels.argmax(axis=1)).mean())
