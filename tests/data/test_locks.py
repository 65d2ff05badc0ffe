"""If two processes prepare the same data, one of them waits."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import filelock
import numpy as np
import pytest
from conftest import picture_bytes, published_archives, two_breeds

from petkeras.data import archives, cache, locks, oxford, pets
from petkeras.data.drawn import dataset
from petkeras.data.pets import load_pets
from petkeras.errors import PetkerasError

HOLDER = """
import sys, time
from pathlib import Path
from petkeras.data.locks import wait_for_lock
with wait_for_lock(Path(sys.argv[1]), "key", "it"):
    print("locked", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Start a process that holds the lock until it is told to release it, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def release_later(holder, seconds):
    timer = threading.Timer(seconds, lambda: (holder.stdin.write("\n"), holder.stdin.flush()))
    timer.start()
    return timer


def test_the_second_process_waits_and_says_so_once(holder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(locks, "QUIET_SECONDS", 0.1)
    began = time.monotonic()
    timer = release_later(holder, 0.6)
    with locks.wait_for_lock(tmp_path, "key", "the pets"):
        assert time.monotonic() - began > 0.5
    timer.join()
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Waiting: another process is preparing the pets.\n")


def test_a_short_wait_is_not_reported(holder, tmp_path, capsys):
    timer = release_later(holder, 0.2)
    with locks.wait_for_lock(tmp_path, "key", "the pets"):
        timer.join()
    assert capsys.readouterr() == ("", "")


def test_a_killed_process_releases_the_lock(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    with locks.wait_for_lock(tmp_path, "key", "the pets"):
        assert holder.wait() == -signal.SIGKILL


def test_locks_of_other_data_do_not_wait(holder, tmp_path, capsys):
    with locks.wait_for_lock(tmp_path, "another key", "the pets"):
        assert holder.poll() is None
    assert capsys.readouterr() == ("", "")


def test_the_lock_is_released_after_an_error(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), locks.wait_for_lock(tmp_path, "key", "it"):
            raise ValueError("broken")


def both(work):
    """Call a function in two threads at once; a lock separates them as it does processes."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda _: work(), range(2)))


def counted(function, calls):
    """Wrap a function so that it is slow and its calls are counted."""

    def wrapped(*arguments):
        calls.append(function)
        time.sleep(0.2)
        return function(*arguments)

    return wrapped


def test_the_same_pictures_are_decoded_once(tmp_path, monkeypatch):
    for name in ("cat", "dog"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(8):
            (tmp_path / "own" / name / f"{number}.jpg").write_bytes(picture_bytes(number))
    calls = []
    monkeypatch.setattr(cache, "decode_all", counted(cache.decode_all, calls))
    first, second = both(
        lambda: load_pets("cat, dog", tmp_path / "own", 8, data_dir=tmp_path / "data")
    )
    assert len(calls) == 1
    np.testing.assert_array_equal(first.train.images, second.train.images)


def test_pets_are_drawn_once(tmp_path, monkeypatch):
    calls = []
    write = dataset.write_archives
    draw = counted(lambda home: write(home, per_breed=1), calls)
    (tmp_path / "petkeras" / f"drawn-{dataset.VERSION}" / "incomplete-1").mkdir(parents=True)
    monkeypatch.setattr(dataset, "write_archives", draw)
    first, second = both(lambda: pets._drawn_archives(tmp_path))
    assert len(calls) == 1
    assert first == second
    assert sorted(path.name for path in first.iterdir()) == sorted(archives.ARCHIVE_NAMES)


def test_archives_are_prepared_once(tmp_path, monkeypatch):
    published_archives(tmp_path / "pets", two_breeds())
    calls = []
    monkeypatch.setattr(archives, "extract", counted(archives.extract, calls))
    first, second = both(lambda: oxford.open_archives(tmp_path / "pets", tmp_path / "data"))
    assert len(calls) == 1
    names = [{photograph.name for photograph in source.photographs(["samoyed"])}
             for source in (first, second)]  # fmt: skip
    assert names[0] == names[1] != set()


def test_prepared_data_needs_no_lock_and_no_writing(tmp_path, monkeypatch):
    published_archives(tmp_path / "pets", two_breeds(8))
    first = load_pets(source=tmp_path / "pets", image_size=8, data_dir=tmp_path / "data")
    for path in (tmp_path / "data").rglob("*.lock"):
        path.unlink()

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(filelock.FileLock, "acquire", read_only)
    monkeypatch.setattr(locks.Path, "mkdir", read_only)
    again = load_pets(source=tmp_path / "pets", image_size=8, data_dir=tmp_path / "data")
    np.testing.assert_array_equal(again.train.images, first.train.images)


def test_a_preparation_that_fails_leaves_neither_its_lock_nor_folders(tmp_path):
    def fail():
        raise PetkerasError("no such pictures")

    for before in ((), ("other.lock",), ("key.lock",)):
        data_dir = tmp_path / "-".join(("data", *before))
        for name in before:
            (data_dir / "petkeras").mkdir(parents=True)
            (data_dir / "petkeras" / name).touch()
        with pytest.raises(PetkerasError, match="no such pictures"):
            locks.prepare_once(lambda: None, fail, data_dir, "key", "it")
        left = sorted(path.name for path in data_dir.rglob("*")) if data_dir.exists() else []
        assert left == sorted(["petkeras", *before] if before else [])


def test_without_standard_error_a_wait_is_silent(tmp_path, holder, monkeypatch, capsys):
    monkeypatch.setattr(locks, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(sys, "stderr", None)
    release = threading.Timer(0.2, holder.communicate, ("\n",))
    release.start()
    with locks.wait_for_lock(tmp_path, "key", "it"):
        pass
    release.join()
    assert capsys.readouterr().out == ""
