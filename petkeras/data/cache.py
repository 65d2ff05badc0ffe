"""Decode pictures once and keep them on disk: a folder per class, whole or not at all."""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from petkeras.data.pictures import Problem, decode

VERSION = 2  # to be raised when `decode` or these files change: old ones are not used

IMAGES, ABOUT = "images.raw", "about.npz"  # the files in the folder of a class
_BLOCK = 2**20  # bytes


@dataclass(frozen=True)
class Decoded:
    """Hold what is known of the decoded pictures of a class, in the order of their names.

    Args:
        file: where they are: `(n, image_size, image_size, 3)` uint8, bare, in the order in which
            they came.
        rows: `(n,)` the place of each in the file.
        names: the n file names.
        sizes: `(n, 2)` int32, the width and height that each had, in pixels.
        problems: the files that could not be read.
        checksum: CRC-32 of the file.
    """

    file: Path
    rows: np.ndarray
    names: tuple[str, ...]
    sizes: np.ndarray
    problems: tuple[Problem, ...]
    checksum: int

    def is_whole(self):
        """Tell whether the file has its checksum; all of it is read for that."""
        checksum = 0
        try:
            with open(self.file, "rb") as stream:
                while block := stream.read(_BLOCK):
                    checksum = zlib.crc32(block, checksum)
        except OSError:
            return False
        return checksum == self.checksum


def decode_all(photographs, folders, image_size, half_made: Path):
    """Decode the photographs of some classes to disk; those that cannot be read become problems.

    Each picture is written when it is decoded: no two need be in memory at a time.

    Args:
        photographs: an iterable of `Photograph`, of one class after the other or mixed.
        folders: the folder that is to hold each class, by the class's name. One that is there is
            replaced, once all are decoded.
        image_size: height and width wanted, in pixels.
        half_made: an empty folder on the same disk, for what is not whole yet.

    Returns:
        A `Decoded` per class name.

    Raises:
        OSError: they cannot be written.
    """
    classes = {
        name: _Class(half_made / str(number), image_size) for number, name in enumerate(folders)
    }
    for photograph in photographs:
        classes[photograph.class_name].add(photograph)
    return {name: classes[name].keep(folder) for name, folder in folders.items()}


class _Class:
    """Write the pictures of a class one by one, and in the end what is known of them."""

    def __init__(self, half_made, image_size):
        self.half_made = half_made
        self.image_size = image_size
        self.names, self.sizes, self.problems = [], [], []
        self.checksum = 0
        half_made.mkdir()
        (half_made / IMAGES).touch()

    def add(self, photograph):
        try:
            if photograph.fault:
                raise ValueError(photograph.fault)
            image, size = decode(photograph.data, self.image_size)  # (size, size, 3)
        except ValueError as error:
            self.problems.append(Problem(photograph.name, str(error), "skipped"))
            return
        # Opened for each picture: the files of a thousand classes cannot be open at a time.
        with open(self.half_made / IMAGES, "ab") as stream:
            stream.write(image)
        self.checksum = zlib.crc32(image, self.checksum)
        self.names.append(photograph.name)
        self.sizes.append(size)

    def keep(self, folder):
        """Put everything in its folder at once, and return the `Decoded`."""
        sizes = np.array(self.sizes, np.int32).reshape(-1, 2)
        np.savez(
            self.half_made / ABOUT,
            version=VERSION,
            checksum=self.checksum,
            names=_packed(self.names),
            sizes=sizes,
            problems=_packed([word for p in self.problems for word in (p.file, p.what, p.done)]),
        )
        with open(self.half_made / IMAGES, "rb+") as stream:
            os.fsync(stream.fileno())  # a power cut must not leave holes in it
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.half_made, folder)
        return _sorted(folder / IMAGES, self.names, sizes, self.problems, self.checksum)


def load_decoded(folder: Path, image_size):
    """Return what `decode_all` has put into a folder; `None` if it is missing, damaged or old.

    Of the images only the size of their file is looked at: to read them all takes long where
    there are many. `Decoded.is_whole` does. Nothing is ever unpickled.
    """
    try:
        with open(folder / ABOUT, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if stored["version"] != VERSION:
                return None
            sizes, names = stored["sizes"], _unpacked(stored["names"])
            words = _unpacked(stored["problems"])
            problems = [Problem(*words[i : i + 3]) for i in range(0, len(words), 3)]
            checksum = int(stored["checksum"])
        fits = (
            (sizes.dtype, sizes.shape) == (np.int32, (len(names), 2))
            and (folder / IMAGES).stat().st_size == len(names) * image_size * image_size * 3
        )  # fmt: skip
        return _sorted(folder / IMAGES, names, sizes, problems, checksum) if fits else None
    except Exception:  # missing, or damaged: NumPy trips over that in many ways
        return None


def _sorted(file, names, sizes, problems, checksum):
    """Return a `Decoded`, given the names and sizes in the order in which the pictures came."""
    rows = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    return Decoded(
        file=file,
        rows=rows,
        names=tuple(names[row] for row in rows),
        sizes=sizes[rows],
        problems=tuple(sorted(problems, key=lambda problem: problem.file)),
        checksum=checksum,
    )


def _packed(lines):
    """Return words without line ends as `(bytes,)` uint8: one long word makes no other longer."""
    return np.frombuffer("\n".join(lines).encode(), np.uint8)


def _unpacked(packed):
    """Return the words that `_packed` has packed, as a list."""
    if packed.dtype != np.uint8:
        raise ValueError("no text")
    text = packed.tobytes().decode()
    return text.split("\n") if text else []
