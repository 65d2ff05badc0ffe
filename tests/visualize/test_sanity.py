"""The sanity checks: weights restored exactly, ranks by hand, and maps that must change."""

import keras
import matplotlib as mpl
import numpy as np
import pytest
from conftest import halves
from hypothesis import given
from hypothesis import strategies as st

import petkeras as pk
from petkeras.visualize import sanity
from petkeras.visualize.attribution import grad_cam, saliency
from petkeras.visualize.sanity import (
    plot_sanity_check,
    randomize,
    rank_correlation,
    sanity_check,
    share_inside,
)


def weights(model):
    return [variable.numpy() for variable in model.trainable_variables]


@pytest.fixture(scope="module")
def pets():
    """A network that was trained on pictures of two halves, and the preprocessed pictures."""
    pictures = halves(40)
    x = (pictures.images.astype("float32") - 96) / 255
    model = pk.pet_net(image_size=16, seed=0, recipe=pk.MODERN)
    model.compile(
        keras.optimizers.Adam(2e-3), keras.losses.CategoricalCrossentropy(from_logits=True)
    )
    model.fit(x, pictures.labels, batch_size=10, epochs=6, verbose=0)
    assert (model(x, training=False).numpy().argmax(1) == pictures.labels.argmax(1)).mean() > 0.9
    return model, x


def test_randomize_keeps_the_scale_of_the_weights_and_restores_them(pets):
    model, _ = pets
    before = weights(model)
    with randomize(model, seed=1) as random:
        assert random is model
        for trained, drawn in zip(before, weights(model), strict=True):
            assert not np.array_equal(trained, drawn)
            if trained.size > 1000:
                assert np.sqrt(np.mean(drawn**2)) == pytest.approx(
                    np.sqrt(np.mean(trained**2)), rel=0.1
                )
        first = weights(model)
    for trained, now in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(trained, now)
    with randomize(model, seed=1):
        np.testing.assert_array_equal(first[0], weights(model)[0])
    with randomize(model, seed=2):
        assert not np.array_equal(first[0], weights(model)[0])


def test_randomize_changes_only_the_named_layers_and_restores_them_after_an_error(pets):
    model, _ = pets
    before = weights(model)
    names = [variable.path for variable in model.trainable_variables]

    def stop_halfway():
        with randomize(model, ["fc1"]):
            for name, trained, now in zip(names, before, weights(model), strict=True):
                assert np.array_equal(trained, now) != ("fc1" in name.split("/"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    for trained, now in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(trained, now)


def test_randomize_lists_the_layers_that_have_weights(pets):
    with pytest.raises(
        pk.PetkerasError, match=r"'pool1' has no weights. Layers with weights: conv1_1, conv1_2, "
    ):
        randomize(pets[0], ["pool1"]).__enter__()
    with pytest.raises(pk.PetkerasError, match=r"no layer 'fc9'"):
        randomize(pets[0], ["fc9"]).__enter__()


def test_maps_of_what_was_learned_change_with_random_weights(pets):
    model, x = pets
    before = weights(model)
    correlations = dict(sanity_check(model, x[:8], saliency))
    assert list(correlations) == ["softmax", "fc1", "conv2_2", "conv2_1", "conv1_2", "conv1_1"]
    assert abs(correlations["conv1_1"]) < 0.3
    for trained, now in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(trained, now)


def test_a_method_that_ignores_the_network_fails_the_check(pets):
    def edges(model, x, class_index):
        return np.abs(np.diff(x, axis=2, append=0)).sum(3)

    assert [correlation for _, correlation in sanity_check(*pets, edges)] == pytest.approx(
        [1.0] * 6
    )


def test_the_class_stays_that_of_the_trained_network(pets):
    model, x = pets
    asked = []

    def method(model, x, class_index, scale):
        asked.append(class_index.tolist())
        return np.full(x.shape[:3], scale)

    assert sanity_check(model, x[:4], method, scale=2.0)[0] == ("softmax", 0.0)
    says = model(x[:4], training=False).numpy().argmax(1).tolist()
    assert asked == [says] * 7


def test_rank_correlation_by_hand():
    a = np.array([[[3.0, 1.0, 4.0, 1.0, 5.0]]])  # ranks 3, 1.5, 4, 1.5, 5
    b = np.array([[[0.0, 0.0, 7.0, 0.0, 9.0]]])  # ranks 2, 2, 4, 2, 5
    # about their mean 3: (0, -1.5, 1, -1.5, 2) and (-1, -1, 1, -1, 2); 8 / sqrt(9.5 * 8)
    assert rank_correlation(a, b) == pytest.approx([8 / np.sqrt(9.5 * 8)])
    assert rank_correlation(a, np.exp(a)) == pytest.approx([1.0])
    assert rank_correlation(a, -a) == pytest.approx([-1.0])
    assert rank_correlation(a, np.zeros_like(a)) == [0.0]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_equal_values_share_the_mean_of_their_ranks(values):
    values = np.array(values)
    expected = [(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values]
    np.testing.assert_allclose(sanity._ranks(values), expected)


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(pk.PetkerasError, match=r"Received: \(2, 4, 4\) and \(2, 4, 5\)"):
        rank_correlation(np.zeros((2, 4, 4)), np.zeros((2, 4, 5)))
    with pytest.raises(pk.PetkerasError, match=r"Received: \(4, 4\) and \(4, 4\)"):
        rank_correlation(np.zeros((4, 4)), np.zeros((4, 4)))
    with pytest.raises(pk.PetkerasError, match=r"must be bool. Received: .* float64"):
        share_inside(np.zeros((2, 4, 4)), np.zeros((2, 4, 4)))
    with pytest.raises(pk.PetkerasError, match=r"one shape \(batch, H, W\)"):
        share_inside(np.zeros((2, 4, 4)), np.zeros((2, 4, 5), bool))


def test_share_inside_is_a_share_of_the_map():
    maps = np.zeros((3, 2, 2), np.float32)
    maps[0] = [[1, 2], [3, 4]]
    maps[1] = [[-5, 1], [0, 0]]  # what is below 0 does not count
    masks = np.array([[[True, False], [False, True]]] * 3)
    np.testing.assert_allclose(share_inside(maps, masks), [0.5, 0.0, np.nan])
    assert share_inside(maps, np.ones((3, 2, 2), bool))[:2].tolist() == [1.0, 1.0]


def test_the_figure_shows_the_photograph_the_trained_map_and_one_for_each_layer(pets):
    model, x = pets
    image = halves(1).images[0]
    figure = plot_sanity_check(model, x[:1], image, grad_cam, layer="conv2_2")
    assert isinstance(figure, mpl.figure.Figure)
    titles = [panel.get_title("left") for panel in figure.axes]
    assert titles[:2] == ["picture", "trained"]
    assert [title.split()[3] for title in titles[2:]] == [
        "softmax",
        "fc1",
        "conv2_2",
        "conv2_1",
        "conv1_2",
        "conv1_1",
    ]
    assert all("rank correlation" in title for title in titles[2:])
