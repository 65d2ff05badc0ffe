"""Folders of your own pictures."""

import os

import pytest
from conftest import picture_bytes

from petkeras.data.folder import ClassFolders
from petkeras.errors import PetkerasError


def class_folders(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return ClassFolders(root)


def test_a_class_is_a_sub_folder_and_its_pictures_are_sorted(tmp_path):
    kinds = {
        "b.JPG": "JPEG", "a.png": "PNG", "c.gif": "GIF", "d.bmp": "BMP", "e.webp": "WEBP",
        "f.jfif": "JPEG", "g.jpe": "JPEG", "h.tif": "TIFF", "i.TIFF": "TIFF", "j.avif": "AVIF",
    }  # fmt: skip
    files = {f"homer/{name}": picture_bytes(1, kind=kind) for name, kind in kinds.items()}
    source = class_folders(tmp_path, {**files, "bart/deep/er/1.jpeg": picture_bytes(2)})
    assert source.class_names == ("bart", "homer")
    names = [photograph.name for photograph in source.photographs(["homer", "bart"])]
    assert names == [f"homer/{name}" for name in sorted(kinds)] + ["bart/deep/er/1.jpeg"]
    assert {photograph.class_name for photograph in source.photographs(["bart"])} == {"bart"}


def test_other_files_are_reported_and_hidden_ones_are_not(tmp_path):
    picture = picture_bytes(1)
    files = {"a/1.jpg": picture, "b/1.jpg": picture, "b/notes.txt": b"x", "b/.DS_Store": b"x"}
    source = class_folders(tmp_path, {**files, ".git/x.jpg": picture, "c/readme.md": b"x"})
    assert source.class_names == ("a", "b")
    reported = {(problem.file, problem.what) for problem in source.problems}
    assert reported == {
        ("b/notes.txt", "not a picture"),
        ("c/readme.md", "not a picture"),
        ("c", "a folder without pictures"),
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_has_no_bytes(tmp_path):
    source = class_folders(tmp_path, {"a/1.jpg": picture_bytes(1), "b/1.jpg": picture_bytes(1)})
    (tmp_path / "a/1.jpg").chmod(0)
    photograph = next(source.photographs(["a"]))
    assert photograph.data == b""
    assert photograph.fault == "it cannot be opened (Permission denied)"


def test_a_link_to_nowhere_has_no_bytes_until_it_leads_somewhere(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").symlink_to(tmp_path / "nowhere")
    source = class_folders(tmp_path, {"b/1.jpg": picture_bytes(1)})
    photograph = next(source.photographs(["a"]))
    assert photograph.data == b""
    assert photograph.fault == "it cannot be opened (No such file or directory)"
    before = source.class_key("a")
    (tmp_path / "nowhere").write_bytes(picture_bytes(2))
    assert next(source.photographs(["a"])).data == picture_bytes(2)
    assert source.class_key("a") != before


def test_a_class_has_another_key_once_its_files_change(tmp_path):
    files = {"a/1.jpg": picture_bytes(1), "b/1.jpg": picture_bytes(2)}
    source = class_folders(tmp_path, files)
    before = {name: source.class_key(name) for name in "ab"}
    (tmp_path / "a" / "2.jpg").write_bytes(picture_bytes(3))
    after = ClassFolders(tmp_path)
    assert after.class_key("a") != before["a"]
    assert after.class_key("b") == before["b"]


def test_fewer_than_two_classes_are_refused_with_what_is_expected(tmp_path):
    with pytest.raises(PetkerasError, match=r"two or more sub-folders with pictures \(\.jpg, "):
        class_folders(tmp_path, {"a/1.jpg": picture_bytes(1), "b/x.txt": b"x"})
