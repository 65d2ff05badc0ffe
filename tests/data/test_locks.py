"""Of two processes that prepare the same data, one waits."""

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

from petkeras.data import archives, oxford, pets
from petkeras.data import cache as kept
from petkeras.data import locks as turns
from petkeras.data.drawn import dataset as sample
from petkeras.data.pets import load_pets

HOLDER = """
import sys, time
from pathlib import Path
from petkeras.data.locks import turn
with turn(Path(sys.argv[1]), "key", "it"):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that has the turn until it is told to give it back, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "mine\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def give_back_later(holder, seconds):
    timer = threading.Timer(seconds, lambda: (holder.stdin.write("\n"), holder.stdin.flush()))
    timer.start()
    return timer


def test_one_waits_for_the_other_and_says_so_once(holder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    began = time.monotonic()
    timer = give_back_later(holder, 0.6)
    with turns.turn(tmp_path, "key", "the pets"):
        assert time.monotonic() - began > 0.5
    timer.join()
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Waiting: another process is preparing the pets.\n")


def test_a_short_wait_is_not_told(holder, tmp_path, capsys):
    timer = give_back_later(holder, 0.2)
    with turns.turn(tmp_path, "key", "the pets"):
        timer.join()
    assert capsys.readouterr() == ("", "")


def test_whoever_is_killed_gives_the_turn_back(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    with turns.turn(tmp_path, "key", "the pets"):
        assert holder.wait() == -signal.SIGKILL


def test_other_things_need_not_be_waited_for(holder, tmp_path, capsys):
    with turns.turn(tmp_path, "another key", "the pets"):
        assert holder.poll() is None
    assert capsys.readouterr() == ("", "")


def test_the_turn_is_given_back_after_an_error(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), turns.turn(tmp_path, "key", "it"):
            raise ValueError("broken")


def both(work):
    """Call a function in two threads at once; a lock keeps them apart as it does processes."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda _: work(), range(2)))


def counted(function, calls):
    """Wrap a function so that it takes a while and its calls are counted."""

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
    monkeypatch.setattr(kept, "decode_all", counted(kept.decode_all, calls))
    one, two = both(lambda: load_pets("cat, dog", tmp_path / "own", 8, data_dir=tmp_path / "data"))
    assert len(calls) == 1
    np.testing.assert_array_equal(one.train.images, two.train.images)


def test_pets_are_drawn_once(tmp_path, monkeypatch):
    calls = []
    write = sample.write_archives
    draw = counted(lambda home: write(home, per_breed=1), calls)
    (tmp_path / "petkeras" / f"drawn-{sample.VERSION}" / "incomplete-1").mkdir(parents=True)
    monkeypatch.setattr(sample, "write_archives", draw)
    one, two = both(lambda: pets._drawn(tmp_path))
    assert len(calls) == 1
    assert one == two
    assert sorted(path.name for path in one.iterdir()) == sorted(archives.NAMES)


def test_archives_are_prepared_once(tmp_path, monkeypatch):
    published_archives(tmp_path / "pets", two_breeds())
    calls = []
    monkeypatch.setattr(archives, "extract", counted(archives.extract, calls))
    one, two = both(lambda: oxford.open_archives(tmp_path / "pets", tmp_path / "data"))
    assert len(calls) == 1
    names = [{photograph.name for photograph in source.photographs(["samoyed"])}
             for source in (one, two)]  # fmt: skip
    assert names[0] == names[1] != set()


def test_what_is_prepared_needs_no_turn_and_no_writing(tmp_path, monkeypatch):
    published_archives(tmp_path / "pets", two_breeds(8))
    first = load_pets(source=tmp_path / "pets", image_size=8, data_dir=tmp_path / "data")
    for path in (tmp_path / "data").rglob("*.lock"):
        path.unlink()

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(filelock.FileLock, "acquire", read_only)
    monkeypatch.setattr(turns.Path, "mkdir", read_only)
    again = load_pets(source=tmp_path / "pets", image_size=8, data_dir=tmp_path / "data")
    np.testing.assert_array_equal(again.train.images, first.train.images)
