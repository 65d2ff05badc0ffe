"""The two published archives on disk: unpacked safely, and mended where they are dirty."""

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
from petkeras.data.tar import Refused, read_tar
from petkeras.errors import PetkerasError
from petkeras.text import one_line, printable

NAMES = ("images.tar.gz", "annotations.tar.gz")
LISTS = ("trainval.txt", "test.txt")
MOST_IN_A_LIST = 2**20  # bytes; the published ones have an eighth of it
MOST_IN_A_BOX = 2**16  # bytes; the published ones have some hundreds
PLAIN_NAME = re.compile(r"[\w.-]{1,200}")  # what a picture of the dataset is called, and more


def extract(folder: Path, target: Path):
    """Unpack `images.tar.gz` and `annotations.tar.gz` of `folder` into `target`.

    Compressed or not: the published ones are plain tar files, whatever their names say. Only what
    the dataset's authors publish is written: pictures, trimaps, head boxes and the two lists.

    Returns:
        A list of `Problem`: what lies among the pictures and has no name for one.

    Raises:
        PetkerasError: an archive is cut short, is no archive, holds what no archive of pictures
            does, or does not hold what the dataset's authors publish in it.
    """
    problems = []
    for archive in NAMES:
        file = folder / archive
        shown = printable(file)
        try:
            with _decompressed(file) as stream:
                for name, data in read_tar(stream):
                    place = _place(name)
                    if place:
                        (target / place).parent.mkdir(parents=True, exist_ok=True)
                        (target / place).write_bytes(data)
                    elif PurePosixPath(name).parts[:1] == ("images",):
                        problems.append(Problem(name, "not named as a picture is", "ignored"))
        except Refused as error:
            raise PetkerasError(f"{shown} is refused: {error}.") from None
        except (EOFError, OSError, ValueError, zlib.error) as error:
            if getattr(error, "errno", None) is not None:  # the disk's fault, not the archive's
                raise
            raise PetkerasError(
                f"{shown} is damaged or cut short ({one_line(error)}). Copy or download it again."
            ) from None
    annotations = (*(f"annotations/{name}" for name in LISTS), "annotations/trimaps")
    for path in ("images", *annotations):
        if not (target / path).exists():
            raise PetkerasError(
                f"{printable(folder)} does not have the published layout: {path} is in neither "
                "archive."
            )
    return problems


def _decompressed(file):
    with open(file, "rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return gzip.open(file) if zipped else open(file, "rb")


def _place(name):
    """Return where a member belongs, `None` if nowhere."""
    parts = PurePosixPath(name).parts  # "./images//a.jpg" has "images" and "a.jpg"
    if name.startswith("/") or ".." in parts:
        raise Refused(f"'{one_line(name, 80)}' would lie outside of its folder")
    if len(parts) < 2 or not PLAIN_NAME.fullmatch(parts[-1]) or len(parts[-1].encode()) > 200:
        return None
    published = (
        parts[:-1] in (("images",), ("annotations", "trimaps"), ("annotations", "xmls"))
        or (parts[:-1] == ("annotations",) and parts[-1] in LISTS)
    )  # fmt: skip
    return PurePosixPath(*parts) if published else None


def mend(target: Path):
    """Make unpacked archives fit for tensorflow-datasets' builder, and tell what was done.

    Pictures that are no JPEG become one; pictures that cannot be read leave the lists, as those
    without a trimap do; head boxes that cannot be read are removed.

    Args:
        target: the folder that `extract` filled.

    Returns:
        A list of `Problem`, in the order of the file names.

    Raises:
        PetkerasError: no picture of a list is left.
    """
    problems: list[Problem] = []
    listed: set[str] = set()
    for name in LISTS:
        file = target / "annotations" / name
        if file.stat().st_size > MOST_IN_A_LIST:
            raise PetkerasError(f"The archives' annotations/{name} is too long for a list.")
        kept = []
        for line in file.read_text("utf-8", "replace").splitlines():
            words = line.split()
            if not words:
                continue
            problem = _mend_line(target, words, listed)
            listed.add(words[0])
            if problem:
                problems.append(problem)
            if problem is None or problem.done == "converted":
                kept.append(" ".join(words))
                problems += _mend_box(target / "annotations" / "xmls" / f"{words[0]}.xml")
        if not kept:
            why = one_line(summarize(problems)) or "it is empty"
            raise PetkerasError(
                f"No picture of the archives' annotations/{name} can be used ({why})."
            )
        file.write_text("".join(line + "\n" for line in kept), "utf-8")
    for path in sorted((target / "images").iterdir()):
        if path.suffix != ".jpg":
            problems.append(Problem(path.name, "not a picture", "ignored"))
        elif path.stem not in listed:
            problems.append(Problem(path.name, f"{_kind(path)} in no list", "left out"))
    return sorted(problems, key=lambda problem: problem.file)


def _mend_line(target, words, listed):
    """Check one line of a list and the files that it names; return a Problem or None."""
    stem, *numbers = words
    name = stem + ".jpg"
    if not PLAIN_NAME.fullmatch(stem) or not _are_a_class(numbers):
        return Problem(stem, "a line that cannot be understood", "left out")
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


def _are_a_class(numbers):
    """Whether the numbers after a name are a breed's, a species' and the place within it."""
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


def _mend_box(path):
    """Remove a head box that the builder could not read; return the problems: one or none."""
    if not path.exists() or _is_box(path):
        return []
    path.unlink()
    return [Problem(path.name, "a head box that cannot be read", "left out")]


def _is_box(path):
    """Whether a file is XML, without definitions of its own, with a box within a picture."""
    if path.stat().st_size > MOST_IN_A_BOX:
        return False
    try:
        text = path.read_text("utf-8")
        if "<!DOCTYPE" in text:  # it may define entities, without end; none of the dataset's does
            return False
        root = ElementTree.fromstring(text)
        width, height = _numbers(root, "size/width", "size/height")
        left, right = _numbers(root, "object/bndbox/xmin", "object/bndbox/xmax")
        top, bottom = _numbers(root, "object/bndbox/ymin", "object/bndbox/ymax")
    except (ValueError, SyntaxError, AttributeError, TypeError):
        return False
    return _lies_within(left, right, width) and _lies_within(top, bottom, height)


def _numbers(root, *places):
    return [float(root.find(place).text) for place in places]


def _lies_within(first, last, size):
    return 0 <= first <= last <= size and 0 < size < math.inf


def _kind(path):
    """Return what a file really is: `a JPEG`, `a PNG with alpha`, ..."""
    try:
        picture = open_picture(path.read_bytes())
    except ValueError:
        return "no picture"
    if picture.format in ("JPEG", "MPO"):  # an MPO is a JPEG with more pictures after it
        return "a JPEG"
    return f"a {picture.format}{' with alpha' if picture.has_transparency_data else ''}"
