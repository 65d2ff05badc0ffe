"""Files that are written atomically, and files of strangers: nothing in them is run."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.system.files import (
    MAX_JSON,
    leaving_no_empty_folders,
    local_path,
    read_array,
    read_arrays,
    read_json,
    to_json,
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


@pytest.mark.parametrize(
    "url", ["gs://bucket/x", "S3://b", "https://a.org", "file:///x", "gs:/b", "git+ssh://x/y"]
)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_url_is_no_path_on_this_machine(url, kind):
    with pytest.raises(PetkerasError, match=r"`run_dir` must be a path .* not a URL\. Received: "):
        local_path("run_dir", kind(url))


@pytest.mark.parametrize(
    "path", ["runs/a", "C:/runs", "C:\\runs", "a:b/c", "/x/gs://y", "x~", "2:/"]
)
def test_other_paths_stay_as_they_are(path):
    assert local_path("run_dir", path) == Path(path)
    assert local_path("run_dir", Path(path)) == Path(path)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert local_path("run_dir", "~/a") == tmp_path / "a"
    assert local_path("run_dir", Path("~")) == tmp_path
    with pytest.raises(PetkerasError, match="`run_dir` starts with the home folder of an unknown"):
        local_path("run_dir", "~nobody-of-that-name/a")


@pytest.mark.parametrize("path", [None, 5, b"runs", ["a"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(PetkerasError, match="`run_dir` must be a path"):
        local_path("run_dir", path)


def test_a_block_that_fails_leaves_no_empty_folder_but_those_of_before(tmp_path):
    (tmp_path / "old").mkdir()

    def fail(make):
        with leaving_no_empty_folders(tmp_path / "old" / "new", tmp_path / "a" / "b"):
            for path in make:
                (tmp_path / path).mkdir(parents=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(["old/new", "a/b"])
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]
    with pytest.raises(KeyboardInterrupt):
        fail(["a/b", "a/kept"])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "kept", "old"]


def test_a_block_that_ends_well_keeps_its_empty_folders(tmp_path):
    with leaving_no_empty_folders(tmp_path / "a"):
        (tmp_path / "a").mkdir()
    assert (tmp_path / "a").is_dir()


def test_numpys_numbers_and_arrays_become_json():
    value = {"a": np.float32(0.5), "b": np.arange(2), "c": [np.bool_(True), np.str_("x"), None]}
    assert json.loads(to_json(value)) == {"a": 0.5, "b": [0, 1], "c": [True, "x", None]}
    with pytest.raises(TypeError, match="set cannot be written as JSON"):
        to_json({1})


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
