"""Create a run folder, and lock it while training."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress

import filelock

from petkeras.errors import PetkerasError
from petkeras.runs.config import write_config
from petkeras.system.files import leaving_no_empty_folders, local_path

LOCK = "lock"  # a file in the run folder, locked by the process that trains there


def is_run(run_dir):
    """Return True if a folder is a run folder."""
    return (local_path("run_dir", run_dir) / "config.json").is_file()


def check_is_run(run_dir):
    """Raise a PetkerasError if a folder is not a run folder."""
    if not is_run(run_dir):
        raise PetkerasError(
            f"{run_dir} is not a run folder: it has no config.json. "
            "`pk.train(..., run_dir=FOLDER)` makes one."
        )


def check_free(run_dir):
    """Raise a PetkerasError if a run folder cannot be created because its path is taken."""
    run_dir = local_path("run_dir", run_dir)
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
def claim(run_dir, loop=None):
    """Create a run folder if there is none, and lock it against other processes in the block.

    If the block fails before the loop has taken a step, whatever it wrote into the folder is
    removed, and so are the folder and its parents if they are new.

    Args:
        run_dir: the folder.
        loop: the `Loop` that trains in the block, or `None`.

    Raises:
        PetkerasError: another process is training there, or the folder cannot be created.
    """
    run_dir = local_path("run_dir", run_dir)
    lock = filelock.FileLock(run_dir / LOCK)
    with leaving_no_empty_folders(run_dir):
        kept = {run_dir / LOCK} if os.path.lexists(run_dir / LOCK) else set()
        try:
            run_dir.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise PetkerasError(
                f"Another process is training in {run_dir}. Wait until it finishes, or choose "
                "another `run_dir`."
            ) from None
        except FileExistsError:
            raise PetkerasError(f"{run_dir} is not a folder. Choose another `run_dir`.") from None
        except OSError as error:
            raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
        kept.update(path for path in run_dir.iterdir() if path.name != LOCK)
        try:
            yield
        except BaseException:
            if loop is None or loop.steps_done == 0:
                _remove_all_but(kept, run_dir)
            raise
        finally:
            lock.release()


def _remove_all_but(kept, folder):
    for path in set(folder.iterdir()) - kept:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):  # Windows deletes the lock when it is released
                path.unlink()


def start_run(run_dir, config):
    """Create a run folder's subfolders, and write its `config.json`.

    Raises:
        PetkerasError: the folder is not empty, or cannot be written.
    """
    check_free(run_dir)
    run_dir = local_path("run_dir", run_dir)
    try:
        for name in ("checkpoints", "figures", "tensorboard/train", "tensorboard/test"):
            (run_dir / name).mkdir(parents=True)
        write_config(run_dir, config)
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
