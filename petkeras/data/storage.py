"""The data folder: where it is, leftovers in it, and what can go wrong there."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from petkeras.errors import PetkerasError
from petkeras.system.files import local_path
from petkeras.text import one_line, printable

UNFINISHED = "incomplete-"  # prefix of temporary folders, which a killed process leaves behind


def find_data_dir(data_dir=None):
    """Return `data_dir` as a path; see `load_pets` for its default."""
    if data_dir:
        return local_path("data_dir", data_dir)
    return local_path("TFDS_DATA_DIR", os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def remove_unfinished(folder: Path):
    """Remove the temporary folders that a killed process left in a folder."""
    for path in list(folder.glob(f"{UNFINISHED}*")):
        shutil.rmtree(path, ignore_errors=True)


def error_chain(error):
    """Return a list of an exception and its causes."""
    chain = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def is_disk_full(error):
    """Return True if an exception, or one of its causes, reports a full disk."""
    return any(
        getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or type(cause).__name__ == "ResourceExhaustedError"
        or "Not enough disk space" in str(cause)
        for cause in error_chain(error)
    )


def disk_error(error, folder):
    """Return a one-line `PetkerasError` for files that could not be written."""
    if is_disk_full(error):
        reason = "the disk is full. Unfinished files were removed. Free some space, or set"
    else:
        reason = f"{getattr(error, 'strerror', None) or one_line(error)}. Set"
    return PetkerasError(
        f"The pictures could not be saved in {printable(folder)}: {reason} `data_dir` to another "
        "folder."
    )
