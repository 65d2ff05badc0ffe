"""The backbone that comes with petkeras is small, loads, and knows more than random weights."""

import dataclasses

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras.data.drawn.pet import draw_pet
from petkeras.data.pets import PetData
from petkeras.data.pipeline import Pictures, mean_image
from petkeras.runs.drawn_pets import FILE, FILTERS, drawn_pets
from petkeras.runs.pretrained import PRETRAINED
from petkeras.runs.transfer import TRANSFER, open_backbone, transfer

BREEDS = ("Bengal", "Siamese", "samoyed", "shiba_inu")
RECIPE = dataclasses.replace(TRANSFER, epochs=50, learning_rate=1e-2)


@pytest.fixture(scope="module")
def few():
    """Five pictures of each drawn breed for training, and ten for the test, at 64 pixels."""

    def part(numbers):
        pets = [(breed, number) for breed in BREEDS for number in numbers]
        images = [np.asarray(draw_pet(*pet).image.resize((64, 64))) for pet in pets]
        labels = np.repeat(np.eye(4, dtype=np.float32), len(numbers), axis=0)
        return Pictures(np.stack(images), labels, tuple(map(str, pets)))

    train, test = part(range(5)), part(range(5, 15))
    return PetData(train, test, BREEDS, mean_image(train.images))


def accuracy(few, **options):
    keras.utils.set_random_seed(0)
    history = transfer("drawn_pets", few, RECIPE, verbose=False, **options)
    return history.epochs[-1].test_accuracy


def test_its_file_is_small_and_holds_every_convolution():
    assert FILE.stat().st_size < 300_000
    with np.load(FILE, allow_pickle=False) as stored:
        assert {array.dtype for array in stored.values()} == {np.dtype(np.float16)}
        assert sorted(stored) == sorted(f"{n}/{w}" for n in FILTERS for w in ("kernel", "bias"))
        assert all(np.isfinite(array).all() for array in stored.values())


def test_it_loads_what_the_file_holds():
    model = drawn_pets(64)
    with np.load(FILE, allow_pickle=False) as stored:
        for name in FILTERS:
            np.testing.assert_array_equal(model.get_layer(name).kernel, stored[f"{name}/kernel"])
            np.testing.assert_array_equal(model.get_layer(name).bias, stored[f"{name}/bias"])


def test_its_features_are_what_numpy_computes_from_the_file():
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    data = PetData(None, None, BREEDS, np.zeros((16, 16, 3), np.float32))
    x = (images - 127.5) / 127.5
    with np.load(FILE, allow_pickle=False) as stored:
        for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2"):
            kernel, bias = (np.float64(stored[f"{name}/{w}"]) for w in ("kernel", "bias"))
            x = np.maximum(convolve(x, kernel) + bias, 0)
            if name != "conv2_2":
                n, height, width, maps = x.shape
                x = x.reshape(n, height // 2, 2, width // 2, 2, maps).max(axis=(2, 4))
    features = open_backbone("drawn_pets", data).features(images)
    np.testing.assert_allclose(features, x.mean(axis=(1, 2)), rtol=1e-3, atol=1e-4)


def convolve(x, kernel):
    """Convolve `(n, height, width, channels)` with a 3 x 3 kernel; the edges are padded by 0."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1:3]
    return sum(
        padded[:, row : row + height, column : column + width] @ kernel[row, column]
        for row in range(3)
        for column in range(3)
    )


def test_it_learns_breeds_that_it_has_never_seen_better_than_random_weights_do(few):
    pretrained, random = accuracy(few), accuracy(few, weights=None)
    assert pretrained > 0.7
    assert pretrained > random + 0.2


def test_it_takes_pictures_of_any_size():
    images = np.random.default_rng(0).integers(0, 256, (2, 30, 30, 3), np.uint8)
    data = PetData(None, None, BREEDS, np.zeros((30, 30, 3), np.float32))
    assert open_backbone("drawn_pets", data).features(images).shape == (2, 128)


def test_a_run_records_which_weights_it_used_and_can_be_repeated(few, tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=2)
    transfer("drawn_pets", few, recipe, tmp_path / "run", verbose=False)
    run = pk.Run(tmp_path / "run")
    assert run.config["backbone"] == {"backbone": "drawn_pets", "weights": "drawn"}
    assert run.recipe.pixel_scale == PRETRAINED["drawn_pets"].pixel_scale
    again = transfer(**run.config["backbone"], data=few, recipe=recipe, verbose=False)
    assert again.column("test_loss") == run.history.column("test_loss")


def test_a_weights_file_of_the_users_own_is_used(few, tmp_path):
    keras.utils.set_random_seed(1)
    other = drawn_pets(64, pretrained=False)
    other.save_weights(tmp_path / "own.weights.h5")
    opened = open_backbone("drawn_pets", few, weights=tmp_path / "own.weights.h5").model
    np.testing.assert_array_equal(
        opened.get_layer("conv2_2").kernel, other.get_layer("conv2_2").kernel
    )
    (tmp_path / "torn.h5").write_bytes(b"x" * 100)
    message = "is damaged, or does not hold the weights of drawn_pets"
    with pytest.raises(pk.PetkerasError, match=message):
        open_backbone("drawn_pets", few, weights=tmp_path / "torn.h5")
