"""A folder of one's own pictures: a sub-folder per class."""

from __future__ import annotations

import hashlib
from pathlib import Path

from petkeras.data.pictures import ENDINGS, Photograph, Problem
from petkeras.errors import PetkerasError


class ClassFolders:
    """Read pictures from a folder that has one sub-folder per class.

    Args:
        folder: the folder. Files in a sub-folder whose ending is not that of a picture are
            reported and ignored; hidden files are ignored.

    Raises:
        PetkerasError: there are not two sub-folders with pictures in them.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []
        self.files = {}  # class name -> its picture files, sorted
        for class_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
            if not class_folder.name.startswith("."):
                files = self._pictures_in(class_folder)
                if files:
                    self.files[class_folder.name] = files
        if len(self.files) < 2:
            raise PetkerasError(
                f"{folder} holds neither images.tar.gz and annotations.tar.gz nor two sub-folders "
                f"or more with pictures ({', '.join(ENDINGS)}) in them."
            )

    @property
    def class_names(self):
        """The names of the sub-folders that hold pictures, sorted."""
        return tuple(self.files)

    def photographs(self, class_names):
        """Yield the `Photograph`s of some classes; a file that cannot be opened has no bytes."""
        for class_name in class_names:
            for file in self.files[class_name]:
                try:
                    data = file.read_bytes()
                except OSError:
                    data = b""
                yield Photograph(str(file.relative_to(self.folder)), class_name, data)

    def class_key(self, class_name):
        """Name the files of a class as they are now, without reading them."""
        stats = [(str(file), file.lstat().st_size, file.lstat().st_mtime_ns)
                 for file in self.files[class_name]]  # fmt: skip
        return "folder-" + hashlib.sha256(repr(stats).encode()).hexdigest()[:16]

    def _pictures_in(self, class_folder):
        files = []
        for file in sorted(class_folder.rglob("*")):
            name = str(file.relative_to(self.folder))
            if file.name.startswith(".") or file.is_dir():
                continue
            if file.suffix.lower() in ENDINGS:
                files.append(file)
            else:
                self.problems.append(Problem(name, "not a picture", "ignored"))
        return files
