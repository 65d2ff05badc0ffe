"""Read a picture of any kind into a square of uint8, once, and keep it on disk."""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
MOST_PIXELS = 100_000_000  # a larger picture is refused by its header, before it is decoded


@dataclass(frozen=True)
class Problem:
    """Name a file that is not as it should be, and tell what was done about it."""

    file: str
    what: str
    done: str


@dataclass(frozen=True)
class Photograph:
    """Hold a file as it came: its name, its class, its bytes."""

    name: str
    class_name: str
    data: bytes


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


def decode(data, image_size):
    """Decode a picture and squash it to a square, as the article does.

    Turned upright by its EXIF tag; transparency becomes white; of an animation, the first frame.

    Args:
        data: the bytes of a JPEG, PNG, GIF, BMP or WebP file.
        image_size: height and width wanted, in pixels.

    Returns:
        An image `(image_size, image_size, 3)` uint8, and the (width, height) that it had.

    Raises:
        ValueError: the bytes are no picture, are cut short, or are too large.

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
    if not data:
        raise ValueError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning; ours is an error, below
            picture = Image.open(io.BytesIO(data))
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise ValueError(f"{width} x {height} pixels are too many")
        picture = _rgb(ImageOps.exif_transpose(picture))
    except Image.UnidentifiedImageError:
        raise ValueError("not a picture that can be read") from None
    except Image.DecompressionBombError:
        raise ValueError("too many pixels") from None
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"the picture is damaged ({error})") from None
    small = picture.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(small), (width, height)


def _rgb(picture):
    """Return a picture of any mode as RGB, its transparent parts white."""
    if picture.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8
        high = np.asarray(picture).astype(np.int64) >> 8
        return Image.fromarray(high.clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def decode_all(photographs, image_size):
    """Decode the photographs of one class; those that cannot be read become problems.

    Args:
        photographs: an iterable of `Photograph`.
        image_size: height and width wanted, in pixels.

    Returns:
        A `Decoded`, in the order of the names.
    """
    images, names, sizes, problems = [], [], [], []
    for photograph in sorted(photographs, key=lambda photograph: photograph.name):
        try:
            image, size = decode(photograph.data, image_size)
        except ValueError as error:
            problems.append(Problem(photograph.name, str(error), "skipped"))
            continue
        images.append(image)
        names.append(photograph.name)
        sizes.append(size)
    shape = (len(images), image_size, image_size, 3)
    return Decoded(
        images=np.array(images, np.uint8).reshape(shape),
        names=np.array(names, np.str_),
        sizes=np.array(sizes, np.int32).reshape(-1, 2),
        problems=tuple(problems),
    )


def save_decoded(file: Path, decoded: Decoded):
    """Write the pictures of a class to an `.npz` file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="incomplete-") as folder:
        half_made = Path(folder) / file.name
        np.savez(
            half_made,
            images=decoded.images,
            names=decoded.names,
            sizes=decoded.sizes,
            problems=np.array([(p.file, p.what, p.done) for p in decoded.problems], np.str_),
        )
        os.replace(half_made, file)


def load_decoded(file: Path):
    """Read what `save_decoded` wrote."""
    with open(file, "rb") as stream, np.load(stream) as stored:
        return Decoded(
            images=stored["images"],
            names=stored["names"],
            sizes=stored["sizes"],
            problems=tuple(Problem(*row) for row in stored["problems"].reshape(-1, 3).tolist()),
        )


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
