"""Processes that prepare the same data take turns."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE = 3.0  # seconds of waiting before it is said


@contextlib.contextmanager
def turn(data_dir: Path, key, what):
    """Wait until no other process prepares the same thing, and keep the others waiting.

    The operating system keeps the turn: whoever crashes gives it back.

    Args:
        data_dir: where the thing is kept.
        key: its name there.
        what: its name in the line that is printed, to stderr, where the wait is long.

    Raises:
        OSError: `data_dir` cannot be written to.
    """
    file = data_dir / "petkeras" / f"{key}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        print(f"Waiting: another process is preparing {what}.", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
