"""Draw many pets at once: each core draws a share, because Python's threads take turns.

A share is drawn by `python -m petkeras.data.drawn.shares FOLDER`, which reads the pets as JSON,
such as `[["samoyed", 1]]`, from its standard input.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from petkeras.data.drawn.pet import draw_pet


def draw_all(pets, folder: Path, track=iter):
    """Draw pets into files: `NAME.jpg`, the trimap `NAME.png`, and the head box `NAME.json`.

    Args:
        pets: a list of (breed, number).
        folder: an empty folder.
        track: a function from a list to an iterable of it that shows the progress.
    """
    count = os.cpu_count() or 1
    helpers: list[subprocess.Popen] = []
    try:
        with contextlib.suppress(OSError):  # no other Python can be started: this one draws all
            for first in range(1, min(count, len(pets))):
                helpers.append(_start(pets[first::count], folder))
        for pet in track(pets[::count]):
            draw_into(folder, *pet)
        for helper in helpers:
            helper.wait()
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()
    for pet in pets:
        if not _name(folder, *pet).with_suffix(".json").exists():  # a helper has failed
            draw_into(folder, *pet)


def draw_into(folder, breed, number):
    """Draw a pet into three files, the one with the head box last."""
    drawing, name = draw_pet(breed, number), _name(folder, breed, number)
    name.with_suffix(".jpg").write_bytes(encode_picture(drawing.image))
    name.with_suffix(".png").write_bytes(_encoded(drawing.trimap, "PNG"))
    name.with_suffix(".json").write_text(json.dumps([*drawing.image.size, *drawing.head]))


def encode_picture(image):
    """Return a drawn picture as the bytes of its JPEG file."""
    return _encoded(image, "JPEG", quality=88)


def _start(pets, folder):
    """Start another Python that draws some pets, and return it as a `subprocess.Popen`."""
    helper = subprocess.Popen(
        [sys.executable, "-m", "petkeras.data.drawn.shares", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with contextlib.suppress(BrokenPipeError):  # it has failed already
        json.dump(pets, helper.stdin)
        helper.stdin.close()
    return helper


def _encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _name(folder, breed, number):
    return Path(folder) / f"{breed}_{number}"


if __name__ == "__main__":
    for pet in json.load(sys.stdin):
        draw_into(sys.argv[1], *pet)
