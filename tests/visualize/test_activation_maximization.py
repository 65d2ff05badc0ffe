"""Images that maximize activations: they must exceed those of noise and of photographs."""

import keras
import matplotlib as mpl
import numpy as np
import pytest
from conftest import halves

import petkeras as pk
from petkeras.layers import Conv2D, Dense, Flatten, MaxPool2D
from petkeras.visualize.activation_maximization import (
    maximize_activation,
    plot_activation_maximization,
    stretch_contrast,
)
from petkeras.visualize.top_patches import top_activations


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(num_classes=3, image_size=16, seed=0, recipe=pk.MODERN)


def preprocessed(pictures):
    return (pictures.images.astype("float32") - 96) / 1000


def spread(x):
    return float(np.sqrt(np.mean(x**2)))


@pytest.mark.parametrize("layer", ["conv1_1", "conv2_2", "pool2", "fc1", "softmax"])
def test_each_filter_is_activated_more_than_by_any_photograph(layer, model):
    x = preprocessed(halves(40))
    filters = [0, 1, 2]
    made = maximize_activation(model, layer, filters, size=16, spread=spread(x))
    assert made.shape == (3, 16, 16, 3)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    computed = keras.Model(model.input, model.get_layer(layer).output)
    axes = (1, 2) if made.ndim == computed(made).ndim else ()
    for number in filters:
        in_photographs = computed(x).numpy()[..., number].mean(axes)  # (40,)
        assert computed(made).numpy()[number, ..., number].mean() > in_photographs.max()


def test_contrast_stays_that_of_photographs(model):
    made = maximize_activation(model, "conv2_2", [0, 1], spread=0.1, blur=0)
    root_mean_squares = np.sqrt((made**2).mean((1, 2, 3)))
    assert (root_mean_squares <= 0.1001).all()
    assert (root_mean_squares > 0.05).all()
    assert np.abs(made).max() <= 0.2501


def test_blur_reduces_differences_between_neighboring_pixels(model):
    def roughness(blur):
        made = maximize_activation(model, "conv2_1", [0, 1], blur=blur)
        return np.mean(np.diff(made, axis=1) ** 2) / np.mean(made**2)

    assert roughness(0.6) < 0.7 * roughness(0)


def test_images_repeat_for_a_seed_and_do_not_depend_on_other_filters(model):
    both = maximize_activation(model, "conv1_2", [3, 5], steps=8, seed=1)
    np.testing.assert_array_equal(
        both, maximize_activation(model, "conv1_2", [3, 5], steps=8, seed=1)
    )
    alone = maximize_activation(model, "conv1_2", [5], steps=8, seed=1)
    np.testing.assert_allclose(both[1], alone[0], rtol=1e-3, atol=1e-5)
    assert not np.allclose(both, maximize_activation(model, "conv1_2", [3, 5], steps=8, seed=2))


def test_the_best_image_for_one_linear_filter_is_its_kernel():
    images = keras.Input((5, 5, 3))
    glorot = keras.initializers.GlorotUniform(seed=0)
    linear = Conv2D(2, 5, padding="valid", kernel_initializer=glorot)
    network = keras.Model(images, linear(images))
    kernel = linear.kernel.numpy()  # (5, 5, 3, 2)
    flat = keras.Model(images, Flatten(name="logits")(network.outputs[0]))
    made = maximize_activation(
        flat, "logits", octaves=1, jitter=0, blur=0
    )  # one place: the filter's answer
    for number in (0, 1):
        assert np.corrcoef(made[number].ravel(), kernel[..., number].ravel())[0, 1] > 0.95


def test_a_filter_that_is_silent_on_noise_is_activated():
    images = keras.Input((16, 16, 3))
    he = keras.initializers.HeNormal(seed=0)
    x = Conv2D(4, 3, activation="relu", name="conv", kernel_initializer=he)(images)
    network = keras.Model(images, Dense(2)(Flatten()(MaxPool2D(name="pool")(x))))
    network.get_layer("conv").bias.assign([-0.2] * 4)
    noise = 0.3 * 0.06 * np.random.default_rng(0).normal(size=(20, 16, 16, 3))
    assert top_activations(network, noise, "conv").values.max() == 0
    for layer in ("conv", "pool"):
        for number, made in enumerate(maximize_activation(network, layer, spread=0.06)):
            assert top_activations(network, made[None], layer, [number]).values[0, 0] > 0


def test_layers_with_maps_take_any_size_and_others_only_the_models(model):
    assert maximize_activation(model, "conv1_1", [0], size=24, steps=2).shape == (1, 24, 24, 3)
    assert maximize_activation(model, "conv1_1", [0], size=(12, 20), steps=2).shape == (
        1,
        12,
        20,
        3,
    )
    assert maximize_activation(model, "softmax", size=16, steps=2).shape == (3, 16, 16, 3)
    assert maximize_activation(model, "conv1_1", steps=1).shape == (32, 16, 16, 3)  # in two parts
    large = pk.pet_net(image_size=64)
    assert maximize_activation(large, "conv1_1", [0], steps=1).shape == (1, 40, 40, 3)
    assert maximize_activation(large, "fc1", [0], steps=1).shape == (1, 64, 64, 3)
    with pytest.raises(
        pk.PetkerasError, match=r"'fc1' has no feature maps.*\(16, 16\).*=\(24, 24\)"
    ):
        maximize_activation(model, "fc1", [0], size=24)


