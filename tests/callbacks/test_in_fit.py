"""petkeras's callbacks in `model.fit`, on a plain Keras model."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import halves
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import petkeras as pk
from petkeras.callbacks.checkpoint import Checkpoints, make_state
from petkeras.callbacks.history import read_history
from petkeras.visualize.evolution import Evolution, list_frames


class Subclassed(keras.Model):
    """A model that keeps its layers to itself."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x)


def plain_model(subclassed=False):
    """Return a compiled model of Keras's own layers."""
    keras.utils.set_random_seed(0)
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(images)
    x = keras.layers.Flatten()(x)
    model = keras.Model(images, keras.layers.Dense(2, name="last")(x))
    model = Subclassed(model) if subclassed else model
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


def fit(callbacks, epochs=2, model=None):
    model = model or plain_model()
    train, test = halves(20), halves(8, seed=1)
    history = model.fit(
        train.images / np.float32(255), train.labels, batch_size=5, epochs=epochs, verbose=0,
        shuffle=False, validation_data=(test.images / np.float32(255), test.labels),
        callbacks=callbacks,
    )  # fmt: skip
    return model, history.history


def scale(images):
    return tf.cast(images, tf.float32) / 255


def tags(folder):
    events = EventAccumulator(str(folder), {"tensors": 0})
    events.Reload()
    return events


def test_tensorboard_writes_graph_steps_epochs_and_images(tmp_path):
    board = pk.callbacks.TensorBoard(
        tmp_path, every=1, test=halves(8, seed=1), preprocess=scale, class_names=("a", "b")
    )
    _, history = fit([board])
    train, test = (tags(tmp_path / "tensorboard" / part) for part in ("train", "test"))
    assert [event.step for event in train.Tensors("Loss")] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [event.step for event in test.Tensors("Loss")] == [5]
    written = [float(tf.make_ndarray(e.tensor_proto)) for e in test.Tensors("Epoch/Loss")]
    np.testing.assert_allclose(written, history["val_loss"], rtol=1e-5)
    names = set(test.Tags()["tensors"])
    assert {"kernels/conv", "pictures/maps/conv", "pictures/confusion"} <= names
    assert train.Tags()["graph"]
    assert not any(name.startswith("gradients/") for name in train.Tags()["tensors"])


def test_tensorboard_leaves_out_what_it_cannot_draw(tmp_path, capsys):
    fit([pk.callbacks.TensorBoard(tmp_path, every=2)], model=plain_model(subclassed=True))
    printed = capsys.readouterr().out
    assert "The graph is left out of TensorBoard: The keras.Model 'subclassed' is a" in printed
    train = tags(tmp_path / "tensorboard" / "train")
    assert "Loss" in train.Tags()["tensors"]
    assert not tags(tmp_path / "tensorboard" / "test").Tags()["graph"]


def test_the_film_has_frames_of_the_networks_own_maps(tmp_path):
    image = halves(8, seed=1).images[0]
    film = pk.callbacks.FilterFilm(tmp_path, image, every=3, preprocess=scale)
    model, _ = fit([film])
    frames = list_frames(tmp_path / "evolution")
    assert [frame.stem for frame in frames] == [f"step_{n:07d}" for n in (0, 3, 6, 8)]
    maps = keras.Model(model.input, model.get_layer("conv").output)(scale(image[None]))[0]
    last = np.load(frames[-1])
    stored = last["maps/conv"].astype(np.float32) * last["largest/conv"]
    np.testing.assert_allclose(stored, maps, atol=1e-2)
    assert last["moved/conv"] > 0
    weights = Evolution(tmp_path).weights(-1)
    np.testing.assert_allclose(weights["conv"]["kernel"], model.get_layer("conv").kernel, atol=1e-3)


def test_history_and_progress_have_the_validation_part_as_the_test_part(tmp_path, capsys):
    record = pk.callbacks.RecordHistory(tmp_path / "history.csv")
    _, history = fit([record, pk.callbacks.ProgressLines()])
    epochs = read_history(tmp_path / "history.csv")
    assert [epoch.step for epoch in epochs] == [4, 8]
    assert [epoch.test_accuracy for epoch in epochs] == history["val_accuracy"]
    assert [epoch.loss for epoch in epochs] == history["loss"]
    assert len(record.history.step_losses) == 8
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("epoch   2/2  loss ")
    assert f"test accuracy {history['val_accuracy'][1]:.3f}" in lines[1]


def test_a_checkpoint_brings_model_and_optimizer_back(tmp_path):
    model, _ = fit([pk.callbacks.Checkpoint(tmp_path, every=3)])
    other = plain_model()
    other.optimizer.build(other.trainable_variables)
    assert Checkpoints(tmp_path, **make_state(other, other.optimizer)).restore() == 8
    for mine, restored in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, restored)
    assert int(other.optimizer.iterations) == 8
    for mine, restored in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine, restored)


def test_a_low_loss_and_a_loss_that_is_not_finite_stop_fit():
    _, history = fit([pk.callbacks.StopAtLoss(1e9)], epochs=5)
    assert len(history["loss"]) == 1
    model = plain_model()
    model.optimizer.learning_rate = 3e38
    with pytest.raises(pk.PetkerasError, match=r"The loss became .* at step \d"):
        fit([pk.callbacks.NonFiniteLossGuard()], epochs=5, model=model)


def test_ctrl_c_ends_fit_after_the_step():
    import signal

    class Press(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    model, _ = fit([Press(), pk.callbacks.InterruptGuard()], epochs=5)
    assert int(model.optimizer.iterations) == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_all_of_them_work_together_and_in_pk_train_as_well(tmp_path, small_data):
    callbacks = [
        pk.callbacks.TensorBoard(tmp_path / "a", test=small_data.test),
        pk.callbacks.RecordHistory(tmp_path / "history.csv"),
        pk.callbacks.Checkpoint(tmp_path / "a"),
    ]
    recipe = dataclasses.replace(pk.MODERN, epochs=1)
    model = pk.pet_net(image_size=16, recipe=recipe)
    history = pk.train(model, small_data, recipe, verbose=False, callbacks=callbacks)
    assert [epoch.loss for epoch in read_history(tmp_path / "history.csv")] == history.column(
        "loss"
    )


def test_batches_of_several_steps_skip_no_entry(tmp_path):
    model = plain_model()
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, steps_per_execution=3)
    board = pk.callbacks.TensorBoard(tmp_path, every=4)
    fit([board], epochs=3, model=model)  # steps 3, 4, 7, 8, 11, 12
    train = tags(tmp_path / "tensorboard" / "train")
    assert [event.step for event in train.Tensors("Loss")] == [4, 8, 12]


def test_a_guard_is_used_again():
    import signal

    class Press(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            signal.raise_signal(signal.SIGINT)

    guard = pk.callbacks.InterruptGuard()
    model, _ = fit([Press(), guard])
    assert int(model.optimizer.iterations) == 1
    model, _ = fit([guard])
    assert int(model.optimizer.iterations) == 8
