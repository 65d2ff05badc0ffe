"""Let one process at a time prepare the same data.

The lock is `filelock`'s, because the operating system releases it when its process is killed and
because without it the cleanup of one process would remove the unfinished files of another.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from petkeras.data.storage import disk_error, is_disk_full
from petkeras.errors import PetkerasError
from petkeras.system.files import leaving_no_empty_folders

QUIET_SECONDS = 3.0  # how long to wait for the lock before saying so
FOLDERS = ("petkeras/pictures", "downloads/oxford_iiit_pet", "oxford_iiit_pet")  # of a data folder


@contextlib.contextmanager
def wait_for_lock(data_dir: Path, key, description):
    """Hold a lock, once no other process holds it.

    Args:
        data_dir: the data folder.
        key: the name of the data in this folder.
        description: names the data in the line printed to stderr when the wait is long.

    Raises:
        OSError: `data_dir` cannot be written to.
    """
    file = data_dir / "petkeras" / f"{key}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    lock = FileLock(file)
    try:
        lock.acquire(timeout=QUIET_SECONDS)
    except Timeout:
        is_new = False  # it is another process's
        if sys.stderr is not None:  # else it would go to standard output
            message = f"Waiting: another process is preparing {description}."
            print(message, file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):  # on Windows, where `release` deletes it
                file.unlink()
        raise
    finally:
        lock.release()


def prepare_once(find, prepare, data_dir: Path, key, description):
    """Return what `find` finds, or else what `prepare` makes, in one process only.

    Args:
        find: returns the data, or `None` if it has yet to be prepared.
        prepare: prepares the data and returns it.
        data_dir, key, description: see `wait_for_lock`. The lock is taken, and anything written,
            only if the data has yet to be prepared.

    Raises:
        PetkerasError: `data_dir` cannot be written to, or the disk is full.
    """
    found = find()
    if found is None:
        try:
            with (
                leaving_no_empty_folders(*(data_dir / folder for folder in FOLDERS)),
                wait_for_lock(data_dir, key, description),
            ):
                found = find()  # another process may have prepared it in the meantime
                if found is None:
                    found = prepare()
        except PetkerasError:
            raise
        except Exception as error:
            if isinstance(error, OSError) or is_disk_full(error):
                raise disk_error(error, data_dir) from error
            raise
    return found
