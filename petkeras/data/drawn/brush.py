"""Shapes, and the brush that paints them.

A shape is an array of complex numbers, x + yj with y pointing down: adding a number moves the
shape, and multiplying by a number rotates and scales it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw


def smooth(points, closed=True, steps=8):
    """Return a Catmull-Rom curve through some points, with `steps` points for each."""
    points = np.asarray(points, complex)
    if not closed:  # extend both ends in a straight line
        points = np.concatenate(
            [[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]]
        )
    a, b, c, d = (np.roll(points, shift)[:, None] for shift in (1, 0, -1, -2))
    t = np.arange(steps) / steps  # (steps,)
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.ravel()  # (points * steps,)
    return curve if closed else curve[steps : -2 * steps + 1]


def mirrored(half):
    """Return a smooth, symmetric shape from its right half, given from top to bottom."""
    half = np.asarray(half, complex)
    return smooth(np.concatenate([half, -half[-2:0:-1].conj()]))


def blob(center, wide, high):
    """Return an ellipse, `2 * wide` by `2 * high`."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return center + wide * np.cos(angle) + 1j * high * np.sin(angle)


def limb(points, start, end):
    """Return a tube along points, `start` wide at first, `end` at the rounded end."""
    spine = smooth(points, closed=False)
    ahead = np.gradient(spine)
    ahead /= np.abs(ahead)
    side = 1j * ahead * np.linspace(start, end, len(spine)) / 2
    cap = spine[-1] + end / 2 * ahead[-1] * np.exp(1j * np.linspace(1.4, -1.4, 7))
    return np.concatenate([spine + side, cap, (spine - side)[::-1]])


def furry(shape, length, rng):
    """Return a closed shape with hairs of about `length` along its outline."""
    closed = np.append(shape, shape[0])
    distance = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])  # along the outline
    count = 2 * int(np.clip(distance[-1] / (0.55 * length), 10, 140))  # a tip and a root per hair
    places = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * distance[-1] / count
    outline = np.interp(places, distance, closed, period=distance[-1])
    ahead = np.roll(outline, -1) - np.roll(outline, 1)
    clockwise = np.sum(outline.real * ahead.imag - outline.imag * ahead.real) > 0
    outward = ahead / (np.abs(ahead) + 1e-9) * (-1j if clockwise else 1j)
    hairs = length * rng.uniform(0.3, 1.1, count) * (np.arange(count) % 2)
    return outline + hairs * (outward + 0.35j)  # hair hangs down a little


@dataclass(frozen=True)
class Brush:
    """Paint shapes in a pet's own units, on a canvas and on the mask of the pet.

    Args:
        canvas: the picture, RGB.
        mask: the mask, "L", which becomes 255 where the pet is.
        rng: a random number generator, for the hairs.
        middle: the position on the canvas of the pet's origin, in pixels.
        unit: one unit in pixels; its angle tilts the pet.
        flip: True to mirror the pet left to right.
        origin: the origin of the shapes, in the pet's units.
        scale: scales and rotates the shapes.
    """

    canvas: ImageDraw.ImageDraw
    mask: ImageDraw.ImageDraw
    rng: np.random.Generator
    middle: complex
    unit: complex
    flip: bool
    origin: complex = 0
    scale: complex = 1

    def moved(self, offset, scale=1):
        """Return a brush with another origin, scale and angle, as for a head."""
        origin = self.origin + self.scale * offset
        return dataclasses.replace(self, origin=origin, scale=self.scale * scale)

    def pixels(self, shape):
        """Return the points of a shape in pixels of the canvas, complex."""
        shape = self.origin + self.scale * np.asarray(shape, complex)
        return self.middle + self.unit * (-shape.conj() if self.flip else shape)

    def mark(self, shape, color, fur=0.0):
        """Paint a flat shape."""
        points = flat(self.pixels(furry(shape, fur, self.rng) if fur else shape))
        self.canvas.polygon(points, rgb(color))
        self.mask.polygon(points, 255)

    def fill(self, shape, color, fur=0.02):
        """Paint a part of the body: its shaded rim, its color, and a lighter upper side."""
        middle = shape.mean()
        self.mark(shape, 0.72 * color, fur)
        self.mark(middle + 0.93 * (shape - middle), 0.88 * color, fur)
        self.mark(middle + 0.78 * (shape - middle) - 0.05j * np.ptp(shape.imag), color, fur)

    def line(self, points, color, width):
        """Paint a line, `width` in units."""
        pixels = max(1, round(width * abs(self.unit * self.scale)))
        self.canvas.line(flat(self.pixels(points)), rgb(color), pixels, joint="curve")


def flat(points):
    """Return complex points as the list x, y, x, y, ... for Pillow."""
    return np.stack([points.real, points.imag], axis=-1).ravel().tolist()


def rgb(color):
    """Return a color as three integers, 0..255, for Pillow."""
    return tuple(int(value) for value in np.clip(color, 0, 255))
