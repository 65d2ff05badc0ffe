"""Folders that are already split into train/ and test/ (or val/)."""

from __future__ import annotations

from pathlib import PurePath

from petkeras.errors import PetkerasError
from petkeras.text import one_line, printable

# The part of the data that a folder of this name, in lower case, holds.
PARTS = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
ORDER = ("train", "validation", "test")


def find_parts(folder_names):
    """Return the part of the data that each folder holds, by the folder's name.

    Without a folder for the test part, the one for validation is taken as the test part.

    Returns:
        A dict from names to `"train"`, `"test"` and `"validation"`; empty if there is no folder
        for the training part, or no other.

    Example:

    >>> from petkeras.data.layout import find_parts
    >>> find_parts(["train", "val", "docs"])
    {'train': 'train', 'val': 'test'}
    >>> find_parts(["cat", "train"])
    {}
    """
    parts = {name: PARTS[name.lower()] for name in folder_names if name.lower() in PARTS}
    parts = dict(sorted(parts.items(), key=lambda item: ORDER.index(item[1])))
    found = set(parts.values())
    if "train" not in found or len(found) < 2:
        return {}
    if "test" not in found:
        return {name: "train" if part == "train" else "test" for name, part in parts.items()}
    return parts


def part_of(file_name, parts):
    """Return the part that a file is in, given its name within the source's folder."""
    return parts[PurePath(file_name).parts[0]]


def check_has_classes(folder, classes_by_folder):
    """Raise a PetkerasError if one of the parts' folders has no classes.

    Args:
        folder: the folder that holds them, for the message.
        classes_by_folder: for the name of each part's folder, the set of its classes.
    """
    empty = [name for name, classes in classes_by_folder.items() if not classes]
    if empty:
        parts = ", ".join(f"{name}/" for name in classes_by_folder)
        raise PetkerasError(
            f"{printable(folder)} is split into {parts}, but {empty[0]}/ has no sub-folders with "
            "pictures. Each part must have one sub-folder per class. To have one part split "
            "anew, set `source` to its folder."
        )


def check_complete(folder, classes_by_folder, class_names):
    """Raise a PetkerasError if a class has no pictures in one of the parts' folders."""
    for name, classes in classes_by_folder.items():
        lacking = [class_name for class_name in class_names if class_name not in classes]
        if lacking:
            raise PetkerasError(
                f"{printable(folder / name)} has no pictures of {one_line(', '.join(lacking))}. "
                "Every class needs some in each part: add them, or name only the other classes in "
                "`breeds`."
            )


def describe(folder, parts):
    """Return a sentence that says which folder is which part of the data.

    Example:

    >>> from petkeras.data.layout import describe
    >>> describe("my-pets", {"train": "train", "val": "test"})
    'my-pets is split already: train/ is the training part, and val/ the test part.'
    """
    words = {"train": "training", "test": "test", "validation": "validation"}
    named = [f"{name}/ the {words[part]} part" for name, part in parts.items()]
    named[0] = named[0].replace("/ the", "/ is the", 1)
    listed = f"{', '.join(named[:-1])}, and {named[-1]}"
    return f"{printable(folder)} is split already: {listed}."
