"""A run folder is claimed, and is removed if its run never begins."""

import os
import types

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.recipes import MODERN
from petkeras.runs.config import read_config
from petkeras.runs.folder import check_free, claim, is_run
from petkeras.runs.run import read_photograph


class Crash(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise ZeroDivisionError


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise ZeroDivisionError


@pytest.fixture
def train(small_data):
    """Train for an epoch in a run folder."""
    recipe = pk.Recipe(**{**vars(MODERN), "epochs": 1, "film_every": 0})

    def run(run_dir, data=small_data, **arguments):
        model = pk.pet_net(image_size=16, recipe=recipe, seed=0)
        return pk.train(model, data, recipe, run_dir, verbose=False, **arguments)

    return run


def test_a_run_that_fails_before_its_first_step_leaves_nothing(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError):
        train("new/runs/mine", callbacks=[Crash()])
    assert os.listdir() == []


def test_a_run_that_fails_after_a_step_is_kept(train, tmp_path):
    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "run", callbacks=[Stop()])
    assert is_run(tmp_path / "run")


def test_what_was_in_the_folder_before_stays(tmp_path):
    def fail(loop):
        with claim(tmp_path / "run", loop):
            (tmp_path / "run" / "config.json").write_text("{}")
            (tmp_path / "run" / "tensorboard").mkdir()
            raise ZeroDivisionError

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(ZeroDivisionError):
        fail(types.SimpleNamespace(steps_done=0))
    assert os.listdir(tmp_path / "run") == ["notes.txt"]
    with pytest.raises(ZeroDivisionError):
        fail(types.SimpleNamespace(steps_done=1))
    assert set(os.listdir(tmp_path / "run")) >= {"notes.txt", "config.json", "tensorboard"}


def test_an_empty_folder_of_the_user_stays(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(ZeroDivisionError), claim(tmp_path / "run"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path / "run") == []


def test_a_tilde_is_the_home_folder_and_numpys_numbers_are_numbers(
    train, small_data, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    film = pk.Film({"conv1_1": np.arange(2)})
    train("~/runs/mine", seed=np.int64(3), film=film)
    config, _ = read_config(tmp_path / "runs" / "mine" / "config.json")
    assert (config["seed"], config["film"]) == (3, {"conv1_1": [0, 1]})
    assert pk.Run("~/runs/mine").run_dir == tmp_path / "runs" / "mine"
    with pytest.raises(PetkerasError, match="is not empty"):
        check_free("~/runs/mine")


@pytest.mark.parametrize("seed", [1.5, "3", None, 2**31, np.float32(3)])
def test_a_seed_that_no_run_folder_can_record_is_refused(train, tmp_path, seed):
    with pytest.raises(PetkerasError, match=r"`seed` must be an integer from .* Received: seed="):
        train(tmp_path / "run", seed=seed)
    assert os.listdir(tmp_path) == []


def test_a_url_is_no_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (is_run, check_free, pk.Run, lambda run_dir: claim(run_dir).__enter__()):
        with pytest.raises(PetkerasError, match="`run_dir` must be a path on this machine, not a"):
            use("gs://bucket/run")
    assert os.listdir() == []


def test_a_url_is_no_photograph():
    with pytest.raises(PetkerasError, match=r"^`file` must be a path on this machine, not a URL"):
        read_photograph("https://example.org/cat.jpg", 16)
