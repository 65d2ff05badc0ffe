"""Scratch folders are deleted with their process, and nobody else's are."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from petkeras import course

# Print the folder of two scratch folders, put a run in each, and wait for a line on standard input.
PROCESS = (
    "from petkeras.course import scratch\n"
    "first, second = scratch(), scratch()\n"
    "(first / 'run').mkdir()\n"
    "(second / 'run').mkdir()\n"
    "assert first.parent == second.parent\n"
    "print(first.parent, flush=True)\n"
    "input()\n"
)


@pytest.fixture
def start(tmp_path):
    """Start a process whose temporary folder is `tmp_path`; return it and where its folders lie."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_folders_end_with_their_process(start, tmp_path):
    process, folder = start()
    other, others_folder = start()
    assert folder.parent == others_folder.parent == tmp_path
    assert folder != others_folder
    assert len(list(folder.glob("*/run"))) == 2
    assert folder.stat().st_mode & 0o077 == 0
    process.communicate("\n")
    assert not folder.exists()
    assert others_folder.exists()
    other.communicate("\n")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_deleted_by_the_next_and_nothing_else(start, tmp_path):
    link = f"petkeras-scratch-{16 * '0'}"
    others = [tmp_path / name for name in ("mine", "petkeras-scratch-mine")]
    for other in others:
        (other / "run").mkdir(parents=True)
    (tmp_path / link).symlink_to(others[0])
    process, folder = start()
    process.kill()
    process.wait()
    assert folder.exists()
    start()
    assert not folder.exists()
    assert not folder.with_suffix(".lock").exists()
    assert all((other / "run").is_dir() for other in others)
    assert (tmp_path / link).is_symlink()


def test_every_folder_is_new_and_where_they_lie_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys.modules["petkeras.course.scratch"], "_mine", {})
    folders = [course.scratch() for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.parent.parent == tmp_path for folder in folders)
    shutil.rmtree(folders[0].parent)
    again = course.scratch()
    assert again.parent == folders[0].parent
    assert list(again.iterdir()) == []
