"""Split the pictures of each class into a training, a validation and a test part."""

from __future__ import annotations

import dataclasses
import hashlib
from itertools import chain

import numpy as np

from petkeras.data.cache import fit_in_memory
from petkeras.data.layout import part_of
from petkeras.data.mapped import MappedImages
from petkeras.data.pipeline import Pictures
from petkeras.errors import PetkerasError


def split(classes, class_names, image_size, test_fraction, validation_fraction, seed, folders=None):
    """Split every class by its file names and `seed` alone, on any machine alike.

    Args:
        classes: a `petkeras.data.cache.Decoded` per class.
        class_names: their names, for messages.
        image_size: height and width in pixels.
        test_fraction: the fraction of each class for the test part, in (0, 1).
        validation_fraction: the fraction of what then remains of each class for the validation
            part, in [0, 1). It does not change the test part.
        seed: an integer.
        folders: the parts of a source that is already split, as `petkeras.data.layout.find_parts`
            returns them. They are taken as they are; only a validation part that is not among
            them is drawn.

    Returns:
        A dictionary of `Pictures` with the keys "train", "test" and, unless `validation_fraction`
        is 0, "validation".

    Raises:
        PetkerasError: a part of a class would be empty.
    """
    given = set((folders or {}).values())
    held_back = [("test", test_fraction, str(seed))]
    if validation_fraction or "validation" in given:
        held_back.append(("validation", validation_fraction, f"validation/{seed}"))
    parts = {"train": [], **{part: [] for part, *_ in held_back}}  # of indices, per class
    for class_name, decoded in zip(class_names, classes, strict=True):
        rest = np.arange(len(decoded.names))
        for part, fraction, salt in held_back:
            if part in given:
                taken = _in_folders(rest, decoded.names, part, folders)
            else:
                taken = _lowest_hashes(rest, decoded.names, fraction, salt)
            if not 0 < len(taken) < len(rest):
                empty = "training" if len(taken) else part
                raise PetkerasError(
                    f"Class '{class_name}' has no readable pictures in its {empty} part. Add some, "
                    "or name only the other classes in `breeds`."
                    if part in given
                    else f"Class '{class_name}' has {len(decoded.names)} readable pictures: with "
                    f"`{part}_fraction`={fraction} its {empty} part would be empty. Add pictures "
                    f"or change `{part}_fraction`."
                )
            parts[part].append(taken)
            rest = np.setdiff1d(rest, taken)
        parts["train"].append(rest)
    pictures = {part: _join(classes, chosen, image_size) for part, chosen in parts.items()}
    if not fit_in_memory(classes, image_size):
        return pictures
    return {
        part: dataclasses.replace(on_disk, images=on_disk.images.read())
        for part, on_disk in pictures.items()
    }


def _in_folders(indices, names, part, folders):
    """Return those indices whose names are in a folder that is this part."""
    return np.array([i for i in indices if part_of(names[i], folders) == part], np.int64)


def _lowest_hashes(indices, names, fraction, salt):
    """Return those indices whose names have the lowest hashes, sorted."""
    ranks = {index: hashlib.sha256(f"{salt}/{names[index]}".encode()).digest() for index in indices}
    return np.sort(sorted(indices, key=ranks.__getitem__)[: round(len(indices) * fraction)])


def _join(classes, chosen, image_size):
    """Return the chosen pictures of all classes as `Pictures` on disk."""
    labels = np.repeat(np.arange(len(classes)), [len(indices) for indices in chosen])  # (n,)
    rows = [decoded.rows[indices] for decoded, indices in zip(classes, chosen, strict=True)]
    names = (
        [decoded.names[index] for index in indices]
        for decoded, indices in zip(classes, chosen, strict=True)
    )
    files = [decoded.file for decoded in classes]
    return Pictures(
        images=MappedImages(files, labels, np.concatenate(rows), image_size),
        labels=np.eye(len(classes), dtype=np.float32)[labels],
        names=tuple(chain.from_iterable(names)),
    )
