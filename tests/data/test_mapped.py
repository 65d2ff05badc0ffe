"""Pictures on disk are indexed like an array in memory."""

import dataclasses

import numpy as np
import pytest
from conftest import halves
from hypothesis import given
from hypothesis import strategies as st

from petkeras.data import mapped
from petkeras.data.mapped import MappedImages
from petkeras.data.pipeline import evaluation_batches, mean_image
from petkeras.errors import PetkerasError
from petkeras.recipes import ARTICLE

COUNT, SIDE = 12, 2
FILE_NUMBERS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
ROWS = np.array([3, 1, 0, 2, 0, 4, 1, 2, 3, 2, 0, 1])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Return twelve pictures in three files, and the same in memory."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    files = [tmp_path_factory.mktemp("mapped") / "images.raw" for _ in range(3)]
    for number, file in enumerate(files):
        in_file = np.equal(FILE_NUMBERS, number)
        images[in_file][np.argsort(ROWS[in_file])].tofile(file)
    return MappedImages(files, FILE_NUMBERS, ROWS, SIDE), images


PLACES = st.integers(-COUNT, COUNT - 1)
INDICES = st.one_of(
    PLACES,
    st.slices(COUNT),
    st.lists(PLACES, max_size=20),
    st.lists(PLACES, max_size=20).map(lambda places: np.array(places, np.int64)),
    st.lists(PLACES, max_size=20).map(lambda places: np.array(places, np.int32)),
    PLACES.map(np.int64),
    st.lists(st.booleans(), min_size=COUNT, max_size=COUNT).map(np.array),
)


@given(INDICES)
def test_an_index_gives_the_same_as_in_an_array(both, index):
    on_disk, images = both
    wanted, got = images[index], on_disk[index]
    assert (type(got), got.dtype, got.shape) == (np.ndarray, np.uint8, wanted.shape)
    np.testing.assert_array_equal(got, wanted)


@given(st.one_of(st.integers(COUNT), st.integers(max_value=-COUNT - 1)))
def test_an_index_beyond_the_end_raises_the_same_error_as_in_an_array(both, place):
    on_disk, images = both
    for index in (place, [0, place]):
        with pytest.raises((IndexError, OverflowError)) as wanted:
            images[index]
        with pytest.raises(wanted.type):
            on_disk[index]


def test_shape_dtype_and_size_are_those_of_an_array(both):
    on_disk, images = both
    for name in ("shape", "dtype", "nbytes"):
        assert getattr(on_disk, name) == getattr(images, name)
    assert len(on_disk) == len(images)


@pytest.mark.parametrize("chunk_bytes", [1, 60, 2**24], ids=["one", "five", "all"])
def test_iteration_and_read_keep_the_order(both, monkeypatch, chunk_bytes):
    monkeypatch.setattr(mapped, "CHUNK_BYTES", chunk_bytes)
    on_disk, images = both
    np.testing.assert_array_equal(np.array(list(on_disk)), images)
    np.testing.assert_array_equal(on_disk.read(), images)


def test_indexing_returns_a_copy(both):
    on_disk, images = both
    on_disk[:][...] = 0
    np.testing.assert_array_equal(on_disk[:], images)


def test_the_mean_and_the_batches_are_those_of_an_array(tmp_path):
    in_memory = halves(25)
    in_memory.images.tofile(tmp_path / "images.raw")
    images = MappedImages([tmp_path / "images.raw"], np.zeros(25, int), np.arange(25), 16)
    on_disk = dataclasses.replace(in_memory, images=images)
    mean = mean_image(images)
    np.testing.assert_array_equal(mean, mean_image(in_memory.images))
    of_disk, of_memory = (
        list(evaluation_batches(part, mean, ARTICLE)) for part in (on_disk, in_memory)
    )
    assert [len(batch) for batch in of_disk] == [10, 10, 5]
    for batch, wanted in zip(of_disk, of_memory, strict=True):
        np.testing.assert_array_equal(batch, wanted)


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "not whole pictures"])
def test_a_missing_or_truncated_file_is_one_line(tmp_path, damage):
    file = tmp_path / "images.raw"
    file.write_bytes(bytes(24))
    on_disk = MappedImages([file], [0, 0], [0, 1], SIDE)
    assert len(on_disk[:]) == 2
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(bytes({"truncated": 12, "empty": 0, "not whole pictures": 23}[damage]))
    with pytest.raises(PetkerasError, match=r"images\.raw are missing or truncated\. Load the"):
        on_disk[1]


def test_more_files_than_may_be_open_are_read(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = [tmp_path / f"{number}.raw" for number in range(300)]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number % 256]) * 12)
    on_disk = MappedImages(files, np.arange(300), np.zeros(300, int), SIDE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, soft), hard))
    try:
        images = on_disk[:]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(300) % 256)
