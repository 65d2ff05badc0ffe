"""Read a picture of any kind into a square of uint8."""

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
from PIL import Image, ImageOps

from petkeras.text import one_line, printable

ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # Pillow knows more; one starts Ghostscript

# What a picture may ask for. More is refused by its header, before it is decoded.
MOST_BYTES = 2**26  # of a file
MOST_PIXELS = 8192 * 6144  # 0.3 GB, with transparency up to 0.6
HALF_AS_MANY = ("WEBP", "BMP")  # decoded with twice the memory; in Python, where compressed
MOST_WORK = 2 * 10**9  # pixels times scans of a JPEG: a few bytes may ask for one more scan
LEAST_SIDE = 2048  # of a large JPEG no more is decoded than keeps this many pixels a side
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")


@dataclass(frozen=True)
class Problem:
    """Name a file that is not as it should be, and tell what was done about it: printable."""

    file: str
    what: str
    done: str

    def __post_init__(self):
        for name in ("file", "what", "done"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True)
class Photograph:
    """Hold a file as it came: its name, its class, its bytes, or why it has none."""

    name: str
    class_name: str
    data: bytes
    fault: str = ""


def read_file(file: Path):
    """Return the bytes of a file that may be anything: nothing else than a file is opened.

    Raises:
        ValueError: it is a pipe (which would be waited for for ever), a device, a folder, too
            large, a link to nowhere, or may not be read.
    """
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{_KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}, not a file")
        if status.st_size > MOST_BYTES:
            raise ValueError(f"{status.st_size} bytes are too many: {MOST_BYTES} at the most")
        return Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be opened ({error.strerror})") from None


_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder",
          stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}  # fmt: skip


def open_picture(data):
    """Open a picture by its header, and see that it asks for neither much memory nor much time.

    Returns:
        A Pillow picture that is not decoded yet.

    Raises:
        ValueError: it is no picture of `FORMATS`, or asks for too much.
    """
    if not data:
        raise ValueError("the file is empty")
    with reading():
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = picture.size
    if width * height > MOST_PIXELS // (2 if picture.format in HALF_AS_MANY else 1):
        raise ValueError(f"{width} x {height} pixels are too many")
    if picture.format in ("JPEG", "MPO"):
        scans = len(_SCAN.findall(data))
        if width * height * scans > MOST_WORK:
            raise ValueError(f"{scans} scans of {width} x {height} pixels are too many")
    return picture


@contextlib.contextmanager
def reading():
    """Turn whatever Pillow raises over a damaged file into a ValueError, and hush its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.UnidentifiedImageError:
        raise ValueError("not a picture that can be read") from None
    except Image.DecompressionBombError:
        raise ValueError("too many pixels") from None
    except MemoryError:
        raise ValueError("it needs more memory than there is") from None
    except Exception as error:  # its parsers trip over damage in more ways than it documents
        raise ValueError(f"the picture is damaged ({one_line(error)})") from None


def open_upright(data):
    """Decode a picture of any kind and mode, in RGB, turned upright, what is transparent white.

    Returns:
        A Pillow picture, and the (width, height) that the file has.

    Raises:
        ValueError: it is no picture, is damaged, or asks for too much.
    """
    picture = open_picture(data)
    size = picture.size
    with reading():
        picture.draft(None, (LEAST_SIDE, LEAST_SIDE))
        picture.load()
        with contextlib.suppress(Exception):  # a damaged EXIF tag says nothing of the pixels
            ImageOps.exif_transpose(picture, in_place=True)
        return _rgb(picture), size


def _rgb(picture):
    """Return a picture of any mode as RGB, its transparent parts white."""
    if picture.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8
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

    Turned upright by its EXIF tag; transparency becomes white; of an animation, the first frame.

    Args:
        data: the bytes of a JPEG, PNG, GIF, BMP or WebP file.
        image_size: height and width wanted, in pixels.

    Returns:
        An image `(image_size, image_size, 3)` uint8, and the (width, height) that it had.

    Raises:
        ValueError: the bytes are no picture, are cut short, or ask for too much.

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
    picture, size = open_upright(data)
    with reading():
        small = picture.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(small), size


def summarize(problems):
    """Tell of all problems in one line, those alike together; empty if there are none.

    Example:

    >>> from petkeras.data.pictures import Problem, summarize
    >>> summarize([Problem("a.mat", "not a picture", "ignored")])
    '1 file: not a picture, ignored (a.mat)'
    """
    alike = {}
    for problem in problems:
        alike.setdefault((problem.what, problem.done), []).append(problem.file)
    return "; ".join(
        f"{len(files)} file{'s' if len(files) > 1 else ''}: {what}, {done} "
        f"({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})"
        for (what, done), files in alike.items()
    )
