"""Make a run folder, hold it while training, and go on with one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import filelock

from petkeras.errors import PetkerasError
from petkeras.runs.config import write_config

LOCK = "lock"  # a file in the run folder, held by the process that trains there


def is_run(run_dir):
    """Tell whether a folder is a run folder."""
    return (Path(run_dir) / "config.json").is_file()


def check_is_run(run_dir):
    """Raise a PetkerasError if a folder is not a run folder."""
    if not is_run(run_dir):
        raise PetkerasError(
            f"{run_dir} is not a run folder: it has no config.json. "
            "'petkeras train --run-dir FOLDER' makes one."
        )


def check_free(run_dir):
    """Raise a PetkerasError if a run folder cannot be made because something is there."""
    run_dir = Path(run_dir)
    if run_dir.is_dir() and all(entry.name == LOCK for entry in run_dir.iterdir()):
        return
    if os.path.lexists(run_dir):
        resume = f", or go on with '--resume {run_dir}'" if is_run(run_dir) else ""
        what = "is not empty" if run_dir.is_dir() else "is no folder"
        raise PetkerasError(f"{run_dir} {what}. Name another '--run-dir'{resume}.")


@contextmanager
def claim(run_dir):
    """Make a run folder if there is none, and keep other trainings out of it for the while.

    Raises:
        PetkerasError: a training is at work there, or the folder cannot be made.
    """
    run_dir = Path(run_dir)
    lock = filelock.FileLock(run_dir / LOCK)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise PetkerasError(
            f"Another training is at work in {run_dir}. Wait for its end, or name another "
            "'--run-dir'."
        ) from None
    except FileExistsError:
        raise PetkerasError(f"{run_dir} is no folder. Name another '--run-dir'.") from None
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()


def start_run(run_dir, config):
    """Make what is in a run folder, and write its `config.json`.

    Raises:
        PetkerasError: the folder holds something already, or cannot be made.
    """
    check_free(run_dir)
    run_dir = Path(run_dir)
    try:
        for name in ("checkpoints", "figures", "tensorboard/train", "tensorboard/test"):
            (run_dir / name).mkdir(parents=True)
        write_config(run_dir, config)
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
