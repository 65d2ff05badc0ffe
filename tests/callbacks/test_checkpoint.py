"""Checkpoints, and runs that were killed: what goes on is what would have been."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data
from tensorboard.compat.proto import event_pb2

from petkeras.callbacks import checkpoint as checkpoints
from petkeras.callbacks.checkpoint import Checkpoints, list_steps
from petkeras.callbacks.tensorboard import TensorBoard
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.runs.folder import claim
from petkeras.runs.run import Run
from petkeras.runs.train import train

# Dropout, augmentation and a schedule: all of them must go on where they were.
RECIPE = dataclasses.replace(
    MODERN, epochs=4, warmup=0, pixel_scale=64.0, film_every=4, checkpoint_every=3
)


def go(run_dir, resume=False, recipe=RECIPE):
    """Train 20 steps in 4 epochs."""
    model = pet_net(image_size=16, recipe=recipe, seed=1)
    return train(model, halves_data(), recipe, run_dir, 3, resume, verbose=False)


def kept(run_dir):
    """Return all that a run leaves that does not depend on the clock, by name."""
    found = {"weights": [w.numpy().tolist() for w in Run(run_dir).model.weights]}
    for name in ("epoch", "step", "loss", "accuracy", "test_loss", "test_accuracy"):
        found[name] = Run(run_dir).history.column(name)
    for file in sorted((run_dir / "evolution").iterdir()):
        found[file.name] = file.read_bytes() if file.suffix == ".json" else _arrays(file)
    for part in ("train", "test"):
        found[part] = [
            (event.step, value.tag, value.tensor.SerializeToString())
            for file in sorted((run_dir / "tensorboard" / part).iterdir())
            for entry in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
            for event in [event_pb2.Event.FromString(entry)]
            for value in event.summary.value
        ]
    return found


def _arrays(file):
    loaded = np.load(file)
    return {k: loaded[k].tolist() for k in loaded} if file.suffix == ".npz" else loaded.tolist()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run that nobody disturbs leaves."""
    run_dir = tmp_path_factory.mktemp("runs") / "whole"
    go(run_dir)
    return kept(run_dir)


# Each kills its own process at the n-th call of a function, as SIGKILL from outside would.
KILLED = """
import os, signal, sys
sys.path[:0] = {tests!r}
import test_checkpoint
import {module} as module
def kill(*arguments, calls=[], **more):
    calls.append(1)
    if len(calls) == {count}:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*arguments, **more)
before = module.{function}
module.{function} = kill
test_checkpoint.go({run_dir!r})
"""


