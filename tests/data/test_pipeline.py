"""From pictures in memory to batches: order, mean, augmentation."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves

from petkeras.data.pipeline import (
    augment,
    evaluation_batches,
    mean_image,
    preprocess,
    shared_batches,
    steps_per_epoch,
    training_batches,
)
from petkeras.recipes import ARTICLE, MODERN

THREE_EPOCHS = dataclasses.replace(ARTICLE, epochs=3)
STILL = dataclasses.replace(
    MODERN, flip=False, shift=0.0, zoom=0.0, rotation=0.0, light=0.0, color=0.0
)


def as_numpy(batches):
    return [(x.numpy(), y.numpy()) for x, y in batches]


def test_mean_image_is_the_mean():
    images = halves(20).images
    np.testing.assert_allclose(mean_image(images), images.mean(axis=0), rtol=1e-6)
    assert mean_image(images).dtype == np.float32


def test_preprocess_takes_the_mean_off_and_scales():
    images = halves(4).images
    mean = mean_image(images)
    recipe = dataclasses.replace(ARTICLE, pixel_scale=4.0)
    np.testing.assert_allclose(preprocess(images, mean, recipe), (images - mean) / 4, rtol=1e-5)


def test_each_epoch_takes_every_picture_once_in_an_order_of_its_own():
    pictures = halves(23)
    zero = np.zeros((16, 16, 3), np.float32)
    batches = as_numpy(training_batches(pictures, zero, THREE_EPOCHS, seed=5))
    assert [len(x) for x, _ in batches] == [10, 10, 3] * 3
    place = {image.tobytes(): i for i, image in enumerate(pictures.images)}
    orders = []
    for epoch in range(3):
        x, y = (
            np.concatenate(part) for part in zip(*batches[3 * epoch : 3 * epoch + 3], strict=True)
        )
        order = [place[image.astype(np.uint8).tobytes()] for image in x]
        np.testing.assert_array_equal(y, pictures.labels[order])  # labels stay with pictures
        orders.append(order)
    assert all(sorted(order) == list(range(23)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_batches_repeat_with_their_seed_and_can_begin_anywhere():
    pictures, recipe = halves(23), dataclasses.replace(MODERN, epochs=3)
    mean = mean_image(pictures.images)
    whole = as_numpy(training_batches(pictures, mean, recipe, seed=5))
    again = as_numpy(training_batches(pictures, mean, recipe, seed=5, first_step=4))
    assert len(again) == 9 - 4
    for (x, y), (x_again, y_again) in zip(whole[4:], again, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)
    other = as_numpy(training_batches(pictures, mean, recipe, seed=6))
    assert any((x != x_other).any() for (x, _), (x_other, _) in zip(whole, other, strict=True))


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_parts_of_a_batch_make_the_whole_batch_with_its_augmentation(parts):
    pictures, recipe = halves(23), dataclasses.replace(MODERN, epochs=2)
    mean = mean_image(pictures.images)
    whole = as_numpy(training_batches(pictures, mean, recipe, seed=5, first_step=2))
    own = [
        list(shared_batches(pictures, mean, recipe, 5, 2, parts, [part])) for part in range(parts)
    ]
    assert [len(batches) for batches in own] == [4] * parts  # two epochs of three, less two
    for (x, y), *there in zip(whole, *own, strict=True):
        images, labels, weights = (np.concatenate([part[i] for part in there]) for i in range(3))
        counted = weights > 0
        np.testing.assert_allclose(
            images[counted], x, rtol=0, atol=1e-5
        )  # rounded in another order
        np.testing.assert_array_equal(labels[counted], y)
        np.testing.assert_allclose(weights[counted], 1 / len(x), rtol=1e-6)
        assert len({len(part[2]) for part in there}) == 1  # all parts are of one size
        assert np.isin(images[~counted], x).all()


def test_a_process_with_two_devices_gets_their_parts_in_turn():
    pictures, recipe = halves(23), THREE_EPOCHS
    zero = np.zeros((16, 16, 3), np.float32)
    alone = [list(shared_batches(pictures, zero, recipe, 5, 2, 4, [part])) for part in (2, 3)]
    both = list(shared_batches(pictures, zero, recipe, 5, 2, 4, [2, 3]))
    in_turn = [part for pair in zip(*alone, strict=True) for part in pair]
    assert len(both) == len(in_turn) > 0
    for one, other in zip(both, in_turn, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_evaluation_keeps_the_order_and_changes_nothing():
    pictures = halves(23)
    mean = mean_image(pictures.images)
    batches = [x.numpy() for x in evaluation_batches(pictures, mean, MODERN)]
    assert [len(x) for x in batches] == [10, 10, 3]
    assert steps_per_epoch(pictures, MODERN) == 3
    wanted = (pictures.images - mean) / MODERN.pixel_scale
    np.testing.assert_allclose(np.concatenate(batches), wanted, rtol=1e-4, atol=1e-5)


def waves(count=8, size=24):
    """Smooth pictures, so that pixels between pixels are well defined."""
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
    for one, other in zip(before, after, strict=True):
        kept = (other > 0) & (other < 255)
        assert np.corrcoef(one[kept], other[kept])[0, 1] > 0.9999  # a straight line


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
    one = augment(images, recipe, [1, 2]).numpy()
    np.testing.assert_array_equal(one, augment(images, recipe, [1, 2]))
    assert (one != augment(images, recipe, [1, 3]).numpy()).any()
