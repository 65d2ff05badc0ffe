"""One's own photograph in the page (`resize.js`) against what `predict` does with the same file."""

import io

import numpy as np
import pytest
from explorer.browser import call, open_page
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from petkeras.data.pictures import DRAFT_SIDE
from petkeras.explorer.photographs import decode_photograph

DECODE = """({resize}, {file, shape}) => resize.decodePhotograph(new Blob([file]), shape)"""


@pytest.fixture(scope="module")
def page(browser):
    page = open_page(browser)
    yield page
    page.close()


def differences(page, file, shape):
    """Return by how many levels the page's pixels of a file differ from Python's."""
    expected = decode_photograph(file, shape)
    pixels = call(page, "resize", DECODE, file=np.frombuffer(file, np.uint8), shape=shape)
    assert pixels.size == expected.size
    return pixels.reshape(shape).astype(int) - expected


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(height, width, channels=3, seed=0):
    """Return random pixels `(height, width, channels)` uint8, some of them in even areas."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
    pixels[height // 3 : height // 2] = rng.integers(0, 256, channels)
    return pixels


def scene(height=90, width=120, mode="RGB", seed=0):
    """Return a picture with smooth colors, as a camera takes it."""
    coarse = noise(5, 6, len(mode), seed)
    picture = Image.fromarray(coarse.squeeze(), mode)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


sides = st.one_of(st.integers(1, 4), st.integers(5, 300), st.sampled_from([16, 64, 128, 1500]))
new_sides = st.one_of(st.integers(1, 80), st.sampled_from([16, 64]))


@settings(max_examples=120)
@given(
    height=sides,
    width=sides,
    new_height=new_sides,
    new_width=new_sides,
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
)
def test_pictures_of_any_size_are_squashed_to_the_last_bit(
    page, height, width, new_height, new_width, channels, seed
):
    if height * width > 200_000:  # long and narrow, but not large
        width = max(200_000 // height, 1)
    file = saved(Image.fromarray(noise(height, width, seed=seed)))
    assert not differences(page, file, (new_height, new_width, channels)).any()


@pytest.mark.parametrize("quality", [40, 75, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpegs_are_decoded_to_the_last_bit(page, quality, subsampling):
    for options in ({}, {"progressive": True}):
        file = saved(scene(), "JPEG", quality=quality, subsampling=subsampling, **options)
        assert not differences(page, file, (64, 48, 3)).any()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))  # 1 to 8 mean something
def test_pictures_are_turned_upright_by_their_exif_tag(page, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    file = saved(scene(51, 77), kind, exif=exif, **options)
    assert not differences(page, file, (40, 64, 3)).any()


def big_endian(orientation):
    """Return EXIF as many cameras write it, with a second tag before the orientation."""
    make = b"\x01\x0f\x00\x02\x00\x00\x00\x04abc\0"
    turned = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([orientation]) + b"\0\0"
    return b"MM\x00\x2a\x00\x00\x00\x08\x00\x02" + make + turned + b"\0\0\0\0"


@pytest.mark.parametrize(
    "exif",
    [big_endian(6), b"Exif\0\0" + big_endian(8), b"", b"MM", big_endian(6)[:20], b"x" * 40],
    ids=["large first", "with its name", "none", "short", "cut off", "no EXIF"],
)
def test_a_webps_exif_may_be_in_any_order_or_damaged(page, exif):
    file = saved(scene(51, 77), "WEBP", exif=exif, lossless=True)
    assert not differences(page, file, (40, 64, 3)).any()


def palette(kind="PNG", **options):
    picture = Image.fromarray(noise(70, 90)).convert("P", palette=Image.Palette.ADAPTIVE)
    return saved(picture, kind, **options)


def in_gray(kind="PNG", mode="L", **options):
    return saved(Image.fromarray(noise(70, 90, 1)[..., 0]).convert(mode), kind, **options)


TRANSPARENT = {
    "RGBA": saved(Image.fromarray(noise(70, 90, 4))),
    "RGBA in WebP": saved(Image.fromarray(noise(70, 90, 4)), "WEBP", lossless=True),
    "gray with alpha": saved(Image.fromarray(noise(70, 90, 2), "LA")),
    "one color": saved(
        Image.fromarray(noise(70, 90)), transparency=tuple(noise(70, 90)[0, 0].tolist())
    ),
    "one gray": in_gray(transparency=7),
    "one of a palette": palette(transparency=3),
    "one of a GIF's palette": palette("GIF", transparency=3),
    "a palette with alpha": palette(transparency=bytes(range(256))),
}


@pytest.mark.parametrize("name", TRANSPARENT)
@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 48, 1), (70, 90, 3)])
def test_white_shines_through_transparent_pictures(page, name, shape):
    assert not differences(page, TRANSPARENT[name], shape).any()


sixteen = np.random.default_rng(0).integers(0, 65536, (70, 90), np.uint16)
turned = Image.fromarray(noise(70, 90, 1, seed=1)[..., 0])
OTHERS = {
    "gray": in_gray(),
    "black and white": in_gray(mode="1"),
    "16 bits of gray": saved(Image.fromarray(sixteen)),
    "palette": palette(),
    "GIF": palette("GIF"),
    "BMP": saved(Image.fromarray(noise(70, 90)), "BMP"),
    "WebP": saved(scene(), "WEBP"),
    "gray JPEG": saved(scene(mode="L"), "JPEG"),
    "CMYK JPEG": saved(scene().convert("CMYK"), "JPEG"),
    "animation": in_gray("GIF", save_all=True, append_images=[turned]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_pictures_of_all_common_kinds_are_decoded_to_the_last_bit(page, name):
    for shape in ((64, 48, 3), (64, 48, 1)):
        assert not differences(page, OTHERS[name], shape).any()


def test_a_very_large_jpeg_differs_by_a_level_at_most(page):
    """Pillow decodes it at half its size, which the browser does not."""
    file = saved(scene(2 * DRAFT_SIDE, 2 * DRAFT_SIDE + 8), "JPEG")
    assert np.abs(differences(page, file, (64, 64, 3))).max() <= 1


@pytest.mark.parametrize("file", [b"", b"hello", b"RIFF\x10\0\0\0WEBP", saved(scene())[:40]])
def test_what_is_no_picture_is_refused(page, file):
    with pytest.raises(ValueError, match=r"picture|empty"):
        decode_photograph(file, (8, 8, 3))
    script = """({resize}, {file}) => resize.decodePhotograph(new Blob([file]), [8, 8, 3])
      .then(() => "taken", () => "refused")"""
    assert call(page, "resize", script, file=np.frombuffer(file, np.uint8)) == "refused"
