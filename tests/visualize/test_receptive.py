"""Computed receptive fields, against measured and published ones."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import petkeras as pk
from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.visualize.receptive import (
    ReceptiveField,
    gradient_field,
    plot_receptive_field,
    receptive_field,
    receptive_fields,
)

KINDS = [
    "our convolution",
    "convolution",
    "depthwise",
    "our pool",
    "pool",
    "average pool",
    "passing",
]
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
steps = st.tuples(
    st.sampled_from(KINDS), pairs, pairs, st.sampled_from(["same", "valid"]), st.integers(1, 2)
)


@pytest.fixture(scope="module")
def net():
    return pk.pet_net(image_size=32, recipe=pk.MODERN, seed=0)


@pytest.fixture(scope="module")
def photograph():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def scaled(image):
    return np.float32(image)[None] / 127.5 - 1


def stack(steps, shape, linear=False):
    """Build a network of such steps, or a twin in which every visible pixel has a gradient.

    The twin has kernels of ones, and averages where the network takes the largest.
    """
    x = inputs = keras.Input((*shape, 1))
    for kind, window, strides, padding, dilation in steps:
        options = {"strides": strides, "padding": padding}
        ones = {"kernel_initializer": "ones"} if linear else {"activation": "relu"}
        if max(strides) > 1:
            dilation = 1
        if kind == "our convolution":
            x = ours.Conv2D(1, window, **options, **ones)(x)
        elif kind == "convolution":
            x = keras.layers.Conv2D(1, window, **options, **ones, dilation_rate=dilation)(x)
        elif kind == "depthwise":
            ones = {"depthwise_initializer": "ones"} if linear else {}
            x = keras.layers.DepthwiseConv2D(window, (max(strides),) * 2, padding, **ones)(x)
        elif kind == "passing":
            x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.5)(x))
        elif kind == "average pool" or linear:
            x = keras.layers.AveragePooling2D(window, **options)(x)
        elif kind == "our pool":
            x = ours.MaxPool2D(window, **options)(x)
        else:
            x = keras.layers.MaxPooling2D(window, **options)(x)
    return keras.Model(inputs, x)


def box(measured):
    """Return (top, left, bottom, right) of the nonzero values."""
    rows, columns = np.nonzero(measured)
    if not len(rows):
        return None
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@given(st.lists(steps, min_size=1, max_size=4), st.tuples(*[st.integers(7, 12)] * 2), st.data())
def test_computed_field_is_the_box_around_the_pixels_that_can_change_a_unit(steps, shape, data):
    try:
        model, twin = stack(steps, shape), stack(steps, shape, linear=True)
    except ValueError:  # a window larger than what is left
        assume(False)
    layer, same = model.layers[-1], twin.layers[-1]
    _, height, width, _ = layer.output.shape
    row = data.draw(st.integers(0, height - 1))
    column = data.draw(st.integers(0, width - 1))
    field = receptive_field(model, layer.name, row, column)
    measured = box(gradient_field(twin, np.ones((*shape, 1)), same.name, row, column))
    if measured is None:  # the window lies in the padding alone
        assert field.top == field.bottom or field.left == field.right
    else:
        assert measured == (field.top, field.left, field.bottom, field.right)
    assert field.bottom - field.top <= field.height
    assert field.right - field.left <= field.width


def test_pixels_that_no_window_reaches_are_left_out():
    # 6 pixels, windows of 3 every 2: the last pixel is never seen, not even through padding.
    steps = [
        ("convolution", (3, 3), (2, 2), "valid", 1),
        ("convolution", (3, 3), (1, 1), "same", 1),
    ]
    model = stack(steps, (6, 6))
    assert receptive_field(model, model.layers[-1].name, 1, 0) == ReceptiveField(0, 0, 5, 5, 7, 7)


def test_dilation_widens_and_holes_at_the_edge_are_left_out():
    model = stack([("convolution", (3, 2), (1, 1), "same", 2)], (9, 9))
    field = receptive_field(model, model.layers[-1].name, 0, 8)
    assert (field.height, field.width) == (5, 3)
    assert (field.top, field.bottom) == (0, 3)  # rows -2, 0, 2
    assert (field.left, field.right) == (7, 8)  # columns 7, 9


def test_a_unit_that_sees_padding_alone_has_an_empty_field():
    model = stack([("convolution", (2, 2), (1, 1), "same", 2)], (1, 1))  # cells -1 and 1 of 1
    assert receptive_field(model, model.layers[-1].name, 0, 0) == ReceptiveField(0, 0, 0, 0, 3, 3)


def test_fields_of_pet_net_grow_with_depth(net):
    fields = {field.name: field for field in receptive_fields(net)}
    assert {name: field.height for name, field in fields.items()} == {
        "conv1_1": 3, "conv1_2": 5, "pool1": 6, "drop1": 6,
        "conv2_1": 10, "conv2_2": 14, "pool2": 16, "drop2": 16,
    }  # fmt: skip
    assert all(field.width == field.height for field in fields.values())
    assert [field.step_down for field in fields.values()] == [1, 1, 2, 2, 2, 2, 4, 4]
    assert receptive_field(net, "pool2", 0, 7) == ReceptiveField(0, 22, 10, 32, 16, 16)


@pytest.mark.parametrize("layer", ["conv1_1", "pool1", "conv2_1", "drop2"])
def test_the_gradient_is_zero_outside_of_the_field_and_not_inside(net, photograph, layer):
    height = net.get_layer(layer).output.shape[1]
    for row, column in ((0, 0), (height // 2, height // 3), (height - 1, 1)):
        field = receptive_field(net, layer, row, column)
        measured = gradient_field(net, scaled(photograph), layer, row, column)
        assert measured.shape == (32, 32)
        assert measured.dtype == np.float32
        assert measured[field.top : field.bottom, field.left : field.right].any()
        measured[field.top : field.bottom, field.left : field.right] = 0
        assert not measured.any()


def test_fields_of_vgg16_are_the_published_ones():
    vgg = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    fields = {field.name: (field.height, field.step_right) for field in receptive_fields(vgg)}
    assert fields["block1_conv2"] == (5, 1)
    assert fields["block1_pool"] == (6, 2)
    assert fields["block2_conv2"] == (14, 2)
    assert fields["block2_pool"] == (16, 4)
    assert fields["block3_pool"] == (44, 8)
    assert fields["block4_pool"] == (100, 16)
    assert fields["block5_conv3"] == (196, 16)
    assert fields["block5_pool"] == (212, 32)


def test_sequential_models_work_too():
    model = keras.Sequential([keras.Input((8, 8, 1)), ours.Conv2D(2, 3), ours.MaxPool2D()])
    assert [field.height for field in receptive_fields(model)] == [3, 4]


def test_the_plot_frames_the_computed_field_above_and_the_gradient_below(net, photograph):
    figure = plot_receptive_field(net, scaled(photograph), photograph)
    assert figure.get_size_inches()[0] == 8
    panels = figure.axes
    names = ["conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2"]
    sizes = [3, 5, 6, 10, 14, 16]
    assert [panel.get_title(loc="left") for panel in panels[:6]] == [
        f"{name}\n{size} x {size} pixels" for name, size in zip(names, sizes, strict=True)
    ]
    for name, size, above, below in zip(names, sizes, panels[:6], panels[6:], strict=True):
        np.testing.assert_array_equal(above.images[0].get_array(), photograph)
        heat = np.asarray(below.images[1].get_array())
        for panel in (above, below):
            (frame,) = panel.patches
            left, top = frame.get_x() + 0.5, frame.get_y() + 0.5
            assert (frame.get_width(), frame.get_height()) == (size, size), name
            inside = (slice(int(top), int(top) + size), slice(int(left), int(left) + size))
            assert heat[inside].max() == 1
            assert np.delete(heat, np.r_[inside[0]], axis=0).max(initial=0) == 0
        wide, high = np.diff(below.get_xlim())[0], -np.diff(below.get_ylim())[0]
        assert wide == high == min(2 * size, 32)  # enlarged, and never beyond the picture


def test_a_pixel_selects_the_unit_whose_field_is_centered_on_it(net, photograph):
    figure = plot_receptive_field(net, scaled(photograph), photograph, ["conv1_1", "pool2"], 9, 30)
    small, large = (panel.patches[0] for panel in figure.axes[:2])
    assert (small.get_y(), small.get_x()) == (7.5, 28.5)
    assert (small.get_height(), small.get_width()) == (3, 3)
    # pool2's units have their middles at 1.5, 5.5, 9.5, ... and 29.5
    assert (large.get_y(), large.get_x()) == (1.5, 21.5)
    assert (large.get_height(), large.get_width()) == (16, 10)  # the picture ends at 32


def branched():
    x = inputs = keras.Input((8, 8, 1))
    x = ours.Conv2D(1, 3, name="trunk")(x)
    return keras.Model(inputs, keras.layers.Add(name="join")([x, inputs]))


def unknown():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.UpSampling2D(name="up"),
            ours.Conv2D(1, 3, name="conv"),
        ]
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net, image: receptive_field(net, "conv9", 0, 0), "There is no layer 'conv9'"),
        (lambda net, image: receptive_field(net, "fc1", 0, 0), "'fc1' has no feature maps"),
        (
            lambda net, image: receptive_field(net, "pool2", 8, 0),
            "'pool2' have the rows 0 to 7 and the columns 0 to 7. Received: row=8, column=0",
        ),
        (lambda net, image: receptive_field(net, "pool2", 0, -1), "Received: row=0, column=-1"),
        (lambda net, image: receptive_fields(branched()), "The input of layer 'join' is not"),
        (lambda net, image: receptive_fields(unknown()), "Layer 'up' is a UpSampling2D, .* known"),
        (
            lambda net, image: receptive_field(
                keras.Sequential([keras.Input((None, 8, 1)), ours.Conv2D(1, 3, name="conv")]),
                "conv", 0, 0,
            ),
            "The size of the images that layer 'conv' takes is not known",
        ),
        (
            lambda net, image: gradient_field(net, image[:16], "conv1_1", 0, 0),
            r"`x` must be one image of the shape \(32, 32, 3\).*shape=\(16, 32, 3\)",
        ),
        (
            lambda net, image: gradient_field(net, np.stack([image] * 2), "conv1_1", 0, 0),
            r"Received: shape=\(2, 32, 32, 3\)",
        ),
        (
            lambda net, image: gradient_field(net, image, "conv1_1", 32, 0),
            "rows 0 to 31 .*Received: row=32",
        ),
        (lambda net, image: gradient_field(net, image, "fc1", 0, 0), "has no feature maps"),
        (
            lambda net, image: plot_receptive_field(net, image, image[:9]),
            r"`image` must have the shape \(32, 32, 3\).*shape=\(9, 32, 3\)",
        ),
        (
            lambda net, image: plot_receptive_field(net, image, image, row=32),
            "The image has the rows 0 to 31.*Received: row=32, column=15.5",
        ),
    ],
)  # fmt: skip
def test_each_mistake_raises_a_one_line_message(net, photograph, call, message):
    with pytest.raises(PetkerasError, match=message) as raised:
        call(net, photograph)
    assert "\n" not in str(raised.value)
