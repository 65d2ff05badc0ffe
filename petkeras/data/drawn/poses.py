"""How the drawn pets are posed: functions that paint a body and a head.

A body is about 2 units long, stands on y = 0 and faces right; a head is about 2 of its own units
wide and faces the viewer. Each pose returns the outline of the head in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from petkeras.data.drawn.brush import blob, limb, mirrored, smooth

DARK = np.array([32.0, 26, 26])  # noses, lips, pupils
PINK = np.array([214.0, 130, 130])


def standing(brush, look):
    """Draw the pet from its side, on four legs."""
    girth, rng = look.girth, brush.rng
    stride = rng.uniform(-0.18, 0.18)
    _tail(brush, look, -0.95 - 1.2j)
    for shift, shade in ((0.16, 0.7), (0.0, 1.0)):  # far legs, near legs
        step = stride * (1 if shift else -1)
        front = (0.68 + shift - 0.95j, 0.66 + shift + step / 2 - 0.5j, 0.7 + shift + step - 0.05j)
        hind = (-0.72 + shift - 0.95j, -0.5 + shift - 0.6j, -0.8 + shift - step / 2 - 0.35j,
                -0.7 + shift - step - 0.05j)  # fmt: skip
        for leg, thick in ((hind, 0.44), (front, 0.34)):
            brush.fill(limb(leg, thick * girth, 0.2 * girth), shade * look.back, look.fur)
            brush.fill(blob(leg[-1] + 0.06, 0.16 * girth, 0.08), shade * look.points, look.fur / 2)
        if shift:
            _trunk(brush, look)
    brush.fill(limb((0.7 - 1.1j, 1.2 - 1.7j), 0.75 * girth, 0.55 * girth), look.back, look.fur)
    brush.mark(limb((0.95 - 0.95j, 1.2 - 1.45j), 0.2 * girth, 0.3 * girth), look.pale, look.fur)
    return _head(brush.moved(1.25 - 1.85j, 0.5 * np.exp(1j * rng.normal(0, 0.15))), look)


def _trunk(brush, look):
    back = (-1.02 - 1.1j, -0.6 - 1.32j, 0.1 - 1.3j, 0.7 - 1.38j, 1.0 - 1.15j)
    belly = (0.9 - 0.8j, 0.45 - 0.66j, -0.1 - 0.72j, -0.7 - 0.72j)
    swollen = [
        point.real + 1j * (-1.02 + look.girth * (point.imag + 1.02)) for point in back + belly
    ]
    brush.fill(smooth(swollen), look.back, look.fur)
    under = limb((-0.55 - 0.76j, 0.1 - 0.7j, 0.7 - 0.76j), 0.14, 0.22)
    brush.mark(under + 0.1j * (look.girth - 1), look.pale, look.fur)
    _spots(brush, look, 0.0 - 1.08j, 0.85, 0.22 * look.girth)


def sitting(brush, look):
    """Draw the pet from the front, on its haunches."""
    girth, rng = look.girth, brush.rng
    _tail(brush, look, -0.45 - 0.4j)
    for side in (-1, 1):
        brush.fill(blob(side * 0.46 * girth - 0.34j, 0.3 * girth, 0.36), 0.9 * look.back, look.fur)
        foot = blob(side * 0.5 * girth - 0.06j, 0.24 * girth, 0.1)
        brush.fill(foot, look.points, look.fur / 2)
    torso = mirrored((-1.6j, 0.34 - 1.5j, 0.5 - 1.0j, 0.52 - 0.5j, 0.3 - 0.15j, -0.1j))
    brush.fill(girth * torso.real + 1j * torso.imag, look.back, look.fur)
    chest = mirrored((-1.5j, 0.24 - 1.35j, 0.28 - 0.95j, 0.18 - 0.5j, -0.35j))
    brush.mark(girth * chest.real + 1j * chest.imag, look.pale, look.fur)
    _spots(brush, look, -0.7j, 0.4 * girth, 0.4)
    for side in (-1, 1):
        leg = (side * 0.24 * girth - 0.85j, side * 0.22 * girth - 0.4j, side * 0.22 * girth - 0.06j)
        brush.fill(limb(leg, 0.26 * girth, 0.19 * girth), look.back, look.fur / 2)
        brush.fill(blob(leg[-1], 0.15 * girth, 0.09), look.points, look.fur / 2)
    place = rng.uniform(-0.1, 0.1) - 1.95j
    return _head(brush.moved(place, 0.58 * np.exp(1j * rng.normal(0, 0.15))), look)


def lying(brush, look):
    """Draw the pet from its side, flat on the ground."""
    girth, rng = look.girth, brush.rng
    _tail(brush, look, -1.0 - 0.35j)
    brush.fill(limb((0.5 - 0.2j, 1.0 - 0.12j, 1.5 - 0.08j), 0.26 * girth, 0.18), 0.75 * look.back)
    body = smooth((-1.05 - 0.3j, -0.8 - 0.62j, 0.0 - 0.7j, 0.7 - 0.8j, 0.98 - 0.5j, 0.8, -0.8))
    brush.fill(body.real + 1j * girth * body.imag, look.back, look.fur)
    _spots(brush, look, -0.1 - 0.4j * girth, 0.7, 0.2 * girth)
    brush.fill(blob(-0.6 - 0.3j, 0.42 * girth, 0.32), look.back, look.fur)
    brush.fill(limb((-0.5 - 0.08j, -0.05 - 0.06j), 0.2 * girth, 0.17), look.points, look.fur / 2)
    brush.fill(limb((0.75 - 0.5j, 1.15 - 0.95j), 0.75 * girth, 0.55 * girth), look.back, look.fur)
    brush.mark(limb((0.98 - 0.25j, 1.2 - 0.7j), 0.2 * girth, 0.3 * girth), look.pale, look.fur)
    brush.fill(limb((0.7 - 0.15j, 1.15 - 0.08j, 1.4 - 0.05j), 0.26 * girth, 0.18), look.points)
    return _head(brush.moved(1.25 - 1.1j, 0.5 * np.exp(1j * rng.normal(0, 0.2))), look)


def portrait(brush, look):
    """Draw the pet's head and shoulders."""
    girth, rng = look.girth, brush.rng
    shoulders = mirrored((0.2j, 0.85 + 0.4j, 1.15 + 1.1j, 1.3 + 2.6j, 3.6j))
    brush.fill(girth * shoulders.real + 1j * shoulders.imag, look.back, look.fur)
    chest = mirrored((0.6j, 0.55 + 0.8j, 0.6 + 1.4j, 1.95j))
    brush.mark(girth * chest.real + 1j * chest.imag, look.pale, 1.5 * look.fur)
    _spots(brush, look, 1.4j, 0.9 * girth, 0.4)
    return _head(brush.moved(0, np.exp(1j * rng.normal(0, 0.15))), look)


