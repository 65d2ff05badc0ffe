"""A whole run: what it computes, what it keeps, how it ends."""

import dataclasses
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data, tiny_net

from petkeras.data.mapped import MappedImages
from petkeras.data.pipeline import training_batches
from petkeras.errors import PetkerasError
from petkeras.hardware import devices
from petkeras.models import pet_net
from petkeras.optimizers import Adam
from petkeras.recipes import MODERN
from petkeras.runs.evaluation import evaluate_pictures
from petkeras.runs.run import Run
from petkeras.runs.train import train
from petkeras.schedules import learning_rate_schedule
from petkeras.training import Loop, train_step

QUICK = dataclasses.replace(
    MODERN, epochs=3, warmup=0, learning_rate=1e-3, pixel_scale=64.0, stop_loss=0.0
)


def small_net(recipe=QUICK, seed=1):
    return pet_net(image_size=16, recipe=recipe, seed=seed)


def after_each_step(monkeypatch, then):
    """Call a function after each step from now on, with the number of steps since."""
    take_step = Loop.take_step

    def noted(loop, batch, count=[0]):  # noqa: B006
        logs = take_step(loop, batch)
        count[0] += 1
        then(count[0])
        return logs

    monkeypatch.setattr(Loop, "take_step", noted)


def press_ctrl_c_at(monkeypatch, *steps):
    """Send this process SIGINT in the middle of some steps, as a terminal does."""

    def press(step):
        for _ in range(steps.count(step)):
            signal.raise_signal(signal.SIGINT)

    after_each_step(monkeypatch, press)


# A run


def test_a_run_learns_and_keeps_what_the_design_names(small_data, tmp_path, capsys):
    model = small_net()
    recipe = dataclasses.replace(QUICK, epochs=6)
    history = train(model, small_data, recipe, tmp_path / "run", seed=3)
    assert [epoch.step for epoch in history.epochs] == [5, 10, 15, 20, 25, 30]
    assert history.epochs[-1].loss < history.epochs[0].loss
    assert history.epochs[-1].test_accuracy > 0.8
    assert not history.interrupted
    for name in ("config.json", "history.csv", "model.keras", "checkpoints", "figures"):
        assert (tmp_path / "run" / name).exists()
    for part in ("train", "test"):
        assert list((tmp_path / "run" / "tensorboard" / part).glob("events*"))
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Training on the ")
    assert sum(line.startswith("epoch ") for line in said) == 6
    assert said[7].startswith("The test part has only 12 pictures")

    run = Run(tmp_path / "run")
    assert run.history.epochs == history.epochs
    assert (run.recipe, run.class_names) == (recipe, ("above", "below"))
    np.testing.assert_array_equal(run.mean, small_data.mean)
    images = small_data.test.images.astype("float32")
    np.testing.assert_array_equal(run.model(images), model(images))


def test_the_same_seed_gives_the_same_run_and_another_another(small_data):
    one, two, other = (
        train(small_net(seed=seed), small_data, QUICK, seed=seed, verbose=False).step_losses
        for seed in (3, 3, 4)
    )
    assert one == two
    assert one != other


def test_the_recorded_figures_are_those_of_the_whole_parts(small_data):
    recipe = dataclasses.replace(QUICK, epochs=1)
    model = small_net(recipe)
    history = train(model, small_data, recipe, verbose=False)
    sizes = [10, 10, 10, 10, 4]
    assert history.epochs[0].loss == pytest.approx(np.average(history.step_losses, weights=sizes))
    x = (small_data.test.images - small_data.mean) / recipe.pixel_scale
    logits = model(x.astype("float32"), training=False).numpy()
    right = logits.argmax(axis=1) == small_data.test.labels.argmax(axis=1)
    assert history.epochs[0].test_accuracy == pytest.approx(right.mean())
    loss, accuracy, all_logits = evaluate_pictures(model, small_data.test, small_data.mean, recipe)
    assert loss == pytest.approx(history.epochs[0].test_loss)
    assert accuracy == pytest.approx(right.mean())
    np.testing.assert_allclose(all_logits, logits, rtol=1e-4, atol=1e-5)


