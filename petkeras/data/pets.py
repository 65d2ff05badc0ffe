"""Photographs in, a training part and a test part out, whatever the source."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np

from petkeras.data import cache, folder, oxford, pictures
from petkeras.data.archives import NAMES
from petkeras.data.breeds import DEFAULT_BREEDS, resolve
from petkeras.data.drawn import dataset
from petkeras.data.locks import turn
from petkeras.data.mapped import Mapped
from petkeras.data.pipeline import Pictures, mean_image
from petkeras.errors import PetkerasError
from petkeras.recipes import MOST_SIDE
from petkeras.system.memory import free_memory
from petkeras.text import one_line

TEST_FRACTION = 0.15
MOST_IN_MEMORY = 2 * 2**30  # bytes of pictures; all breeds at 224 x 224 pixels have half of it


@dataclass(frozen=True)
class PetData:
    """Hold the pictures of a run.

    Args:
        train: the `Pictures` to learn from: images `(n, size, size, 3)` uint8, labels one-hot. The
            images are an array or, where they are too many for the memory, a `Mapped`.
        test: the `Pictures` to be judged by; none of them is in `train`.
        class_names: the breeds, in the order of the labels.
        mean: `(size, size, 3)` float32, the mean image of `train` alone.
        sizes: for each class the `(n, 2)` widths and heights that its pictures had.
        problems: the files that were not as they should be, and what was done about each.
        origin: the arguments of `load_pets` that give these very pictures again.
    """

    train: Pictures
    test: Pictures
    class_names: tuple[str, ...]
    mean: np.ndarray
    sizes: tuple[np.ndarray, ...] = ()
    problems: tuple[pictures.Problem, ...] = ()
    origin: dict = field(default_factory=dict)


def load_pets(
    breeds=DEFAULT_BREEDS,
    source="oxford",
    image_size=224,
    test_fraction=TEST_FRACTION,
    seed=0,
    data_dir=None,
):
    """Load two breeds or more, squashed to squares, split into a training and a test part.

    The split is made breed by breed from the file names and `seed` alone, so that it is the same
    on every machine. Decoded pictures are kept in `data_dir`: the second call takes a moment. They
    are read into memory if they have no more than 2 GiB in all, and a quarter of what is free;
    otherwise they stay on disk, and `images` is a `petkeras.data.mapped.Mapped`.

    Args:
        breeds: names in any case, with spaces, hyphens or underscores, as a sequence or as one
            string with commas; or `"all"`, `"cats"`, `"dogs"`.
        source: `"oxford"` (downloaded once, 774 MiB), `"sample"` (drawn on the spot), or a path:
            a folder that holds `images.tar.gz` and `annotations.tar.gz` as published, or one with
            a sub-folder of pictures per class. Of the last, all classes are taken where the
            default breeds are not among them.
        image_size: height and width in pixels.
        test_fraction: the part of each breed that is held back for the test, in (0, 1).
        seed: an integer; another seed gives another split.
        data_dir: where data sets and decoded pictures are kept; by default the environment
            variable `TFDS_DATA_DIR`, or `~/tensorflow_datasets`.

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
    size_fits = _is_whole(image_size) and 0 < image_size <= MOST_SIDE
    _check("image_size", image_size, size_fits, f"from 1 to {MOST_SIDE} pixels")
    _check("seed", seed, _is_whole(seed) and 0 <= seed < 2**31, "a whole number from 0 to 2**31")
    fraction_fits = isinstance(test_fraction, float) and 0 < test_fraction < 1
    _check("test_fraction", test_fraction, fraction_fits, "between 0 and 1")
    data_dir = _data_dir(data_dir)
    opened = open_source(source, data_dir)
    breeds = tuple(breeds.split(",") if isinstance(breeds, str) else breeds)
    by_default = breeds == DEFAULT_BREEDS and isinstance(opened, folder.ClassFolders)
    if by_default and not set(DEFAULT_BREEDS) <= set(opened.class_names):
        breeds = opened.class_names
    class_names = resolve(breeds, opened.class_names)
    classes = _decode_classes(opened, class_names, image_size, data_dir)
    train, test = _split(classes, class_names, test_fraction, seed, image_size)
    return PetData(
        train=train,
        test=test,
        class_names=class_names,
        mean=mean_image(train.images),
        sizes=tuple(decoded.sizes for decoded in classes),
        problems=(*opened.problems, *(p for decoded in classes for p in decoded.problems)),
        origin={
            "breeds": list(class_names),
            "source": _lasting(source),
            "image_size": image_size,
            "test_fraction": test_fraction,
            "seed": seed,
        },
    )


