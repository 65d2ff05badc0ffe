"""Decoded pictures are cached on disk atomically."""

import errno
import tracemalloc

import numpy as np
import pytest
from conftest import picture_bytes

from petkeras.data import cache
from petkeras.data.cache import Decoded, decode_all, load_decoded
from petkeras.data.pictures import Photograph, Problem, decode


@pytest.fixture
def decode_to(tmp_path):
    """Return a function that decodes photographs into folders named like their classes."""

    def decode_to(photographs, class_names=("pug",), image_size=6):
        (tmp_path / "temporary").mkdir(exist_ok=True)
        folders = {name: tmp_path / "deep" / name for name in class_names}
        return decode_all(photographs, folders, image_size, tmp_path / "temporary")

    return decode_to


def images_of(decoded, image_size=6):
    """Return the images in the order of the names."""
    bare = np.frombuffer(decoded.file.read_bytes(), np.uint8)
    return bare.reshape(-1, image_size, image_size, 3)[decoded.rows]


def assert_same(decoded, wanted):
    for name in Decoded.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(decoded, name), getattr(wanted, name))


def test_unreadable_pictures_are_skipped_and_named(decode_to):
    photographs = [
        Photograph("b.jpg", "pug", picture_bytes(1)),
        Photograph("a.jpg", "pug", picture_bytes(2, (20, 30))),
        Photograph("c.jpg", "pug", b""),
        Photograph("d.jpg", "pug", b"", fault="it cannot be opened"),
    ]
    decoded = decode_to(photographs)["pug"]
    assert decoded.names == ("a.jpg", "b.jpg")
    images = images_of(decoded)
    np.testing.assert_array_equal(images[0], decode(picture_bytes(2, (20, 30)), 6)[0])
    np.testing.assert_array_equal(images[1], decode(picture_bytes(1), 6)[0])
    assert decoded.sizes.tolist() == [[20, 30], [40, 30]]
    assert decoded.problems == (
        Problem("c.jpg", "the file is empty", "skipped"),
        Problem("d.jpg", "it cannot be opened", "skipped"),
    )


def test_a_class_without_a_readable_picture_is_empty_not_broken(decode_to):
    decoded = decode_to([Photograph("c.jpg", "pug", b"")])["pug"]
    assert (decoded.names, decoded.sizes.shape, decoded.is_intact()) == ((), (0, 2), True)
    assert_same(load_decoded(decoded.file.parent, 6), decoded)


def test_decoded_pictures_are_loaded_unchanged(decode_to, tmp_path):
    photographs = [
        Photograph("ä b.jpg", "pug", picture_bytes(1)),
        Photograph("a" * 2000, "pug", picture_bytes(2)),
        Photograph("c", "pug", b""),
    ]
    decoded = decode_to(photographs)["pug"]
    assert decoded.is_intact()
    assert_same(load_decoded(tmp_path / "deep" / "pug", 6), decoded)
    assert sorted(path.name for path in tmp_path.glob("deep/*/*")) == ["about.npz", "images.raw"]
    assert load_decoded(tmp_path / "deep" / "pug", 7) is None
    assert load_decoded(tmp_path / "deep" / "none", 6) is None


def test_classes_may_come_mixed(decode_to):
    photographs = [
        Photograph(f"{number}.jpg", ("pug", "beagle", "boxer")[number % 3], picture_bytes(number))
        for number in (5, 3, 4, 0, 2, 1)
    ]
    classes = decode_to(photographs, ("pug", "beagle", "boxer"))
    assert [decoded.names for decoded in classes.values()] == [
        ("0.jpg", "3.jpg"), ("1.jpg", "4.jpg"), ("2.jpg", "5.jpg"),
    ]  # fmt: skip
    for number in range(6):
        image = images_of(list(classes.values())[number % 3])[number // 3]
        np.testing.assert_array_equal(image, decode(picture_bytes(number), 6)[0])


def test_an_existing_folder_is_replaced(decode_to):
    decode_to([Photograph("a.jpg", "pug", picture_bytes(number)) for number in range(3)])
    decoded = decode_to([Photograph("a.jpg", "pug", picture_bytes(7))])["pug"]
    np.testing.assert_array_equal(images_of(decoded), decode(picture_bytes(7), 6)[0][None])


def test_a_flipped_bit_is_detected(decode_to):
    decoded = decode_to([Photograph("a.jpg", "pug", picture_bytes(1))])["pug"]
    data = decoded.file.read_bytes()
    decoded.file.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    assert load_decoded(decoded.file.parent, 6) is not None  # the images are not read for it
    assert not decoded.is_intact()
    decoded.file.unlink()
    assert not decoded.is_intact()


def test_no_folder_exists_before_all_pictures_are_decoded(decode_to, tmp_path):
    def photographs():
        for number in range(4):
            assert not (tmp_path / "deep").exists()
            yield Photograph(f"{number}.jpg", "pug", picture_bytes(number))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode_to(photographs())
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("when", ["a picture", "the names"])
def test_a_full_disk_leaves_the_old_folder(decode_to, tmp_path, monkeypatch, when):
    before = decode_to([Photograph("a.jpg", "pug", picture_bytes(1))])["pug"]

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if when == "a picture":
            patch.setattr(cache, "open", full, raising=False)
        else:
            patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            decode_to([Photograph("a.jpg", "pug", picture_bytes(2))])
    assert_same(load_decoded(tmp_path / "deep" / "pug", 6), before)
    assert before.is_intact()


def test_only_few_pictures_are_in_memory_at_once(decode_to):
    data, count = picture_bytes(1), 40  # of 3 MB each when decoded
    decode_to([Photograph("a.jpg", "pug", data)], image_size=1000)  # what Pillow keeps
    tracemalloc.start()
    decoded = decode_to((Photograph(f"{i}", "pug", data) for i in range(count)), image_size=1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoded["pug"].file.stat().st_size == count * 3_000_000
    assert peak < 15_000_000
