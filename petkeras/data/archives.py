"""Extract the two published archives safely, and repair bad files in them."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import numpy as np

from petkeras.data.breeds import BREEDS
from petkeras.data.pictures import Problem, open_picture, open_upright, reading, summarize
from petkeras.data.tar import RefusedError, read_tar
from petkeras.errors import PetkerasError
from petkeras.text import one_line, printable

ARCHIVE_NAMES = ("images.tar.gz", "annotations.tar.gz")
LIST_NAMES = ("trainval.txt", "test.txt")
MAX_LIST_BYTES = 2**20  # the published ones have an eighth of it
MAX_BOX_BYTES = 2**16  # the published ones have some hundreds
PLAIN_NAME = re.compile(r"[\w.-]{1,200}")  # matches all file names of the dataset, and more


def extract(folder: Path, target: Path):
    """Extract `images.tar.gz` and `annotations.tar.gz` of `folder` into `target`.

    They may be compressed or not: the published ones are plain tar files, despite their names.
    Only what the dataset consists of is written: pictures, trimaps, head boxes and the two lists.

    Returns:
        A list of `Problem`: files among the pictures that are not named like one.

    Raises:
        PetkerasError: an archive is truncated, is not an archive, holds something that no archive
            of pictures does, or lacks a part of the dataset.
    """
    problems = []
    for archive in ARCHIVE_NAMES:
        file = folder / archive
        shown = printable(file)
        try:
            with _decompressed(file) as stream:
                for name, data in read_tar(stream):
                    place = _target_path(name)
                    if place:
                        (target / place).parent.mkdir(parents=True, exist_ok=True)
                        (target / place).write_bytes(data)
                    elif PurePosixPath(name).parts[:1] == ("images",):
                        problems.append(Problem(name, "not named like a picture", "ignored"))
        except RefusedError as error:
            raise PetkerasError(f"{shown} is refused: {error}.") from None
        except (EOFError, OSError, ValueError, zlib.error) as error:
            if getattr(error, "errno", None) is not None:  # caused by the disk, not the archive
                raise
            raise PetkerasError(
                f"{shown} is damaged or truncated ({one_line(error)}). Copy or download it again."
            ) from None
    annotations = (*(f"annotations/{name}" for name in LIST_NAMES), "annotations/trimaps")
    for path in ("images", *annotations):
        if not (target / path).exists():
            raise PetkerasError(
                f"{printable(folder)} does not have the published layout: {path} is in neither "
                "archive."
            )
    return problems


def _decompressed(file):
    with open(file, "rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return gzip.open(file) if is_gzip else open(file, "rb")


def _target_path(name):
    """Return the target path of a member, `None` if the dataset has no such file."""
    parts = PurePosixPath(name).parts  # "./images//a.jpg" has "images" and "a.jpg"
    if name.startswith("/") or ".." in parts:
        raise RefusedError(f"'{one_line(name, 80)}' would lie outside of its folder")
    if len(parts) < 2 or not PLAIN_NAME.fullmatch(parts[-1]) or len(parts[-1].encode()) > 200:
        return None
    published = (
        parts[:-1] in (("images",), ("annotations", "trimaps"), ("annotations", "xmls"))
        or (parts[:-1] == ("annotations",) and parts[-1] in LIST_NAMES)
    )  # fmt: skip
    return PurePosixPath(*parts) if published else None


def repair(target: Path):
    """Make extracted archives readable for tensorflow-datasets' builder.

    Pictures in other formats are converted to JPEG; pictures that cannot be read, or have no
    trimap, are removed from the lists; head boxes that cannot be read are deleted.

    Args:
        target: the folder that `extract` wrote to.

    Returns:
        A list of `Problem`, sorted by file name: what was wrong and what was done about it.

    Raises:
        PetkerasError: a list has no usable picture.
    """
    problems: list[Problem] = []
    listed: set[str] = set()
    for name in LIST_NAMES:
        file = target / "annotations" / name
        if file.stat().st_size > MAX_LIST_BYTES:
            raise PetkerasError(f"The archives' annotations/{name} is too long for a list.")
        usable = []
        for line in file.read_text("utf-8", "replace").splitlines():
            words = line.split()
            if not words:
                continue
            problem = _repair_picture(target, words, listed)
            listed.add(words[0])
            if problem:
                problems.append(problem)
            if problem is None or problem.done == "converted":
                usable.append(" ".join(words) + "\n")
                box = target / "annotations" / "xmls" / f"{words[0]}.xml"
                if box.exists() and not _is_box(box):
                    box.unlink()
                    problems.append(Problem(box.name, "an unreadable head box", "left out"))
        if not usable:
            reason = one_line(summarize(problems)) or "it is empty"
            raise PetkerasError(
                f"No picture of the archives' annotations/{name} can be used ({reason})."
            )
        file.write_text("".join(usable), "utf-8")
    for path in sorted((target / "images").iterdir()):
        if path.suffix != ".jpg":
            problems.append(Problem(path.name, "not a picture", "ignored"))
        elif path.stem not in listed:
            problems.append(Problem(path.name, f"{_kind(path)} in no list", "left out"))
    return sorted(problems, key=lambda problem: problem.file)


def _repair_picture(target, words, listed):
    """Check a line of a list and its files; return a `Problem` or `None`."""
    stem, *numbers = words
    name = stem + ".jpg"
    if not PLAIN_NAME.fullmatch(stem) or not _is_class(numbers):
        return Problem(stem, "an invalid line", "left out")
    if stem in listed:
        return Problem(name, "listed twice", "left out")
    path = target / "images" / name
    if not path.is_file():
        return Problem(name, "listed but missing", "left out")
    trimap = target / "annotations" / "trimaps" / f"{stem}.png"
    if not trimap.is_file():
        return Problem(name, "without a trimap", "left out")
    if not _is_trimap(trimap):
        return Problem(name, "with a damaged trimap", "left out")
    try:
        picture, _ = open_upright(path.read_bytes())
    except ValueError as error:
        return Problem(name, str(error), "left out")
    kind = _kind(path)
    if kind == "a JPEG":
        return None
    picture.save(path, "JPEG", quality=95)
    return Problem(name, f"{kind} named .jpg", "converted")


def _is_class(numbers):
    """Return True if breed, species and breed within the species are valid."""
    if len(numbers) != 3 or not all(re.fullmatch("[0-9]{1,3}", number) for number in numbers):
        return False
    return 1 <= int(numbers[0]) <= len(BREEDS) and 1 <= int(numbers[1]) <= 2


def _is_trimap(path):
    try:
        with reading():
            trimap = open_picture(path.read_bytes())
            values = np.unique(np.asarray(trimap))
    except ValueError:
        return False
    return trimap.format == "PNG" and trimap.mode in ("L", "P") and set(values) <= {1, 2, 3}


def _is_box(path):
    """Return True if a file is XML without definitions, with a box in its picture."""
    if path.stat().st_size > MAX_BOX_BYTES:
        return False
    try:
        text = path.read_text("utf-8")
        if "<!DOCTYPE" in text:  # it could define entities that expand without bound
            return False
        root = ElementTree.fromstring(text)

        def numbers(*paths):
            return [float(root.find(path).text) for path in paths]

        width, height = numbers("size/width", "size/height")
        left, right = numbers("object/bndbox/xmin", "object/bndbox/xmax")
        top, bottom = numbers("object/bndbox/ymin", "object/bndbox/ymax")
    except (ValueError, SyntaxError, AttributeError, TypeError):
        return False
    return all(
        0 <= first <= last <= size and 0 < size < math.inf
        for first, last, size in ((left, right, width), (top, bottom, height))
    )


def _kind(path):
    """Return what a file really is: `a JPEG`, `a PNG with alpha`, ..."""
    try:
        picture = open_picture(path.read_bytes())
    except ValueError:
        return "an unreadable file"
    if picture.format in ("JPEG", "MPO"):  # an MPO is a JPEG followed by more pictures
        return "a JPEG"
    return f"a {picture.format}{' with alpha' if picture.has_transparency_data else ''}"
