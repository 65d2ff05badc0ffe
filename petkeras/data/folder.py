"""A folder of your own pictures, with one sub-folder per class."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from petkeras.data import layout
from petkeras.data.pictures import EXTENSIONS, Photograph, Problem, read_file, summarize
from petkeras.errors import PetkerasError
from petkeras.text import printable


class ClassFolders:
    """Read pictures from a folder that has one sub-folder per class.

    If the folder has the sub-folders `train` and `test` (or `val`), each of them is a part of the
    data, and its own sub-folders are the classes; see `petkeras.data.layout`.

    Args:
        folder: the folder. Files in it that are not pictures are reported and ignored; hidden
            files are ignored. A class may be a link to a folder elsewhere; other links to folders
            are not followed, so that no picture is found twice.

    Attributes:
        parts: for each sub-folder that is a part of the data, the name of the part; else empty.

    Raises:
        PetkerasError: there are fewer than two sub-folders with pictures in them, or a part has
            none.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []
        self.files: dict[str, list[str]] = {}  # class name -> its picture files, sorted
        paths = list(self._list(folder))
        folders = [path for path in paths if os.path.isdir(path) and not _leads_back(path, folder)]
        self.parts = layout.find_parts([path.name for path in folders])
        self.classes_by_part = {
            name: self._read_classes(self._list(folder / name)) for name in self.parts
        }
        if self.parts:
            self._report_other(paths)
            layout.check_has_classes(folder, self.classes_by_part)
        else:
            self._read_classes(paths)
        self.files = dict(sorted(self.files.items()))
        if len(self.files) < 2:
            found = f" Found: {summarize(self.problems)}." if self.problems else ""
            raise PetkerasError(
                f"{printable(folder)} holds neither images.tar.gz and annotations.tar.gz nor two "
                f"or more sub-folders with pictures ({', '.join(EXTENSIONS)}).{found}"
            )

    @property
    def class_names(self):
        """The names of the classes, sorted."""
        return tuple(self.files)

    def check_complete(self, class_names):
        """Raise a PetkerasError if a part of the data has no pictures of one of the classes."""
        layout.check_complete(self.folder, self.classes_by_part, class_names)

    def describe_parts(self):
        """Return a sentence that says which sub-folder is which part, or an empty text."""
        return layout.describe(self.folder, self.parts) if self.parts else ""

    def _report_other(self, paths):
        """Report folders and pictures that are in none of the parts."""
        for path in paths:
            if path.name not in self.parts and (
                os.path.isdir(path) or _is_named_like_picture(path)
            ):
                self._report(path, "in none of the parts")

    def _read_classes(self, paths):
        """Find the pictures of every class folder among some paths; report the other paths.

        Returns:
            The set of the classes' names.
        """
        classes = set()
        for path in paths:
            if not os.path.isdir(path):
                if _is_named_like_picture(path) or path.is_symlink():
                    self._report(path, "not in a class folder")
            elif _leads_back(path, self.folder):
                self._report(path, "a link that leads back to this folder")
            elif not path.name.isprintable():
                self._report(path, "a class whose name cannot be printed")
            elif files := self._pictures_in(path):
                self.files.setdefault(path.name, []).extend(files)
                classes.add(path.name)
            else:
                self._report(path, "a folder without pictures")
        return classes

    def photographs(self, class_names):
        """Yield the `Photograph`s of some classes, with printable names."""
        for class_name in class_names:
            for file in self.files[class_name]:
                data, fault = b"", ""
                try:
                    data = read_file(file)
                except ValueError as error:
                    fault = str(error)
                yield Photograph(self._name(Path(file)), class_name, data, fault)

    def class_key(self, class_name):
        """Return a name for the present files of a class, without reading them."""
        digest = hashlib.sha256()
        for file in self.files[class_name]:
            digest.update(repr((file, _state(file))).encode())
        return "folder-" + digest.hexdigest()[:16]

    def _pictures_in(self, class_folder):
        """Return the sorted paths of the files named like pictures; report the others.

        The paths are strings, because a million of these take only a tenth of a gigabyte.
        """
        files, waiting = [], [class_folder]
        while waiting:
            for path in self._list(waiting.pop()):
                if not os.path.isdir(path):
                    if _is_named_like_picture(path):
                        files.append(str(path))
                    elif os.path.lexists(path):
                        self._report(path, "not a picture")
                    else:
                        self._report(path, "a path that is too long")
                elif path.is_symlink():
                    self._report(path, "a folder that is a link")
                elif _is_named_like_picture(path):
                    self._report(path, "a folder named like a picture")
                else:
                    waiting.append(path)
        return sorted(files)

    def _list(self, folder):
        """Yield the sorted contents of a folder; if it cannot be read, report it."""
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            self._report(folder, f"a folder that cannot be read ({error.strerror})")
            return
        yield from (folder / name for name in names if not name.startswith("."))

    def _report(self, path, what):
        self.problems.append(Problem(self._name(path), what, "ignored"))

    def _name(self, path):
        return printable(path.relative_to(self.folder))


def _is_named_like_picture(path):
    return path.suffix.lower() in EXTENSIONS


def _leads_back(path, folder):
    """Return True if a class is a link that leads into, or above, its own folder."""
    folder, target = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    return path.is_symlink() and (target.is_relative_to(folder) or folder.is_relative_to(target))


def _state(file):
    """Return values that change when a file, or the target of a link, changes."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_mode
