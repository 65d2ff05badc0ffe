"""Draw one pet: scene, pose, coat, light and camera are random but reproducible."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from petkeras.data.drawn.brush import Brush, blob, flat, rgb, smooth
from petkeras.data.drawn.invented import find_breed
from petkeras.data.drawn.poses import POSES

PET, BACKGROUND, BORDER = 1, 2, 3  # the values of a trimap, as published
SUPERSAMPLING = 2  # drawn this many times larger, then scaled down for smooth edges

# Colors of the ground and of the background: grass, snow, leaves, beach, floor, sky, walls, ...
GROUNDS = ((96, 128, 62), (228, 232, 240), (168, 110, 58), (212, 190, 150), (150, 108, 76),
           (128, 60, 58), (120, 124, 130), (74, 88, 112))  # fmt: skip
BACKGROUNDS = ((150, 184, 224), (206, 214, 222), (92, 118, 74), (196, 160, 120), (226, 218, 204),
         (120, 132, 140), (160, 92, 60), (66, 72, 84))  # fmt: skip


class Drawing(NamedTuple):
    """Hold a picture (RGB), its trimap ("L") and its head box in pixels from 1."""

    image: Image.Image
    trimap: Image.Image
    head: tuple[int, int, int, int]


def draw_pet(breed, number):
    """Draw picture `number` of a breed; the same two arguments give the same picture.

    Args:
        breed: a key of `petkeras.data.drawn.breeds.DRAWN_BREEDS`, or an invented breed such as
            "drawn-017" (see `petkeras.data.drawn.invented`).
        number: an integer, 0 or more.

    Returns:
        A `Drawing`.

    Example:

    >>> from petkeras.data.drawn.pet import draw_pet
    >>> drawing = draw_pet("samoyed", 1)
    >>> drawing.image.size == drawing.trimap.size
    True
    """
    rng = np.random.default_rng([zlib.crc32(breed.encode()), number])
    width, height = (int(side) for side in rng.integers(240, 361, 2))
    pose = POSES[rng.choice(len(POSES), p=[0.25, 0.25, 0.3, 0.2])]
    size = min(width / pose.width, height / pose.height) * rng.uniform(0.65, 1.1)  # pixels per unit
    middle = complex(width * rng.uniform(0.36, 0.64), height * rng.uniform(0.42, 0.62))
    ground = middle.imag + size * pose.height * rng.uniform(0.2, 0.5)
    canvas = _scene(width, height, ground, rng).resize(
        (SUPERSAMPLING * width, SUPERSAMPLING * height)
    )
    _objects(canvas, rng.integers(0, 6), rng)
    mask = Image.new("L", canvas.size)
    brush = Brush(
        canvas=ImageDraw.Draw(canvas),
        mask=ImageDraw.Draw(mask),
        rng=rng,
        middle=SUPERSAMPLING * middle,
        unit=SUPERSAMPLING * size * np.exp(1j * rng.normal(0, 0.09)),
        flip=rng.random() < 0.5,
        origin=-pose.center,
    )
    look = find_breed(breed)(rng)
    head = pose.draw(brush, look)
    if rng.random() < 0.25:
        _objects(canvas, 1, rng, mask)  # something in front
    mask = mask.reduce(SUPERSAMPLING)
    image = _coat(canvas.reduce(SUPERSAMPLING), mask, size * look.fur, rng)
    return Drawing(
        image=_photograph(image, rng),
        trimap=_trimap(mask),
        head=_bounding_box(head / SUPERSAMPLING, width, height),
    )


def _noise(width, height, cells, rng):
    """Return smooth noise of about -1..1, `(height, width)`, of `cells` bumps."""
    coarse = rng.normal(0, 0.5, (cells + 3, cells + 3)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _scene(width, height, horizon, rng):
    """Return a ground and a background, each of one color with smooth variations."""
    is_ground = np.arange(height)[:, None] > horizon + 4 * _noise(width, 1, 12, rng)  # (h, w)
    scene = np.empty((height, width, 3), np.float32)
    for colors, area in ((BACKGROUNDS, ~is_ground), (GROUNDS, is_ground)):
        color = np.array(colors[rng.integers(len(colors))]) * rng.uniform(0.6, 1.2)
        light = sum(
            strength * _noise(width, height, cells, rng)
            for cells, strength in ((3, 0.25), (12, 0.12), (70, rng.uniform(0.02, 0.15)))
        )
        scene[area] = color * (1 + light[area][:, None])
    return Image.fromarray(scene.clip(0, 255).astype(np.uint8))


def _objects(canvas, count, rng, mask=None):
    """Paint bushes, stones, cushions and posts, and remove them from the mask."""
    draw = ImageDraw.Draw(canvas)
    for _ in range(count):
        center = complex(rng.uniform(0, canvas.width), rng.uniform(0, canvas.height))
        wide, high = canvas.width * rng.uniform(0.03, 0.16, 2)
        color = np.array((GROUNDS + BACKGROUNDS)[rng.integers(16)]) * rng.uniform(0.6, 1.15)
        if rng.random() < 0.3:  # a post or a beam
            wide, high = (wide / 3, 4 * high) if rng.random() < 0.5 else (4 * wide, high / 3)
            corner = wide + 1j * high
            shape = center + np.array([-corner, corner.conj(), corner, -corner.conj()])
        else:
            shape = blob(center, wide, high)[::3]
            shape = smooth(shape + (shape - center) * rng.normal(0, 0.25, len(shape)))
        draw.polygon(flat(shape), rgb(0.8 * color))
        draw.polygon(flat(center + 0.85 * (shape - center) - 0.06j * high), rgb(color))
        if mask is not None:
            ImageDraw.Draw(mask).polygon(flat(shape), 0)


def _coat(canvas, mask, hair, rng):
    """Add to the pet the texture of hairs that are `hair` pixels long, and shade."""
    width, height = canvas.size
    grain = _noise(width, height, int(np.clip(width / (hair + 1.5), 20, 160)), rng)
    shade = _noise(width, height, 4, rng)  # shadows on the pet
    factor = 1 + (0.16 * grain + 0.14 * shade) * np.asarray(mask) / 255
    pixels = np.asarray(canvas) * factor[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _photograph(image, rng):
    """Add color cast, shadow, exposure, saturation, contrast, noise and blur."""
    width, height = image.size
    pixels = np.asarray(image, np.float32) / 255
    tint = np.exp(rng.normal(0, 0.13, 3))
    shadow = np.exp(rng.uniform(0.05, 0.35) * _noise(width, height, 2, rng))[..., None]
    pixels = np.clip(pixels * tint * shadow * np.exp(rng.normal(0, 0.25)), 0, 1)
    gray = pixels.mean(axis=2, keepdims=True)
    pixels = gray + rng.uniform(0.4, 1.1) * (pixels - gray)  # from pale to vivid colors
    pixels = 0.5 + rng.uniform(0.65, 1.1) * (pixels - 0.5)  # from low to high contrast
    pixels += rng.normal(0, rng.uniform(0.005, 0.035), pixels.shape)
    picture = Image.fromarray((255 * pixels.clip(0, 1)).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.0)))


def _trimap(mask):
    """Return 1 for pet, 2 for background and 3 for the border, as published."""
    share = np.asarray(mask.filter(ImageFilter.BoxBlur(2)))  # of pet pixels within 2 pixels, 0..255
    inside, outside = share > 250, share < 5
    values = np.where(inside, PET, np.where(outside, BACKGROUND, BORDER))
    return Image.fromarray(values.astype(np.uint8))


def _bounding_box(points, width, height):
    """Return the smallest box within the picture that holds some points."""
    left, right = np.clip([points.real.min(), points.real.max()], 1, width)
    top, bottom = np.clip([points.imag.min(), points.imag.max()], 1, height)
    return int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))
