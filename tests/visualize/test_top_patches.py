"""The positions that activate a filter most, against a search through all maps."""

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras.layers import Conv2D
from petkeras.visualize import top_patches as module
from petkeras.visualize.receptive import receptive_field
from petkeras.visualize.top_patches import crop_patches, top_activations


def pictures(count, size=32, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(num_classes=3, image_size=32, seed=0, recipe=pk.MODERN)


def test_top_activations_agree_with_a_search_through_all_maps(model, monkeypatch):
    monkeypatch.setattr(module, "BATCH_SIZE", 3)
    x, filters = pictures(7), [5, 0, 63]
    found = top_activations(model, x, "conv2_2", filters, count=4)
    maps = keras.Model(model.input, model.get_layer("conv2_2").output)(x).numpy()
    for row, number in enumerate(filters):
        best = [
            max((maps[n, r, c, number], -r, -c) for r in range(16) for c in range(16))
            for n in range(7)
        ]  # one a photograph: the highest, of equal ones the first
        order = sorted(range(7), key=lambda n: (-best[n][0], n))[:4]
        assert found.images[row].tolist() == order
        np.testing.assert_allclose(found.values[row], [best[n][0] for n in order], rtol=1e-5)
        assert found.rows[row].tolist() == [-best[n][1] for n in order]
        assert found.columns[row].tolist() == [-best[n][2] for n in order]


def test_of_equal_values_the_first_photograph_and_position_are_chosen():
    images = keras.Input((4, 5, 3))
    constant = keras.Model(images, Conv2D(2, 1, kernel_initializer="zeros", name="conv")(images))
    found = top_activations(constant, np.zeros((40, 4, 5, 3), np.float32), "conv")
    assert found.images.tolist() == [list(range(9))] * 2
    assert not found.rows.any()
    assert not found.columns.any()


def test_units_without_maps_have_one_value_per_photograph(model):
    x = pictures(5)
    found = top_activations(model, x, "softmax")  # fewer photographs than `count`
    logits = model(x, training=False).numpy()
    np.testing.assert_array_equal(found.images, np.argsort(-logits, axis=0).T)
    np.testing.assert_allclose(found.values, -np.sort(-logits, axis=0).T, rtol=1e-4)
    assert not found.rows.any()
    images = np.arange(5 * 32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(5, 32, 32, 3)
    np.testing.assert_array_equal(
        crop_patches(model, images, "softmax", found), images[found.images]
    )


def test_patches_are_the_receptive_fields_of_the_positions(model):
    images = np.random.default_rng(1).integers(0, 100, (4, 32, 32, 3), dtype=np.uint8)
    every = np.indices((4, 16, 16)).reshape(3, 1, -1)  # all places of all photographs
    places = module.TopActivations(*every, values=np.ones((1, 4 * 16 * 16)))
    cut = crop_patches(model, images, "conv2_2", places)
    assert cut.shape == (1, 4 * 16 * 16, 14, 14, 3)
    assert cut.dtype == np.uint8
    gray = np.pad(images, ((0, 0), (20, 20), (20, 20), (0, 0)), constant_values=128)
    for patch, (number, row, column) in zip(cut[0], every[:, 0].T, strict=True):
        top, left = 20 + 2 * row - 6, 20 + 2 * column - 6  # a field of 14 around two pixels
        np.testing.assert_array_equal(patch, gray[number, top : top + 14, left : left + 14])


def test_a_patch_away_from_the_edge_is_a_slice(model):
    images = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    field = receptive_field(model, "pool1", 8, 7)
    places = module.TopActivations(*(np.array([[value]]) for value in (0, 8, 7, 1.0)))
    np.testing.assert_array_equal(
        crop_patches(model, images, "pool1", places)[0, 0],
        images[0, field.top : field.bottom, field.left : field.right],
    )


def test_wrong_layers_filters_counts_and_images_are_refused(model):
    x = pictures(2)
    with pytest.raises(pk.PetkerasError, match=r"no layer 'conv9'. The layers are: .*conv1_1"):
        top_activations(model, x, "conv9")
    with pytest.raises(pk.PetkerasError, match=r"'conv1_1' has the filters 0 to 31. Rec.*: 32"):
        top_activations(model, x, "conv1_1", [0, 32])
    with pytest.raises(pk.PetkerasError, match=r"`count` must be 1 or more. Received: count=0"):
        top_activations(model, x, "conv1_1", count=0)
    with pytest.raises(pk.PetkerasError, match=r"preprocessed images"):
        top_activations(model, np.zeros((2, 32, 32, 3), np.uint8), "conv1_1")
