"""From pictures in memory to batches: order, mean, shares."""

import dataclasses

import numpy as np
import pytest
from conftest import halves

from petkeras.data.pipeline import (
    evaluation_batches,
    mean_image,
    preprocess,
    shared_batches,
    steps_per_epoch,
    training_batches,
)
from petkeras.recipes import ARTICLE, MODERN

THREE_EPOCHS = dataclasses.replace(ARTICLE, epochs=3)


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
    for (x, y), *shares in zip(whole, *own, strict=True):
        images, labels, weights = (np.concatenate([part[i] for part in shares]) for i in range(3))
        counted = weights > 0
        np.testing.assert_allclose(
            images[counted], x, rtol=0, atol=1e-5
        )  # rounded in another order
        np.testing.assert_array_equal(labels[counted], y)
        np.testing.assert_allclose(weights[counted], 1 / len(x), rtol=1e-6)
        assert len({len(part[2]) for part in shares}) == 1  # all parts are of one size
        assert np.isin(images[~counted], x).all()


def test_a_process_with_two_devices_gets_their_parts_in_turn():
    pictures, recipe = halves(23), THREE_EPOCHS
    zero = np.zeros((16, 16, 3), np.float32)
    alone = [list(shared_batches(pictures, zero, recipe, 5, 2, 4, [part])) for part in (2, 3)]
    both = list(shared_batches(pictures, zero, recipe, 5, 2, 4, [2, 3]))
    in_turn = [part for pair in zip(*alone, strict=True) for part in pair]
    assert len(both) == len(in_turn) > 0
    for batch, wanted in zip(both, in_turn, strict=True):
        np.testing.assert_array_equal(batch[0], wanted[0])


def test_evaluation_keeps_the_order_and_changes_nothing():
    pictures = halves(23)
    mean = mean_image(pictures.images)
    batches = [x.numpy() for x in evaluation_batches(pictures, mean, MODERN)]
    assert [len(x) for x in batches] == [10, 10, 3]
    assert steps_per_epoch(pictures, MODERN) == 3
    wanted = (pictures.images - mean) / MODERN.pixel_scale
    np.testing.assert_allclose(np.concatenate(batches), wanted, rtol=1e-4, atol=1e-5)
