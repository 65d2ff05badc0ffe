"""A zoo of damaged caches: each is made anew, and nothing in it is ever unpickled."""

from pathlib import Path

import numpy as np
import pytest
from data.zoo import load, with_two_classes

from petkeras.data import oxford, pictures
from petkeras.errors import PetkerasError


class Escapes:
    """Write a file when unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.write_text, (self.file, "escaped")


def stored(**changes):
    """Return a change of a cached class: its arrays written anew, some of them otherwise."""

    def change(file):
        with np.load(file) as arrays:
            arrays = dict(arrays)
        for name, to in changes.items():
            if to is None:
                del arrays[name]
            else:
                arrays[name] = to(arrays[name]) if callable(to) else to
        np.savez(file, **arrays)

    return change


def rewritten(change):
    return lambda file: file.write_bytes(change(file.read_bytes()))


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def larger(data):
    """Let the first array's header claim more pictures than there is memory for."""
    return data.replace(b"(4, 8, 8, 3), }" + 9 * b" ", b"(4000000000, 8, 8, 3), }")


CACHES = {
    "empty": rewritten(lambda data: b""),
    "text": rewritten(lambda data: b"hello"),
    "cut short": rewritten(lambda data: data[:-300]),
    "one bit flipped": rewritten(flipped),
    "claims to be enormous": rewritten(larger),
    "of another version": stored(version=np.int64(0)),
    "without a version": stored(version=None),
    "without images": stored(images=None),
    "images of another size": stored(images=lambda images: images[:, :4]),
    "images of floats": stored(images=lambda images: images.astype(np.float32)),
    "images of objects": stored(images=lambda images: images.astype(object)),
    "fewer images than names": stored(images=lambda images: images[1:]),
    "names of bytes": stored(names=lambda names: names.astype("S")),
    "sizes of another shape": stored(sizes=lambda sizes: sizes[:, :1]),
    "problems of another shape": stored(problems=np.zeros((2, 2), np.str_)),
}


@pytest.mark.parametrize("kind", CACHES)
def test_a_damaged_cache_is_made_anew(work, kind):
    root = with_two_classes(work)
    first = load(root, work)
    for file in (work / "data").rglob("*.npz"):
        CACHES[kind](file)
    again = load(root, work)
    np.testing.assert_array_equal(again.train.images, first.train.images)
    assert again.test.names == first.test.names
    for file in (work / "data").rglob("*.npz"):
        assert pictures.load_decoded(file, 8) is not None


def test_nothing_in_a_cache_is_ever_unpickled(work):
    root = with_two_classes(work)
    first = load(root, work)
    for file in (work / "data").rglob("*.npz"):
        stored(names=np.array([Escapes(work.parent / "escaped")], object))(file)
    np.testing.assert_array_equal(load(root, work).train.images, first.train.images)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"problems": 5}', '{"problems": [{"file": "x"}]}']
)
def test_damaged_contents_of_archives_are_made_anew(work, published, text):
    first = oxford.open_archives(work / "pets", work / "data")
    [file] = (work / "data").rglob("contents.json")
    file.write_text(text)
    again = oxford.open_archives(work / "pets", work / "data")
    assert again.class_names == first.class_names == ("samoyed", "shiba_inu")


def test_damaged_records_of_archives_are_one_line_that_tells_the_way_out(work, published):
    source = oxford.open_archives(work / "pets", work / "data")
    for file in (work / "data").rglob("*.tfrecord*"):
        file.write_bytes(flipped(file.read_bytes()))
    with pytest.raises(PetkerasError, match=r"are damaged .* Remove that folder") as raised:
        list(source.photographs(["samoyed"]))
    assert "\n" not in str(raised.value)
