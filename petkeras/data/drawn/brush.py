"""Shapes of a drawn pet, and the brush that paints them.

A shape is an array of complex numbers, x + yj with y pointing down, so that adding a number moves
the shape, and multiplying by one turns and scales it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw


def smooth(points, closed=True, steps=8):
    """Return a smooth curve through some points: Catmull-Rom, `steps` points for each given one."""
    points = np.asarray(points, complex)
    if not closed:  # go on straight at both ends
        points = np.concatenate(
            [[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]]
        )
    a, b, c, d = (np.roll(points, shift)[:, None] for shift in (1, 0, -1, -2))
    t = np.arange(steps) / steps  # (steps,)
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.ravel()  # (points * steps,)
    return curve if closed else curve[steps : -2 * steps + 1]


def mirrored(half):
    """Return a smooth shape of which the right half is given, from the top down to the bottom."""
    half = np.asarray(half, complex)
    return smooth(np.concatenate([half, -half[-2:0:-1].conj()]))


def blob(center, wide, high):
    """Return an ellipse, `2 * wide` by `2 * high`."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return center + wide * np.cos(angle) + 1j * high * np.sin(angle)


def limb(points, start, end):
    """Return a tube along some points, `start` wide at the first and `end` at the last, rounded."""
    spine = smooth(points, closed=False)
    ahead = np.gradient(spine)
    ahead /= np.abs(ahead)
    side = 1j * ahead * np.linspace(start, end, len(spine)) / 2
    cap = spine[-1] + end / 2 * ahead[-1] * np.exp(1j * np.linspace(1.4, -1.4, 7))
    return np.concatenate([spine + side, cap, (spine - side)[::-1]])


def furry(shape, length, rng):
    """Return a closed shape with hairs of about `length` all along its outline."""
    closed = np.append(shape, shape[0])
    way = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])  # along the outline so far
    count = 2 * int(np.clip(way[-1] / (0.55 * length), 10, 140))  # a tip and a root for each hair
    places = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * way[-1] / count
    outline = np.interp(places, way, closed, period=way[-1])
    ahead = np.roll(outline, -1) - np.roll(outline, 1)
    clockwise = np.sum(outline.real * ahead.imag - outline.imag * ahead.real) > 0
    outward = ahead / (np.abs(ahead) + 1e-9) * (-1j if clockwise else 1j)
    hairs = length * rng.uniform(0.3, 1.1, count) * (np.arange(count) % 2)
    return outline + hairs * (outward + 0.35j)  # hair hangs down a little


@dataclass(frozen=True)
class Brush:
    """Paint shapes, given in a pet's own units, on a canvas and on the mask of what is pet.

    Args:
        canvas: where the picture is painted, RGB.
        mask: where pet becomes 255, "L".
        rng: draws the hairs.
        middle: where the shapes' origin lies on the canvas, in pixels.
        unit: one unit in pixels; its angle tilts all that is painted.
        flip: whether left and right change places.
    """

    canvas: ImageDraw.ImageDraw
    mask: ImageDraw.ImageDraw
    rng: np.random.Generator
    middle: complex
    unit: complex
    flip: bool
    origin: complex = 0
    turn: complex = 1

    def at(self, place, turn):
        """Return a brush with an origin, a scale and an angle of its own, as for a head."""
        origin = self.origin + self.turn * place
        return dataclasses.replace(self, origin=origin, turn=self.turn * turn)

    def pixels(self, shape):
        """Return where points of a shape lie on the canvas, complex."""
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
        self.mark(shape, 0.72 * color, fur)
        self.mark(middle + 0.93 * (shape - middle), 0.88 * color, fur)
        self.mark(middle + 0.78 * (shape - middle) - 0.05j * np.ptp(shape.imag), color, fur)

    def line(self, points, color, width):
        """Paint a line, `width` in units."""
        pixels = max(1, round(width * abs(self.unit * self.turn)))
        self.canvas.line(flat(self.pixels(points)), rgb(color), pixels, joint="curve")


def flat(points):
    """Return complex points as the list x, y, x, y, ... that Pillow takes."""
    return np.stack([points.real, points.imag], axis=-1).ravel().tolist()


def rgb(color):
    """Return a color as the three integers, 0..255, that Pillow takes."""
    return tuple(int(value) for value in np.clip(color, 0, 255))
