"""A zoo of bad and odd pictures: each is named, or read as intended."""

import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import picture_bytes
from data.zoo import GOOD, PIXEL, encoded, load, names_of, png, upright, with_two_classes
from PIL import Image, ImageFile

from petkeras.data import pictures

UNREADABLE = "not a readable picture"


def claims(kind, width, height):
    """Return a small picture whose header claims another size."""
    data = bytearray(encoded(Image.new("L", (8, 8)), kind))
    if kind == "JPEG":
        place = data.index(b"\xff\xc0")
        data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif kind == "TIFF":  # width and height are the first two tags of its directory at the end
        place = struct.unpack("<I", data[4:8])[0]
        data[place + 2 : place + 26] = struct.pack("<HHIIHHII", 256, 4, 1, width, 257, 4, 1, height)
    elif kind == "AVIF":
        place = data.index(b"ispe")
        data[place + 8 : place + 16] = struct.pack(">II", width, height)
    elif kind == "WEBP":
        data[26:30] = struct.pack("<HH", width, height)
    return bytes(data)


def gif_with_a_frame_larger_than_itself():
    data = bytearray(encoded(Image.new("P", (4, 4)), "GIF"))
    place = data.index(b",\0\0\0\0\4\0\4\0")
    data[place + 5 : place + 9] = struct.pack("<HH", 20_000, 20_000)
    return bytes(data)


def slow_bmp():
    """Return a compressed BMP of a few very long, empty lines, slow in Pillow."""
    data = bytearray(claims("BMP", 6_000_000, 5))
    data[30:34] = struct.pack("<I", 1)  # run-length encoded
    place = struct.unpack("<I", data[10:14])[0]
    return bytes(data[:place]) + 5 * b"\1\0\0\0" + b"\0\1"


