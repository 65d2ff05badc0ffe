"""The scratch folder is deleted with its process, and nobody else's is."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from petkeras import course

# Print the folder, put a run in it, and wait for a line on standard input.
PROCESS = (
    "from petkeras.course import scratch\n"
    "folder = scratch()\n"
    "(folder / 'run').mkdir()\n"
    "assert scratch() == folder\n"
    "print(folder, flush=True)\n"
    "input()\n"
)


@pytest.fixture
def start(tmp_path):
    """Start a process whose temporary folder is `tmp_path`; return it and its scratch folder."""
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


def test_the_folder_is_one_per_process_and_ends_with_it(start, tmp_path):
    process, folder = start()
    other, others_folder = start()
    assert folder.parent == others_folder.parent == tmp_path
    assert folder != others_folder
    assert (folder / "run").is_dir()
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


def test_a_deleted_folder_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys.modules["petkeras.course.scratch"], "_mine", {})
    folder = course.scratch()
    assert folder.parent == tmp_path
    folder.rmdir()
    assert course.scratch() == folder
    assert folder.is_dir()
