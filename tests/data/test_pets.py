"""Loading pictures from every source."""

import os

import numpy as np
import pytest
from conftest import picture_bytes, published_archives, two_breeds

from petkeras.data import cache, pets, pictures
from petkeras.data.drawn import dataset
from petkeras.data.mapped import MappedImages
from petkeras.data.pets import class_table, load_pets
from petkeras.errors import PetkerasError
from petkeras.runs.config import describe_pictures

BREEDS = ("shiba_inu", "samoyed")


@pytest.fixture
def archives(tmp_path):
    published_archives(tmp_path / "pets", two_breeds(20))
    return tmp_path / "pets"


@pytest.fixture
def load(archives, tmp_path):
    def load(**changes):
        arguments = {"breeds": BREEDS, "source": archives, "image_size": 8}
        return load_pets(**{**arguments, "data_dir": tmp_path / "data", **changes})

    return load


def all_names(data):
    return {*data.train.names, *data.test.names}


def test_the_parts_are_split_breed_by_breed_and_share_nothing(load):
    data = load()
    assert data.class_names == BREEDS
    assert (len(data.train), len(data.test)) == (34, 6)
    assert data.train.labels.sum(axis=0).tolist() == [17, 17]
    assert data.test.labels.sum(axis=0).tolist() == [3, 3]
    assert len(all_names(data)) == 40
    for part in (data.train, data.test):
        for name, label in zip(part.names, part.labels, strict=True):
            assert name.startswith(BREEDS[label.argmax()])


def test_the_split_depends_on_names_and_seed_alone(load, archives):
    data, again, other = load(), load(), load(seed=1)
    assert data.test.names == again.test.names
    assert set(data.test.names) != set(other.test.names)
    # and not on the order of the breeds, on other breeds, or on the machine
    assert set(load(breeds=BREEDS[::-1]).test.names) == set(data.test.names)
    assert sorted(data.test.names) == [
        "samoyed_1.jpg", "samoyed_13.jpg", "samoyed_20.jpg",
        "shiba_inu_19.jpg", "shiba_inu_20.jpg", "shiba_inu_8.jpg",
    ]  # fmt: skip


def test_pictures_are_those_of_their_files(load):
    data, files = load(), two_breeds(20)
    for part in (data.train, data.test):
        for name, image in zip(part.names, part.images, strict=True):
            breed, number = name.removesuffix(".jpg").rsplit("_", 1)
            wanted, _ = pictures.decode(files[breed, int(number)], 8)
            np.testing.assert_array_equal(image, wanted)


def test_the_mean_image_is_of_the_training_part_alone(load):
    data = load()
    np.testing.assert_allclose(data.mean, data.train.images.mean(axis=0), rtol=1e-6)
    assert not np.allclose(data.mean, np.concatenate([data.train.images, data.test.images]).mean(0))


