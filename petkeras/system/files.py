"""Write files atomically, and read files that may be a stranger's without running anything."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from petkeras.errors import PetkerasError
from petkeras.text import one_line

MAX_JSON = 2**22  # bytes of a JSON file, or of a network's description; ours have thousands


@contextmanager
def written_atomically(file):
    """Yield a path to write to; it replaces `file` when the block ends without an error.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from petkeras.system.files import written_atomically
    >>> file = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with written_atomically(file) as partial:
    ...     _ = partial.write_text("all of it")
    >>> file.read_text()
    'all of it'
    """
    file = Path(file)
    partial = file.with_name(f"incomplete{file.suffix}")
    try:
        yield partial
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def read_json(file):
    """Return what a JSON file holds.

    Raises:
        ValueError: it is too long, nested too deeply, not JSON, or has numbers that JSON lacks.
        OSError: it cannot be read.
    """
    if _no_pipe(file).stat().st_size > MAX_JSON:
        raise ValueError(f"it is longer than {MAX_JSON} bytes")
    return parse_json(file.read_bytes())


def _no_pipe(file):
    """Refuse anything but a file: reading from a pipe would wait forever."""
    if file.exists() and not file.is_file():
        raise ValueError("it is not a file")
    return file


def parse_json(text):
    """Return what a JSON text holds; raise a ValueError if it is none, or nested too deeply."""

    def refuse(word):
        raise ValueError(f"{word} is not a number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_array(file, shape, dtype):
    """Return the array in an `.npy` file.

    Args:
        file: its path.
        shape: the shape that it must have, `None` for an axis of any length.
        dtype: the dtype that it must have.

    Raises:
        PetkerasError: it is damaged, holds something else, or holds numbers that are not finite.
    """
    try:
        array = np.load(_no_pipe(file), allow_pickle=False)
    except Exception as error:  # damaged files raise more than NumPy documents
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
    there = getattr(array, "shape", ())
    fits = len(there) == len(shape) and all(map(_fits, there, shape)) and array.dtype == dtype
    if not fits or not np.isfinite(array).all():
        raise PetkerasError(
            f"{file} is damaged: it must hold finite numbers, {shape} {np.dtype(dtype)}."
        )
    return array


def _fits(side, wanted):
    return wanted is None or side == wanted


def read_arrays(file, wanted):
    """Return the arrays of an `.npz` file whose names `wanted` accepts, by name.

    Raises:
        PetkerasError: it is missing or damaged.
    """
    try:
        with np.load(_no_pipe(file), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files if wanted(name)}
    except Exception as error:  # damaged files raise more than NumPy documents
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
