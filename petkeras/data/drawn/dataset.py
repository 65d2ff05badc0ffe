"""The sample of drawn pets, in the published layout of Oxford-IIIT Pet.

Drawn pets are not photographs, and are never called so. They are read by the same code as the
published archives, need no network, and are the same on every machine.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path

from rich.progress import track

from petkeras.data.archives import ARCHIVE_NAMES
from petkeras.data.breeds import BREEDS, CATS, DOGS
from petkeras.data.drawn.breeds import DRAWN_BREEDS
from petkeras.data.drawn.shares import draw_all
from petkeras.data.storage import UNFINISHED
from petkeras.system.terminal import is_terminal, make_console

VERSION = 1  # raise it when pets are drawn differently, so that old ones are not used
PER_BREED = 200  # about as many as in the dataset

_HEAD_BOX = """\
<annotation>
  <filename>{name}.jpg</filename>
  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>
  <object>
    <name>{species}</name>
    <bndbox><xmin>{head[0]}</xmin><ymin>{head[1]}</ymin><xmax>{head[2]}</xmax><ymax>{head[3]}</ymax></bndbox>
  </object>
</annotation>
"""


def write_archives(folder: Path, per_breed=PER_BREED):
    """Draw the pets, and write `images.tar.gz` and `annotations.tar.gz` atomically.

    Like the published archives, they hold pictures, trimaps, the lists `list.txt`, `trainval.txt`
    and `test.txt`, and head boxes of the pictures in `trainval.txt`.

    Args:
        folder: created if it does not exist.
        per_breed: the number of pictures of each breed in `DRAWN_BREEDS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pets = [(breed, number) for breed in DRAWN_BREEDS for number in range(1, per_breed + 1)]
    lists: dict[str, list[str]] = {"list.txt": [], "trainval.txt": [], "test.txt": []}
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED) as temporary,
        tarfile.open(Path(temporary) / ARCHIVE_NAMES[0], "w") as images,
        tarfile.open(Path(temporary) / ARCHIVE_NAMES[1], "w") as annotations,
    ):
        drawn = Path(temporary) / "drawn"
        drawn.mkdir()
        draw_all(pets, drawn, partial(_with_progress, len(pets)))
        for breed, number in pets:
            name = f"{breed}_{number}"
            part = "trainval.txt" if number % 2 else "test.txt"
            line = _line(breed, name)
            lists["list.txt"].append(line)
            lists[part].append(line)
            _add(images, f"images/{name}.jpg", (drawn / f"{name}.jpg").read_bytes())
            _add(
                annotations, f"annotations/trimaps/{name}.png", (drawn / f"{name}.png").read_bytes()
            )
            if part == "trainval.txt":
                xml = _head_box(breed, name, *json.loads((drawn / f"{name}.json").read_text()))
                _add(annotations, f"annotations/xmls/{name}.xml", xml.encode())
        for name, lines in lists.items():
            _add(annotations, f"annotations/{name}", "".join(lines).encode())
        images.close()
        annotations.close()
        for name in ARCHIVE_NAMES:
            (Path(temporary) / name).replace(folder / name)


def _with_progress(count, own):
    """Show a progress bar on a terminal: of this process's own share of the pets."""
    return track(
        own,
        f"Drawing {count} pets, once",
        console=make_console(stderr=True),
        disable=not is_terminal(sys.stderr),
    )


def _line(breed, name):
    """Return a line of a list: name, breed, species, breed within the species."""
    species, family = (1, CATS) if breed in CATS else (2, DOGS)
    return f"{name} {BREEDS.index(breed) + 1} {species} {family.index(breed) + 1}\n"


def _head_box(breed, name, width, height, *head):
    species = "cat" if breed in CATS else "dog"
    return _HEAD_BOX.format(name=name, width=width, height=height, species=species, head=head)


def _add(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
