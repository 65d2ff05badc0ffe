"""Trimaps and head boxes: what people marked in the pictures of the Oxford-IIIT Pet dataset."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from petkeras.data.oxford import OxfordPets
from petkeras.data.pets import open_source
from petkeras.errors import PetkerasError

PET, BACKGROUND, BORDER = 1, 2, 3  # a trimap's values, as published


@dataclass(frozen=True)
class Annotations:
    """Hold what was marked in some pictures, in the order in which they were asked for.

    Args:
        trimaps: `(n, size, size)` uint8: 1 is pet, 2 background, 3 the border between them.
        boxes: for each picture its head's `(left, top, right, bottom)`, floats in pixels of the
            squashed picture, or `None` where the data set gives no box.
    """

    trimaps: np.ndarray
    boxes: tuple[tuple[float, float, float, float] | None, ...]

    def __len__(self):
        return len(self.trimaps)


def load_annotations(names, source="oxford", image_size=224, data_dir=None):
    """Load trimaps and head boxes of pictures, squashed to squares as `load_pets` squashes them.

    Every picture has a trimap. Head boxes are given for the pictures of the official training
    list alone, about half of them, and for a few of those not.

    Args:
        names: the n file names, such as `data.train.names`.
        source: `"oxford"`, `"sample"`, or a folder that holds the two archives, as in `load_pets`.
        image_size: height and width in pixels.
        data_dir: as in `load_pets`.

    Returns:
        An `Annotations`.

    Raises:
        PetkerasError: the source has no annotations, or a name is not in it.

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
            "A folder of one's own pictures has no trimaps and no head boxes. Sources that have: "
            f"'oxford', 'sample', or a folder with the two archives. Received: source={source!r}"
        )
    names = list(names)
    marked = {name: (mask, box) for name, mask, box in opened.annotations(set(names))}
    for name in names:
        if name not in marked:
            raise PetkerasError(f"This source has no picture {name!r}, so no annotations of it.")
    trimaps = [_squash(marked[name][0], image_size) for name in names]
    return Annotations(
        trimaps=np.array(trimaps, np.uint8).reshape(len(names), image_size, image_size),
        boxes=tuple(_in_pixels(marked[name][1], image_size) for name in names),
    )


def _squash(png, image_size):
    """Decode a trimap and squash it; no value may lie between two, so each is its nearest's."""
    trimap = Image.fromarray(np.asarray(Image.open(io.BytesIO(png)), np.uint8))
    return np.asarray(trimap.resize((image_size, image_size), Image.Resampling.NEAREST))


def _in_pixels(box, image_size):
    """Turn (top, left, bottom, right) in 0..1 into pixels; a box of zeros stands for none."""
    if not box.any():
        return None
    top, left, bottom, right = (float(part) * image_size for part in box)
    return left, top, right, bottom
