"""Decode pictures once and keep them on disk, in one folder per class."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from petkeras.data.locks import prepare_once
from petkeras.data.pictures import Problem, decode
from petkeras.data.storage import UNFINISHED, remove_unfinished
from petkeras.system.memory import free_memory

VERSION = 3  # raise it when `decode` or the files below change, so that old ones are not used
IMAGES, ABOUT = "images.raw", "about.npz"  # the files in the folder of a class

MAX_IN_MEMORY = 2 * 2**30  # bytes of pictures; all breeds at 224 x 224 pixels take half of it
_BLOCK = 2**20  # bytes read at a time for the checksum


@dataclass(frozen=True)
class Decoded:
    """Describe the decoded pictures of one class, sorted by name.

    Args:
        file: the raw bytes of `(n, image_size, image_size, 3)` uint8, in the order of decoding.
        rows: `(n,)`, the index of each picture in the file.
        names: the n file names.
        sizes: `(n, 2)` int32, the original width and height in pixels.
        problems: the files that could not be read.
        checksum: CRC-32 of the file.
    """

    file: Path
    rows: np.ndarray
    names: tuple[str, ...]
    sizes: np.ndarray
    problems: tuple[Problem, ...]
    checksum: int

    def is_intact(self):
        """Return True if the file matches its checksum; this reads the whole file."""
        checksum = 0
        try:
            with open(self.file, "rb") as stream:
                while block := stream.read(_BLOCK):
                    checksum = zlib.crc32(block, checksum)
        except OSError:
            return False
        return checksum == self.checksum


def load_or_decode(source, class_names, image_size, data_dir: Path):
    """Return a `Decoded` per class, from the cache in `data_dir` or decoded now.

    Args:
        source: what `petkeras.data.pets.open_source` returns.
        class_names: the classes wanted, in this order.
        image_size: height and width in pixels.
        data_dir: the data folder.

    Raises:
        PetkerasError: the pictures cannot be read, or not be saved.
    """
    cache = data_dir / "petkeras" / "pictures"
    folders = {name: cache / f"{source.class_key(name)}-{image_size}" for name in class_names}
    classes = {}

    def find():
        classes.update(_load_classes(folders, image_size))
        return None if None in classes.values() else classes

    def prepare():
        missing = {name: folders[name] for name in class_names if classes[name] is None}
        cache.mkdir(parents=True, exist_ok=True)
        remove_unfinished(cache)
        with tempfile.TemporaryDirectory(dir=cache, prefix=UNFINISHED) as temporary:
            photographs = source.photographs(list(missing))
            return classes | decode_all(photographs, missing, image_size, Path(temporary))

    found = prepare_once(find, prepare, data_dir, "decoding", "the same pictures")
    return [found[name] for name in class_names]


def fit_in_memory(classes, image_size):
    """Return True if the pictures leave most of the memory to training."""
    needed = sum(len(decoded.names) for decoded in classes) * image_size * image_size * 3
    free = free_memory()
    return needed <= MAX_IN_MEMORY and (free is None or needed <= free / 4)


def _load_classes(folders, image_size):
    """Return a `Decoded` by class name, `None` where it is missing or damaged.

    Checksums are verified only if the pictures fit in memory: large ones are not read for that.
    """
    classes = {name: load_decoded(folder, image_size) for name, folder in folders.items()}
    if fit_in_memory([decoded for decoded in classes.values() if decoded], image_size):
        damaged = [name for name, decoded in classes.items() if decoded and not decoded.is_intact()]
        classes |= dict.fromkeys(damaged)
    return classes


def decode_all(photographs, folders, image_size, temporary: Path):
    """Decode the photographs of some classes to disk, one at a time.

    Args:
        photographs: an iterable of `Photograph`, in any order of classes. Those that cannot be
            read become problems.
        folders: the target folder of each class, by class name. An existing one is replaced, once
            all photographs are decoded.
        image_size: height and width in pixels.
        temporary: an empty folder on the same disk, for unfinished files.

    Returns:
        A dictionary of `Decoded` by class name.

    Raises:
        OSError: the pictures cannot be written.
    """
    writers = {
        name: _ClassWriter(temporary / str(number), image_size)
        for number, name in enumerate(folders)
    }
    for photograph in photographs:
        writers[photograph.class_name].add(photograph)
    return {name: writers[name].save(folder) for name, folder in folders.items()}


class _ClassWriter:
    """Write the pictures of a class one by one, and finally their description."""

    def __init__(self, temporary, image_size):
        self.temporary = temporary
        self.image_size = image_size
        self.names, self.sizes, self.problems = [], [], []
        self.checksum = 0
        temporary.mkdir()
        (temporary / IMAGES).touch()

    def add(self, photograph):
        try:
            if photograph.fault:
                raise ValueError(photograph.fault)
            image, size = decode(photograph.data, self.image_size)  # (size, size, 3)
        except ValueError as error:
            self.problems.append(Problem(photograph.name, str(error), "skipped"))
            return
        # Opened for each picture, as a process cannot hold the files of a thousand classes open.
        with open(self.temporary / IMAGES, "ab") as stream:
            stream.write(image)
        self.checksum = zlib.crc32(image, self.checksum)
        self.names.append(photograph.name)
        self.sizes.append(size)

    def save(self, folder):
        """Move everything to its folder atomically and return the `Decoded`."""
        sizes = np.array(self.sizes, np.int32).reshape(-1, 2)
        problems = [text for p in self.problems for text in (p.file, p.what, p.done)]
        np.savez(
            self.temporary / ABOUT,
            version=VERSION,
            checksum=self.checksum,
            names=_pack(self.names),
            sizes=sizes,
            problems=_pack(problems),
        )
        with open(self.temporary / IMAGES, "rb+") as stream:
            os.fsync(stream.fileno())  # so that a power failure cannot leave holes in it
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.temporary, folder)
        return _sorted(folder / IMAGES, self.names, sizes, self.problems, self.checksum)


def load_decoded(folder: Path, image_size):
    """Return the `Decoded` in a folder, `None` if it is missing, damaged or outdated.

    Of the images, only the file size is checked, because reading many takes long;
    `Decoded.is_intact` checks the rest. Nothing is ever unpickled.
    """
    try:
        with open(folder / ABOUT, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if stored["version"] != VERSION:
                return None
            sizes, names = stored["sizes"], _unpack(stored["names"])
            texts = _unpack(stored["problems"])
            problems = [Problem(*texts[i : i + 3]) for i in range(0, len(texts), 3)]
            checksum = int(stored["checksum"])
        fits = (
            (sizes.dtype, sizes.shape) == (np.int32, (len(names), 2))
            and (folder / IMAGES).stat().st_size == len(names) * image_size * image_size * 3
        )  # fmt: skip
        return _sorted(folder / IMAGES, names, sizes, problems, checksum) if fits else None
    except Exception:  # missing or damaged; NumPy raises many kinds of exception for damage
        return None


def _sorted(file, names, sizes, problems, checksum):
    """Return a `Decoded`, given names and sizes in the order of the file."""
    rows = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    return Decoded(
        file=file,
        rows=rows,
        names=tuple(names[row] for row in rows),
        sizes=sizes[rows],
        problems=tuple(sorted(problems, key=lambda problem: problem.file)),
        checksum=checksum,
    )


def _pack(lines):
    """Return lines as `(bytes,)` uint8, because NumPy pads text to the longest."""
    return np.frombuffer("\n".join(lines).encode(), np.uint8)


def _unpack(packed):
    """Return the list of lines in a `_pack`ed array."""
    if packed.dtype != np.uint8:
        raise ValueError("not packed text")
    text = packed.tobytes().decode()
    return text.split("\n") if text else []
