"""Figure 1: sizes are to scale, and the maps are the network's own."""

import numpy as np
import pytest

from petkeras.models import pet_net
from petkeras.visualize import feature_maps, plot_architecture


@pytest.fixture(scope="module")
def drawn():
    model = pet_net(num_classes=3, image_size=32, seed=0)
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    x = image[None].astype(np.float32)
    return model, x, plot_architecture(model, x, image).axes[0]


def test_every_layer_except_dropout_and_flatten_is_labeled_with_its_size(drawn):
    texts = [text.get_text() for text in drawn[2].texts]
    assert texts[::2] == [
        "picture", "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1",
        "softmax",
    ]  # fmt: skip
    sizes = ["32x32x3", "32x32x32", "32x32x32", "16x16x32", "16x16x64", "16x16x64", "8x8x64"]
    assert [text.replace("×", "x") for text in texts[1::2]] == [*sizes, "512", "3"]  # noqa: RUF001


def test_sheets_have_the_size_of_their_maps_and_show_them(drawn):
    model, x, axes = drawn
    maps = feature_maps(model, x)
    sheets = [image for image in axes.images if image.get_array().ndim == 2][:-2]  # without bars
    place = 0
    for layer in ("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2"):
        height, width, count = maps[layer][0].shape
        for sheet in sheets[place : place + min(8, count // 8)]:
            left, right, bottom, top = sheet.get_extent()
            assert right - left == pytest.approx(width)
            assert top - bottom == pytest.approx(height)
            same = (maps[layer][0] == sheet.get_array()[..., None]).all(axis=(0, 1))
            assert same.any()
        place += min(8, count // 8)
    assert place == len(sheets)