def class_table(data: PetData):
    """Describe each class: how many pictures, and how large they were.

    Returns:
        Column names, and a row of strings per class.
    """
    columns = ("breed", "pictures", "train", "test", "smallest", "median", "largest")
    rows = []
    for label, (name, sizes) in enumerate(zip(data.class_names, data.sizes, strict=True)):
        by_area = sizes[np.argsort(sizes.prod(axis=1))]  # (n, 2)
        rows.append(
            (
                name,
                str(len(sizes)),
                str(int(data.train.labels[:, label].sum())),
                str(int(data.test.labels[:, label].sum())),
                *(f"{w}x{h}" for w, h in (by_area[0], by_area[len(sizes) // 2], by_area[-1])),
            )
        )
    return columns, rows


def open_source(source, data_dir=None):
    """Open `"oxford"`, `"sample"` or a path; see `load_pets`.

    Returns:
        An `OxfordPets` or a `ClassFolders`: both have `class_names`, `problems`,
        `photographs(class_names)` and `class_key(class_name)`.

    Raises:
        PetkerasError: there is no such source, or it cannot be read.
    """
    data_dir = _data_dir(data_dir)
    if source == "oxford":
        return oxford.open_download(data_dir)
    if source == "sample":
        return oxford.open_archives(_drawn(data_dir), data_dir)
    path = _expanded("source", source)
    if not os.path.isdir(path):
        raise PetkerasError(
            "`source` must be 'oxford', 'sample' or a folder that exists. "
            f"Received: source='{one_line(source, 300)}'"
        )
    if any((path / name).exists() for name in NAMES):
        return oxford.open_archives(path, data_dir)
    return folder.ClassFolders(path)


def _drawn(data_dir):
    """Return the folder of the drawn archives; draw them if they are not there yet."""
    key = f"drawn-{dataset.VERSION}"
    home = data_dir / "petkeras" / key
    if not _holds_archives(home):
        try:
            with turn(data_dir, key, "the drawn pets"):
                if not _holds_archives(home):  # another process may just have drawn them
                    _remove_half_made(home)
                    dataset.write_archives(home)
        except OSError as error:
            raise _cannot_keep(home, error) from None
    return home


def _holds_archives(folder):
    return all((folder / name).exists() for name in NAMES)


def _lasting(source):
    """Return a source as it can be found from another folder too."""
    if source in ("oxford", "sample"):
        return source
    return str(_expanded("source", source).resolve())


def _data_dir(data_dir):
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return _expanded("data_dir", data_dir or default)


def _expanded(argument, path):
    """Return a path with its `~` replaced by a home folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise PetkerasError(
            f"`{argument}` begins with the home folder of nobody. "
            f"Received: {argument}='{one_line(path, 300)}'"
        ) from None


def _check(argument, value, ok, allowed):
    if not ok:
        raise PetkerasError(f"`{argument}` must be {allowed}. Received: {argument}={value!r}")


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _decode_classes(opened, class_names, image_size, data_dir):
    """Return a `Decoded` per class: from the cache, or decoded now and put there."""
    kept = data_dir / "petkeras" / "pictures"
    folders = {name: kept / f"{opened.class_key(name)}-{image_size}" for name in class_names}
    classes = _load_classes(folders, image_size)
    if None not in classes.values():
        return list(classes.values())
    try:
        with turn(data_dir, "decoding", "the same pictures"):
            classes = _load_classes(folders, image_size)  # another process may have decoded them
            missing = {name: folders[name] for name in class_names if classes[name] is None}
            kept.mkdir(parents=True, exist_ok=True)
            _remove_half_made(kept)
            if missing:
                with tempfile.TemporaryDirectory(dir=kept, prefix="incomplete-") as half_made:
                    photographs = opened.photographs(list(missing))
                    classes |= cache.decode_all(photographs, missing, image_size, Path(half_made))
    except OSError as error:
        raise _cannot_keep(kept, error) from None
    return [classes[name] for name in class_names]


def _load_classes(folders, image_size):
    """Return by name a `Decoded` per class that was kept, `None` where it is missing or damaged.

    Of those that stay on disk the checksum is not looked at: all of them would be read for it.
    """
    classes = {name: cache.load_decoded(folder, image_size) for name, folder in folders.items()}
    found = [decoded for decoded in classes.values() if decoded]
    if _fit_into_memory(found, image_size):
        damaged = [name for name, decoded in classes.items() if decoded and not decoded.is_whole()]
        classes |= dict.fromkeys(damaged)
    return classes


def _fit_into_memory(classes, image_size):
    """Tell whether all pictures are few enough, and leave most of the memory to the training."""
    needed = sum(len(decoded.names) for decoded in classes) * image_size * image_size * 3
    free = free_memory()
    return needed <= MOST_IN_MEMORY and (free is None or needed <= free / 4)


def _remove_half_made(folder):
    """Remove what a process that was killed has left."""
    for path in list(folder.rglob("incomplete-*")):
        shutil.rmtree(path, ignore_errors=True)


def _cannot_keep(place, error):
    why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or one_line(error)
    return PetkerasError(
        f"Pictures could not be kept in {place}: {why}. Name another place with '--data-dir' "
        "(`data_dir`)."
    )


def _split(classes, class_names, test_fraction, seed, image_size):
    """Return the training part and the test part, as `Pictures`."""
    parts = {"train": [], "test": []}  # of (labels, rows, names) per class
    for label, (name, decoded) in enumerate(zip(class_names, classes, strict=True)):
        test = _chosen_for_test(decoded.names, test_fraction, seed)
        count = int(test.sum())
        if count == 0 or count == len(test):
            raise PetkerasError(
                f"Class '{name}' has {len(test)} readable pictures: with test_fraction="
                f"{test_fraction} its {'test' if count == 0 else 'training'} part would be empty. "
                "Add pictures or change '--test-fraction'."
            )
        for part, mask in (("train", ~test), ("test", test)):
            labels = np.full(int(mask.sum()), label)
            names = [decoded.names[place] for place in np.flatnonzero(mask)]
            parts[part].append((labels, decoded.rows[mask], names))
    files = [decoded.file for decoded in classes]
    train, test = (_join(files, parts[part], image_size) for part in ("train", "test"))
    if _fit_into_memory(classes, image_size):
        return _in_memory(train), _in_memory(test)
    return train, test


def _chosen_for_test(names, test_fraction, seed):
    """Mark the names whose hash ranks lowest: the same ones on every machine."""
    ranks = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in names]
    chosen = np.zeros(len(names), bool)
    chosen[
        sorted(range(len(names)), key=ranks.__getitem__)[: round(len(names) * test_fraction)]
    ] = True
    return chosen


def _join(files, part, image_size):
    """Return the chosen pictures of all classes as `Pictures`, on disk."""
    labels, rows, names = zip(*part, strict=True)
    numbers = np.concatenate(labels)  # (n,) of the class, and of its file
    return Pictures(
        images=Mapped(files, numbers, np.concatenate(rows), image_size),
        labels=np.eye(len(files), dtype=np.float32)[numbers],
        names=tuple(chain.from_iterable(names)),
    )


def _in_memory(part):
    return replace(part, images=part.images.read())
