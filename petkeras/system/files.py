"""Read files that may be a stranger's: nothing in them is run, nothing is unpickled."""

from __future__ import annotations

import json

import numpy as np

from petkeras.errors import PetkerasError
from petkeras.text import one_line

MOST_JSON = 2**22  # bytes of a file of JSON, or of a network's description; ours have thousands


def read_json(file):
    """Return what a file of JSON holds.

    Raises:
        ValueError: it is too long, nested too deeply, no JSON, or has numbers that JSON has not.
        OSError: it cannot be read.
    """
    if _no_pipe(file).stat().st_size > MOST_JSON:
        raise ValueError(f"it is longer than {MOST_JSON} bytes")
    return parse_json(file.read_bytes())


def _no_pipe(file):
    """Refuse what is there and is no file: a pipe would be waited for for ever."""
    if file.exists() and not file.is_file():
        raise ValueError("it is no file")
    return file


def parse_json(text):
    def refuse(word):
        raise ValueError(f"{word} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_array(file, shape, dtype):
    """Return the array in an `.npy` file.

    Args:
        file: its path.
        shape: what its shape must be, `None` for a side of any length.
        dtype: what its dtype must be.

    Raises:
        PetkerasError: it is damaged, holds something else, or numbers that are not finite.
    """
    try:
        array = np.load(_no_pipe(file), allow_pickle=False)
    except Exception as error:  # NumPy trips over damage in more ways than it documents
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
    """Return those arrays in an `.npz` file whose names `wanted` says yes to, by name.

    Raises:
        PetkerasError: it is missing or damaged.
    """
    try:
        with np.load(_no_pipe(file), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files if wanted(name)}
    except Exception as error:  # NumPy trips over damage in more ways than it documents
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
