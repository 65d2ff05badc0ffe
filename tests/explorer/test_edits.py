import base64

import keras
import numpy as np
import pytest
import tensorflow as tf
from explorer.small_runs import L, mixed_network, photographs

from petkeras.errors import PetkerasError
from petkeras.explorer.chain import read_chain
from petkeras.explorer.edits import Edits, compute_outputs, read_edits

RNG = np.random.default_rng(0)
X = np.float32(RNG.normal(size=(2, 12, 12, 3)))


@pytest.fixture(scope="module")
def chain():
    keras.utils.set_random_seed(0)
    return read_chain(
        keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                L.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="normal"),
                L.MaxPooling2D(2),
                L.Conv2D(5, 3),
                L.Flatten(),
                L.Dense(2),
            ]
        )
    )


def slow_conv(x, kernel, bias, stride):
    """A convolution with SAME padding, written out: (h, w, cin), (kh, kw, cin) -> (h', w')."""
    kh, kw, _ = kernel.shape
    counts = [-(-length // stride) for length in x.shape[:2]]
    outside = [
        max((count - 1) * stride + side - length, 0)
        for count, side, length in zip(counts, (kh, kw), x.shape, strict=False)
    ]
    pads = [(each // 2, each - each // 2) for each in outside]
    x = np.pad(x, [*pads, (0, 0)])
    y = np.empty(counts)
    for row in range(counts[0]):
        for column in range(counts[1]):
            top, left = row * stride, column * stride
            y[row, column] = (x[top : top + kh, left : left + kw] * kernel).sum() + bias
    return y


@pytest.mark.parametrize("side", [1, 2, 3, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_filter_of_any_size_replaces_one_map(chain, side, stride):
    kernel = np.float32(RNG.normal(size=(side, side, 3)))
    geometry = {0: {"strides": [stride, stride], "padding": "same"}}
    edits = Edits(filters={(0, 2): (kernel, 0.5)}, geometry=geometry)
    trained, edited = (
        compute_outputs(read_part(chain, 1), X, each)[0].numpy()
        for each in (Edits(geometry=geometry), edits)
    )
    expected = np.stack([slow_conv(x, kernel, 0.5, stride) for x in X])
    np.testing.assert_allclose(edited[..., 2], np.maximum(expected, 0), atol=1e-5)
    others = [0, 1, 3]
    np.testing.assert_array_equal(edited[..., others], trained[..., others])


def read_part(chain, count):
    return type(chain)(chain.layers[:count], chain.input_shape, None, False)


def test_a_map_that_is_off_is_zero_and_the_rest_follows(chain):
    on, off = (compute_outputs(chain, X, each) for each in (Edits(), Edits(off={0: [1, 3]})))
    assert not off[0].numpy()[..., [1, 3]].any()
    np.testing.assert_array_equal(off[0].numpy()[..., [0, 2]], on[0].numpy()[..., [0, 2]])
    kernel, bias = chain.layers[2].weights["kernel"], chain.layers[2].weights["bias"]
    expected = tf.nn.conv2d(off[1], kernel, 1, "VALID") + bias
    np.testing.assert_array_equal(off[2], expected)


def test_strides_and_dilation_go_together():
    layer = L.Conv2D(3, 3, dilation_rate=2, padding="same", use_bias=False)
    chain = read_chain(keras.Sequential([keras.Input((12, 12, 3)), layer]))
    geometry = {0: {"strides": [2, 2], "padding": "valid"}}
    dense, strided = (
        compute_outputs(chain, X, each)[0]
        for each in (
            Edits(geometry={0: {"strides": [1, 1], "padding": "valid"}}),
            Edits(geometry=geometry),
        )
    )
    np.testing.assert_allclose(strided, dense[:, ::2, ::2], atol=1e-6)


def test_other_weights_take_the_place_of_the_trained_ones(chain):
    zeros = {0: {"kernel": np.zeros((3, 3, 3, 4), np.float32)}}
    maps = compute_outputs(chain, X, weights=zeros)[0]
    bias = chain.layers[0].weights["bias"]
    np.testing.assert_array_equal(maps, tf.broadcast_to(tf.nn.relu(bias), maps.shape))


@pytest.mark.parametrize(
    ("edits", "line"),
    [
        (Edits(geometry={0: {"strides": [2, 2], "padding": "same"}}), "takes 80 values, and there"),
        (
            Edits(geometry={0: {"strides": [9, 9], "padding": "same"}}),
            "its window of 3 x 3 is larger than its input of 1 x 1",
        ),
        (
            Edits(filters={(2, 0): (np.zeros((5, 5, 4), np.float32), 0.0)}),
            "has no padding, so its kernels must stay 3 x 3",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(chain, edits, line):
    with pytest.raises(PetkerasError) as error:
        compute_outputs(chain, X, edits)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_edits_are_read_from_json(chain):
    pixels = photographs(1, 12)[0]
    edits = read_edits(
        {
            "photograph": -1,
            "pixels": base64.b64encode(pixels.tobytes()).decode(),
            "filters": [
                {"layer": 0, "filter": 3, "kernel": [0.5] * 75, "size": [5, 5], "bias": None}
            ],
            "off": [[0, 1], [2, 4], [0, 2]],
            "geometry": {"1": {"strides": [1, 2], "padding": "same"}},
            "frame": 2,
        },
        chain,
        photographs=1,
        frames=3,
    )
    np.testing.assert_array_equal(edits.pixels, pixels)
    kernel, bias = edits.filters[0, 3]
    assert (kernel.shape, kernel.dtype, bias) == ((5, 5, 3), np.float32, 0.0)
    assert edits.off == {0: [1, 2], 2: [4]}
    assert edits.geometry == {1: {"strides": [1, 2], "padding": "same"}}
    assert (edits.photograph, edits.frame) == (-1, 2)
    assert read_edits({}, chain, 1).filters == {}


FILTER = {"layer": 0, "filter": 0, "kernel": [0.0] * 27, "size": [3, 3], "bias": 0}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        "edits",
        {"photograph": 1},
        {"photograph": True},
        {"photograph": -2},
        {"pixels": "AAAA"},
        {"pixels": "no base64!"},
        {"pixels": 5},
        {"filters": {"layer": 0}},
        {"filters": [{}]},
        {"filters": [FILTER | {"layer": 1}]},
        {"filters": [FILTER | {"layer": -1}]},
        {"filters": [FILTER | {"filter": 4}]},
        {"filters": [FILTER | {"kernel": [0.0] * 26}]},
        {"filters": [FILTER | {"kernel": [float("nan")] * 27}]},
        {"filters": [FILTER | {"kernel": [1e300] * 27}]},
        {"filters": [FILTER | {"kernel": "kernel"}]},
        {"filters": [FILTER | {"size": [3, 3, 1]}]},
        {"filters": [FILTER | {"size": [0, 3], "kernel": []}]},
        {"filters": [FILTER | {"size": [100, 100]}]},
        {"filters": [FILTER | {"bias": float("inf")}]},
        {"filters": [FILTER | {"bias": "1"}]},
        {"off": [[0]]},
        {"off": [[0, 4]]},
        {"off": 7},
        {"geometry": {"3": {"strides": [1, 1], "padding": "same"}}},
        {"geometry": {"x": {"strides": [1, 1], "padding": "same"}}},
        {"geometry": {"0": {"strides": [0, 1], "padding": "same"}}},
        {"geometry": {"0": {"strides": [1], "padding": "same"}}},
        {"geometry": {"0": {"strides": [1, 1], "padding": "full"}}},
        {"geometry": {"0": {}}},
        {"geometry": []},
        {"frame": 0},
    ],
)
def test_nonsense_is_one_line(chain, nonsense):
    with pytest.raises(PetkerasError, match="These changes do not fit the network: ") as error:
        read_edits(nonsense, chain, photographs=1)
    assert "\n" not in str(error.value)


def test_all_layers_of_a_network_run_with_edits():
    chain = read_chain(mixed_network())
    x = np.float32(RNG.normal(size=(1, 20, 20, 3)))
    for index, layer in enumerate(chain.layers):
        outputs = compute_outputs(chain, x, Edits(off={index: [0]}))
        assert not outputs[index].numpy()[..., 0].any()
        assert outputs[-1].shape == (1, 3), layer
