"""Invented breeds, such as "drawn-017": random coats and heads, none like those of a drawn breed.

They are what the backbone `drawn_pets` was trained on. Neither their coats nor their heads come
near those of the breeds in `DRAWN_BREEDS`, so a network that learns from them sees none of these.
"""

from __future__ import annotations

import colorsys
import dataclasses
from functools import cache

import numpy as np

from petkeras.data.drawn.breeds import DRAWN_BREEDS, FLUFFY, ROUND, SPITZ, WEDGE, Appearance

COATS = 2  # colors that a breed comes in, so that its color alone does not tell it
SHADES = (0.9, 1.1)  # how dark or light a pet is compared with its breed
COAT_DISTANCE = 25.0  # from every coat of `DRAWN_BREEDS`, in RGB, 0..255
HEAD_DISTANCE = 0.08  # from every head outline, the mean over its points, in units


def find_breed(name):
    """Return a breed by its name, drawn or invented: a function from a generator to a look."""
    return DRAWN_BREEDS[name] if name in DRAWN_BREEDS else invent_breed(name)


@cache
def invent_breed(name):
    """Return an invented breed: a function of a random number generator, as in `DRAWN_BREEDS`.

    Args:
        name: "drawn-" and a number, which decides everything about the breed.

    Example:

    >>> import numpy as np
    >>> from petkeras.data.drawn.invented import invent_breed
    >>> invent_breed("drawn-017")(np.random.default_rng(0)).cat
    False
    """
    rng = np.random.default_rng(int(name.removeprefix("drawn-")))
    looks = _coats(_invent_look(rng), rng)

    def breed(rng):
        look = looks[rng.integers(len(looks))]
        shade = rng.uniform(*SHADES)
        return dataclasses.replace(
            look,
            back=shade * look.back,
            pale=shade * look.pale,
            points=shade * look.points,
            fur=look.fur * rng.uniform(0.8, 1.25),
            girth=look.girth * rng.uniform(0.93, 1.07),
            ear=look.ear * rng.uniform(0.92, 1.08),
        )

    return breed


def _invent_look(rng):
    """Return a random `Appearance`, without a coat that is its own."""
    back = np.zeros(3)
    return Appearance(
        back=back, pale=back, points=back, eye=_color(rng),
        fur=0.015 * 10 ** rng.uniform(0, 1), girth=rng.uniform(0.75, 1.35), skull=_skull(rng),
        ear=rng.uniform(0.4, 0.9), cat=rng.random() < 0.5, cheeks=rng.random() < 0.35,
        mask=back if rng.random() < 0.25 else None, spots=back if rng.random() < 0.3 else None,
    )  # fmt: skip


def _coats(look, rng):
    """Return a look in each of the breed's colors, with the same contrasts."""
    pale, points, mask, spots = rng.uniform((0, 0.4, 0.2, 0.25), (0.85, 1.15, 0.7, 0.7))
    is_light = rng.random() < 0.5  # the mask

    def coat(back):
        return dataclasses.replace(
            look,
            back=back,
            pale=back + pale * (250 - back),
            points=points * back,
            mask=None if look.mask is None else mask * back + (170 if is_light else 0),
            spots=None if look.spots is None else spots * back,
        )

    return [coat(_back(rng)) for _ in range(COATS)]


def _back(rng):
    """Return a random color that, in every shade, is far from every coat of the drawn breeds."""
    while True:
        color = _color(rng)
        shades = np.linspace(*SHADES, 9)
        if min(coat_distance(shade * color) for shade in shades) > COAT_DISTANCE + 1:
            return color


def _skull(rng):
    """Return a random head outline that is far from all those of the drawn breeds."""
    middle = np.mean([SPITZ, FLUFFY, WEDGE, ROUND], axis=0)
    while True:
        wide = np.interp(range(7), (0, 3, 6), rng.uniform(0.7, 1.3, 3))  # crown, cheeks, chin
        high = rng.uniform(0.8, 1.2)
        skull = wide * middle.real + 1j * high * middle.imag
        if head_distance(skull) > HEAD_DISTANCE:
            return tuple(skull)


def _color(rng):
    """Return a random color of any hue, 0..255."""
    hue, saturation, value = rng.uniform((0, 0, 0.15), (1, 0.6, 1))
    return 255 * np.array(colorsys.hsv_to_rgb(hue, saturation, value))


def coat_distance(color):
    """Return how far a color is from the nearest coat of a drawn breed, in RGB, 0..255."""
    return np.linalg.norm(_known_coats() - color, axis=1).min()


def head_distance(skull):
    """Return how far a head outline is from the nearest of a drawn breed, in units."""
    return min(np.abs(np.subtract(skull, known)).mean() for known in (SPITZ, FLUFFY, WEDGE, ROUND))


@cache
def _known_coats():
    """Return 200 coats of each drawn breed: `(coats, 3)`."""
    rng = np.random.default_rng(0)
    return np.array([breed(rng).back for breed in DRAWN_BREEDS.values() for _ in range(200)])
