"""Folders that are split already are taken as they are."""

import pytest
from conftest import picture_bytes

from petkeras.data.layout import find_parts
from petkeras.data.pets import class_table, load_pets
from petkeras.errors import PetkerasError
from petkeras.runs.config import describe_pictures


@pytest.fixture
def split(tmp_path):
    """Make a folder of parts, `{"train": {"cat": 6}}`, and return a function that loads it."""

    def make(counts, **arguments):
        for part, classes in counts.items():
            for name, count in classes.items():
                folder = tmp_path / "pets" / part / name
                folder.mkdir(parents=True)
                for number in range(count):
                    (folder / f"{number}.jpg").write_bytes(picture_bytes(number))
        return load_pets(
            **{"source": tmp_path / "pets", "image_size": 8, **arguments}, data_dir=tmp_path / "d"
        )

    return make


def parts_of(data):
    """Return the names of the folders that the pictures of each part are in."""
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        part: {name.split("/")[0] for name in pictures.names}
        for part, pictures in parts.items()
        if pictures
    }


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["test", "train"], {"train": "train", "test": "test"}),
        (["Train", "VALID"], {"Train": "train", "VALID": "test"}),
        (
            ["testing", "training", "validation"],
            {"training": "train", "validation": "validation", "testing": "test"},
        ),
        (["test", "val"], {}),
        (["bus", "train"], {}),
        (["cat", "dog"], {}),
        ([], {}),
    ],
)
def test_folders_are_parts_by_their_names_if_one_is_for_training(names, parts):
    assert find_parts(names) == parts


def test_train_val_and_test_are_the_parts_whatever_the_fraction(split):
    counts = {
        "train": {"cat": 5, "dog": 6},
        "val": {"cat": 1, "dog": 2},
        "test": {"cat": 3, "dog": 1},
    }
    data = split(counts, test_fraction=0.5)
    assert data.class_names == ("cat", "dog")
    assert parts_of(data) == {"train": {"train"}, "validation": {"val"}, "test": {"test"}}
    assert data.train.labels.sum(axis=0).tolist() == [5, 6]
    assert data.validation.labels.sum(axis=0).tolist() == [1, 2]
    assert data.test.labels.sum(axis=0).tolist() == [3, 1]
    assert class_table(data)[1][0][:5] == ("cat", "9", "5", "1", "3")
    [note] = data.notes
    assert note.endswith(
        "pets is split already: train/ is the training part, val/ the validation part, "
        "and test/ the test part."
    )


def test_without_a_test_folder_val_is_the_test_part_and_validation_can_be_drawn(split):
    counts = {"train": {"cat": 8, "dog": 8}, "val": {"cat": 2, "dog": 3}}
    data = split(counts, validation_fraction=0.25)
    assert parts_of(data) == {"train": {"train"}, "validation": {"train"}, "test": {"val"}}
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 4, 5)
    assert not set(data.train.names) & set(data.validation.names)


def test_the_origin_loads_the_same_parts_again(split, tmp_path):
    data = split({"train": {"cat": 4, "dog": 4}, "test": {"cat": 2, "dog": 2}})
    again = load_pets(**data.origin, data_dir=tmp_path / "elsewhere")
    assert describe_pictures(again) == describe_pictures(data)
    assert again.test.names == data.test.names


def test_a_class_that_a_part_lacks_is_named_unless_it_is_left_out(split):
    counts = {"train": {"cat": 4, "dog": 4, "pug": 4}, "test": {"cat": 2, "dog": 2}}
    with pytest.raises(PetkerasError, match=r"pets/test has no pictures of pug\. .* `breeds`"):
        split(counts)
    assert split({}, breeds="cat,dog").class_names == ("cat", "dog")


def test_a_class_without_readable_pictures_in_a_part_is_named(split, tmp_path):
    counts = {"train": {"cat": 4, "dog": 4}, "test": {"cat": 2, "dog": 1}}
    for part in counts:
        (tmp_path / "pets" / part).mkdir(parents=True)
    (tmp_path / "pets" / "test" / "pug").mkdir()
    (tmp_path / "pets" / "test" / "pug" / "0.jpg").write_bytes(b"broken")
    (tmp_path / "pets" / "train" / "pug").mkdir()
    (tmp_path / "pets" / "train" / "pug" / "0.jpg").write_bytes(picture_bytes(0))
    with pytest.raises(PetkerasError, match=r"'pug' has no readable pictures in its test part"):
        split(counts)


def test_a_part_without_class_folders_is_refused(split):
    with pytest.raises(PetkerasError, match=r"but test/ has no sub-folders with .* set `source`"):
        split({"train": {"cat": 4, "dog": 4}, "test": {".": 2}})


def test_what_lies_beside_the_parts_is_no_class(split, tmp_path):
    (tmp_path / "pets" / "more" / "cat").mkdir(parents=True)
    (tmp_path / "pets" / "more" / "cat" / "0.jpg").write_bytes(picture_bytes(0))
    (tmp_path / "pets" / "cover.png").write_bytes(picture_bytes(0, kind="PNG"))
    data = split({"train": {"cat": 4, "dog": 4}, "test": {"cat": 2, "dog": 2}})
    assert {(problem.file, problem.what) for problem in data.problems} == {
        ("more", "in none of the parts"),
        ("cover.png", "in none of the parts"),
    }


def test_a_val_folder_that_links_to_the_training_part_is_not_used(split, tmp_path):
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "val").symlink_to("train")
    data = split({"train": {"cat": 4, "dog": 4}, "test": {"cat": 2, "dog": 2}})
    assert parts_of(data) == {"train": {"train"}, "test": {"test"}}
