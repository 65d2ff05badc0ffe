"""Draw one pet: a scene, a pose, a coat, the light and the camera, all by chance but repeatable."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

PET, BACKGROUND, BORDER = 1, 2, 3  # the values of a trimap, as published
FINE = 2  # drawn this many times larger, then scaled down: smooth edges

# Shapes are lists of complex numbers, x + yj, with y pointing down: adding one moves a shape,
# multiplying by one turns and scales it. A pet's body is about 2 units long, its head 2 wide.
# Heads, from the crown down the right half to the chin:
SPITZ = (-0.84j, 0.45 - 0.76j, 0.84 - 0.38j, 0.98 + 0.12j, 0.8 + 0.5j, 0.4 + 0.84j, 0.96j)
WEDGE = (-0.72j, 0.45 - 0.7j, 0.8 - 0.36j, 0.76 + 0.08j, 0.52 + 0.5j, 0.27 + 0.8j, 0.88j)
ROUND = (-0.78j, 0.5 - 0.73j, 0.88 - 0.3j, 0.92 + 0.15j, 0.7 + 0.55j, 0.36 + 0.78j, 0.82j)


class Drawing(NamedTuple):
    """Hold a picture (RGB), its trimap ("L") and the box of the head in pixels, counted from 1."""

    image: Image.Image
    trimap: Image.Image
    head: tuple[int, int, int, int]


@dataclass(frozen=True)
class Look:
    """Say what one pet looks like; colors are RGB, 0..255.

    Args:
        back: the coat's main color.
        pale: belly, chest, cheeks and muzzle.
        points: ears, feet and the tail's end.
        mask: the face of a cat with points, or `None`.
        eye: the iris.
        fur: how long the hairs are, in units.
        girth: how wide body and legs are, against a slim dog's.
        spots: the color of rosettes and stripes, or `None`.
    """

    back: np.ndarray
    pale: np.ndarray
    points: np.ndarray
    mask: np.ndarray | None
    eye: tuple[int, int, int]
    fur: float
    girth: float
    skull: tuple[complex, ...]
    cat: bool = False
    spots: np.ndarray | None = None


def draw_pet(breed, number):
    """Draw picture `number` of a breed; the same two arguments give the same picture.

    Args:
        breed: a key of `LOOKS`.
        number: a whole number, 0 or more.

    Returns:
        A `Drawing`.

    Example:

    >>> from petkeras.data.drawing import draw_pet
    >>> drawing = draw_pet("samoyed", 1)
    >>> drawing.image.size == drawing.trimap.size
    True
    """
    rng = np.random.default_rng([zlib.crc32(breed.encode()), number])
    width, height = (int(side) for side in rng.integers(260, 401, 2))
    pose = POSES[rng.choice(len(POSES), p=[0.25, 0.25, 0.3, 0.2])]
    size = min(width / pose.width, height / pose.height) * rng.uniform(0.62, 1.05)
    middle = complex(width * rng.uniform(0.4, 0.6), height * rng.uniform(0.42, 0.6))
    canvas = draw_scene(width, height, middle + 1j * size * pose.height * 0.46, size, rng)
    brush = Brush(
        canvas=ImageDraw.Draw(canvas),
        mask=ImageDraw.Draw(Image.new("L", canvas.size)),
        rng=rng,
        middle=middle * FINE,
        unit=FINE * size * np.exp(1j * rng.normal(0, 0.09)),
        flip=rng.random() < 0.5,
        origin=-pose.center,
    )
    head = pose.draw(brush, LOOKS[breed](rng))
    draw_in_front(brush, rng)
    covered = brush.mask._image.reduce(FINE)
    return Drawing(photograph(canvas.reduce(FINE), rng), trimap(covered), box(head, width, height))


# ---------------------------------------------------------------------------------------- shapes


def smooth(points, closed=True, steps=8):
    """Return a smooth curve through some points (Catmull-Rom), `(points * steps,)` complex."""
    points = np.asarray(points, complex)
    if not closed:  # go on straight at both ends
        points = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    a, b, c, d = (np.roll(points, shift)[:, None] for shift in (1, 0, -1, -2))
    t = np.arange(steps) / steps  # (steps,)
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.ravel()  # one stretch of `steps` points after every given point
    return curve if closed else curve[steps : -2 * steps + 1]


def both(half):
    """Return the whole of a shape of which the right half is given, from top to bottom."""
    half = np.asarray(half, complex)
    return smooth(np.concatenate([half, -half[-2:0:-1].conj()]))


def blob(center, wide, high, turn=0.0):
    """Return an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return center + np.exp(1j * turn) * (wide * np.cos(angle) + 1j * high * np.sin(angle))


