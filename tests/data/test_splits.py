"""A validation part is held back from the training part, and changes nothing else."""

import numpy as np
import pytest
from conftest import published_archives, two_breeds

from petkeras.data.mapped import MappedImages
from petkeras.data.pets import PetData, class_table, load_pets
from petkeras.errors import PetkerasError

BREEDS = ("shiba_inu", "samoyed")


@pytest.fixture
def load(tmp_path):
    published_archives(tmp_path / "pets", two_breeds(20))

    def load(**changes):
        arguments = {"breeds": BREEDS, "source": tmp_path / "pets", "image_size": 8}
        return load_pets(**{**arguments, "data_dir": tmp_path / "data", **changes})

    return load


def test_the_validation_part_is_a_fraction_of_each_training_part(load):
    data = load(validation_fraction=0.25)  # of the 17 of each breed that are not in the test part
    assert (len(data.train), len(data.validation), len(data.test)) == (26, 8, 6)
    assert data.train.labels.sum(axis=0).tolist() == [13, 13]
    assert data.validation.labels.sum(axis=0).tolist() == [4, 4]
    assert data.validation.images.shape == (8, 8, 8, 3)
    assert data.validation.labels.dtype == np.float32
    for name, label in zip(data.validation.names, data.validation.labels, strict=True):
        assert name.startswith(BREEDS[label.argmax()])


def test_the_parts_are_disjoint_and_the_test_part_is_the_same_as_without(load):
    without, data = load(), load(validation_fraction=0.25)
    assert without.validation is None
    assert data.test.names == without.test.names
    np.testing.assert_array_equal(data.test.images, without.test.images)
    held_back = {*data.validation.names}
    assert held_back < {*without.train.names}
    assert data.train.names == tuple(n for n in without.train.names if n not in held_back)
    images = dict(zip(without.train.names, without.train.images, strict=True))
    for part in (data.train, data.validation):
        for name, image in zip(part.names, part.images, strict=True):
            np.testing.assert_array_equal(image, images[name])


def test_the_validation_part_depends_on_names_and_seed_alone(load):
    data = load(validation_fraction=0.25)
    assert load(validation_fraction=0.25).validation.names == data.validation.names
    assert {*load(validation_fraction=0.25, seed=1).validation.names} != {*data.validation.names}
    swapped = load(validation_fraction=0.25, breeds=BREEDS[::-1])
    assert {*swapped.validation.names} == {*data.validation.names}
    assert sorted(data.validation.names) == [
        "samoyed_15.jpg", "samoyed_4.jpg", "samoyed_5.jpg", "samoyed_6.jpg",
        "shiba_inu_10.jpg", "shiba_inu_17.jpg", "shiba_inu_6.jpg", "shiba_inu_7.jpg",
    ]  # fmt: skip


def test_the_validation_part_is_drawn_independently_of_the_test_part(load):
    """The next lowest hashes of the test part's draw would be other pictures."""
    larger_test = {*load(test_fraction=0.35).test.names} - {*load().test.names}
    assert len(larger_test) == 8
    assert {*load(validation_fraction=0.25).validation.names} != larger_test


def test_the_mean_image_leaves_the_validation_part_out(load):
    data = load(validation_fraction=0.25)
    np.testing.assert_allclose(data.mean, data.train.images.mean(axis=0), rtol=1e-6)
    assert not np.allclose(data.mean, load().mean)


def test_the_origin_names_the_fraction_only_if_there_is_one(load, tmp_path):
    keys = ["breeds", "source", "image_size", "test_fraction", "seed"]
    for none in (0, 0.0):
        assert list(load(validation_fraction=none).origin) == keys
    data = load(validation_fraction=0.25, seed=3)
    assert list(data.origin) == [*keys, "validation_fraction"]
    again = load_pets(**data.origin, data_dir=tmp_path / "data")
    for part in ("train", "validation", "test"):
        assert getattr(again, part).names == getattr(data, part).names
        np.testing.assert_array_equal(getattr(again, part).images, getattr(data, part).images)


def test_validation_pictures_stay_on_disk_with_the_others(load, monkeypatch):
    in_memory = load(validation_fraction=0.25)
    monkeypatch.setattr("petkeras.data.cache.MAX_IN_MEMORY", 0)
    on_disk = load(validation_fraction=0.25)
    assert isinstance(on_disk.validation.images, MappedImages)
    np.testing.assert_array_equal(on_disk.validation.images[:], in_memory.validation.images)


def test_the_class_table_has_a_column_for_the_validation_part_if_there_is_one(load):
    columns, rows = class_table(load(validation_fraction=0.25))
    assert columns[:5] == ("breed", "pictures", "train", "validation", "test")
    assert rows[0][:5] == ("shiba_inu", "20", "13", "4", "3")
    assert "validation" not in class_table(load())[0]


def test_positional_arguments_keep_their_order(load, tmp_path):
    data = load_pets(BREEDS, tmp_path / "pets", 8, 0.25, 1, tmp_path / "data", 0.2)
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 6, 10)
    parts = PetData(data.train, data.test, BREEDS, data.mean, data.sizes, (), data.origin)
    assert parts.validation is None


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (1, r"`validation_fraction` must be .* Received: validation_fraction=1"),
        (-0.1, r"`validation_fraction` must be .* Received: validation_fraction=-0\.1"),
        (float("nan"), r"`validation_fraction` must be .* Received: validation_fraction=nan"),
        (False, r"`validation_fraction` must be .* Received: validation_fraction=False"),
        ("half", r"`validation_fraction` must be .* Received: validation_fraction='half'"),
        (0.01, r"'shiba_inu' has 20 readable .* `validation_fraction`=0\.01 its validation part"),
        (
            0.99,
            r"`validation_fraction`=0\.99 its training part would be empty\. Add .* change `val",
        ),
    ],
)
def test_a_validation_fraction_that_cannot_be_used_is_named(load, fraction, message):
    with pytest.raises(PetkerasError, match=message) as raised:
        load(validation_fraction=fraction)
    assert "\n" not in str(raised.value)
