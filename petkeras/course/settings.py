"""What the notebooks work with: which pictures, how large; one setting for all chapters."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from petkeras.data.breeds import DEFAULT_BREEDS
from petkeras.errors import PetkerasError

FILE = Path("petkeras-course.json")  # beside the notebooks
BREEDS = ",".join(DEFAULT_BREEDS)
IMAGE_SIZE = 64  # a step takes a tenth of the time that it takes at 224


@dataclass(frozen=True)
class Settings:
    """Hold what the chapters work with.

    Args:
        source: as in `load_pets`: `"sample"`, `"oxford"` or a folder.
        breeds: two names or more, with commas between.
        image_size: height and width of the pictures in pixels.
    """

    source: str = "sample"
    breeds: str = BREEDS
    image_size: int = IMAGE_SIZE


def use(source="sample", breeds=BREEDS, image_size=IMAGE_SIZE):
    """Choose the pictures for all chapters from now on, also after a restart.

    The choice is kept in `petkeras-course.json` in the current folder. The environment variables
    `PETKERAS_SOURCE`, `PETKERAS_BREEDS` and `PETKERAS_IMAGE_SIZE` come before it.

    Args: as in `Settings`.

    Example:

    >>> from petkeras import course
    >>> course.use("oxford")  # doctest: +SKIP
    """
    FILE.write_text(json.dumps(asdict(Settings(source, breeds, image_size))) + "\n")


def settings():
    """Return the `Settings` that hold now: the environment's, else the chosen, else drawn pets.

    Raises:
        PetkerasError: the file or an environment variable cannot be read.
    """
    try:
        chosen = asdict(Settings(**json.loads(FILE.read_text()))) if FILE.exists() else {}
    except (ValueError, TypeError):
        raise PetkerasError(
            f"{FILE} is damaged. Delete it, or choose anew: course.use(...)."
        ) from None
    for name in ("source", "breeds", "image_size"):
        value = os.environ.get(f"PETKERAS_{name.upper()}")
        if value:
            chosen[name] = value
    try:
        chosen["image_size"] = int(chosen.get("image_size", IMAGE_SIZE))
    except ValueError:
        raise PetkerasError(
            f"PETKERAS_IMAGE_SIZE must be a number of pixels. Received: {chosen['image_size']!r}"
        ) from None
    return Settings(**chosen)


def load(image_size=None, seed=0):
    """Return the chapters' `PetData`, and say in a line what it is.

    Args:
        image_size: pixels, where a chapter needs another size than the setting's.
        seed: decides the split.

    Example:

    >>> from petkeras import course
    >>> data = course.load()  # doctest: +SKIP
    Drawn pets, 64 pixels: shiba_inu and samoyed, 340 to train and 60 to test.
    """
    from petkeras.data.pets import load_pets

    now = settings()
    size = image_size or now.image_size
    data = load_pets(now.breeds, now.source, image_size=size, seed=seed)
    what = "Drawn pets" if now.source == "sample" else "Photographs"
    print(
        f"{what}, {size} pixels: {' and '.join(data.class_names)}, {len(data.train)} to train "
        f"and {len(data.test)} to test."
    )
    return data
