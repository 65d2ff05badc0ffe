"""Read a picture of any kind into a square of uint8, once, and keep it on disk."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from petkeras import machine
from petkeras.data.words import one_line, printable
from petkeras.errors import PetkerasError

VERSION = 1  # to be raised whenever pictures are decoded in another way: old ones are not used

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


@dataclass(frozen=True)
class Decoded:
    """Hold the pictures of one class.

    Args:
        images: `(n, image_size, image_size, 3)` uint8.
        names: `(n,)` file names.
        sizes: `(n, 2)` int32, the width and height that each had, in pixels.
        problems: the files that could not be read.
    """

    images: np.ndarray
    names: np.ndarray
    sizes: np.ndarray
    problems: tuple[Problem, ...]


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


def decode_all(photographs, class_names, image_size):
    """Decode the photographs of some classes; those that cannot be read become problems.

    Args:
        photographs: an iterable of `Photograph`; the files of no two need be in memory at a time.
        class_names: the classes that they are of.
        image_size: height and width wanted, in pixels.

    Returns:
        A `Decoded` per class name, each in the order of the names.

    Raises:
        PetkerasError: they do not fit into memory, at three copies on the way to the two parts.
    """
    free, kept = machine.free_memory(), 0  # bytes
    rows = {name: [] for name in class_names}  # (name, image, size) of each picture
    problems = {name: [] for name in class_names}
    for photograph in photographs:
        try:
            if photograph.fault:
                raise ValueError(photograph.fault)
            image, size = decode(photograph.data, image_size)
        except ValueError as error:
            problem = Problem(photograph.name, str(error), "skipped")
            problems[photograph.class_name].append(problem)
        else:
            rows[photograph.class_name].append((photograph.name, image, size))
            kept += image.nbytes
            if free is not None and 3 * kept > free:
                raise PetkerasError(
                    f"At {image_size} x {image_size} pixels the pictures do not fit into memory: "
                    f"{free / 1e9:.1f} GB are free. Lower '--image-size', or take fewer breeds."
                )
    return {name: _decoded(rows[name], problems[name], image_size) for name in class_names}


def _decoded(rows, problems, image_size):
    rows = sorted(rows, key=lambda row: row[0])
    images = [image for _, image, _ in rows]
    return Decoded(
        images=np.array(images, np.uint8).reshape(-1, image_size, image_size, 3),
        names=np.array([name for name, _, _ in rows], np.str_),
        sizes=np.array([size for _, _, size in rows], np.int32).reshape(-1, 2),
        problems=tuple(sorted(problems, key=lambda problem: problem.file)),
    )


def save_decoded(file: Path, decoded: Decoded):
    """Write the pictures of a class to an `.npz` file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="incomplete-") as folder:
        half_made = Path(folder) / file.name
        np.savez(
            half_made,
            version=VERSION,
            images=decoded.images,
            names=decoded.names,
            sizes=decoded.sizes,
            problems=np.array([(p.file, p.what, p.done) for p in decoded.problems], np.str_),
        )
        os.replace(half_made, file)


def load_decoded(file: Path, image_size):
    """Return what `save_decoded` wrote; `None` if it is missing, damaged, or of another version.

    Nothing is ever unpickled.
    """
    try:
        with open(file, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if stored["version"] != VERSION:
                return None
            decoded = Decoded(
                images=stored["images"],
                names=stored["names"],
                sizes=stored["sizes"],
                problems=tuple(Problem(*row) for row in stored["problems"].reshape(-1, 3).tolist()),
            )
    except Exception:  # missing, or damaged: NumPy trips over that in many ways
        return None
    count = len(decoded.names)
    fits = (
        (decoded.images.dtype, decoded.images.shape)
        == (np.uint8, (count, image_size, image_size, 3))
        and (decoded.sizes.dtype, decoded.sizes.shape) == (np.int32, (count, 2))
        and (decoded.names.dtype.kind, decoded.names.ndim) == ("U", 1)
    )  # fmt: skip
    return decoded if fits else None


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
