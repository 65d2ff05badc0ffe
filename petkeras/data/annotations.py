"""Trimaps and head boxes, the annotations of the Oxford-IIIT Pet dataset."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from petkeras.data.oxford import OxfordPets
from petkeras.data.pets import open_source
from petkeras.errors import PetkerasError


@dataclass(frozen=True)
class Annotations:
    """Hold the annotations of some pictures, in the order of their names.

    Args:
        trimaps: `(n, size, size)` uint8: 1 is pet, 2 background, 3 the border in between.
        boxes: for each picture its head's `(left, top, right, bottom)`, floats in pixels of the
            squashed picture, or `None` if the dataset has no box for it.
    """

    trimaps: np.ndarray
    boxes: tuple[tuple[float, float, float, float] | None, ...]

    def __len__(self):
        return len(self.trimaps)


def load_annotations(names, source="oxford", image_size=224, data_dir=None):
    """Load trimaps and head boxes of pictures, squashed like those of `load_pets`.

    Every picture has a trimap. Only the pictures in the official training list, about half of
    all, have a head box, and a few of these have none.

    Args:
        names: the n file names, such as `data.train.names`.
        source: `"oxford"`, `"sample"`, or a folder that holds the two archives, as in `load_pets`.
        image_size: height and width in pixels.
        data_dir: as in `load_pets`.

    Returns:
        An `Annotations`.

    Raises:
        PetkerasError: the source has no annotations, or does not have a picture of that name.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.data.annotations import load_annotations
    >>> data = pk.load_pets(source="sample", image_size=32)  # doctest: +SKIP
    >>> marked = load_annotations(data.test.names, "sample", 32)  # doctest: +SKIP
    >>> marked.trimaps.shape  # doctest: +SKIP
    (60, 32, 32)

    Reference: O. M. Parkhi et al., "Cats and Dogs" (CVPR 2012), section 2.
    """
    opened = open_source(source, data_dir)
    if not isinstance(opened, OxfordPets):
        raise PetkerasError(
            "`source` must have trimaps and head boxes: 'oxford', 'sample', or a folder with the "
            f"two archives. A folder of your own pictures has none. Received: source={source!r}"
        )
    names = list(names)
    marked = {name: (mask, box) for name, mask, box in opened.annotations(set(names))}
    for name in names:
        if name not in marked:
            raise PetkerasError(
                f"This source has no picture {name!r}, and so no annotations of it."
            )
    trimaps = [_squash(marked[name][0], image_size) for name in names]
    return Annotations(
        trimaps=np.array(trimaps, np.uint8).reshape(len(names), image_size, image_size),
        boxes=tuple(_in_pixels(marked[name][1], image_size) for name in names),
    )


def _squash(png, image_size):
    """Decode a trimap and squash it, without interpolating between values."""
    trimap = Image.fromarray(np.asarray(Image.open(io.BytesIO(png)), np.uint8))
    return np.asarray(trimap.resize((image_size, image_size), Image.Resampling.NEAREST))


def _in_pixels(box, image_size):
    """Return (top, left, bottom, right) in 0..1 as pixels; all zeros mean no box."""
    if not box.any():
        return None
    top, left, bottom, right = (float(part) * image_size for part in box)
    return left, top, right, bottom