def test_the_highest_activation_is_centered(model):
    made = maximize_activation(model, "conv2_2", [0, 1, 2], size=40)
    computed = pk.pet_net(image_size=40)
    for layer in computed.layers[:-4]:  # all but the dense part
        layer.set_weights(model.get_layer(layer.name).get_weights())
    found = top_activations(computed, made, "conv2_2", [0, 1, 2], count=3)
    for number in range(3):
        place = found.images[number].tolist().index(number)
        assert abs(found.rows[number, place] - 10) <= 1
        assert abs(found.columns[number, place] - 10) <= 1


def test_half_precision_gives_float32():
    half = pk.pet_net(image_size=16, seed=0, dtype="mixed_bfloat16")
    for layer in ("conv2_2", "softmax"):
        made = maximize_activation(half, layer, [0], steps=3)
        assert made.dtype == np.float32
        assert np.isfinite(made).all()


def test_messages_list_the_layers_and_filters(model):
    with pytest.raises(pk.PetkerasError, match=r"no layer 'conv9'. The layers are: .*conv1_1"):
        maximize_activation(model, "conv9")
    with pytest.raises(pk.PetkerasError, match=r"'softmax' has the filters 0 to 2. Received: 3"):
        maximize_activation(model, "softmax", [3])
    for wrong in ({"steps": 0}, {"octaves": 0}, {"spread": 0.0}, {"size": 7, "octaves": 3}):
        with pytest.raises(pk.PetkerasError, match=r"`steps` and `octaves` must be 1 or more"):
            maximize_activation(model, "conv1_1", [0], **wrong)


def test_layers_must_follow_one_another():
    images = keras.Input((8, 8, 3))
    x = Conv2D(3, 3, name="conv")(images)
    forked = keras.Model(
        images, Conv2D(2, 3, name="last")(keras.layers.Add(name="sum")([x, images]))
    )
    with pytest.raises(
        pk.PetkerasError, match=r"must follow one another. The input of layer 'sum' is not"
    ):
        maximize_activation(forked, "last", [0])


def test_stretch_contrast_is_gray_at_zero_and_has_one_contrast():
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)) * np.reshape([1.0, 1000.0], (2, 1, 1, 1))
    x[:, 0, 0] = 0
    shown = stretch_contrast(x)
    assert shown.dtype == np.uint8
    assert (shown[:, 0, 0] == 128).all()
    assert shown[0].std() == pytest.approx(shown[1].std(), rel=0.1)
    np.testing.assert_array_equal(stretch_contrast(x[1]), shown[1])
    assert (stretch_contrast(np.zeros((4, 4, 3))) == 128).all()


def test_the_figure_has_a_row_per_filter(model):
    photographs = halves(12)
    x = preprocessed(photographs)
    figure = plot_activation_maximization(model, x, photographs.images, "conv2_1", np.arange(10))
    assert isinstance(figure, mpl.figure.Figure)
    assert len(figure.axes) == 8 * 7  # at most eight filters
    assert figure.axes[7].get_title("left") == "filter 1"
    assert figure.axes[1].images[0].get_array().shape == (10, 10, 3)  # the receptive field
    assert "conv2_1 most: made (left), and found in 12 photographs" in figure.get_suptitle()


def test_the_figure_shows_whole_photographs_for_classes_and_none_where_a_unit_is_silent(model):
    photographs = halves(4)
    x = preprocessed(photographs)
    figure = plot_activation_maximization(
        model, x, photographs.images, "softmax", [2, 0], ["cat", "dog"]
    )
    assert [figure.axes[row].get_title("left") for row in (0, 7)] == ["cat", "dog"]
    assert figure.axes[1].images[0].get_array().shape == (16, 16, 3)
    assert [panel.get_visible() for panel in figure.axes[:7]] == [True] * 5 + [False] * 2
    silent = keras.models.clone_model(model)
    silent.set_weights(model.get_weights())
    silent.get_layer("fc1").bias.assign(np.full(512, -100.0))
    figure = plot_activation_maximization(silent, x, photographs.images, "fc1", [0])
    assert [panel.get_visible() for panel in figure.axes] == [True] + [False] * 6
    assert figure.axes[0].get_title("left") == "unit 0, silent in all photographs"
    with pytest.raises(pk.PetkerasError, match=r"one name for each of the 2 filters. Received: 1"):
        plot_activation_maximization(model, x, photographs.images, "softmax", [0, 1], ["cat"])
    with pytest.raises(pk.PetkerasError, match=r"the same photographs. Received: 4 and 3"):
        plot_activation_maximization(model, x, photographs.images[:3], "softmax", [0, 1])
