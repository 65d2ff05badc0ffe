"""Find paths, write files atomically, and read untrusted files without running code in them."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from petkeras.errors import PetkerasError
from petkeras.text import one_line

MAX_JSON = 2**22  # bytes of a JSON file or a network's description; ours take kilobytes
URL = re.compile(r"[A-Za-z][\w+.-]+:/")  # "C:/" is a drive


def local_path(argument, path):
    """Return a path on this machine's disk, with its `~` replaced by the home folder.

    Args:
        argument: the name of the argument that holds the path, for messages.
        path: a string or an `os.PathLike`.

    Raises:
        PetkerasError: it is a URL or not a path, or begins with the home folder of an unknown user.

    Example:

    >>> from petkeras.system.files import local_path
    >>> local_path("run_dir", "gs://bucket/run")
    Traceback (most recent call last):
    petkeras.errors.PetkerasError: `run_dir` must be a path on this machine, not a URL. \
Received: run_dir='gs://bucket/run'
    """
    received = f"Received: {argument}='{one_line(path, 300)}'"
    if URL.match(str(path)):
        raise PetkerasError(f"`{argument}` must be a path on this machine, not a URL. {received}")
    try:
        return Path(path).expanduser()
    except TypeError:
        raise PetkerasError(f"`{argument}` must be a path. {received}") from None
    except RuntimeError:
        raise PetkerasError(
            f"`{argument}` starts with the home folder of an unknown user. {received}"
        ) from None


@contextmanager
def leaving_no_empty_folders(*folders):
    """If the block fails, remove those of the folders and their parents that it left empty.

    Folders that were there before the block stay.
    """
    paths = {path for folder in folders for path in (folder, *folder.parents)}
    new = [path for path in paths if not os.path.lexists(path)]
    try:
        yield
    except BaseException:
        for path in sorted(new, reverse=True):  # a folder comes before its parents
            with suppress(OSError):  # it is not empty, or was never made
                path.rmdir()
        raise


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


def to_json(value, indent=None):
    """Return a value as JSON text; NumPy's numbers and arrays become numbers and lists.

    Example:

    >>> import numpy as np
    >>> from petkeras.system.files import to_json
    >>> to_json({"seed": np.int64(3), "filters": np.array([0, 5])})
    '{"seed": 3, "filters": [0, 5]}'
    """

    def plain(value):
        if isinstance(value, np.generic | np.ndarray):
            return value.tolist()
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")

    return json.dumps(value, indent=indent, default=plain)


def read_json(file):
    """Return the contents of a JSON file.

    Raises:
        ValueError: the file is too long, nested too deeply, or not JSON; NaN is not JSON either.
        OSError: the file cannot be read.
    """
    if _no_pipe(file).stat().st_size > MAX_JSON:
        raise ValueError(f"it is longer than {MAX_JSON} bytes")
    return parse_json(file.read_bytes())


def fault(error):
    """Return in a line what is wrong with a file, without its path, which `OSError` repeats."""
    return one_line(getattr(error, "strerror", None) or error)


def _no_pipe(file):
    """Return `file`, or raise a ValueError if it is not a file: a pipe could block forever."""
    if file.exists() and not file.is_file():
        raise ValueError("it is not a file")
    return file


def parse_json(text):
    """Return the value of a JSON text; raise a ValueError if it is invalid or nested too deeply."""

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
        PetkerasError: the file is damaged, or its array is not finite or not as described.
    """
    try:
        array = np.load(_no_pipe(file), allow_pickle=False)
    except Exception as error:  # damaged files raise more than NumPy documents
        raise PetkerasError(f"{file} is damaged: {fault(error)}.") from None
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
    """Return a dict of the arrays in an `.npz` file whose names `wanted` accepts.

    Raises:
        PetkerasError: the file is missing or damaged.
    """
    try:
        # NumPy leaves a truncated file open if it opens the file itself.
        with (
            open(_no_pipe(file), "rb") as stream,
            np.load(stream, allow_pickle=False) as kept,
        ):
            return {name: kept[name] for name in kept.files if wanted(name)}
    except Exception as error:  # damaged files raise more than NumPy documents
        raise PetkerasError(f"{file} is damaged: {fault(error)}.") from None
