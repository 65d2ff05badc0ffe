"""Load pictures from any source, as a training and a test part."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from petkeras.data import folder, oxford, splits, storage
from petkeras.data.archives import ARCHIVE_NAMES
from petkeras.data.breeds import DEFAULT_BREEDS, resolve
from petkeras.data.cache import load_or_decode
from petkeras.data.drawn import dataset
from petkeras.data.locks import prepare_once
from petkeras.data.pictures import Problem
from petkeras.data.pipeline import Pictures, mean_image
from petkeras.errors import PetkerasError, is_integer, is_number
from petkeras.recipes import MAX_SIDE
from petkeras.system.files import local_path
from petkeras.text import one_line

TEST_FRACTION = 0.15
NAMED_SOURCES = ("oxford", "sample")  # all others are paths


@dataclass(frozen=True)
class PetData:
    """Hold the pictures of a run.

    Args:
        train: the `Pictures` to learn from: images `(n, size, size, 3)` uint8, labels one-hot. The
            images are an array or, if they do not fit in memory, a `MappedImages`.
        test: the `Pictures` that accuracy is measured on; none of them is in `train`.
        class_names: the breeds, in the order of the labels.
        mean: `(size, size, 3)` float32, the mean image of `train` alone.
        sizes: for each class the original widths and heights of its pictures, `(n, 2)`.
        problems: the files that were not as expected, and what was done about each.
        origin: the arguments of `load_pets` that load the same pictures again.
        validation: the `Pictures` to watch training with, in neither `train` nor `test`, or `None`.
        notes: sentences that say what the user should know about the source.
    """

    train: Pictures
    test: Pictures
    class_names: tuple[str, ...]
    mean: np.ndarray
    sizes: tuple[np.ndarray, ...] = ()
    problems: tuple[Problem, ...] = ()
    origin: dict = field(default_factory=dict)
    validation: Pictures | None = None
    notes: tuple[str, ...] = ()


def load_pets(
    breeds=None,
    source="oxford",
    image_size=224,
    test_fraction=TEST_FRACTION,
    seed=0,
    data_dir=None,
    validation_fraction=0,
):
    """Load two or more breeds, split into a training and a test part.

    Pictures are squashed to squares. Each breed is split by its file names and `seed` alone, so
    the split is the same on every machine. Decoded pictures are cached in `data_dir`, so a second
    call takes a moment. If they take at most 2 GiB and a quarter of the free memory, they are read
    into memory; otherwise they stay on disk as a `petkeras.data.mapped.MappedImages`.

    Args:
        breeds: names in any case, with spaces, hyphens or underscores, as a sequence or as one
            comma-separated string; or `"all"`, `"cats"`, `"dogs"`. The default, `None`, means the
            article's `"shiba_inu"` and `"samoyed"` from `"oxford"` and `"sample"`, and all classes
            of a folder.
        source: `"oxford"` (downloaded once, 774 MiB), `"sample"` (drawn pets), or a path: a folder
            that holds `images.tar.gz` and `annotations.tar.gz` as published, or one sub-folder of
            pictures per class. If it has the sub-folders `train` and `test` (or `val`), and in each
            of them one sub-folder per class, these are used as the parts.
        image_size: height and width in pixels.
        test_fraction: the fraction of each breed that is held back for the test, in (0, 1). It is
            ignored if the folder is already split.
        seed: an integer; another seed gives another split.
        data_dir: the folder for data sets and decoded pictures; by default the environment
            variable `TFDS_DATA_DIR`, or `~/tensorflow_datasets`.
        validation_fraction: the fraction of each breed's training part that is held back for
            validation, in [0, 1). It does not change the test part, and is ignored if the folder
            has a validation part.

    Returns:
        A `PetData`.

    Raises:
        PetkerasError: an argument is out of range, a breed is unknown, the source cannot be read.

    Example:

    >>> import petkeras as pk
    >>> data = pk.load_pets(source="sample", image_size=32)  # doctest: +SKIP
    >>> data.train.images.shape, len(data.test)  # doctest: +SKIP
    ((340, 32, 32, 3), 60)

    Reference: O. M. Parkhi et al., "Cats and Dogs" (CVPR 2012); the article's section "Getting the
        images".
    """
    size_fits = is_integer(image_size) and 0 < image_size <= MAX_SIDE
    _check("image_size", image_size, size_fits, f"an integer from 1 to {MAX_SIDE}")
    seed_fits = is_integer(seed) and 0 <= seed < 2**31
    _check("seed", seed, seed_fits, "an integer from 0 to 2**31 - 1")
    fraction_fits = is_number(test_fraction) and 0 < test_fraction < 1
    _check("test_fraction", test_fraction, fraction_fits, "between 0 and 1")
    fraction_fits = is_number(validation_fraction) and 0 <= validation_fraction < 1
    _check("validation_fraction", validation_fraction, fraction_fits, "0, or between 0 and 1")
    image_size, seed = int(image_size), int(seed)  # not NumPy's, which JSON cannot hold
    test_fraction, validation_fraction = float(test_fraction), float(validation_fraction)
    data_dir = storage.find_data_dir(data_dir)
    opened = open_source(source, data_dir)
    if breeds is None:
        breeds = DEFAULT_BREEDS if source in NAMED_SOURCES else opened.class_names
    class_names = resolve(breeds, opened.class_names)
    if opened.parts:
        opened.check_complete(class_names)
    classes = load_or_decode(opened, class_names, image_size, data_dir)
    parts = splits.split(
        classes, class_names, image_size, test_fraction, validation_fraction, seed, opened.parts
    )
    return PetData(
        **parts,
        class_names=class_names,
        mean=mean_image(parts["train"].images),
        sizes=tuple(decoded.sizes for decoded in classes),
        problems=(*opened.problems, *(p for decoded in classes for p in decoded.problems)),
        notes=(opened.describe_parts(),) if opened.parts else (),
        origin={
            "breeds": list(class_names),
            "source": _absolute(source),
            "image_size": image_size,
            "test_fraction": test_fraction,
            "seed": seed,
            **({"validation_fraction": validation_fraction} if validation_fraction else {}),
        },
    )


def class_table(data: PetData):
    """Return a table of the classes: the number and the sizes of their pictures.

    Returns:
        A tuple of column names, and a row of strings per class.
    """
    parts = {"train": data.train, "test": data.test}
    if data.validation is not None:
        parts = {"train": data.train, "validation": data.validation, "test": data.test}
    rows = []
    for label, (name, sizes) in enumerate(zip(data.class_names, data.sizes, strict=True)):
        by_area = sizes[np.argsort(sizes.prod(axis=1))]  # (n, 2)
        rows.append(
            (
                name,
                str(len(sizes)),
                *(str(int(part.labels[:, label].sum())) for part in parts.values()),
                *(f"{w}x{h}" for w, h in (by_area[0], by_area[len(sizes) // 2], by_area[-1])),
            )
        )
    return ("breed", "pictures", *parts, "smallest", "median", "largest"), rows


def open_source(source, data_dir=None):
    """Open `"oxford"`, `"sample"` or a path; see `load_pets`.

    Returns:
        An `OxfordPets` or a `ClassFolders`: both have `class_names`, `problems`,
        `photographs(class_names)` and `class_key(class_name)`.

    Raises:
        PetkerasError: there is no such source, or it cannot be read.
    """
    data_dir = storage.find_data_dir(data_dir)
    if source == "oxford":
        return oxford.open_download(data_dir)
    if source == "sample":
        return oxford.open_archives(_drawn_archives(data_dir), data_dir)
    path = local_path("source", source)
    if not os.path.isdir(path):
        raise PetkerasError(
            "`source` must be 'oxford', 'sample' or an existing folder. "
            f"Received: source='{one_line(source, 300)}'"
        )
    if any((path / name).exists() for name in ARCHIVE_NAMES):
        return oxford.open_archives(path, data_dir)
    return folder.ClassFolders(path)


def _drawn_archives(data_dir):
    """Return the folder of the drawn archives, drawing them if necessary."""
    key = f"drawn-{dataset.VERSION}"
    home = data_dir / "petkeras" / key

    def find():
        return home if all((home / name).exists() for name in ARCHIVE_NAMES) else None

    def prepare():
        storage.remove_unfinished(home)
        dataset.write_archives(home)
        return home

    return prepare_once(find, prepare, data_dir, key, "the drawn pets")


def _absolute(source):
    """Return a source in a form that is valid in any working directory."""
    if source in NAMED_SOURCES:
        return source
    return str(local_path("source", source).resolve())


def _check(argument, value, ok, allowed):
    if not ok:
        raise PetkerasError(f"`{argument}` must be {allowed}. Received: {argument}={value!r}")
