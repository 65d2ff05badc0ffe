"""The pictures that the notebooks work with, and their size: one setting for all chapters."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.system.files import to_json

FILE = Path("petkeras-course.json")  # in the current folder, beside the notebooks
IMAGE_SIZE = 64  # a step takes a tenth of its time at 224 pixels


@dataclass(frozen=True)
class Settings:
    """Hold what the chapters work with.

    Args:
        source: as in `load_pets`: `"sample"`, `"oxford"` or a folder.
        breeds: as in `load_pets`: two or more names, or `None` for the source's default.
        image_size: height and width of the pictures in pixels.
    """

    source: str = "sample"
    breeds: str | list[str] | None = None
    image_size: int = IMAGE_SIZE


def use(source="sample", breeds=None, image_size=IMAGE_SIZE):
    """Choose the pictures for all chapters from now on, even after a restart.

    The choice is saved in `petkeras-course.json` in the current folder. The environment variables
    `PETKERAS_SOURCE`, `PETKERAS_BREEDS` and `PETKERAS_IMAGE_SIZE` override it.

    Args: as in `Settings`.

    Example:

    >>> from petkeras import course
    >>> course.use("oxford")  # doctest: +SKIP
    """
    FILE.write_text(to_json(asdict(Settings(str(source), breeds, image_size))) + "\n")


def settings():
    """Return the current `Settings`: from the environment, else as chosen, else drawn pets.

    Raises:
        PetkerasError: the file or an environment variable cannot be read.
    """
    try:
        values = asdict(Settings(**json.loads(FILE.read_text()))) if FILE.exists() else {}
    except (ValueError, TypeError):
        raise PetkerasError(
            f"{FILE} is damaged. Delete it, or choose again with course.use(...)."
        ) from None
    for name in ("source", "breeds", "image_size"):
        if value := os.environ.get(f"PETKERAS_{name.upper()}"):
            values[name] = value
    try:
        values["image_size"] = int(values.get("image_size", IMAGE_SIZE))
    except ValueError:
        raise PetkerasError(
            f"PETKERAS_IMAGE_SIZE must be an integer, in pixels. Received: {values['image_size']!r}"
        ) from None
    return Settings(**values)


def load(image_size=None, seed=0):
    """Return the chapters' `PetData`, and print a line that describes it.

    Args:
        image_size: height and width in pixels, if a chapter needs another size than the setting's.
        seed: decides the split.

    Example:

    >>> from petkeras import course
    >>> data = course.load()  # doctest: +SKIP
    Drawn pets, 64 pixels: shiba_inu and samoyed, 340 to train and 60 to test.
    """
    from petkeras import load_pets

    current = settings()
    size = image_size or current.image_size
    data = load_pets(current.breeds, current.source, image_size=size, seed=seed)
    line = translate(
        "{kind}, {size} pixels: {classes}, {train} to train and {test} to test.",
        kind=translate("Drawn pets" if current.source == "sample" else "Photographs"),
        size=size,
        classes=translate(" and ").join(data.class_names),
        train=len(data.train),
        test=len(data.test),
    )
    print(line)
    return data