def limb(points, start, end, bulge=0.0):
    """Return a tube along some points, `start` wide at the first and `end` at the last."""
    spine = smooth(points, closed=False)
    along = np.gradient(spine)
    t = np.linspace(0, 1, len(spine))
    half = (start + (end - start) * t + bulge * np.sin(np.pi * t)) / 2
    side = 1j * along / np.abs(along) * half
    tip = spine[-1] + blob(0, end / 2, end / 2)[::2]
    angle = np.angle((tip - spine[-1]) / along[-1])
    cap = tip[np.abs(angle) < 1.5]
    cap = cap[np.argsort(np.angle((cap - spine[-1]) / along[-1]))[::-1]]
    return np.concatenate([spine + side, cap, (spine - side)[::-1]])


def furry(shape, length, rng):
    """Return a closed shape with hairs all along its outline, pointing outward and down."""
    closed = np.append(shape, shape[0])
    way = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])
    count = int(np.clip(way[-1] / (0.55 * length), 10, 140))
    places = (np.arange(2 * count) + rng.uniform(-0.3, 0.3, 2 * count)) * way[-1] / (2 * count)
    outline = np.interp(places, way, closed, period=way[-1])
    along = np.roll(outline, -1) - np.roll(outline, 1)
    clockwise = np.sum(outline.real * along.imag - outline.imag * along.real) > 0
    outward = along / (np.abs(along) + 1e-9) * (-1j if clockwise else 1j)
    hairs = length * rng.uniform(0.3, 1.1, 2 * count) * (np.arange(2 * count) % 2)
    return outline + hairs * (outward + 0.35j)


@dataclass(frozen=True)
class Brush:
    """Paint shapes, given in a pet's units, on the canvas and on the mask of what is pet."""

    canvas: ImageDraw.ImageDraw
    mask: ImageDraw.ImageDraw
    rng: np.random.Generator
    middle: complex  # where the pet's center comes to lie, in pixels
    unit: complex  # one unit in pixels; its angle tilts the pet
    flip: bool
    origin: complex = 0
    turn: complex = 1

    def at(self, place, turn):
        """Return a brush with an origin, a scale and an angle of its own, as for a head."""
        origin = self.origin + self.turn * place
        return dataclasses.replace(self, origin=origin, turn=self.turn * turn)

    def pixels(self, shape):
        """Return where points of a shape are on the canvas, complex."""
        shape = self.origin + self.turn * np.asarray(shape, complex)
        return self.middle + self.unit * (-shape.conj() if self.flip else shape)

    def mark(self, shape, color, fur=0.0):
        """Paint a flat shape."""
        points = flat(self.pixels(furry(shape, fur, self.rng) if fur else shape))
        self.canvas.polygon(points, rgb(color))
        self.mask.polygon(points, 255)

    def fill(self, shape, color, fur=0.02):
        """Paint a part of the body: its shaded rim, its color, and a lighter upper side."""
        middle = shape.mean()
        self.mark(shape, 0.74 * color, fur)
        self.mark(middle + 0.95 * (shape - middle), 0.9 * color, fur)
        self.mark(middle + 0.8 * (shape - middle) - 0.05j * np.ptp(shape.imag), color, fur)

    def line(self, points, color, width):
        """Paint a line, `width` in units; it does not count as pet."""
        pixels = max(1, round(width * abs(self.unit * self.turn)))
        self.canvas.line(flat(self.pixels(points)), rgb(color), pixels, joint="curve")


def flat(points):
    """Return complex points as the list x, y, x, y, ... that Pillow takes."""
    return np.stack([points.real, points.imag], axis=-1).ravel().tolist()


def rgb(color):
    return tuple(int(value) for value in np.clip(color, 0, 255))
