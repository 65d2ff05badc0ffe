"""Keras's callbacks, and one's own, in `pk.train`: those that the documentation names."""

import csv
import dataclasses
import gc
import signal
import weakref

import keras
import numpy as np
import pytest
from conftest import halves, tiny_net
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.runs.run import Run
from petkeras.runs.train import train

RECIPE = dataclasses.replace(
    MODERN, epochs=4, warmup=0, schedule="constant", pixel_scale=64.0, film_every=0
)


def run(data, *callbacks, run_dir=None, recipe=RECIPE, **options):
    model = tiny_net()
    options = {"verbose": False, "seed": 3, "callbacks": callbacks, **options}
    return train(model, data, recipe, run_dir, **options), model


@pytest.fixture
def data_with_validation(small_data):
    return dataclasses.replace(small_data, validation=halves(10, seed=2))


class Best(keras.callbacks.Callback):
    """A callback of one's own, in ten lines: remember the best epoch."""

    def on_train_begin(self, logs=None):
        self.best, self.epoch = 0.0, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["test_accuracy"] > self.best:
            self.best, self.epoch = logs["test_accuracy"], epoch


def test_one_of_ones_own_sees_each_epoch(small_data):
    best = Best()
    history, model = run(small_data, best)
    accuracies = history.column("test_accuracy")
    assert (best.best, best.epoch) == (max(accuracies), int(np.argmax(accuracies)))
    assert best.model is model


def test_early_stopping_ends_a_run_that_then_counts_as_finished(data_with_validation, tmp_path):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=10)
    history, _ = run(data_with_validation, stop, run_dir=tmp_path / "run")
    assert [epoch.epoch for epoch in history.epochs] == [1, 2]
    assert not history.interrupted
    stored = Run(tmp_path / "run")
    assert stored.config["stopped_early"] is True
    assert not stored.history.interrupted
    assert stored.history.epochs == history.epochs  # with the validation part's columns
    saved = (tmp_path / "run" / "model.keras").read_bytes()
    again, _ = run(data_with_validation, stop, run_dir=tmp_path / "run", resume=True)
    assert (again.epochs, again.step_losses) == (history.epochs, [])
    assert (tmp_path / "run" / "model.keras").read_bytes() == saved
    longer = dataclasses.replace(RECIPE, epochs=5)
    resumed, _ = run(data_with_validation, run_dir=tmp_path / "run", resume=True, recipe=longer)
    assert len(resumed.epochs) == 5
    assert "stopped_early" not in Run(tmp_path / "run").config


def test_early_stopping_restores_the_best_weights_that_are_then_saved(small_data, tmp_path):
    stop = keras.callbacks.EarlyStopping(
        "test_loss", mode="max", patience=1, restore_best_weights=True
    )
    slow = dataclasses.replace(RECIPE, learning_rate=1e-4)
    history, model = run(small_data, stop, run_dir=tmp_path / "run", recipe=slow)
    assert len(history.epochs) < 4
    saved = Run(tmp_path / "run").model
    for mine, stored in zip(model.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, stored)
    x = (small_data.test.images - small_data.mean) / RECIPE.pixel_scale
    logits = saved(x.astype("float32"), training=False).numpy()
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -(small_data.test.labels * log_softmax).sum(axis=1).mean()
    assert loss == pytest.approx(max(history.column("test_loss")), rel=1e-4)


def test_the_validation_part_is_evaluated_after_each_epoch(data_with_validation):
    history, model = run(data_with_validation)
    part = data_with_validation.validation
    x = (part.images - data_with_validation.mean) / RECIPE.pixel_scale
    logits = model(x.astype("float32"), training=False).numpy()
    correct = logits.argmax(axis=1) == part.labels.argmax(axis=1)
    assert history.column("val_accuracy")[-1] == pytest.approx(correct.mean())


def test_reduce_lr_on_plateau_lowers_the_learning_rate(small_data):
    reduce = keras.callbacks.ReduceLROnPlateau(
        "test_loss", mode="min", factor=0.1, patience=1, min_delta=10, cooldown=0
    )
    rates = Rates()
    run(small_data, reduce, rates)
    np.testing.assert_allclose(rates.seen, [1e-3, 1e-4, 1e-5, 1e-6], rtol=1e-5)