def test_a_second_call_decodes_nothing(load, monkeypatch):
    first = load()

    def fail(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr(cache, "decode_all", fail)
    np.testing.assert_array_equal(load().train.images, first.train.images)
    with pytest.raises(AssertionError, match="decoded again"):
        load(image_size=9)


def test_a_damaged_cache_is_replaced(load, tmp_path):
    first = load()
    for file in (tmp_path / "data").rglob("images.raw"):
        file.write_bytes(bytes(file.stat().st_size))
    np.testing.assert_array_equal(load().train.images, first.train.images)


def test_pictures_on_disk_are_the_same_as_in_memory(load, monkeypatch):
    in_memory = load()
    monkeypatch.setattr(cache, "MAX_IN_MEMORY", in_memory.train.images.nbytes)  # without the test's
    on_disk = load()
    for part in ("train", "test"):
        wanted, got = getattr(in_memory, part), getattr(on_disk, part)
        assert type(wanted.images) is np.ndarray
        assert type(got.images) is MappedImages
        np.testing.assert_array_equal(got.images[:], wanted.images)
        np.testing.assert_array_equal(got.labels, wanted.labels)
        assert got.names == wanted.names
    np.testing.assert_array_equal(on_disk.mean, in_memory.mean)
    np.testing.assert_array_equal(on_disk.sizes, in_memory.sizes)
    assert describe_pictures(on_disk) == describe_pictures(in_memory)
    assert class_table(on_disk) == class_table(in_memory)


@pytest.mark.parametrize(
    ("most", "free", "kind"),
    [
        (7680, None, np.ndarray),  # forty pictures of 8 x 8
        (7679, None, MappedImages),
        (7680, 4 * 7680, np.ndarray),
        (7680, 4 * 7679, MappedImages),
    ],
)
def test_pictures_are_in_memory_up_to_a_bound(load, monkeypatch, most, free, kind):
    monkeypatch.setattr(cache, "MAX_IN_MEMORY", most)
    monkeypatch.setattr(cache, "free_memory", lambda: free)
    for _ in range(2):  # decoded, and from the cache
        data = load()
        assert isinstance(data.train.images, kind)
        assert isinstance(data.test.images, kind)


def test_the_origin_gives_the_same_pictures_again(load, tmp_path):
    data = load(seed=4, test_fraction=0.25)
    again = load_pets(**data.origin, data_dir=tmp_path / "data")
    np.testing.assert_array_equal(again.train.images, data.train.images)
    assert again.test.names == data.test.names


def test_a_folder_with_a_sub_folder_per_class_is_loaded_whole(tmp_path):
    for name in ("bart", "homer", "marge"):
        (tmp_path / "simpsons" / name).mkdir(parents=True)
        for number in range(8):
            data = picture_bytes(number, kind="PNG") if number else b"broken"
            (tmp_path / "simpsons" / name / f"{number}.png").write_bytes(data)
    data = load_pets(source=tmp_path / "simpsons", image_size=8, data_dir=tmp_path / "data")
    assert data.class_names == ("bart", "homer", "marge")
    assert len(all_names(data)) == 21
    assert [problem.file for problem in data.problems] == [f"{n}/0.png" for n in data.class_names]
    two = load_pets("homer, Marge", tmp_path / "simpsons", 8, data_dir=tmp_path / "data")
    assert two.class_names == ("homer", "marge")
    columns, rows = class_table(data)
    assert columns[:4] == ("breed", "pictures", "train", "test")
    assert rows[0] == ("bart", "7", "6", "1", "40x30", "40x30", "40x30")


def test_all_classes_of_a_folder_are_the_default_and_two_can_still_be_chosen(tmp_path):
    for name in ("beagle", *BREEDS):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "mine" / name / f"{number}.jpg").write_bytes(picture_bytes(number))
    arguments = {"image_size": 8, "test_fraction": 0.25, "data_dir": tmp_path / "data"}
    assert load_pets(source=tmp_path / "mine", **arguments).class_names == (
        "beagle", "samoyed", "shiba_inu",
    )  # fmt: skip
    assert load_pets(BREEDS, tmp_path / "mine", **arguments).class_names == BREEDS
    assert load_pets(",".join(BREEDS), tmp_path / "mine", **arguments).class_names == BREEDS


def test_all_breeds_of_archives_on_disk_are_the_default(load):
    assert load(breeds=None).class_names == ("samoyed", "shiba_inu")  # in the dataset's order


def test_the_sample_goes_through_the_same_builder(tmp_path, monkeypatch):
    write = dataset.write_archives
    monkeypatch.setattr(dataset, "write_archives", lambda folder: write(folder, per_breed=8))
    data = load_pets(source="sample", image_size=8, data_dir=tmp_path / "data")
    assert data.class_names == BREEDS  # by default the article's two, although it has more
    assert (len(data.train), len(data.test)) == (14, 2)
    monkeypatch.setattr(dataset, "write_archives", None)  # drawn once
    again = load_pets(source="sample", image_size=8, data_dir=tmp_path / "data")
    np.testing.assert_array_equal(again.train.images, data.train.images)


