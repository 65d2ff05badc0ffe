"""Create a run folder, and lock it while training."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import filelock

from petkeras.errors import PetkerasError
from petkeras.runs.config import write_config

LOCK = "lock"  # a file in the run folder, locked by the process that trains there


def is_run(run_dir):
    """Return True if a folder is a run folder."""
    return (Path(run_dir) / "config.json").is_file()


def check_is_run(run_dir):
    """Raise a PetkerasError if a folder is not a run folder."""
    if not is_run(run_dir):
        raise PetkerasError(
            f"{run_dir} is not a run folder: it has no config.json. "
            "`pk.train(..., run_dir=FOLDER)` makes one."
        )


def check_free(run_dir):
    """Raise a PetkerasError if a run folder cannot be created because its path is taken."""
    run_dir = Path(run_dir)
    if run_dir.is_dir() and all(entry.name == LOCK for entry in run_dir.iterdir()):
        return
    if os.path.lexists(run_dir):
        what = "is not empty" if run_dir.is_dir() else "is not a folder"
        resume = ""
        if is_run(run_dir):
            call = f"pk.train(..., run_dir={str(run_dir)!r}, resume=True)"
            resume = f", or resume that run: `{call}`"
        raise PetkerasError(f"{run_dir} {what}. Choose another `run_dir`{resume}.")


@contextmanager
def claim(run_dir):
    """Create a run folder if there is none, and lock it against other processes in the block.

    Raises:
        PetkerasError: another process is training there, or the folder cannot be created.
    """
    run_dir = Path(run_dir)
    lock = filelock.FileLock(run_dir / LOCK)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise PetkerasError(
            f"Another process is training in {run_dir}. Wait until it finishes, or choose another "
            "`run_dir`."
        ) from None
    except FileExistsError:
        raise PetkerasError(f"{run_dir} is not a folder. Choose another `run_dir`.") from None
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()


def start_run(run_dir, config):
    """Create a run folder's subfolders, and write its `config.json`.

    Raises:
        PetkerasError: the folder is not empty, or cannot be written.
    """
    check_free(run_dir)
    run_dir = Path(run_dir)
    try:
        for name in ("checkpoints", "figures", "tensorboard/train", "tensorboard/test"):
            (run_dir / name).mkdir(parents=True)
        write_config(run_dir, config)
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
