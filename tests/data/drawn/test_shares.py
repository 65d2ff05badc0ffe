"""Shares of the drawn pets: drawn by several processes, or by one if no other can be started."""

import json
import subprocess
import sys

import pytest

from petkeras.data.drawn import shares
from petkeras.data.drawn.pet import draw_pet

PETS = [("samoyed", 1), ("samoyed", 2), ("Siamese", 1), ("drawn-017", 5)]


def drawn_files(folder, monkeypatch, cores):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    folder.mkdir()
    shares.draw_all(PETS, folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_pictures_do_not_depend_on_the_number_of_cores(tmp_path, monkeypatch):
    one = drawn_files(tmp_path / "one", monkeypatch, cores=1)
    assert set(one) == {f"{b}_{n}.{kind}" for b, n in PETS for kind in ("jpg", "png", "json")}
    assert drawn_files(tmp_path / "three", monkeypatch, cores=3) == one
    drawing = draw_pet("Siamese", 1)
    assert json.loads(one["Siamese_1.json"]) == [*drawing.image.size, *drawing.head]


@pytest.mark.parametrize("python", ["/no/such/python", "python-that-fails"])
def test_what_a_helper_does_not_draw_is_drawn_all_the_same(tmp_path, monkeypatch, python):
    if python == "python-that-fails":
        python = tmp_path / python
        python.write_text("#!/bin/sh\nexit 1\n")
        python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert len(drawn_files(tmp_path / "drawn", monkeypatch, cores=2)) == 3 * len(PETS)


def test_helpers_end_when_drawing_is_interrupted(tmp_path, monkeypatch):
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    def interrupt(pets):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    with pytest.raises(KeyboardInterrupt):
        shares.draw_all(PETS, tmp_path, interrupt)
    assert [helper.poll() is not None for helper in started] == [True, True]
