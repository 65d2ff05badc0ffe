"""What the drawn breeds look like: random colors and proportions for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Right halves of head outlines, from the crown down to the chin, centered on 0.
SPITZ = (-0.84j, 0.45 - 0.76j, 0.84 - 0.38j, 0.95 + 0.12j, 0.72 + 0.5j, 0.36 + 0.84j, 0.94j)
FLUFFY = (-0.88j, 0.5 - 0.8j, 0.92 - 0.4j, 1.12 + 0.15j, 0.95 + 0.6j, 0.5 + 0.95j, 1.02j)
WEDGE = (-0.72j, 0.45 - 0.7j, 0.8 - 0.36j, 0.76 + 0.08j, 0.52 + 0.5j, 0.27 + 0.8j, 0.88j)
ROUND = (-0.78j, 0.5 - 0.73j, 0.88 - 0.3j, 0.92 + 0.15j, 0.7 + 0.55j, 0.36 + 0.78j, 0.82j)


@dataclass(frozen=True)
class Appearance:
    """Describe what one pet looks like; colors are RGB, 0..255.

    Args:
        back: the main color of the coat.
        pale: belly, chest, cheeks and muzzle.
        points: ears and feet.
        eye: the iris.
        fur: the length of the hairs, in units; a body is about 2 units long.
        girth: the width of body and legs, relative to a slim pet.
        skull: the right half of the head's outline.
        ear: the height of the ears above the crown.
        cat: True for a cat, with whiskers, slit pupils and a long tail.
        cheeks: True if cheeks and brows are `pale`.
        mask: the color of the middle of the face, or `None`.
        spots: the color of stripes and spots, or `None`.
    """

    back: np.ndarray
    pale: np.ndarray
    points: np.ndarray
    eye: np.ndarray
    fur: float
    girth: float
    skull: tuple[complex, ...]
    ear: float
    cat: bool = False
    cheeks: bool = False
    mask: np.ndarray | None = None
    spots: np.ndarray | None = None


def shiba_inu(rng):
    """Red, sesame or cream, with white cheeks, chest and belly; a short coat."""
    red = _between((206, 124, 62), (156, 92, 48), rng)
    sesame = _between((98, 74, 56), (58, 46, 40), rng)
    back = rng.choice([red, sesame, _cream(rng)], p=[0.6, 0.3, 0.1])
    pale = _between((246, 236, 218), (226, 208, 180), rng)
    return Appearance(
        back=back, pale=pale, points=0.92 * back, eye=np.array([58.0, 38, 26]),
        fur=rng.uniform(0.02, 0.05), girth=rng.uniform(0.92, 1.1), skull=SPITZ,
        ear=rng.uniform(0.62, 0.75), cheeks=True,
    )  # fmt: skip


def samoyed(rng):
    """White, cream or biscuit all over; a thick, fluffy coat."""
    white = _between((252, 250, 246), (228, 222, 214), rng)
    back = rng.choice([white, _cream(rng)], p=[0.75, 0.25])
    return Appearance(
        back=back, pale=back + 6, points=rng.choice([back, 0.94 * _cream(rng)]),
        eye=np.array([46.0, 34, 28]), fur=rng.uniform(0.08, 0.14), girth=rng.uniform(1.12, 1.35),
        skull=FLUFFY, ear=rng.uniform(0.42, 0.58),
    )  # fmt: skip


def siamese(rng):
    """Cream, with dark face, ears, feet and tail, and blue eyes."""
    back = _between((238, 226, 204), (206, 186, 156), rng)
    points = _between((66, 48, 42), (120, 96, 84), rng)
    return Appearance(
        back=back, pale=back + 8, points=points, mask=points, eye=np.array([92.0, 156, 216]),
        fur=rng.uniform(0.015, 0.03), girth=rng.uniform(0.75, 0.9), skull=WEDGE,
        ear=rng.uniform(0.7, 0.85), cat=True,
    )  # fmt: skip


def bengal(rng):
    """Golden brown, with dark stripes and spots."""
    back = _between((206, 154, 92), (156, 116, 74), rng)
    return Appearance(
        back=back, pale=0.5 * back + 120, points=0.8 * back, spots=0.32 * back,
        eye=_between((150, 170, 80), (200, 160, 60), rng), fur=rng.uniform(0.015, 0.03),
        girth=rng.uniform(0.85, 1.0), skull=ROUND, ear=rng.uniform(0.5, 0.62), cat=True,
    )  # fmt: skip


DRAWN_BREEDS = {"Bengal": bengal, "Siamese": siamese, "samoyed": samoyed, "shiba_inu": shiba_inu}


def _between(first, second, rng):
    first, second = np.array(first, float), np.array(second, float)
    return first + rng.random() * (second - first)


def _cream(rng):
    return _between((242, 224, 190), (224, 194, 148), rng)