@dataclass(frozen=True)
class Pose:
    """Hold the function that draws a pose, and the box that it fills, in units."""

    draw: Callable
    center: complex
    width: float
    height: float


POSES = (
    Pose(standing, center=0.25 - 1.2j, width=3.3, height=2.8),
    Pose(sitting, center=-1.3j, width=1.9, height=2.9),
    Pose(portrait, center=0.2j, width=2.7, height=3.4),
    Pose(lying, center=0.3 - 0.75j, width=3.2, height=2.0),
)


def _tail(brush, look, root):
    if look.cat:
        path = root + np.array([0, -0.4 + 0.1j, -0.75 - 0.15j, -0.7 - 0.7j])
        brush.fill(limb(path, 0.2, 0.13), look.points, look.fur)
    else:  # curled over the back
        path = root + np.array([0.1, -0.22 - 0.32j, 0.05 - 0.68j, 0.45 - 0.6j, 0.42 - 0.34j])
        brush.fill(limb(path, 0.26 * look.girth, 0.2 * look.girth), look.back, 1.6 * look.fur)
        brush.mark(limb(path[1:4] + 0.06, 0.05, 0.08), look.pale, look.fur)


def _spots(brush, look, center, wide, high):
    if look.spots is None:
        return
    for _ in range(26):
        place = center + wide * brush.rng.uniform(-1, 1) + 1j * high * brush.rng.uniform(-1, 1)
        brush.mark(blob(place, *brush.rng.uniform(0.03, 0.08, 2)), look.spots, 0.02)