def test_a_run_is_the_loop_written_out(small_data):
    """What `train` does besides the steps changes nothing in them."""
    recipe = dataclasses.replace(QUICK, epochs=2)
    history = train(small_net(recipe), small_data, recipe, seed=3, verbose=False)
    model, losses = small_net(recipe), []
    optimizer = Adam(learning_rate_schedule(recipe, 10))
    for images, labels in training_batches(small_data.train, small_data.mean, recipe, seed=3):
        losses.append(float(train_step(model, optimizer, images, labels)[0]))
    np.testing.assert_allclose(history.step_losses, losses, rtol=2e-2, atol=1e-4)


def test_a_run_stops_once_its_loss_is_low_enough(small_data):
    recipe = dataclasses.replace(QUICK, epochs=50, stop_loss=0.5)
    history = train(tiny_net(), small_data, recipe, verbose=False)
    losses = history.column("loss")
    assert len(losses) < 50
    assert losses[-1] < 0.5
    assert min(losses[:-1], default=1) >= 0.5
    assert not history.interrupted


# Ctrl-C


def test_ctrl_c_keeps_the_model_and_the_run_goes_on_as_if_nothing_had_been(
    small_data, tmp_path, monkeypatch
):
    recipe = dataclasses.replace(QUICK, dense_dropout=0.3)  # its random state must go on, too
    whole = train(small_net(recipe), small_data, recipe, tmp_path / "whole", 3, verbose=False)
    press_ctrl_c_at(monkeypatch, 7)
    stopped = train(small_net(recipe), small_data, recipe, tmp_path / "run", 3, verbose=False)
    assert stopped.interrupted
    assert stopped.step_losses == whole.step_losses[:7]
    assert [epoch.step for epoch in stopped.epochs] == [5]
    run = Run(tmp_path / "run")
    assert run.history.interrupted
    assert run.model.output_shape == (None, 2)

    model = small_net(recipe, seed=99)  # whatever it starts from
    resumed = train(model, small_data, recipe, tmp_path / "run", 3, resume=True, verbose=False)
    assert resumed.step_losses == whole.step_losses[7:]
    for name in ("epoch", "step", "loss", "accuracy", "test_loss", "test_accuracy"):
        assert resumed.column(name) == whole.column(name)
    assert not Run(tmp_path / "run").history.interrupted
    for one, other in zip(model.weights, Run(tmp_path / "whole").model.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_ctrl_c_leaves_the_handler_as_it_was(small_data, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    press_ctrl_c_at(monkeypatch, 2)
    assert train(tiny_net(), small_data, QUICK, verbose=False).interrupted
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_breaks_off(small_data, monkeypatch):
    press_ctrl_c_at(monkeypatch, 2, 2)
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in some shells
    try:
        with pytest.raises(KeyboardInterrupt):
            train(tiny_net(), small_data, QUICK, verbose=False)
    finally:
        signal.signal(signal.SIGINT, inherited)


# What is refused


def test_a_loss_that_is_not_finite_stops_the_run_with_what_to_try(small_data, tmp_path):
    recipe = dataclasses.replace(QUICK, learning_rate=3e38)
    with pytest.raises(PetkerasError, match=r"The loss became (nan|inf) at step \d+") as raised:
        train(tiny_net(), small_data, recipe, tmp_path / "run", verbose=False)
    assert "`learning_rate` (it was 3e+38)" in str(raised.value)
    assert '`dtype="float32"`' in str(raised.value)


def test_data_that_do_not_fit_the_model_are_refused(small_data):
    with pytest.raises(PetkerasError, match=r"\(32, 32, 3\).*\(16, 16, 3\) in 2 classes"):
        train(pet_net(image_size=32), small_data, QUICK)
    with pytest.raises(PetkerasError, match=r"returns \(3,\) for each.*in 2 classes"):
        train(pet_net(num_classes=3, image_size=16), small_data, QUICK)


def test_a_folder_with_something_in_it_is_refused(small_data, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PetkerasError, match=r"is not empty\. Choose another `run_dir`"):
        train(small_net(), small_data, QUICK, tmp_path, verbose=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_cannot_be_resumed_is_refused(small_data, tmp_path):
    with pytest.raises(PetkerasError, match="is not a run folder"):
        train(small_net(), small_data, QUICK, tmp_path / "none", resume=True)
    assert not (tmp_path / "none").exists()


def on_disk(pictures, file):
    pictures.images.tofile(file)
    size, count = pictures.images.shape[1], len(pictures)
    return dataclasses.replace(
        pictures, images=MappedImages([file], np.zeros(count, int), np.arange(count), size)
    )


def test_a_step_compiled_by_xla_gives_the_same_losses(small_data, tmp_path, monkeypatch):
    recipe = dataclasses.replace(QUICK, learning_rate=1e-4)
    plain = train(tiny_net(rate=0.0), small_data, recipe, seed=3, verbose=False)
    monkeypatch.setattr(devices, "_xla", True)
    compiled = train(tiny_net(rate=0.0), small_data, recipe, tmp_path / "run", 3, verbose=False)
    np.testing.assert_allclose(compiled.step_losses, plain.step_losses, rtol=1e-4)
    assert Run(tmp_path / "run").config["xla"] is True


def test_pictures_on_disk_give_the_same_run(small_data, tmp_path):
    mapped = dataclasses.replace(small_data, train=on_disk(small_data.train, tmp_path / "images"))
    one, other = (
        train(tiny_net(), data, QUICK, seed=3, verbose=False) for data in (small_data, mapped)
    )
    assert one.step_losses == other.step_losses


def test_pictures_that_vanish_from_the_disk_are_one_line(small_data, tmp_path, monkeypatch):
    file = tmp_path / "images"
    data = dataclasses.replace(small_data, train=on_disk(small_data.train, file))
    after_each_step(monkeypatch, lambda step: file.unlink(missing_ok=True))
    recipe = dataclasses.replace(QUICK, epochs=50)
    with pytest.raises(PetkerasError, match=r"^The decoded pictures in .* are missing") as raised:
        train(tiny_net(), data, recipe, tmp_path / "run", verbose=False)
    assert "\n" not in str(raised.value)


def test_bfloat16_without_its_instructions_is_said_to_be_slow(small_data, monkeypatch, capsys):
    recipe = dataclasses.replace(QUICK, epochs=1)
    for has in (True, False):
        monkeypatch.setattr(devices, "computes_bfloat16", lambda has=has: has)
        train(pet_net(image_size=16, recipe=recipe, dtype="mixed_bfloat16"), small_data, recipe)
        assert ("float32 is much faster" in capsys.readouterr().out) != has


def test_bfloat16_computes_in_bfloat16_and_learns(small_data):
    recipe = dataclasses.replace(QUICK, epochs=6)
    model = pet_net(image_size=16, recipe=recipe, seed=1, dtype="mixed_bfloat16")
    assert model.get_layer("conv1_2").output.dtype == "bfloat16"
    assert model.output.dtype == "float32"
    history = train(model, small_data, recipe, verbose=False)
    assert history.epochs[-1].test_accuracy > 0.8
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}


def test_one_picture_in_the_last_batch_is_enough():
    history = train(tiny_net(), halves_data(21), QUICK, verbose=False)
    assert [epoch.step for epoch in history.epochs] == [3, 6, 9]
    assert tf.math.is_finite(history.step_losses[-1])


def test_a_history_that_lacks_an_epoch_is_not_gone_on_with(small_data, tmp_path):
    recipe = dataclasses.replace(MODERN, epochs=2)
    train(tiny_net(), small_data, recipe, tmp_path / "run", verbose=False)
    file = tmp_path / "run" / "history.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[2])
    recipe = dataclasses.replace(recipe, epochs=3)
    with pytest.raises(PetkerasError, match=r"history\.csv is damaged: it must have the 2 epochs"):
        train(tiny_net(), small_data, recipe, tmp_path / "run", resume=True, verbose=False)


def test_a_film_that_was_removed_is_not_begun_in_its_middle(small_data, tmp_path):
    recipe = dataclasses.replace(MODERN, epochs=1, film_every=2)
    train(tiny_net(), small_data, recipe, tmp_path / "run", verbose=False)
    shutil.rmtree(tmp_path / "run" / "evolution")
    recipe = dataclasses.replace(recipe, epochs=2)
    train(tiny_net(), small_data, recipe, tmp_path / "run", resume=True, verbose=False)
    assert not (tmp_path / "run" / "evolution").exists()
