"""Kernels and what they do, against a convolution by NumPy loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.visualize import apply_kernel, article_kernels, layer_kernels, plot_kernels


def convolve(image, kernel):
    """Slide a kernel over a zero-padded image, in Python loops."""
    height, width = kernel.shape
    top, left = (height - 1) // 2, (width - 1) // 2
    padded = np.pad(image, [(top, height - 1 - top), (left, width - 1 - left)])
    return np.array(
        [
            [(padded[y : y + height, x : x + width] * kernel).sum() for x in range(image.shape[1])]
            for y in range(image.shape[0])
        ]
    )


numbers = st.floats(-9, 9, width=16)


@given(
    image=arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=numbers),
    kernel=arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=numbers),
)
def test_a_kernel_slides_over_the_picture_padded_with_zeros(image, kernel):
    np.testing.assert_allclose(
        apply_kernel(image, kernel), convolve(image, kernel), rtol=1e-4, atol=1e-3
    )


def test_a_picture_in_color_is_averaged_to_gray_first():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    kernel = article_kernels()["outline"]
    np.testing.assert_allclose(
        apply_kernel(image, kernel), convolve(image.mean(axis=2), kernel), atol=1e-2
    )


def test_the_articles_kernels_sum_to_zero_and_respond_most_to_their_own_line():
    kernels = article_kernels()
    lines = {name: np.zeros((7, 7), np.float32) for name in ("horizontal", "vertical", "diagonal")}
    lines["horizontal"][3, :] = 1
    lines["vertical"][:, 3] = 1
    lines["diagonal"][range(7), range(7)] = 1
    for name, kernel in kernels.items():
        assert kernel.shape == (7, 7)
        assert kernel.sum() == pytest.approx(0, abs=1e-5)
        if name in lines:
            answers = {other: (kernel * line).sum() for other, line in lines.items()}
            assert max(answers, key=answers.get) == name


def test_a_layers_kernels_are_its_weights():
    model = pet_net(image_size=16, seed=0)
    kernels = layer_kernels(model, "conv1_1", [3, 7])
    assert list(kernels) == ["filter 3", "filter 7"]
    np.testing.assert_array_equal(
        kernels["filter 7"], model.get_layer("conv1_1").kernel.numpy()[..., 7]
    )


def test_the_figure_shows_each_kernel_above_its_response():
    image = np.random.default_rng(0).random((12, 12)).astype(np.float32)
    kernels = article_kernels()
    figure = plot_kernels(kernels, image)
    axes = np.array(figure.axes).reshape(2, 5)
    for place, (name, kernel) in enumerate(kernels.items(), start=1):
        assert axes[0, place].get_title(loc="left") == name
        np.testing.assert_array_equal(axes[0, place].images[0].get_array(), kernel)
        np.testing.assert_allclose(
            axes[1, place].images[0].get_array(), convolve(image, kernel), atol=1e-3
        )


def test_kernels_alone_fill_a_grid():
    kernels = layer_kernels(pet_net(image_size=16), "conv1_2")
    shown = [axes for axes in plot_kernels(kernels).axes if axes.get_visible()]
    assert len(shown) == 32
    np.testing.assert_allclose(
        shown[5].images[0].get_array(), kernels["filter 5"].mean(axis=2), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("layer", "filters", "message"),
    [
        ("conv9", None, "There is no layer 'conv9'. The layers are: conv1_1"),
        ("pool1", None, "'pool1' has no kernels to show. Layers with kernels: conv1_1, conv1_2, "),
        ("conv1_1", [32], "Layer 'conv1_1' has the filters 0 to 31. Received: 32"),
    ],
)
def test_messages_list_the_kernels_that_exist(layer, filters, message):
    with pytest.raises(PetkerasError, match=message):
        layer_kernels(pet_net(image_size=16), layer, filters)