def _head(brush, look):
    """Draw a head around the origin; return its outline with ears, in pixels."""
    aside = brush.rng.uniform(-0.22, 0.22)  # how far it looks sideways
    fur = 0.8 * look.fur / 0.5
    ears = [_ear(brush, look, side, aside) for side in (-1, 1)]
    skull = mirrored(look.skull)
    brush.fill(skull, look.back, fur)
    _markings(brush.moved(aside), look, fur)
    _face(brush.moved(1.3 * aside), look)
    return brush.pixels(np.concatenate([skull, *ears]))


def _ear(brush, look, side, aside):
    tip = side * 0.72 + aside / 2 - 1j * (0.75 + look.ear)
    base = (side * 0.12 - 0.7j, side * 0.95 - 0.2j)
    outer = smooth([base[0], tip - side * 0.08 + 0.05j, tip + side * 0.05 + 0.07j, base[1]])
    brush.fill(outer, look.points, look.fur)
    middle = 0.5 * outer.mean() + 0.5 * outer
    brush.mark(middle, 0.5 * PINK + 0.5 * look.pale, look.fur)
    return outer


def _markings(brush, look, fur):
    if look.cheeks:
        for side in (-1, 1):
            brush.mark(blob(side * 0.52 + 0.36j, 0.34, 0.3), look.pale, fur)
            brush.mark(blob(side * 0.3 - 0.36j, 0.1, 0.06), look.pale, fur)
    if look.mask is not None:
        brush.mark(blob(0.22j, 0.5, 0.58), look.mask, fur)
    if look.spots is not None:
        for x in (-0.36, -0.18, 0.0, 0.18, 0.36):
            brush.line((x - 0.72j, 0.7 * x - 0.36j), look.spots, 0.06)
        for side in (-1, 1):
            brush.line((side * 0.85 + 0.1j, side * 0.5 + 0.12j), look.spots, 0.05)


def _face(brush, look):
    muzzle = look.mask if look.mask is not None else look.pale
    brush.fill(blob(0.44j, 0.4 if look.cat else 0.36, 0.27 if look.cat else 0.34), muzzle, 0.02)
    for side in (-1, 1):
        center = side * (0.4 if look.cat else 0.36) - 0.1j
        wide, high = (0.17, 0.14) if look.cat else (0.11, 0.095)
        brush.mark(blob(center, wide * 1.25, high * 1.3), DARK)
        brush.mark(blob(center, wide, high), look.eye)
        brush.mark(blob(center, wide * (0.35 if look.cat else 0.6), high * 0.9), DARK)
        brush.mark(blob(center + 0.03 - 0.03j, 0.025, 0.025), np.array([250.0, 250, 250]))
    nose = blob(0.27j, 0.1, 0.07) if look.cat else blob(0.24j, 0.15, 0.11)
    brush.mark(nose, 0.6 * PINK if look.cat else DARK)
    brush.line((0.3j, 0.5j), DARK, 0.03)
    smile = 0.24 if look.cat else 0.3
    for side in (-1, 1):
        brush.line(
            smooth((0.5j, side * 0.5 * smile + 0.58j, side * smile + 0.48j), closed=False),
            DARK,
            0.035,
        )
    if look.cat:
        for x in (-1, 1):
            for y in (0.36, 0.46, 0.56):
                brush.line(
                    (x * 0.28 + 1j * y, x * 1.0 + 1j * (1.6 * y - 0.2)), 0.5 * DARK + 110, 0.012
                )
    elif brush.rng.random() < 0.4:  # panting
        brush.mark(blob(0.68j, 0.11, 0.15), PINK)
