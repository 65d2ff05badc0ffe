"""Draw one pet: a scene, a pose, a coat, the light and the camera, all by chance but repeatable."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from petkeras.data.drawn.breeds import LOOKS, POSES
from petkeras.data.drawn.brush import Brush, blob, flat, rgb, smooth

PET, BACKGROUND, BORDER = 1, 2, 3  # the values of a trimap, as published
FINE = 2  # drawn this many times larger, then scaled down: smooth edges

# What pets stand on and before: grass, snow, autumn leaves, beach, floor, carpet, sky, walls, ...
GROUNDS = ((96, 128, 62), (228, 232, 240), (168, 110, 58), (212, 190, 150), (150, 108, 76),
           (128, 60, 58), (120, 124, 130), (74, 88, 112))  # fmt: skip
BACKS = ((150, 184, 224), (206, 214, 222), (92, 118, 74), (196, 160, 120), (226, 218, 204),
         (120, 132, 140), (160, 92, 60), (66, 72, 84))  # fmt: skip


class Drawing(NamedTuple):
    """Hold a picture (RGB), its trimap ("L") and the box of the head in pixels, counted from 1."""

    image: Image.Image
    trimap: Image.Image
    head: tuple[int, int, int, int]


def draw_pet(breed, number):
    """Draw picture `number` of a breed; the same two arguments give the same picture.

    Args:
        breed: a key of `petkeras.data.drawn.breeds.LOOKS`.
        number: a whole number, 0 or more.

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
    size = min(width / pose.width, height / pose.height) * rng.uniform(0.65, 1.1)  # pixels a unit
    middle = complex(width * rng.uniform(0.36, 0.64), height * rng.uniform(0.42, 0.62))
    ground = middle.imag + size * pose.height * rng.uniform(0.2, 0.5)
    canvas = _scene(width, height, ground, rng).resize((FINE * width, FINE * height))
    _things(canvas, rng.integers(0, 6), rng)
    mask = Image.new("L", canvas.size)
    brush = Brush(
        canvas=ImageDraw.Draw(canvas),
        mask=ImageDraw.Draw(mask),
        rng=rng,
        middle=FINE * middle,
        unit=FINE * size * np.exp(1j * rng.normal(0, 0.09)),
        flip=rng.random() < 0.5,
        origin=-pose.center,
    )
    look = LOOKS[breed](rng)
    head = pose.draw(brush, look)
    if rng.random() < 0.25:
        _things(canvas, 1, rng, mask)  # something in front
    mask = mask.reduce(FINE)
    image = _coat(canvas.reduce(FINE), mask, size * look.fur, rng)
    return Drawing(
        image=_photograph(image, rng),
        trimap=_trimap(mask),
        head=_box(head / FINE, width, height),
    )


def _noise(width, height, cells, rng):
    """Return smooth noise of about -1..1, `(height, width)`, with `cells` hills across."""
    coarse = rng.normal(0, 0.5, (cells + 3, cells + 3)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _scene(width, height, horizon, rng):
    """Paint a ground and what is behind it, each of one color that varies from place to place."""
    is_ground = np.arange(height)[:, None] > horizon + 4 * _noise(width, 1, 12, rng)  # (h, w)
    scene = np.empty((height, width, 3), np.float32)
    for colors, where in ((BACKS, ~is_ground), (GROUNDS, is_ground)):
        color = np.array(colors[rng.integers(len(colors))]) * rng.uniform(0.6, 1.2)
        light = sum(
            strength * _noise(width, height, cells, rng)
            for cells, strength in ((3, 0.25), (12, 0.12), (70, rng.uniform(0.02, 0.15)))
        )
        scene[where] = (color * (1 + light[..., None]))[where]
    return Image.fromarray(scene.clip(0, 255).astype(np.uint8))


def _things(canvas, count, rng, mask=None):
    """Paint things of any color: bushes, stones, cushions, posts; where they are, no pet is."""
    draw = ImageDraw.Draw(canvas)
    for _ in range(count):
        center = complex(rng.uniform(0, canvas.width), rng.uniform(0, canvas.height))
        wide, high = canvas.width * rng.uniform(0.03, 0.16, 2)
        color = np.array((GROUNDS + BACKS)[rng.integers(16)]) * rng.uniform(0.6, 1.15)
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
    """Give what is pet the grain of hairs that are `hair` pixels long."""
    width, height = canvas.size
    grain = _noise(width, height, int(np.clip(width / (hair + 1.5), 20, 160)), rng)
    shade = _noise(width, height, 4, rng)  # the pet's own shadows
    factor = 1 + (0.16 * grain + 0.14 * shade) * np.asarray(mask) / 255
    pixels = np.asarray(canvas) * factor[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _photograph(image, rng):
    """Light the scene and take its picture: color of the light, shadow, exposure, focus, noise."""
    width, height = image.size
    pixels = np.asarray(image, np.float32) / 255
    tint = np.exp(rng.normal(0, 0.13, 3))
    shadow = np.exp(rng.uniform(0.05, 0.35) * _noise(width, height, 2, rng))[..., None]
    pixels = np.clip(pixels * tint * shadow * np.exp(rng.normal(0, 0.25)), 0, 1)
    gray = pixels.mean(axis=2, keepdims=True)
    pixels = gray + rng.uniform(0.4, 1.1) * (pixels - gray)  # faded to strong colors
    pixels = 0.5 + rng.uniform(0.65, 1.1) * (pixels - 0.5)  # flat to strong contrast
    pixels += rng.normal(0, rng.uniform(0.005, 0.035), pixels.shape)
    picture = Image.fromarray((255 * pixels.clip(0, 1)).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.0)))


def _trimap(mask):
    """Return 1 where pet is, 2 where background is, 3 along the border, as published."""
    share = np.asarray(mask.filter(ImageFilter.BoxBlur(2)))  # of pet within 2 pixels, 0..255
    inside, outside = share > 250, share < 5
    values = np.where(inside, PET, np.where(outside, BACKGROUND, BORDER))
    return Image.fromarray(values.astype(np.uint8))


def _box(points, width, height):
    """Return the smallest box about some points that is within the picture."""
    left, right = np.clip([points.real.min(), points.real.max()], 1, width)
    top, bottom = np.clip([points.imag.min(), points.imag.max()], 1, height)
    return int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))