def jpeg_of_many_scans():
    """Return a progressive JPEG with so many scans that decoding takes minutes."""
    data = encoded(Image.new("L", (4000, 4000)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + 10_000 * last + b"\xff\xd9"


def damaged_tiff():
    """Return a compressed TIFF with rubbish in place of its pixels."""
    data = bytearray(encoded(Image.effect_noise((40, 30), 99), "TIFF", compression="tiff_lzw"))
    data[100:400] = bytes(range(150)) * 2
    return bytes(data)


def with_exif(data, tags):
    """Return a JPEG that begins with these bytes as its EXIF tags."""
    exif = b"Exif\0\0" + tags
    data = data[2 + 2 + 16 :] if data[2:4] == b"\xff\xe0" else data[2:]
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + data


def overlapping_tags(count=5000):
    """Return EXIF tags that share 60 KB, of which old Pillows keep a copy each."""
    tags = b"".join(struct.pack("<HHII", tag, 7, 60_000, 8) for tag in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + tags + bytes(8)


ZEROS = zlib.compress(bytes(10**8), 9)  # 100 MB in 100 KB
BOMBS = {
    "20,000 x 20,000 PNG": (png(20_000, 20_000, PIXEL), "too many pixels"),
    "20,000 x 20,000 JPEG": (claims("JPEG", 20_000, 20_000), "too many pixels"),
    "20,000 x 20,000 GIF": (claims("GIF", 20_000, 20_000), "too many pixels"),
    "20,000 x 20,000 BMP": (claims("BMP", 20_000, 20_000), "too many pixels"),
    "16,000 x 16,000 WebP": (claims("WEBP", 16_000, 16_000), "too many pixels"),
    "larger than Pillow warns of": (png(10_000, 9_900, PIXEL), "10000 x 9900 pixels are too"),
    "larger than ours": (png(8192, 6145, PIXEL), "8192 x 6145 pixels are too many"),
    "WebP of half of ours": (claims("WEBP", 8192, 3073), "8192 x 3073 pixels are too many"),
    "BMP that Pillow decodes in Python": (slow_bmp(), "6000000 x 5 pixels are too many"),
    "20,000 x 20,000 TIFF": (claims("TIFF", 20_000, 20_000), "too many pixels"),
    "TIFF of half of ours": (claims("TIFF", 8192, 3073), "8192 x 3073 pixels are too many"),
    "20,000 x 20,000 AVIF": (claims("AVIF", 20_000, 20_000), UNREADABLE),
    "AVIF of half of ours": (claims("AVIF", 8192, 3073), "8192 x 3073 pixels are too many"),
    "GIF with a huge frame": (gif_with_a_frame_larger_than_itself(), "too many pixels"),
    "JPEG of many scans": (jpeg_of_many_scans(), r"scans of 4000 x 4000 pixels are too many"),
}
BAD_PICTURES = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello", UNREADABLE),
    "a web page": (b"<!DOCTYPE html><html><body>404</body></html>", UNREADABLE),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', UNREADABLE),
    "PDF": (b"%PDF-1.4\n%%EOF", UNREADABLE),
    "JPEG 2000": (encoded(Image.new("L", (8, 8)), "JPEG2000"), UNREADABLE),
    "EPS, which Ghostscript would run": (encoded(Image.new("L", (8, 8)), "EPS"), UNREADABLE),
    "zip": (b"PK\3\4" + bytes(40), UNREADABLE),
    "two bytes of a JPEG": (GOOD[:2], UNREADABLE),
    "half a JPEG": (GOOD[: len(GOOD) // 2], "the picture is damaged"),
    "half a PNG": (picture_bytes(0, kind="PNG")[:60], "the picture is damaged"),
    "half a GIF": (picture_bytes(0, kind="GIF")[:900], "the picture is damaged"),
    "half a BMP": (picture_bytes(0, kind="BMP")[:200], "the picture is damaged"),
    "half a WebP": (picture_bytes(0, kind="WEBP")[:60], "the picture is damaged"),
    "half a TIFF": (picture_bytes(0, kind="TIFF")[:900], "the picture is damaged"),
    "TIFF of rubbish, of which its library would print": (
        damaged_tiff(), "the picture is damaged"),
    "TIFF whose tags overlap to 300 MB": (overlapping_tags() + bytes(60_000), UNREADABLE),
    "TIFF of 32-bit integers": (encoded(Image.new("I", (8, 8)), "TIFF"), "32 bits per color"),
    "TIFF of 32-bit floats": (encoded(Image.new("F", (8, 8)), "TIFF"), "32 bits per color"),
    "half an AVIF": (picture_bytes(0, kind="AVIF")[:200], UNREADABLE),
    "JPEG without height": (claims("JPEG", 8, 0), UNREADABLE),
    "PNG without data": (png(8, 8), "the picture is damaged"),
    "PNG of a wrong checksum": (png(8, 8, PIXEL).replace(b"\x08\0", b"\x08\1", 1), UNREADABLE),
    "PNG whose text unpacks to 100 MB": (
        png(1, 1, (b"zTXt", b"a\0\0" + ZEROS), PIXEL), "the picture is damaged"),
    "PNG whose profile unpacks to 100 MB": (
        png(1, 1, (b"iCCP", b"a\0\0" + ZEROS), PIXEL), "the picture is damaged"),
    "PNG whose pixel unpacks to 100 MB": (png(1, 1, (b"IDAT", ZEROS)), None),
    "JPEG whose tags overlap to 300 MB": (
        with_exif(encoded(Image.new("L", (8, 8)), "JPEG"), overlapping_tags()), None),
    **BOMBS,
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_a_bad_picture_is_named_and_the_others_are_used(work, kind, capfd):
    data, reason = BAD_PICTURES[kind]
    root = with_two_classes(work)
    (root / "cat" / "bad.jpg").write_bytes(data)
    loaded = load(root, work)
    if reason is None:  # it asks for much, but need not be given it
        assert "cat/bad.jpg" in names_of(loaded)
    else:
        assert len(names_of(loaded)) == 8
        [problem] = loaded.problems
        assert (problem.file, problem.done) == ("cat/bad.jpg", "skipped")
        assert reason in problem.what
    assert capfd.readouterr() == ("", "")


def test_bombs_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # nothing may call it
    for data, reason in BOMBS.values():
        with pytest.raises(ValueError, match=reason):
            pictures.decode(data, 8)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_bombs_take_no_memory(work):
    """Use a new process, because its peak memory is measured."""
    (work / "bombs").write_bytes(pickle.dumps([data for data, _ in BAD_PICTURES.values()]))
    code = """
import pickle, re, sys
from petkeras.data import pictures
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
with open(sys.argv[1], "rb") as file:
    bombs = pickle.load(file)
before = peak()
for bomb in bombs:
    try:
        pictures.decode(bomb, 8)
    except ValueError:
        pass
print((peak() - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, work / "bombs"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 40  # MiB
    assert done.stderr == ""


ROTATED = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
BROKEN_TAGS = ROTATED.replace(b"\x01\0\x12", b"\xff\xff\x12")
ODD_PICTURES = {
    "JPEG named .png": ("a.png", encoded(upright(), "JPEG"), "left"),
    "PNG named .jpg": ("a.jpg", encoded(upright()), "left"),
    "ending in capitals": ("a.JPeG", encoded(upright(), "JPEG"), "left"),
    "animated GIF": ("a.gif", encoded(upright(), "GIF", save_all=True,
                                      append_images=[Image.new("RGB", (16, 8), "red")]), "left"),
    "animated WebP": ("a.webp", encoded(upright(), "WEBP", save_all=True,
                                        append_images=[Image.new("RGB", (16, 8), "red")]), "left"),
    "PNG with alpha": ("a.png", encoded(upright("RGBA")), "left"),
    "PNG of 16 bits": ("a.png", encoded(Image.fromarray(
        np.asarray(upright("L")).astype(np.uint16) * 257)), "left"),
    "PNG of one bit": ("a.png", encoded(upright("1")), "left"),
    "palette PNG": ("a.png", encoded(upright().convert("P")), "left"),
    "gray PNG with alpha": ("a.png", encoded(upright("LA")), "left"),
    "CMYK JPEG": ("a.jpg", encoded(upright().convert("CMYK"), "JPEG"), "left"),
    "progressive JPEG": ("a.jpg", encoded(upright(), "JPEG", progressive=True), "left"),
    "gray JPEG": ("a.jpg", encoded(upright("L"), "JPEG"), "left"),
    "JPEG with a second picture": ("a.jpg", encoded(
        upright(), "MPO", save_all=True, append_images=[upright()]), "left"),
    "TIFF": ("a.tif", encoded(upright(), "TIFF"), "left"),
    "TIFF of two pages": ("a.tiff", encoded(upright(), "TIFF", save_all=True,
                                            append_images=[Image.new("RGB", (16, 8), "red")]),
                          "left"),
    "TIFF of 16 bits": ("a.tiff", encoded(Image.fromarray(
        np.asarray(upright("L")).astype(np.uint16) * 257), "TIFF"), "left"),
    "CMYK TIFF": ("a.tif", encoded(upright().convert("CMYK"), "TIFF"), "left"),
    "JPEG in a TIFF": ("a.tif", encoded(upright(), "TIFF", compression="jpeg"), "left"),
    "AVIF": ("a.avif", encoded(upright(), "AVIF"), "left"),
    "AVIF with alpha": ("a.avif", encoded(upright("RGBA"), "AVIF"), "left"),
    "AVIF turned by its EXIF": ("a.avif", encoded(upright(), "AVIF", exif=ROTATED), "top"),
    "JPEG named .jfif": ("a.jfif", encoded(upright(), "JPEG"), "left"),
    "JPEG named .JPE": ("a.JPE", encoded(upright(), "JPEG"), "left"),
    "JPEG turned by its EXIF": ("a.jpg", with_exif(encoded(upright(), "JPEG"), ROTATED), "top"),
    "JPEG with broken EXIF": ("a.jpg", with_exif(encoded(upright(), "JPEG"), BROKEN_TAGS), None),
    "JPEG with rubbish for EXIF": ("a.jpg", with_exif(encoded(upright(), "JPEG"), b"II*?"), "left"),
    "JPEG with rubbish after it": ("a.jpg", encoded(upright(), "JPEG") + 99 * b"x", "left"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_PICTURES)
def test_an_odd_picture_is_read_as_intended(work, kind, capfd):
    name, data, white = ODD_PICTURES[kind]
    root = with_two_classes(work)
    (root / "cat" / name).write_bytes(data)
    loaded = load(root, work)
    assert f"cat/{name}" in names_of(loaded)
    assert loaded.problems == ()
    image, size = pictures.decode(data, 8)
    assert size == (16, 8)
    if white == "left":
        assert image[:, :3].min() > 230
        assert image[:, 5:].max() < 25
    elif white == "top":
        assert image[:3].min() > 230
        assert image[5:].max() < 25
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_one_pixel_is_a_picture(kind):
    image, size = pictures.decode(encoded(Image.new("RGB", (1, 1), "white"), kind), 8)
    assert size == (1, 1)
    assert image.min() > 250


def test_a_picture_that_needs_too_much_memory_says_so(monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: bytearray(2**62))
    with pytest.raises(ValueError, match="it needs more memory than is available"):
        pictures.decode(GOOD, 8)
