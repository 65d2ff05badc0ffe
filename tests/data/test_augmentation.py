"""Augmentation changes pictures by at most what the recipe says."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from petkeras.data.augmentation import augment
from petkeras.recipes import MODERN

STILL = dataclasses.replace(
    MODERN, flip=False, shift=0.0, zoom=0.0, rotation=0.0, light=0.0, color=0.0
)


def waves(count=8, size=24):
    """Return smooth pictures, in which interpolation is well defined."""
    y, x = np.mgrid[:size, :size] / size
    waves = [np.sin(2 * np.pi * (x * (1 + i % 3) + y * (i % 2)) + i) for i in range(count)]
    return (127 + 100 * np.stack([waves] * 3, axis=-1)).astype(np.float32)


def test_without_augmentation_pictures_stay_as_they_are():
    np.testing.assert_array_equal(augment(tf.constant(waves()), STILL, [1, 2]), waves())


def test_flip_mirrors_about_half_of_the_pictures():
    images = np.repeat(waves(1), 200, axis=0)
    flipped = augment(images, dataclasses.replace(STILL, flip=True), [1, 2]).numpy()
    mirrored = np.isclose(flipped, images[:, :, ::-1], atol=1e-2).all(axis=(1, 2, 3))
    untouched = np.isclose(flipped, images, atol=1e-2).all(axis=(1, 2, 3))
    assert (mirrored ^ untouched).all()
    assert 70 < mirrored.sum() < 130


def test_shift_moves_by_at_most_its_fraction():
    size = 24
    ramp = np.broadcast_to(10.0 * np.arange(size, dtype=np.float32)[:, None], (50, size, size, 3))
    moved = augment(ramp, dataclasses.replace(STILL, shift=0.25), [1, 2]).numpy()
    inner = slice(8, 16)  # far enough from what reflection fills
    offsets = (moved - ramp)[:, inner, inner] / 10  # pixels, along one axis
    np.testing.assert_allclose(offsets, offsets[:, :1, :1, :1] * np.ones_like(offsets), atol=1e-3)
    assert np.abs(offsets).max() <= 0.25 * size + 1e-3
    assert np.abs(offsets).max() > 0.2 * size


def test_rotation_keeps_the_center_and_turns_by_at_most_its_degrees():
    size, degrees = 25, 30.0
    y, x = np.mgrid[:size, :size].astype(np.float32) - 12
    images = np.broadcast_to(np.stack([x, y, 0 * x], axis=-1) * 5 + 100, (50, size, size, 3))
    turned = augment(images, dataclasses.replace(STILL, rotation=degrees), [1, 2]).numpy()
    turned = (turned[..., :2] - 100) / 5  # where each pixel was taken from: (x, y)
    np.testing.assert_allclose(turned[:, 12, 12], 0, atol=1e-3)
    angle = np.degrees(np.arctan2(turned[:, 12, 16, 1], turned[:, 12, 16, 0]))
    np.testing.assert_allclose(np.hypot(*turned[:, 12, 16].T), 4, atol=1e-2)  # no change of scale
    assert 20 < np.abs(angle).max() <= degrees + 1e-3


def test_zoom_changes_the_scale_by_at_most_its_fraction():
    size = 25
    x = np.mgrid[:size, :size][1].astype(np.float32) - 12
    images = np.broadcast_to(np.stack([x] * 3, axis=-1) * 5 + 100, (50, size, size, 3))
    zoomed = augment(images, dataclasses.replace(STILL, zoom=0.2), [1, 2]).numpy()
    scale = (zoomed[:, 12, 16, 0] - 100) / 5 / 4
    assert 0.8 - 1e-3 <= scale.min() < 0.85
    assert 1.15 < scale.max() <= 1.2 + 1e-3


def test_light_stays_within_0_to_255_and_changes_no_place():
    lit = augment(waves(), dataclasses.replace(STILL, light=0.3), [1, 2]).numpy()
    assert lit.min() >= 0
    assert lit.max() <= 255
    before, after = waves().reshape(8, -1), lit.reshape(8, -1)
    for old, new in zip(before, after, strict=True):
        unclipped = (new > 0) & (new < 255)
        assert np.corrcoef(old[unclipped], new[unclipped])[0, 1] > 0.9999  # a straight line


def test_color_goes_from_gray_to_strong_and_keeps_the_brightness():
    images = np.broadcast_to(np.float32([120, 90, 60]), (200, 4, 4, 3))
    colored = augment(tf.constant(images), dataclasses.replace(STILL, color=0.9), [1, 2]).numpy()
    np.testing.assert_allclose(colored.mean(axis=3), 90, rtol=1e-5)
    strength = (colored[:, 0, 0, 0] - 90) / 30
    assert 0.1 - 1e-3 <= strength.min() < 0.2
    assert 1.8 < strength.max() <= 1.9 + 1e-3


@pytest.mark.parametrize("change", ["flip", "shift", "zoom", "rotation", "light", "color"])
def test_augmentation_is_repeatable_and_differs_with_the_seed(change):
    recipe = dataclasses.replace(STILL, **{change: getattr(MODERN, change)})
    images = waves() * np.float32([1, 0.8, 0.6])  # of some color
    augmented = augment(images, recipe, [1, 2]).numpy()
    np.testing.assert_array_equal(augmented, augment(images, recipe, [1, 2]))
    assert (augmented != augment(images, recipe, [1, 3]).numpy()).any()
