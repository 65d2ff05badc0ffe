"""Decode pictures of any kind to squares of uint8, within memory limits."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, features

from petkeras.language import message
from petkeras.system.tensorflow import muted_stderr
from petkeras.text import one_line, printable

# Pillow reads more formats, one of them with Ghostscript; it may be built without some of these.
KINDS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    **{kind: (f".{kind.lower()}",) for kind in ("WEBP", "AVIF") if features.check(kind.lower())},
}
FORMATS = tuple(KINDS)
EXTENSIONS = tuple(extension for extensions in KINDS.values() for extension in extensions)

# Limits for a picture, checked in its header, before it is decoded.
MAX_BYTES = 2**26  # of a file
MAX_PIXELS = 8192 * 6144  # 0.3 GB, with transparency up to 0.6 GB
# These need twice the memory, or are decoded in slow Python.
HALF_MAX_PIXELS = ("WEBP", "BMP", "TIFF", "AVIF")
MAX_SCANNED_PIXELS = 2 * 10**9  # pixels times scans of a JPEG; a scan takes only a few bytes
DRAFT_SIDE = 2048  # a large JPEG is decoded at a reduced size, but not below this
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")


@dataclass(frozen=True)
class Problem:
    """Say what is wrong with a file and what was done about it, printable."""

    file: str
    what: str
    done: str

    def __post_init__(self):
        for name in ("file", "what", "done"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True)
class Photograph:
    """Hold the name and the class of a file, and its bytes or why they are missing."""

    name: str
    class_name: str
    data: bytes
    fault: str = ""


def read_file(file: Path):
    """Return the bytes of a regular file; nothing else is opened.

    Raises:
        ValueError: it is a pipe (reading it would block), a device, a folder, too large, a broken
            link, or not readable.
    """
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(
                f"{_KINDS.get(stat.S_IFMT(status.st_mode), 'something else')}, not a file"
            )
        if status.st_size > MAX_BYTES:
            raise ValueError(f"{status.st_size} bytes are too many: the limit is {MAX_BYTES}")
        return Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be opened ({error.strerror})") from None


_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder",
          stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}  # fmt: skip


def open_picture(data):
    """Read the header of a picture, and check that it is within the limits.

    Returns:
        A Pillow image that is not decoded yet.

    Raises:
        ValueError: it is not a picture in `FORMATS`, or exceeds a limit.
    """
    if not data:
        raise ValueError(message("the file is empty"))
    with reading():
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = picture.size
    if width * height > MAX_PIXELS // (2 if picture.format in HALF_MAX_PIXELS else 1):
        raise ValueError(f"{width} x {height} pixels are too many")
    if picture.format == "TIFF" and picture.mode in ("I", "F"):
        raise ValueError("32 bits per color, whose range is unknown")
    if picture.format in ("JPEG", "MPO"):
        scans = len(_SCAN.findall(data))
        if width * height * scans > MAX_SCANNED_PIXELS:
            raise ValueError(f"{scans} scans of {width} x {height} pixels are too many")
    return picture


@contextlib.contextmanager
def reading():
    """Turn Pillow's errors into a ValueError, and silence its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.UnidentifiedImageError:
        raise ValueError(message("not a readable picture")) from None
    except Image.DecompressionBombError:
        raise ValueError(message("too many pixels")) from None
    except MemoryError:
        raise ValueError("it needs more memory than is available") from None
    except Exception as error:  # its parsers raise more than it documents
        raise ValueError(f"the picture is damaged ({one_line(error)})") from None


def open_upright(data):
    """Decode a picture of any kind to RGB, upright and on white.

    Returns:
        A Pillow image, and the (width, height) of the file.

    Raises:
        ValueError: it is not a picture, is damaged, or exceeds a limit.
    """
    picture = open_picture(data)
    size = picture.size
    is_tiff = picture.format == "TIFF"
    with reading(), muted_stderr(show=False) if is_tiff else contextlib.nullcontext():
        picture.draft(None, (DRAFT_SIDE, DRAFT_SIDE))
        picture.load()  # libtiff prints what is wrong with a damaged file
        with contextlib.suppress(Exception):  # the pixels may be fine if an EXIF tag is damaged
            ImageOps.exif_transpose(picture, in_place=True)
        return _rgb(picture), size


def _rgb(picture):
    """Return a picture of any mode as RGB, on white where transparent."""
    if picture.mode.startswith("I"):  # 16 bits per pixel: keep the upper 8
        high = np.asarray(picture) >> 8
        return Image.fromarray(high.clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture)
        return white
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def decode(data, image_size):
    """Decode a picture and squash it to a square, as the article does.

    It is rotated by its EXIF tag; transparency becomes white; an animation gives its first frame.

    Args:
        data: the bytes of a file in one of the `FORMATS`.
        image_size: height and width of the result, in pixels.

    Returns:
        An image `(image_size, image_size, 3)` uint8, and its original (width, height).

    Raises:
        ValueError: the bytes are not a picture, are truncated, or exceed a limit.

    Example:

    >>> import io
    >>> from PIL import Image
    >>> from petkeras.data.pictures import decode
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (40, 30), "white").save(file, "PNG")
    >>> image, size = decode(file.getvalue(), 8)
    >>> image.shape, size
    ((8, 8, 3), (40, 30))
    """
    return squash(data, image_size, image_size)


def squash(data, height, width):
    """Decode a picture like `decode`, to any height and width."""
    picture, size = open_upright(data)
    with reading():
        small = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(small), size


def summarize(problems):
    """Return all problems as one line, grouped by kind; empty if there are none.

    Example:

    >>> from petkeras.data.pictures import Problem, summarize
    >>> summarize([Problem("a.mat", "not a picture", "ignored")])
    '1 file: not a picture, ignored (a.mat)'
    """
    groups = {}
    for problem in problems:
        groups.setdefault((problem.what, problem.done), []).append(problem.file)
    return "; ".join(
        f"{len(files)} file{'s' if len(files) > 1 else ''}: {what}, {done} "
        f"({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})"
        for (what, done), files in groups.items()
    )
