"""A zoo of odd folders, names and non-files: each is named or used."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from data.zoo import GOOD, load, names_of, with_two_classes

from petkeras.data.folder import ClassFolders
from petkeras.data.pets import load_pets
from petkeras.errors import PetkerasError


def pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    os.chdir(path.parent)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def huge_file(path):
    with open(path, "wb") as file:
        file.truncate(10**10)  # it takes no room on the disk


OTHER_THINGS = {
    "pipe": (pipe, "a pipe, not a file", "skipped"),
    "socket": (bound_socket, "a socket, not a file", "skipped"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a device, not a file", "skipped"),
    "folder": (lambda path: path.mkdir(), "a folder named like a picture", "ignored"),
    "link to itself": (lambda path: path.symlink_to(path), "symbolic links", "skipped"),
    "link to nowhere": (lambda path: path.symlink_to("no.jpg"), "No such file", "skipped"),
    "link to a folder": (lambda path: path.symlink_to("."), "a folder that is a link", "ignored"),
    "10 GB": (huge_file, "10000000000 bytes are too many", "skipped"),
}


@pytest.mark.parametrize("kind", OTHER_THINGS)
def test_a_non_file_is_named_and_never_blocks(work, kind, monkeypatch):
    make, what, done = OTHER_THINGS[kind]
    monkeypatch.chdir(work)  # and back
    root = with_two_classes(work)
    make(root / "dog" / "bad.png")
    loaded = load(root, work)
    assert len(names_of(loaded)) == 8
    [problem] = loaded.problems
    assert (problem.file, problem.done) == ("dog/bad.png", done)
    assert what in problem.what


def test_a_file_that_may_not_be_read_is_named_with_the_reason(work, monkeypatch):
    root = with_two_classes(work)
    (root / "dog" / "bad.png").write_bytes(GOOD)
    read_bytes = Path.read_bytes

    def denied(path):
        if path.name == "bad.png":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", denied)
        [problem] = load(root, work).problems
    assert (problem.file, problem.what) == (
        "dog/bad.png",
        "it cannot be opened (Permission denied)",
    )
    (root / "dog" / "bad.png").chmod(0o600)
    assert load(root, work).problems == ()  # once it may be, it is read: not taken from the cache


NAMES = {
    "spaces": ("a  b .jpg", None),
    "quotes": ('it\'s "x".jpg', None),
    "letters of the world": ("ñ犬🐕.jpg", None),
    "leading dash": ("-rf.jpg", None),
    "markup": ("[red]{0}%s$(ls)&<b>.jpg", None),
    "very long": ("x" * 251 + ".jpg", None),
    "newline": ("a\nb.jpg", r"a\nb.jpg"),
    "return": ("good0.jpg\rfake.jpg", r"good0.jpg\rfake.jpg"),
    "escape sequence": ("\x1b[2J\x1b[31m.jpg", r"\x1b[2J\x1b[31m.jpg"),
    "half a character": (os.fsdecode(b"\xff\xfe.jpg"), r"\udcff\udcfe.jpg"),
    "right to left": ("\u202egpj.jpg", r"\u202egpj.jpg"),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_an_odd_name_is_used_and_shown_printable(work, kind, good):
    name, shown = NAMES[kind]
    shown = shown or name
    root = with_two_classes(work)
    (root / "cat" / name).write_bytes(GOOD if good else b"")
    loaded = load(root, work)
    if good:
        assert f"cat/{shown}" in names_of(loaded)
    else:
        assert [problem.file for problem in loaded.problems] == [f"cat/{shown}"]
    assert all(name.isprintable() for name in names_of(loaded))


@pytest.fixture(autouse=True)
def clean(work):
    """Remove what `deeper` made, because Python's own removal fails."""
    yield
    subprocess.run(["rm", "-rf", work / "own"], check=True)


def deeper(folder, levels, name):
    """Make nested folders step by step, because their path may be too long."""
    parent = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=parent)
        inner = os.open(name, os.O_RDONLY, dir_fd=parent)
        os.close(parent)
        parent = inner
    os.close(parent)


FOLDERS = {
    "class that is a link to its folder": (
        lambda root: (root / "loop").symlink_to(root), "loop",
        "a link that leads back to this folder"),
    "class that is a link to another": (
        lambda root: (root / "pup").symlink_to("dog"), "pup",
        "a link that leads back to this folder"),
    "class that is a link to all": (
        lambda root: (root / "all").symlink_to("/"), "all",
        "a link that leads back to this folder"),
    "class that is a link to itself": (
        lambda root: (root / "loop").symlink_to(root / "loop"), "loop", "not in a class folder"),
    "class that is a link to nowhere": (
        lambda root: (root / "gone").symlink_to("no"), "gone", "not in a class folder"),
    "class without pictures": (
        lambda root: (root / "empty").mkdir(), "empty", "a folder without pictures"),
    "class that cannot be printed": (
        lambda root: (root / "a\nb").mkdir(), r"a\nb", "a class whose name cannot be printed"),
    "picture beside the classes": (
        lambda root: (root / "x.jpg").write_bytes(GOOD), "x.jpg", "not in a class folder"),
    "file of another kind": (
        lambda root: (root / "cat" / "x.txt").write_bytes(GOOD), "cat/x.txt", "not a picture"),
    "link to the folder above": (
        lambda root: (root / "cat" / "up").symlink_to(".."), "cat/up", "a folder that is a link"),
    "path longer than is allowed": (
        lambda root: deeper(root / "cat", 20, 250 * "x"), None, "a path that is too long"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_bad_folder_is_named_and_the_others_are_used(work, kind):
    make, name, what = FOLDERS[kind]
    root = with_two_classes(work)
    make(root)
    loaded = load(root, work)
    assert loaded.class_names == ("cat", "dog")
    assert len(names_of(loaded)) == 8
    [problem] = loaded.problems
    assert name is None or problem.file == name
    assert what in problem.what


def test_folders_within_folders_need_no_recursion(work):
    root = with_two_classes(work)
    deeper(root / "cat", 1500, "x")
    assert load(root, work).problems == ()


def test_hidden_folders_are_not_looked_into(work):
    root = with_two_classes(work)
    (root / "cat" / ".thumbnails").mkdir()
    (root / "cat" / ".thumbnails" / "good0.jpg").write_bytes(GOOD)
    assert len(names_of(load(root, work))) == 8


def test_a_folder_that_may_not_be_read_is_named(work, monkeypatch):
    root = with_two_classes(work)
    (root / "cat" / "private").mkdir()
    listdir = os.listdir

    def denied(path):
        if Path(path).name in ("private", "own"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(PetkerasError, match=r"a folder that cannot be read \(Permission denied\)"):
        ClassFolders(root)
    monkeypatch.setattr(os, "listdir", lambda path: denied(path) if path != root else ["cat"])
    with pytest.raises(PetkerasError, match="cannot be read") as raised:
        ClassFolders(root)
    assert "cat/private" in str(raised.value)


@pytest.mark.parametrize(
    "source", ["x" * 5000, "a\0b", "a\nb\x1b[2J", "~nobody-of-this-name/x", "\udcff", ""]
)
def test_a_source_that_is_no_folder_is_one_line(source, work):
    with pytest.raises(PetkerasError, match="`source`") as raised:
        load_pets(source=source or work / "none", data_dir=work)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600
