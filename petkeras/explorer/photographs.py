"""Choose and read the photographs that the explorer shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from petkeras.data.pictures import read_file, squash
from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.system.files import local_path
from petkeras.text import one_line

LARGE = 128  # pixels along a side: photographs of this size and above are fewer
MAX_EXAMINED = 200  # test photographs that are predicted to find right and wrong ones
MAX_EXAMINED_LARGE = 60


@dataclass(frozen=True)
class Photographs:
    """Hold the photographs of an explorer.

    Args:
        pixels: `(n, height, width, channels)` uint8.
        names: the n photographs' names.
        labels: their classes' indices, `None` where unknown.
        part: where they come from: `"test"`, `"train"` or `"yours"`.
        others: photographs to measure with that are not shown, of the shape of `pixels`.
    """

    pixels: np.ndarray
    names: list[str]
    labels: list[int | None]
    part: str = "yours"
    others: np.ndarray = field(default_factory=lambda: np.zeros((0,), np.uint8))

    def __len__(self):
        return len(self.pixels)

    def describe(self, probabilities=None):
        """Return a dict for each photograph, as the page takes it.

        Args:
            probabilities: `(n, classes)`, or `None` if the network has none.
        """
        described = []
        for number, (name, label) in enumerate(zip(self.names, self.labels, strict=True)):
            row = None if probabilities is None else probabilities[number]
            right = None if row is None or label is None else bool(row.argmax() == label)
            described.append(
                {
                    "name": name,
                    "label": label,
                    "part": self.part,
                    "right": right,
                    "probabilities": None if row is None else row.tolist(),
                }
            )
        return described


def decode_photograph(data, shape):
    """Decode a picture as the network sees it: upright, in its colors, squashed to its size.

    Args:
        data: the bytes of a file.
        shape: the network's (height, width, channels); 1 channel is gray.

    Returns:
        An array of that shape, uint8, as `Run.read` returns it.

    Raises:
        ValueError: the bytes are not a picture, are truncated, or exceed a limit.
    """
    height, width, channels = shape
    pixels, _ = squash(data, height, width)  # (height, width, 3)
    if channels == 1:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    return pixels.reshape(shape)


def read_photographs(files, shape):
    """Return the `Photographs` in files.

    Raises:
        PetkerasError: a file is missing, or is not a picture.
    """
    pixels = []
    for file in files:
        path = local_path("photographs", file)
        try:
            pixels.append(decode_photograph(read_file(path), shape))
        except ValueError as error:
            raise PetkerasError(f"{path} cannot be used: {error}.") from None
    names = [one_line(Path(file).name) for file in files]
    return Photographs(np.stack(pixels), names, [None] * len(pixels))


def given_photographs(images, shape):
    """Return `Photographs` of an array `(n, height, width, channels)` uint8, or of one image.

    Raises:
        PetkerasError: its shape or its values do not fit the network.
    """
    images = np.asarray(images)
    images = images[None] if images.ndim == 3 else images
    fits = images.ndim == 4 and images.shape[1:] == tuple(shape) and len(images) > 0
    if not fits or images.dtype != np.uint8:
        raise PetkerasError(
            f"`photographs` must be paths, or an array {('n', *shape)} uint8. Received: "
            f"shape={images.shape}, dtype={images.dtype}"
        )
    numbers = range(1, len(images) + 1)
    names = [translate("photograph {number}", number=number) for number in numbers]
    return Photographs(images, names, [None] * len(images))


def choose_photographs(pictures, predict, count=None):
    """Choose photographs of a test part, about half right and half wrong, of all classes.

    Args:
        pictures: a `petkeras.data.pipeline.Pictures`.
        predict: a function from images `(n, height, width, channels)` uint8 to class indices
            `(n,)`, or `None`.
        count: how many; by default 6, or 4 of large ones.

    Returns:
        The `Photographs`, right ones first. `others` holds further ones, of all classes.
    """
    is_large = max(pictures.images.shape[1:3]) >= LARGE
    count = count or (4 if is_large else 6)
    examined = MAX_EXAMINED_LARGE if is_large else MAX_EXAMINED
    classes = pictures.labels.argmax(axis=1)  # (n,)
    candidates = _take_turns(np.arange(len(classes)), classes, examined, Counter())
    right, wrong = candidates, []
    if predict is not None:
        is_right = predict(pictures.images[np.array(candidates)]) == classes[candidates]
        right = [number for number, ok in zip(candidates, is_right, strict=True) if ok]
        wrong = [number for number, ok in zip(candidates, is_right, strict=True) if not ok]
    shown: Counter = Counter()
    wrong_count = min(len(wrong), max(count // 2, count - len(right)))
    chosen = _take_turns(right, classes, count - wrong_count, shown)
    chosen += _take_turns(wrong, classes, wrong_count, shown)
    others = [number for number in candidates if number not in chosen]
    return Photographs(
        np.asarray(pictures.images[np.array(chosen)]),
        [one_line(pictures.names[number]) for number in chosen],
        [int(classes[number]) for number in chosen],
        "test",
        np.asarray(pictures.images[np.array(others, int)]),
    )


def _take_turns(numbers, classes, count, taken):
    """Return some of the numbers, each time the first of a class that was taken least often."""
    left, chosen = list(numbers), []
    while left and len(chosen) < count:
        best = min(left, key=lambda number: taken[classes[number]])
        left.remove(best)
        taken[classes[best]] += 1
        chosen.append(best)
    return chosen
