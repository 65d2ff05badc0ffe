"""Save a network into its run folder, atomically and without copying its weights."""

from __future__ import annotations

import errno
import os
import re
import shutil
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import keras
import numpy as np

from petkeras.runs.precision import computing_in_float32
from petkeras.system.files import written_atomically


def save_model(run_dir, model, mean):
    """Write `model.keras` and `mean.npy`, each atomically.

    Layers in mixed precision are saved to compute in float32, as their weights are float32.

    Raises:
        OSError: the disk is full or not writable.
    """
    run_dir = Path(run_dir)
    parts = run_dir / "incomplete"
    shutil.rmtree(parts, ignore_errors=True)  # left by a process that died
    _check_space(run_dir, 2 * 4 * model.count_params())  # bytes: the parts and the archive
    try:
        with written_atomically(run_dir / "model.keras") as file:
            # Keras would assemble a .keras file in memory, but it writes the parts to disk.
            with weights_in_place(model), computing_in_float32(model):
                keras.saving.save_model(model, parts, zipped=False)
            with zipfile.ZipFile(file, "w") as archive:
                for part in filter(Path.is_file, parts.iterdir()):
                    archive.write(part, part.name)
    except RuntimeError as error:  # h5py raises this when it closes a file that it could not write
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(run_dir)) from None
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    with written_atomically(run_dir / "mean.npy") as file:
        np.save(file, np.asarray(mean, np.float32))


def _check_space(folder, needed):
    """Raise an `OSError` if the disk is too full: h5py would notice only later, and might crash."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


@contextmanager
def weights_in_place(model):
    """Make Keras save a model in the block without copying each weight twice.

    For `fc1` the copies would take 822 MB.
    """
    layers = [layer for layer in model._flatten_layers() if layer is not model]
    for layer in layers:
        layer.save_own_variables = partial(_save_in_place, layer.save_own_variables)
    try:
        yield
    finally:
        for layer in layers:
            del layer.save_own_variables  # the class's own method is used again


def _save_in_place(save_own_variables, store):
    own = {}
    save_own_variables(own)
    for name, weight in own.items():
        store[name] = InPlace(weight) if isinstance(weight, keras.Variable) else weight


class InPlace:
    """A weight that NumPy reads without copying it, even by `np.array`."""

    def __init__(self, weight):
        self.weight = weight

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.weight.value.read_value(), dtype)