class Rates(keras.callbacks.Callback):
    """Note the learning rate after each epoch; put it after the callback that changes it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def test_a_learning_rate_scheduler_decides_how_far_the_weights_move(small_data):
    rates = Rates()
    still = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else 0.0)
    history, _ = run(small_data, still, rates)
    np.testing.assert_allclose(rates.seen, [1e-3, 1e-3, 0, 0], rtol=1e-5)
    losses = history.column("test_loss")
    assert losses[0] != losses[1] == losses[2] == losses[3]


def test_both_are_refused_where_the_learning_rate_follows_a_schedule(small_data):
    for recipe in (
        dataclasses.replace(RECIPE, schedule="cosine"),
        dataclasses.replace(RECIPE, warmup=2),
    ):
        with pytest.raises(PetkerasError, match="follows a schedule: use a recipe with"):
            run(small_data, keras.callbacks.ReduceLROnPlateau("test_loss"), recipe=recipe)


def test_what_is_no_callback_is_refused(small_data):
    with pytest.raises(PetkerasError, match=r"`callbacks` must be .* Received: function"):
        run(small_data, lambda epoch: None)


def test_the_csv_logger_writes_what_the_history_has(small_data, tmp_path):
    history, _ = run(small_data, keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("loss", "accuracy", "test_loss", "test_accuracy"):
        assert [float(row[name]) for row in rows] == history.column(name)


def test_a_lambda_callback_sees_each_step(small_data):
    losses = []
    each = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: losses.append((batch, logs["loss"]))
    )
    history, _ = run(small_data, each)
    assert [loss for _, loss in losses] == history.step_losses
    assert [batch for batch, _ in losses] == [*range(5)] * 4


def test_terminate_on_nan_ends_the_run_without_an_error(small_data, tmp_path, capsys):
    recipe = dataclasses.replace(RECIPE, learning_rate=3e38)
    guard = keras.callbacks.TerminateOnNaN()
    history, _ = run(small_data, guard, recipe=recipe, run_dir=tmp_path / "run")
    assert not np.isfinite(history.step_losses[-1])
    assert len(history.step_losses) < 20
    assert not (tmp_path / "run" / "model.keras").exists()  # of weights that nobody can use


def test_a_model_checkpoint_keeps_networks_that_can_be_loaded(small_data, tmp_path):
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}.keras")
    _, model = run(small_data, keep)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"{number:02d}.keras" for number in range(1, 5)
    ]
    loaded = keras.saving.load_model(tmp_path / "04.keras", compile=False)
    for mine, stored in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, stored)
    weights = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.weights.h5", monitor="test_loss", mode="min", save_best_only=True,
        save_weights_only=True,
    )  # fmt: skip
    run(small_data, weights)
    assert (tmp_path / "best.weights.h5").exists()


def test_keras_tensorboard_writes_beside_ours(small_data, tmp_path):
    board = keras.callbacks.TensorBoard(tmp_path / "board", histogram_freq=1)
    run(small_data, board, run_dir=tmp_path / "run")
    assert list((tmp_path / "board" / "train").glob("events*"))
    assert list((tmp_path / "run" / "tensorboard" / "train").glob("events*"))


def test_the_optimizer_is_on_the_model_during_the_run_only(small_data, tmp_path):
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(int(look.model.optimizer.iterations))
    )
    model = pet_net(image_size=16, recipe=RECIPE, seed=1)  # large enough to see in a file's size
    options = {"verbose": False, "callbacks": [look]}
    train(model, small_data, RECIPE, tmp_path / "run", **options)
    assert seen == [5, 10, 15, 20]
    assert not hasattr(model, "optimizer")
    assert (tmp_path / "run" / "model.keras").stat().st_size < 4 * 1.1 * model.count_params() + 1e5


def test_a_strangers_error_leaves_nothing_running(small_data, tmp_path):
    def fail(epoch, logs):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run(
            small_data,
            keras.callbacks.LambdaCallback(on_epoch_end=fail),
            run_dir=tmp_path / "run",
        )
    history, _ = run(small_data, run_dir=tmp_path / "run", resume=True)
    assert len(history.epochs) == 4


def weights_of(run_dir):
    return Run(run_dir).model.get_weights()


def press_ctrl_c_after(step):
    def press(batch, logs):
        if int(callback.model.optimizer.iterations) == step:
            signal.raise_signal(signal.SIGINT)

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=press)
    return callback


def test_a_compiled_model_is_resumed_and_keeps_its_own_optimizer(small_data, tmp_path):
    def compiled():
        model = tiny_net()
        model.compile("adam", "mse")
        return model

    options = {"seed": 3, "verbose": False}
    train(compiled(), small_data, RECIPE, tmp_path / "whole", **options)
    stop = press_ctrl_c_after(8)
    stopped = train(compiled(), small_data, RECIPE, tmp_path / "run", callbacks=[stop], **options)
    assert stopped.interrupted
    model = compiled()
    own = model.optimizer
    train(model, small_data, RECIPE, tmp_path / "run", resume=True, **options)
    assert model.optimizer is own
    for one, other in zip(
        weights_of(tmp_path / "whole"), weights_of(tmp_path / "run"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_weights_that_a_callback_restores_at_the_end_are_not_resumed_from(small_data, tmp_path):
    run(small_data, run_dir=tmp_path / "whole")
    best = keras.callbacks.EarlyStopping(
        "test_loss", mode="max", patience=9, restore_best_weights=True
    )
    stopped, _ = run(small_data, best, press_ctrl_c_after(12), run_dir=tmp_path / "run")
    assert stopped.interrupted
    run(small_data, run_dir=tmp_path / "run", resume=True)
    for one, other in zip(
        weights_of(tmp_path / "whole"), weights_of(tmp_path / "run"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_an_error_when_training_ends_does_not_lose_the_last_step(small_data, tmp_path):
    def fail(logs):
        raise ZeroDivisionError

    recipe = dataclasses.replace(RECIPE, checkpoint_minutes=0.0)
    failing = keras.callbacks.LambdaCallback(on_train_end=fail)
    with pytest.raises(ZeroDivisionError):
        run(small_data, failing, run_dir=tmp_path / "run", recipe=recipe)
    history, _ = run(small_data, run_dir=tmp_path / "run", recipe=recipe, resume=True)
    assert (len(history.epochs), history.step_losses) == (4, [])
    assert (tmp_path / "run" / "model.keras").exists()


def test_ctrl_c_during_an_evaluation_stops_before_the_next_step(small_data, tmp_path):
    class Press(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            signal.raise_signal(signal.SIGINT)

    history, _ = run(small_data, Press(), run_dir=tmp_path / "run")
    assert history.interrupted
    assert len(history.step_losses) == 5


def test_ctrl_c_in_the_epoch_that_ends_a_run_anyway_does_not_interrupt_it(small_data):
    recipe = dataclasses.replace(RECIPE, stop_loss=1e9)
    history, _ = run(small_data, press_ctrl_c_after(5), recipe=recipe)
    assert len(history.epochs) == 1
    assert not history.interrupted


def test_keras_tensorboard_turns_off_no_entries_of_ours(small_data, tmp_path):
    board = keras.callbacks.TensorBoard(tmp_path / "board", update_freq=4)
    run(small_data, board, run_dir=tmp_path / "run")
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard" / "train"), {"tensors": 0})
    events.Reload()
    assert [event.step for event in events.Tensors("Loss")] == [5, 10, 15, 20]


@pytest.mark.parametrize("many", ["one", "none", "generator", "nested"])
def test_callbacks_may_be_given_in_any_of_keras_ways(small_data, many):
    best = Best()
    given = {"one": best, "none": None, "generator": (c for c in [best]), "nested": [[best]]}
    recipe = dataclasses.replace(RECIPE, epochs=1)
    train(tiny_net(), small_data, recipe, verbose=False, callbacks=given[many])
    assert hasattr(best, "epoch") == (many != "none")


def test_the_optimizer_is_freed_when_training_ends(small_data):
    kept = []
    look = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: kept.append(weakref.ref(look.model.optimizer.variables[-1]))
    )
    gc.collect()
    gc.disable()
    try:
        run(small_data, look)
        assert kept[0]() is None  # by its count of references alone
    finally:
        gc.enable()


def test_a_model_that_holds_another_is_trained_in_a_run_folder(small_data, tmp_path):
    inner = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3), keras.layers.Conv2D(8, 3)]
    )
    images = keras.Input((16, 16, 3))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(inner(images)))
    recipe = dataclasses.replace(RECIPE, epochs=1, film_every=2)
    model = keras.Model(images, logits)
    train(model, small_data, recipe, tmp_path / "run", verbose=False)
    assert len(Run(tmp_path / "run").history.epochs) == 1


def test_a_model_with_two_inputs_is_refused_plainly(small_data):
    one, two = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
    model = keras.Model([one, two], keras.layers.Dense(2)(keras.layers.Flatten()(one + two)))
    for wrong in (model, keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])):
        with pytest.raises(PetkerasError, match="one input and one output"):
            train(wrong, small_data, RECIPE)
