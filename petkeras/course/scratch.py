"""A folder for runs that nobody asked to keep: it is deleted when Python ends."""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "petkeras-scratch-"
NAME = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")  # of a folder that was made here; no other is deleted
_mine: dict[int, tuple[Path, FileLock]] = {}  # by process: a forked one gets its own


def scratch():
    """Return a new, empty folder that is deleted when Python, or the notebook's kernel, ends.

    It lies in the operating system's folder for temporary files. What a killed kernel left there
    is deleted by the next call. To keep a run, give it a folder of your own.

    Returns:
        A `pathlib.Path`, another one for each call, so that a cell can be run again.

    Example:

    >>> import petkeras as pk
    >>> run_dir = pk.course.scratch()
    >>> list(run_dir.iterdir())
    []
    """
    process = os.getpid()
    if process not in _mine:
        home = Path(tempfile.gettempdir())
        _delete_abandoned(home)
        folder = home / f"{PREFIX}{secrets.token_hex(8)}"
        lock = FileLock(_lock_file(folder))
        lock.acquire()  # first, so that no other process ever finds the folder without its lock
        _mine[process] = folder, lock
        atexit.register(_delete_own, process)
    folder = _mine[process][0]
    folder.mkdir(mode=0o700, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=folder))


def _lock_file(folder):
    return folder.with_suffix(".lock")


def _delete_own(process):
    if os.getpid() == process and process in _mine:
        _delete(*_mine.pop(process))


def _delete_abandoned(home):
    """Delete this user's folders whose processes have ended without deleting them."""
    for folder in home.glob(f"{PREFIX}*"):
        try:
            if not _is_ours(folder):
                continue
            lock = FileLock(_lock_file(folder))
            lock.acquire(timeout=0)
        except (OSError, Timeout):  # it is in use, or has just been deleted
            continue
        _delete(folder, lock)


def _is_ours(folder):
    """Return True if this user's `scratch` made the folder, and it is not a link to another."""
    if not NAME.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _delete(folder, lock):
    if _is_ours(folder):
        shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    _lock_file(folder).unlink(missing_ok=True)
