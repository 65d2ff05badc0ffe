"""The picture of an answer: the maps, the heat and the probabilities are the network's own."""

import numpy as np
import pytest

import petkeras as pk
from petkeras.visualize import description, feature_maps, plot_answer

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
X = IMAGE[None].astype(np.float32)
NAMES = ["a_cat", "a dog", "$100", "a fox", "an owl"]


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(num_classes=5, image_size=32, recipe=pk.MODERN, seed=0)


@pytest.fixture(scope="module")
def figure(model):
    return plot_answer(model, X, IMAGE, NAMES)


def test_it_shows_a_map_of_three_convolutions(model, figure):
    panels = {axes.get_title("left"): axes for axes in figure.axes}
    for name in ("conv1_1", "conv1_2", "conv2_2"):
        shown = panels[name].images[0].get_array()
        assert (feature_maps(model, X)[name][0] == shown[..., None]).all(axis=(0, 1)).any()


def test_it_writes_the_largest_probabilities_with_their_names(model, figure):
    logits = np.asarray(model(X), np.float64)[0]
    probabilities = np.exp(logits) / np.exp(logits).sum()
    best = np.argsort(-probabilities)[:3]
    expected = [
        text for k in best for text in (NAMES[k].replace("_", " "), f"{probabilities[k]:.0%}")
    ]
    assert [text.get_text() for text in figure.axes[-1].texts] == expected
    assert [bar.get_width() for bar in figure.axes[-1].patches] == pytest.approx(
        probabilities[best]
    )
    assert NAMES[best[0]] in description(figure)


def test_a_network_without_maps_is_named():
    import keras

    dense = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    with pytest.raises(pk.PetkerasError, match="feature maps"):
        plot_answer(dense, X, IMAGE, NAMES[:2])
