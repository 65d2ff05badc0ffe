"""How a network is saved: atomically, and without copies of its weights."""

import dataclasses
import errno
import os
import shutil

import keras
import numpy as np
import pytest

from petkeras import layers
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.runs.loading import load_model
from petkeras.runs.saving import save_model, weights_in_place

RECIPE = dataclasses.replace(MODERN, epochs=1)


@pytest.fixture
def run_dir(tmp_path):
    """A folder with a saved model."""
    save_model(tmp_path, pet_net(image_size=16, recipe=RECIPE, seed=1), np.zeros((16, 16, 3)))
    return tmp_path


def test_what_was_saved_is_loaded_bit_for_bit(tmp_path):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization()(layers.Conv2D(2, 3)(inputs))
    inner = keras.Sequential([keras.Input((128,)), layers.Dense(3), keras.layers.Dense(2)])
    model = keras.Model(inputs, inner(layers.Flatten()(x)))
    save_model(tmp_path, model, np.ones((8, 8, 3)))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mean.npy", "model.keras"]
    for loaded in (
        load_model(tmp_path / "model.keras"),
        keras.saving.load_model(tmp_path / "model.keras"),
    ):
        for mine, stored in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, stored)
    np.testing.assert_array_equal(np.load(tmp_path / "mean.npy"), np.ones((8, 8, 3), np.float32))


def test_a_saved_weight_is_not_copied_before_it_is_written():
    layer, store = layers.Dense(3), {}
    model = keras.Sequential([keras.Input((4,)), layer])
    with weights_in_place(model):
        layer.save_own_variables(store)
    assert list(store) == ["0", "1"]  # the kernel, the bias
    handed = np.array(store["0"])  # as Keras takes it
    assert np.shares_memory(handed, layer.kernel.value.read_value())
    np.testing.assert_array_equal(handed, layer.kernel)
    assert "save_own_variables" not in vars(layer)


# A model that cannot be written


def test_a_full_disk_is_known_before_a_model_is_written(run_dir, monkeypatch):
    before, old = sorted(run_dir.iterdir()), (run_dir / "model.keras").read_bytes()
    model = pet_net(image_size=16, recipe=RECIPE, seed=2)
    usage = shutil.disk_usage(run_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * len(old) // 3))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        save_model(run_dir, model, np.zeros(3))
    assert sorted(run_dir.iterdir()) == before
    assert (run_dir / "model.keras").read_bytes() == old


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Can't decrement id ref count (file write failed: errno = 28, ...)", OSError),
        ("another matter", RuntimeError),
    ],
)
def test_h5py_cannot_write_the_model(run_dir, monkeypatch, said, error):
    def fail(_, folder, **__):
        folder.mkdir()
        raise RuntimeError(said)

    before = sorted(run_dir.iterdir())
    monkeypatch.setattr(keras.saving, "save_model", fail)
    with pytest.raises(error) as raised:
        save_model(run_dir, pet_net(image_size=16, recipe=RECIPE), np.zeros(3))
    assert getattr(raised.value, "errno", errno.ENOSPC) == errno.ENOSPC
    assert sorted(run_dir.iterdir()) == before


def test_a_model_file_that_cannot_be_written_leaves_the_last_one(run_dir):
    resource = pytest.importorskip("resource")
    before, old = sorted(run_dir.iterdir()), (run_dir / "model.keras").read_bytes()
    model = pet_net(image_size=16, recipe=RECIPE, seed=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # less than its config.json
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            save_model(run_dir, model, np.zeros(3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(run_dir.iterdir()) == before
    assert (run_dir / "model.keras").read_bytes() == old
