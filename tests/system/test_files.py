"""Files that are written atomically, and files of strangers: nothing in them is run."""

import os

import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.system.files import (
    MAX_JSON,
    read_array,
    read_arrays,
    read_json,
    written_atomically,
)


def test_a_file_is_replaced_once_it_is_whole(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("old")
    with written_atomically(file) as partial:
        partial.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"

    def fail():
        with written_atomically(file) as partial:
            partial.write_text("half of i")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert file.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


class Bomb:
    """Make a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch '{self.file}'",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[NaN]", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        (100_000 * "[", "nested too deeply"),
        ((MAX_JSON + 1) * " ", f"longer than {MAX_JSON} bytes"),
        (b"\xff", "can't decode"),
    ],
)
def test_json_is_read_to_the_letter_and_within_bounds(tmp_path, text, message):
    file = tmp_path / "x.json"
    file.write_text('{"a": [1, 2.5, null]}')
    assert read_json(file) == {"a": [1, 2.5, None]}
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        read_json(file)


def test_an_array_is_read_if_it_is_what_it_must_be(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.ones((4, 5, 3), np.float32))
    assert read_array(file, (4, 5, 3), np.float32).shape == (4, 5, 3)
    assert read_array(file, (None, None, 3), np.float32).shape == (4, 5, 3)
    for shape, dtype in (
        ((4, 5), np.float32), ((4, 4, 3), np.float32), ((None, None, 1), np.float32),
        ((4, 5, 3), np.uint8), ((), np.float32),
    ):  # fmt: skip
        with pytest.raises(PetkerasError, match=r"x\.npy is damaged: it must hold finite numbers"):
            read_array(file, shape, dtype)
    np.save(file, np.full((4,), np.inf, np.float32))
    with pytest.raises(PetkerasError, match="must hold finite numbers"):
        read_array(file, (4,), np.float32)


def test_arrays_are_never_unpickled(tmp_path):
    trace = tmp_path / "trace"
    bomb = np.array([Bomb(trace)], object)
    np.save(tmp_path / "x.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "x.npz", good=np.arange(3), bad=bomb)
    with pytest.raises(PetkerasError, match="Object arrays cannot be loaded"):
        read_array(tmp_path / "x.npy", (1,), np.float32)
    with pytest.raises(PetkerasError, match="Object arrays cannot be loaded"):
        read_arrays(tmp_path / "x.npz", lambda name: True)
    kept = read_arrays(tmp_path / "x.npz", lambda name: name == "good")
    assert (list(kept), kept["good"].tolist()) == (["good"], [0, 1, 2])
    assert not trace.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK", b"\x93NUMPY"])
def test_arrays_that_are_missing_or_damaged_are_named(tmp_path, content):
    if content is not None:
        (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(PetkerasError, match=r"x\.npz is damaged: "):
        read_arrays(tmp_path / "x.npz", lambda name: True)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(ValueError, match="it is not a file"):
        read_json(tmp_path / "x")
    for read in (
        lambda: read_array(tmp_path / "x", (1,), np.float32),
        lambda: read_arrays(tmp_path / "x", lambda name: True),
    ):
        with pytest.raises(PetkerasError, match=r"x is damaged: it is not a file\."):
            read()
