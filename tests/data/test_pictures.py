"""Pictures of every kind become squares of uint8; others are named."""

import io
import struct
import zlib

import numpy as np
import pytest
from conftest import picture_bytes
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from petkeras.data.pictures import Problem, decode, summarize


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    kind=st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP"]),
    image_size=st.integers(1, 33),
)
def test_any_size_and_kind_becomes_a_square(size, kind, image_size):
    image, seen = decode(picture_bytes(0, size, kind), image_size)
    assert (image.shape, image.dtype, seen) == ((image_size, image_size, 3), np.uint8, size)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_gives_the_same_gray(mode):
    gray = Image.new("L", (5, 4), 200)
    if mode == "1":
        picture, wanted = Image.new("1", (5, 4), 1), 255
    elif mode == "I;16":
        picture, wanted = Image.fromarray(np.full((4, 5), 200 * 257, np.uint16)), 200
    else:
        palette = {"palette": Image.Palette.ADAPTIVE} if mode == "P" else {}
        picture, wanted = gray.convert("RGB").convert(mode, **palette), 200
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image, _ = decode(encoded(picture, kind), 4)
    np.testing.assert_allclose(image.astype(int), wanted, atol=2)


def test_what_is_transparent_becomes_white():
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (decode(encoded(picture), 4)[0] == 255).all()
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    np.testing.assert_allclose(
        decode(encoded(half), 1)[0][0, 0].astype(int), (255, 127, 127), atol=1
    )


def test_exif_turns_a_picture_upright():
    picture = Image.new("RGB", (16, 8), "black")
    picture.paste("white", (0, 0, 8, 8))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that left is up
    image, _ = decode(encoded(picture, exif=exif), 8)
    assert image[:3].min() == 255
    assert image[5:].max() == 0


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (4, 4), color) for color in ("white", "black")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data, 2)[0].min() == 255


def huge_png():
    """Return a PNG whose header claims 20,000 x 20,000 pixels."""
    data = bytearray(encoded(Image.new("L", (1, 1))))
    data[16:24] = struct.pack(">II", 20_000, 20_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"<html>not found</html>", "not a readable picture"),
        (picture_bytes(0)[:300], "the picture is damaged"),
        (picture_bytes(0, kind="PNG")[:60], "the picture is damaged"),
        (huge_png(), "too many"),
    ],
    ids=["empty", "html", "cut JPEG", "cut PNG", "huge"],
)
def test_what_is_not_a_picture_raises_an_error_that_says_why(data, message):
    with pytest.raises(ValueError, match=message):
        decode(data, 8)


@given(st.binary(max_size=200), st.integers(0, 600))
def test_damage_anywhere_gives_a_picture_or_one_line(noise, place):
    data = picture_bytes(0)
    damaged = data[:place] + noise + data[place + len(noise) :]
    try:
        image, said = decode(damaged, 4)[0], ""
    except ValueError as error:
        image, said = None, str(error)
    assert said if image is None else image.shape == (4, 4, 3)
    assert "\n" not in said


def test_problems_of_one_kind_are_grouped():
    problems = [Problem(f"{i}.mat", "not a picture", "ignored") for i in range(5)]
    assert summarize([*problems, Problem("x.jpg", "a GIF named .jpg", "converted")]) == (
        "5 files: not a picture, ignored (0.mat, 1.mat, 2.mat, ...); "
        "1 file: a GIF named .jpg, converted (x.jpg)"
    )
    assert summarize([]) == ""
