"""The two published archives on disk: unpacked safely, and mended where they are dirty."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from PIL import Image

from petkeras.data.pictures import Problem, decode
from petkeras.errors import PetkerasError

NAMES = ("images.tar.gz", "annotations.tar.gz")
LISTS = ("trainval.txt", "test.txt")


def extract(folder: Path, target: Path):
    """Unpack `images.tar.gz` and `annotations.tar.gz` of `folder` into `target`.

    Compressed or not: the published ones are plain tar files, whatever their names say.

    Raises:
        PetkerasError: an archive is cut short, is no archive, wants to write outside of
            `target`, or does not hold what the dataset's authors publish in it.
    """
    for name in NAMES:
        file = folder / name
        try:
            with tarfile.open(file, "r:*") as archive:
                archive.extractall(target, filter="data")
                archive.fileobj.seek(archive.offset)
                if not archive.fileobj.read(512):  # a whole archive ends in a block of zeros
                    raise EOFError("its end is missing")
        except tarfile.FilterError as error:
            raise PetkerasError(f"{file} is refused: {error}") from None
        except (tarfile.TarError, EOFError, OSError) as error:
            if getattr(error, "errno", None) is not None:  # the disk's fault, not the archive's
                raise
            raise PetkerasError(
                f"{file} is damaged or cut short ({error}). Copy or download it again."
            ) from None
    wanted = [target / "images", *(target / "annotations" / name for name in LISTS)]
    for path in wanted:
        if not path.exists():
            raise PetkerasError(
                f"{folder} does not have the published layout: {path.relative_to(target)} is in "
                "neither archive."
            )


def mend(target: Path):
    """Make unpacked archives fit for tensorflow-datasets' builder, and tell what was done.

    Pictures that are no JPEG become one; pictures that cannot be read leave the lists.

    Args:
        target: the folder that `extract` filled.

    Returns:
        A list of `Problem`, in the order of the file names.
    """
    problems, listed = [], set()
    for name in LISTS:
        file = target / "annotations" / name
        kept = []
        for line in file.read_text().splitlines():
            if not line.strip():
                continue
            problem = _mend_line(target, line)
            listed.add(line.split()[0])
            if problem:
                problems.append(problem)
            if problem is None or problem.done == "converted":
                kept.append(line)
        file.write_text("".join(line + "\n" for line in kept))
    for path in sorted((target / "images").iterdir()):
        if path.suffix != ".jpg":
            problems.append(Problem(path.name, "not a picture", "ignored"))
        elif path.stem not in listed:
            problems.append(Problem(path.name, f"{_format(path)} in no list", "left out"))
    return sorted(problems, key=lambda problem: problem.file)


def _mend_line(target, line):
    """Check one line of a list and the files that it names; return a Problem or None."""
    words = line.split()
    name = words[0] + ".jpg"
    path = target / "images" / name
    if len(words) != 4 or not all(word.isdecimal() for word in words[1:]):
        return Problem(words[0], "a line that cannot be understood", "left out")
    if not path.is_file():
        return Problem(name, "listed but missing", "left out")
    if not (target / "annotations" / "trimaps" / f"{words[0]}.png").is_file():
        return Problem(name, "without a trimap", "left out")
    data = path.read_bytes()
    try:
        decode(data, image_size=1)
    except ValueError as error:
        return Problem(name, str(error), "left out")
    kind = _format(path)
    if kind == "a JPEG":
        return None
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    Image.alpha_composite(white, picture).convert("RGB").save(path, "JPEG", quality=95)
    return Problem(name, f"{kind} named .jpg", "converted")


def _format(path):
    """Return what a file really is: `a JPEG`, `a PNG with alpha`, ..."""
    try:
        with Image.open(path) as picture:
            alpha = " with alpha" if picture.has_transparency_data else ""
            return f"a {picture.format}{alpha}"
    except OSError:
        return "no picture"
