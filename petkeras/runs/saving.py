"""Save a network into its run folder, atomically and without copies of its weights."""

from __future__ import annotations

import errno
import os
import re
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np


def save_model(run_dir, model, mean):
    """Write `model.keras` and `mean.npy`, each whole or not at all."""
    run_dir = Path(run_dir)
    parts, half_made = run_dir / "incomplete", run_dir / "incomplete.keras"
    shutil.rmtree(parts, ignore_errors=True)  # of a process that died
    half_made.unlink(missing_ok=True)
    _check_room(run_dir, 2 * 4 * model.count_params())  # bytes: its parts, and the file of them
    try:
        # Keras would put a .keras file together in memory; its parts it writes to the disk.
        keras.saving.save_model(model, parts, zipped=False)
        with zipfile.ZipFile(half_made, "w") as archive:
            for file in filter(Path.is_file, parts.iterdir()):
                archive.write(file, file.name)
        os.replace(half_made, run_dir / "model.keras")
    except RuntimeError as error:  # of h5py, as it closes a file that it could not write
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(half_made)) from None
    finally:
        shutil.rmtree(parts, ignore_errors=True)
        half_made.unlink(missing_ok=True)
    np.save(run_dir / "incomplete.npy", np.asarray(mean, np.float32))
    os.replace(run_dir / "incomplete.npy", run_dir / "mean.npy")


def _check_room(folder, needed):
    """Raise an `OSError` where the disk is full: h5py, which finds out later, may crash of it."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