def test_the_data_dir_is_where_tensorflow_datasets_has_it(archives, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "elsewhere"))
    load_pets(BREEDS, archives, 8)
    assert (tmp_path / "elsewhere" / "petkeras").is_dir()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 0}, r"`image_size` must be .* Received: image_size=0"),
        ({"image_size": 8.5}, r"`image_size` must be .* Received: image_size=8\.5"),
        ({"seed": -1}, r"`seed` must be an integer .* Received: seed=-1"),
        ({"test_fraction": 1}, r"`test_fraction` must be between 0 and 1\. Received"),
        ({"test_fraction": "half"}, r"`test_fraction` must be between 0 and 1\. Received"),
        ({"test_fraction": 0.01}, r"'shiba_inu' has 20 readable .* test part would be empty"),
        ({"test_fraction": 0.99}, r"training part would be empty"),
        ({"breeds": "samoyed, pug"}, r"This source has no 'pug'\. It has: samoyed, shiba_inu"),
        ({"breeds": "samoyed"}, r"`breeds` must name two breeds or more"),
        ({"source": "/nowhere"}, r"`source` must be 'oxford', 'sample' or an existing folder"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(load, changes, message):
    with pytest.raises(PetkerasError, match=message) as raised:
        load(**changes)
    assert "\n" not in str(raised.value)


def test_numpys_numbers_give_the_same_as_pythons(load):
    plain = load(image_size=9, seed=4, test_fraction=0.25, validation_fraction=0.5)
    fraction = np.float32(0.25), np.float64(0.5)
    data = load(
        image_size=np.int64(9), seed=np.uint8(4), test_fraction=fraction[0],
        validation_fraction=fraction[1],
    )  # fmt: skip
    assert data.origin == plain.origin
    assert {type(value) for value in data.origin.values()} == {list, str, int, float}
    assert describe_pictures(data) == describe_pictures(plain)


def test_a_tilde_is_the_home_folder(load, archives, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(archives)
    data = load(source="~/pets", data_dir="~/there")
    assert data.origin["source"] == str(tmp_path / "pets")
    assert (tmp_path / "there").is_dir()
    monkeypatch.setenv("TFDS_DATA_DIR", "~/by_default")
    load(data_dir=None)
    assert (tmp_path / "by_default").is_dir()
    assert not (archives / "~").exists()


@pytest.mark.parametrize(
    "url", ["gs://bucket/x", "s3://bucket/x", "https://a.org/x.zip", "file:/x"]
)
@pytest.mark.parametrize("argument", ["source", "data_dir", "TFDS_DATA_DIR"])
def test_a_url_is_refused_and_no_folder_is_made(load, tmp_path, monkeypatch, url, argument):
    monkeypatch.chdir(tmp_path)
    changes = {argument: url}
    if argument == "TFDS_DATA_DIR":
        monkeypatch.setenv(argument, url)
        changes = {"data_dir": None}
    before = sorted(os.listdir())
    with pytest.raises(PetkerasError, match=f"`{argument}` must be a path on this machine, not a"):
        load(**changes)
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"breeds": "samoid"},
        {"image_size": 0},
        {"source": "/nowhere"},
        {"source": "OWN", "breeds": "a,c"},
        {"source": "EMPTY"},
        {"source": "TRUNCATED"},
    ],
)
def test_a_call_that_fails_leaves_no_folder(load, archives, tmp_path, changes):
    for name in "ab":
        (tmp_path / "OWN" / name).mkdir(parents=True)
        (tmp_path / "OWN" / name / "1.jpg").write_bytes(picture_bytes(1))
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "TRUNCATED").mkdir()
    for archive in archives.iterdir():
        (tmp_path / "TRUNCATED" / archive.name).write_bytes(archive.read_bytes()[:5000])
    (tmp_path / "user").mkdir()  # an empty folder that was there before
    changes = {**changes, "source": tmp_path / changes.get("source", "OWN")}
    for data_dir in ("user", "user/data", "new/data"):
        with pytest.raises(PetkerasError):
            load(**changes, data_dir=tmp_path / data_dir)
    assert os.listdir(tmp_path / "user") == []
    assert not (tmp_path / "new").exists()


def test_a_data_dir_that_cannot_be_written_is_named(archives, tmp_path):
    (tmp_path / "file").write_text("")
    for source in (archives, "sample", "oxford"):
        with pytest.raises(PetkerasError, match=r"`data_dir`"):
            load_pets(BREEDS, source, 8, data_dir=tmp_path / "file")


def test_a_disk_that_is_full_while_drawing_is_one_line(tmp_path, monkeypatch):
    def no_space(folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset, "write_archives", no_space)
    with pytest.raises(PetkerasError, match="the disk is full"):
        pets.open_source("sample", tmp_path)


def test_a_disk_that_is_full_while_decoding_is_one_line_and_nothing_is_left(
    load, tmp_path, monkeypatch
):
    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", no_space)
    with pytest.raises(PetkerasError, match=r"could not be saved in .*: the disk is full\. .* set"):
        load()
    assert not (tmp_path / "data" / "petkeras" / "pictures").exists()


@pytest.mark.skipif("PETKERAS_PETS" not in os.environ, reason="needs real photographs")
def test_real_photographs_are_read_with_all_their_dirt(tmp_path):
    source = os.environ["PETKERAS_PETS"]
    data = load_pets("Abyssinian, American Bulldog", source, 16, data_dir=tmp_path)
    assert data.class_names == ("Abyssinian", "american_bulldog")
    assert (len(data.train), len(data.test)) == (338, 60)
    reported = {problem.file: problem.what for problem in data.problems}
    assert reported["Abyssinian_5.jpg"] == "a PNG with alpha named .jpg"
    assert reported["Abyssinian_34.jpg"] == "a GIF in no list"
    assert sum(name.endswith(".mat") for name in reported) == 3
