"""Shared by the tests of bad input: good pictures, and functions that make bad ones."""

import io
import struct
import tarfile
import zlib

from conftest import picture_bytes
from PIL import Image

from petkeras.data import archives, pictures
from petkeras.data.pets import load_pets

GOOD = picture_bytes(0)


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def upright(mode="RGB"):
    picture = Image.new(mode, (16, 8), "black")
    picture.paste("white", (0, 0, 8, 8))
    return picture


def png(width, height, *chunks, depth=8, color=0):
    """Return a PNG of these chunks, (kind, bytes) each, whatever its header claims."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (header, *chunks, (b"IEND", b""))
    )


PIXEL = (b"IDAT", zlib.compress(b"\0\xff"))  # of a gray PNG


def with_two_classes(work):
    """Make a folder of two classes, "cat" and "dog", of four good pictures each."""
    root = work / "own"
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(4):
            (root / name / f"good{number}.jpg").write_bytes(picture_bytes(number))
    return root


def load(root, work):
    """Load a folder, and check that its problems are safe to print on a terminal."""
    data = load_pets(source=root, image_size=8, test_fraction=0.25, data_dir=work / "data")
    for problem in data.problems:
        assert (problem.file + problem.what + problem.done).isprintable()
    assert pictures.summarize(data.problems).isprintable()
    return data


def names_of(data):
    return {*data.train.names, *data.test.names}


def write_archives(folder, files, entries=()):
    """Write archives of `files`, by archive and name; add `entries` to images.tar.gz."""
    for name in archives.ARCHIVE_NAMES:
        with tarfile.open(folder / name, "w") as archive:
            for file, data in files[name].items():
                entry = tarfile.TarInfo(file)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
            for entry in entries if name == "images.tar.gz" else ():
                archive.addfile(entry)


def extracted(work):
    """Extract and repair archives as `open_archives` does."""
    (work / "out").mkdir(exist_ok=True)
    return archives.extract(work / "pets", work / "out") + archives.repair(work / "out")