@pytest.mark.parametrize(
    ("module", "function", "count", "left"),
    [
        ("petkeras.training", "Loop.take_step", 3, []),  # before the first checkpoint
        ("petkeras.callbacks.checkpoint", "_sync_to_disk", 3, [3]),  # in the second's middle
        # Some steps after the fourth.
        pytest.param("petkeras.training", "Loop.end_epoch", 3, [9, 12], marks=pytest.mark.slow),
        ("petkeras.runs.train", "save_model", 1, [20]),  # after the last
    ],
)
def test_a_run_that_was_killed_goes_on_as_if_nothing_had_been(
    module, function, count, left, whole, tmp_path
):
    run_dir = tmp_path / "run"
    script = KILLED.format(
        tests=[str(Path(__file__).parent), str(Path(__file__).parent.parent)],
        module=module,
        function=function,
        count=count,
        run_dir=str(run_dir),
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list_steps(run_dir / "checkpoints") == left
    go(run_dir, resume=True)
    for name, value in kept(run_dir).items():
        assert value == whole[name], name
    assert list_steps(run_dir / "checkpoints") == [20]
    assert not list(run_dir.rglob("*incomplete*"))


def test_more_epochs_go_on_where_the_run_had_ended(whole, tmp_path):
    run_dir = tmp_path / "run"
    # Without augmentation, and with one rate, the longer run is the same from its beginning.
    plain = dataclasses.replace(
        RECIPE, schedule="constant", flip=False, shift=0.0, zoom=0.0, rotation=0.0, light=0.0,
        color=0.0, film_every=0,
    )  # fmt: skip
    go(tmp_path / "longer", recipe=plain)
    go(run_dir, recipe=dataclasses.replace(plain, epochs=2))
    assert not Run(run_dir).history.interrupted
    history = go(run_dir, resume=True, recipe=plain)
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4]
    longer = Run(tmp_path / "longer")
    assert history.column("loss") == longer.history.column("loss")
    run = Run(run_dir)
    assert (run.recipe.epochs, run.config["epochs_before"]) == (4, [2])
    for one, other in zip(run.model.weights, longer.model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    again = go(run_dir, resume=True, recipe=plain)  # nothing is left to do
    assert again.epochs == history.epochs
    assert again.step_losses == []


def test_a_run_goes_on_with_what_it_was_begun_with_only(tmp_path):
    run_dir = tmp_path / "run"
    go(run_dir)
    for change, complaint in (
        ({"learning_rate": 0.5}, r"different run: learning_rate is 0\.001 there, not 0\.5"),
        ({"batch_size": 5}, "batch_size is 10 there, not 5"),
        ({"epochs": 3}, "has already trained for 4 epochs, which is more than 3"),
    ):
        with pytest.raises(PetkerasError, match=complaint):
            go(run_dir, resume=True, recipe=dataclasses.replace(RECIPE, **change))
    model = pet_net(image_size=16, recipe=RECIPE, seed=1)
    with pytest.raises(PetkerasError, match="seed is 3 there, not 4"):
        train(model, halves_data(), RECIPE, run_dir, 4, resume=True)
    with pytest.raises(PetkerasError, match="its pictures are different"):
        train(model, halves_data(46), RECIPE, run_dir, 3, resume=True)


def test_without_its_checkpoint_a_run_that_has_ended_does_not_begin_anew(tmp_path):
    run_dir = tmp_path / "run"
    go(run_dir)
    os.rename(run_dir / "checkpoints" / "step_0000020", tmp_path / "elsewhere")
    with pytest.raises(PetkerasError, match="has no checkpoint to resume from"):
        go(run_dir, resume=True)
    assert len(Run(run_dir).history.epochs) == 4


def test_a_second_training_in_one_folder_is_refused(tmp_path):
    refused = pytest.raises(PetkerasError, match=r"Another process is training in .*run\.")
    with claim(tmp_path / "run"), refused:
        go(tmp_path / "run")
    go(tmp_path / "run")  # the first has ended


# Checkpoints by themselves


@pytest.fixture
def counter(tmp_path):
    """A variable, and the checkpoints that keep it."""
    number = tf.Variable(0)
    return number, Checkpoints(tmp_path / "run", number=number)


def test_the_newest_are_kept(counter):
    number, kept = counter
    assert kept.restore() is None
    for step in (5, 10, 15, 20):
        number.assign(step)
        kept.save(step)
    assert list_steps(kept.folder) == [15, 20]
    number.assign(0)
    assert kept.restore() == 20 == int(number)
    kept.save(25, kept=1)
    assert list_steps(kept.folder) == [25]


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_one_is_passed_over(counter, capsys, damage):
    number, kept = counter
    for step in (5, 10):
        number.assign(step)
        kept.save(step)
    data = kept.folder / "step_0000010" / "state.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[0] ^= 255
    {
        "cut": lambda: data.write_bytes(b""),
        "flipped": lambda: data.write_bytes(content),
        "gone": data.unlink,
    }[damage]()
    assert kept.restore() == 5 == int(number)
    assert "step_0000010 is damaged" in capsys.readouterr().out
    kept.save(10)
    assert list_steps(kept.folder) == [5, 10]


def test_a_full_disk_leaves_what_was_there(counter, monkeypatch):
    number, kept = counter
    number.assign(1)
    kept.save(5)

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "_sync_to_disk", full)
    number.assign(2)
    with pytest.raises(PetkerasError) as raised:
        kept.save(10)
    assert "step 10 could not be written" in str(raised.value)
    assert "the disk is full. The checkpoint of step 5 is intact" in str(raised.value)
    assert [place.name for place in kept.folder.iterdir()] == ["step_0000005"]
    assert kept.restore() == 5
    assert int(number) == 1


def test_what_is_of_another_network_is_refused(tmp_path):
    Checkpoints(tmp_path, weights=tf.Variable([1.0, 2.0])).save(5)
    with pytest.raises(PetkerasError, match="step_0000005 belongs to another network"):
        Checkpoints(tmp_path, weights=tf.Variable([1.0, 2.0, 3.0])).restore()
    with pytest.raises(PetkerasError, match="belongs to another network"):
        Checkpoints(tmp_path, others=tf.Variable([1.0, 2.0])).restore()


# What the machine refuses


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk of .*run is full"),
        (
            tf.errors.ResourceExhaustedError(None, None, "events.v2; No space left on device"),
            "The disk of .*run is full",
        ),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
            "Out of memory. Lower `batch_size` or `image_size`",
        ),
        (MemoryError(), "Out of memory"),
    ],
)
def test_a_full_disk_or_memory_is_told_in_a_line(error, said, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(TensorBoard, "write_epoch", fail)
    with pytest.raises(PetkerasError, match=said) as raised:
        go(tmp_path / "run")
    assert "The checkpoint of step 3 is intact" in str(raised.value)
    monkeypatch.undo()
    assert len(go(tmp_path / "run", resume=True).epochs) == 4


def test_other_errors_are_as_they_were(tmp_path, monkeypatch):
    def fail(*_):
        raise FileNotFoundError(errno.ENOENT, "No such file")

    monkeypatch.setattr(TensorBoard, "write_epoch", fail)
    with pytest.raises(FileNotFoundError):
        go(tmp_path / "run")
