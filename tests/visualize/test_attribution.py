"""Attribution maps, against finite differences, formulas by hand and plain loops."""

import keras
import matplotlib as mpl
import numpy as np
import pytest

import petkeras as pk
from petkeras.layers import Conv2D, Dense, Flatten
from petkeras.visualize import attribution
from petkeras.visualize.attribution import (
    grad_cam,
    occlusion,
    plot_attribution,
    saliency,
    smooth_grad,
)

METHODS = {
    "saliency": saliency,
    "smooth_grad": lambda model, x, c=None: smooth_grad(model, x, c, samples=3),
    "grad_cam": lambda model, x, c=None: grad_cam(model, x, "conv2_1", c),
    "occlusion": lambda model, x, c=None: occlusion(model, x, c, window=6, stride=4),
}


def pictures(count, size=16, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(num_classes=3, image_size=16, seed=0, recipe=pk.MODERN)


def conv_and_dense(size):
    """A convolution with ReLU, and logits that are a weighted sum of its maps."""
    images, he = keras.Input((size, size, 3)), keras.initializers.HeNormal(seed=0)
    x = Conv2D(4, 3, activation="relu", name="conv", kernel_initializer=he)(images)
    x = Flatten(name="flatten")(x)
    network = keras.Model(images, Dense(2, name="logits")(x))
    weights = np.random.default_rng(0).normal(size=(size, size, 4, 2))
    weights += [[1, -1], [-1, 1], [1, 1], [-1, -1]]  # filters for and against each class
    network.get_layer("logits").kernel.assign(weights.reshape(-1, 2))
    return network


def probabilities(model, x):
    logits = model(x, training=False).numpy().astype(np.float64)
    exponents = np.exp(logits - logits.max(1, keepdims=True))
    return exponents / exponents.sum(1, keepdims=True)


def test_saliency_agrees_with_finite_differences(model):
    x = pictures(1)
    steps = 2e-3 * np.eye(16 * 16 * 3, dtype=np.float32).reshape(-1, 16, 16, 3)  # one a value
    above, below = (model(x + sign * steps, training=False).numpy()[:, 2] for sign in (1, -1))
    expected = np.abs((above - below) / 4e-3).reshape(16, 16, 3).max(axis=2)
    # A difference across a ReLU's kink is another one than the gradient: few places may differ.
    close = np.isclose(saliency(model, x, 2)[0], expected, rtol=0.02, atol=0.01 * expected.max())
    assert close.mean() > 0.95


def test_saliency_of_a_linear_network_is_its_largest_weight_over_the_channels():
    images = keras.Input((5, 4, 3))
    linear = keras.Model(images, Dense(2)(Flatten()(images)))
    kernel = linear.layers[-1].kernel.numpy().reshape(5, 4, 3, 2)
    maps = saliency(linear, np.zeros((2, 5, 4, 3), np.float32), [1, 0])
    np.testing.assert_allclose(maps[0], np.abs(kernel[..., 1]).max(2), rtol=1e-6)
    np.testing.assert_allclose(maps[1], np.abs(kernel[..., 0]).max(2), rtol=1e-6)


def test_smooth_grad_without_noise_is_the_saliency_and_with_noise_repeats(model):
    x = pictures(2)
    np.testing.assert_allclose(
        smooth_grad(model, x, samples=3, noise=0.0), saliency(model, x), rtol=1e-4, atol=1e-6
    )
    noisy = smooth_grad(model, x, samples=3, seed=1)
    np.testing.assert_array_equal(noisy, smooth_grad(model, x, samples=3, seed=1))
    assert not np.allclose(noisy, smooth_grad(model, x, samples=3, seed=2))


def test_smooth_grad_scales_its_noise_by_each_pictures_span():
    images = keras.Input((4, 4, 3))
    squares = keras.ops.sum(keras.ops.square(images), axis=(1, 2, 3), keepdims=True)
    double = keras.Model(images, Flatten()(squares))  # its gradient is 2 x
    x = np.zeros((2, 4, 4, 3), np.float32)
    x[:, 0, 0, 0] = 1.0, 10.0
    one, ten = smooth_grad(double, x, 0, samples=1, noise=0.1)
    np.testing.assert_allclose(ten, 10 * one, rtol=1e-5)
    assert one[1:].min() > 0  # noise alone, which in the mean of many cancels out
    many = smooth_grad(double, x, 0, samples=50, noise=0.1)[0]
    assert many[1:].mean() < 0.3 * one[1:].mean()


def test_grad_cam_is_the_papers_formula():
    network, x = conv_and_dense(size=8), pictures(2, 8)
    maps = network.get_layer("conv")(x).numpy()  # (2, 8, 8, 4)
    weights = network.get_layer("logits").kernel.numpy().reshape(8, 8, 4, 2)  # the gradients
    for index in (0, 1):
        alpha = weights[..., index].mean(axis=(0, 1))  # (4,)
        expected = np.maximum((maps * alpha).sum(3), 0)
        assert expected.max() > 0
        np.testing.assert_allclose(
            grad_cam(network, x, "conv", index), expected, rtol=1e-4, atol=1e-6
        )


def test_grad_cam_is_resized_to_the_picture_and_shares_the_weights(model):
    for layer in ("conv1_1", "pool1", "drop1", "conv2_2", "pool2", "drop2"):
        maps = grad_cam(model, pictures(2), layer, 0)
        assert maps.shape == (2, 16, 16)
        assert (maps >= 0).all()
    assert model.count_params() == sum(np.prod(w.shape) for w in model.weights)


def test_occlusion_agrees_with_a_plain_loop(model):
    x, classes, window, stride = pictures(2), [2, 0], 6, 4
    expected = np.zeros((2, 16, 16))
    for number, index in enumerate(classes):
        falls = [[[] for _ in range(16)] for _ in range(16)]
        for top in (0, 4, 8, 12):  # the last hangs over by two pixels
            for left in (0, 4, 8, 12):
                covered = x[number].copy()
                covered[top : top + window, left : left + window] = 0.5
                whole = probabilities(model, x[number, None])[0, index]
                fall = whole - probabilities(model, covered[None])[0, index]
                for row in range(top, min(16, top + window)):
                    for column in range(left, min(16, left + window)):
                        falls[row][column].append(fall)
        expected[number] = [[np.mean(each) for each in row] for row in falls]
    maps = occlusion(model, x, classes, window, stride, fill=0.5)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


def test_occlusion_takes_no_more_windows_than_cover_every_pixel():
    assert len(attribution._windows((224, 224), 32, 16)) == 13**2
    rows, columns = attribution._windows((10, 8), 4, 3)[-1]
    assert (rows.start, columns.start) == (6, 6)
    assert attribution._windows((8, 8), 8, 8) == [(slice(0, 8), slice(0, 8))]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_batch_gives_the_maps_of_its_pictures_one_by_one(method, model):
    x = pictures(3)
    together = method(model, x)
    assert together.dtype == np.float32
    assert together.shape == (3, 16, 16)
    apart = np.concatenate([method(model, x[number, None]) for number in range(3)])
    np.testing.assert_allclose(together, apart, rtol=1e-3, atol=1e-5)


def test_many_images_are_processed_in_batches(model, monkeypatch):
    x = pictures(5)
    together = saliency(model, x)
    monkeypatch.setattr(attribution, "BATCH_SIZE", 2)
    np.testing.assert_allclose(saliency(model, x), together, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_default_class_is_the_predicted_one(method, model):
    x = pictures(3)
    says = model(x, training=False).numpy().argmax(1)
    np.testing.assert_array_equal(method(model, x), method(model, x, says.tolist()))
    np.testing.assert_array_equal(method(model, x, 1), method(model, x, [1, 1, 1]))
    assert not np.allclose(method(model, x, 1), method(model, x, 2))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_half_precision_gives_float32_maps(method):
    half = pk.pet_net(image_size=16, seed=0, recipe=pk.MODERN, dtype="mixed_bfloat16")
    maps = method(half, pictures(2))
    assert maps.dtype == np.float32
    assert np.isfinite(maps).all()


def test_messages_list_the_layers_classes_and_window_sizes(model):
    x = pictures(2)
    with pytest.raises(pk.PetkerasError, match=r"no layer 'conv9'. The layers are: conv1_1, .*dr"):
        grad_cam(model, x, "conv9")
    with pytest.raises(pk.PetkerasError, match=r"'fc1' has no feature maps. .*conv1_1, conv1_2"):
        grad_cam(model, x, "fc1")
    for wrong in (3, -1, [0, 3], [0, 1, 2], 0.5, "cat", True):
        with pytest.raises(
            pk.PetkerasError, match=r"None, a class from 0 to 2, or one class for ea"
        ):
            saliency(model, x, wrong)
    with pytest.raises(pk.PetkerasError, match=r"`window` must be from 1 to .* 16 pixels.*=17"):
        occlusion(model, x, window=17)
    with pytest.raises(pk.PetkerasError, match=r"`stride` must be from 1 to `window`, 4 .*=5"):
        occlusion(model, x, window=4, stride=5)
    with pytest.raises(pk.PetkerasError, match=r"samples=0, noise=0.15"):
        smooth_grad(model, x, samples=0)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((1, 16, 16, 3), np.uint8), np.zeros((16, 16, 3)), np.zeros((1, 8, 8, 3))],
    ids=["uint8", "no batch", "small"],
)
def test_images_of_another_shape_or_an_integer_dtype_are_refused(wrong, model):
    shape = str(wrong.shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(
        pk.PetkerasError,
        match=rf"preprocessed .*\(batch, 16, 16, 3\).*Received: {shape} {wrong.dtype}",
    ):
        saliency(model, wrong)


def test_the_figure_has_a_row_per_photograph_and_a_column_per_method():
    images = np.zeros((8, 16, 16, 3), np.uint8)
    maps = {"one": np.ones((8, 16, 16)), "two": -np.ones((8, 16, 16))}
    figure = plot_attribution(images, maps, [f"pet {number}" for number in range(8)])
    assert isinstance(figure, mpl.figure.Figure)
    assert len(figure.axes) == 6 * 3  # at most six photographs
    assert [panel.get_title("left") for panel in figure.axes[:3]] == ["picture", "one", "two"]
    assert figure.axes[3].get_xlabel() == "pet 1"
    assert figure.get_figwidth() == 8
    above, below = (figure.axes[column].images[1].get_array() for column in (1, 2))
    assert (above == 1).all()  # 1 is the map's 99.5th percentile
    assert (below == 0).all()


def test_a_few_bright_pixels_do_not_darken_a_map():
    values = np.ones((1, 20, 20))
    values[0, 0, 0] = 1000.0
    figure = plot_attribution(np.zeros((1, 20, 20, 3), np.uint8), {"map": values})
    assert (figure.axes[1].images[1].get_array() == 1).all()
    with pytest.raises(pk.PetkerasError, match=r"'map' must have a map .* \(2, 20, 20\)"):
        plot_attribution(np.zeros((2, 20, 20, 3), np.uint8), {"map": values})
