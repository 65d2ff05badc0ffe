"""The costs of layers, against independent counts."""

import io
import re

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras import layers as ours
from petkeras.errors import PetkerasError
from petkeras.visualize.costs import (
    CostTable,
    LayerCost,
    cost_table,
    costs,
    format_quantity,
    plot_costs,
)


@pytest.fixture
def rows(large_nets):
    return large_nets["costs"]


def test_weights_are_those_that_keras_counts(large_nets, rows):
    assert sum(row.weights for row in rows.values()) == large_nets["weights"] == 102_827_554
    assert rows["fc1"].weights == 102_760_960
    assert [rows[name].weights for name in ("conv1_1", "pool1", "drop1", "softmax")] == [
        3 * 3 * 3 * 32 + 32, 0, 0, 512 * 2 + 2,
    ]  # fmt: skip
    assert all(row.weight_bytes == 4 * row.weights for row in rows.values())
    assert list(rows) == list(large_nets["output_shapes"])


def test_multiply_adds_follow_the_formulas(rows):
    counted = {name: row.multiply_adds for name, row in rows.items() if row.multiply_adds}
    assert counted == {
        "conv1_1": 3 * 3 * 3 * 224 * 224 * 32,
        "conv1_2": 3 * 3 * 32 * 224 * 224 * 32,
        "conv2_1": 3 * 3 * 32 * 112 * 112 * 64,
        "conv2_2": 3 * 3 * 64 * 112 * 112 * 64,
        "fc1": 56 * 56 * 64 * 512,
        "softmax": 512 * 2,
    }


def test_outputs_have_their_shapes_and_the_bytes_of_their_dtype(rows):
    assert rows["pool2"].output_shape == (56, 56, 64)
    assert rows["pool2"].output_bytes == 56 * 56 * 64 * 4
    half = {row.name: row for row in costs(pk.pet_net(image_size=16, dtype="mixed_bfloat16"))}
    assert half["conv1_1"].output_bytes == 16 * 16 * 32 * 2
    assert half["conv1_1"].weight_bytes == 896 * 4
    assert half["softmax"].output_bytes == 2 * 4  # the logits are float32 always


def test_vgg16_costs_what_is_published(large_nets):
    assert sum(row.weights for row in large_nets["vgg16"]) == 138_357_544
    assert sum(row.multiply_adds for row in large_nets["vgg16"]) == 15_470_264_320


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_strides_groups_and_depthwise_kernels_count_as_often_as_they_multiply(padding):
    options = {"strides": 2, "padding": padding, "use_bias": False}
    model = keras.Sequential(
        [
            keras.Input((9, 10, 4)),
            keras.layers.Conv2D(6, (3, 2), groups=2, name="grouped", **options),
            keras.layers.DepthwiseConv2D(2, depth_multiplier=3, name="deep", **options),
            keras.layers.Dense(5, use_bias=False, name="each"),  # at each place of the map
        ]
    )
    grouped, deep, each = costs(model)
    for row in (grouped, deep, each):
        assert row.weights == model.get_layer(row.name).count_params()
    assert grouped.multiply_adds == 3 * 2 * 2 * np.prod(grouped.output_shape)  # 2 of 4 channels
    assert deep.multiply_adds == 2 * 2 * np.prod(deep.output_shape)
    assert each.multiply_adds == 18 * np.prod(each.output_shape)


def test_layers_of_nested_models_are_listed():
    inner = keras.Sequential([keras.Input((8, 8, 3)), ours.Conv2D(2, 3, name="inner")])
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, ours.MaxPool2D(name="outer")])
    assert [row.name for row in costs(outer)] == [f"{inner.name}/inner", "outer"]


def test_the_table_has_a_line_per_layer_and_the_totals():
    table = cost_table(pk.pet_net(image_size=32))
    lines = str(table).splitlines()
    assert len(lines) == 1 + 12 + 1
    assert len({len(line) for line in lines}) == 1  # aligned
    assert re.split(r"\s{2,}", lines[1]) == [
        "conv1_1", "32 x 32 x 32", "896", "884,736", "3,584", "131,072",
    ]  # fmt: skip
    total = [int(cell.replace(",", "")) for cell in lines[-1].split()[1:]]
    assert total[0] == sum(row.weights for row in table.rows)
    assert total[1] == sum(row.multiply_adds for row in table.rows)
    assert repr(table) == str(table)


def test_the_table_is_html_in_jupyter():
    page = CostTable([LayerCost("a<b", (4, 4, 2), 18, 288, 72, 128)])._repr_html_()
    assert "<td>a&lt;b</td><td>4 x 4 x 2</td><td>18</td><td>288</td>" in page
    assert page.count("<tr>") == page.count("</tr>") == 3
    assert "<th>total</th><th></th><th>18</th>" in page


@pytest.fixture
def net():
    return pk.pet_net(image_size=32)


def test_bars_have_the_length_of_their_numbers_and_labels(net):
    figure, rows = plot_costs(net), {row.name: row for row in costs(net)}
    assert figure.get_size_inches()[0] == 8
    weights, work, outputs = figure.axes
    assert [bar.get_width() for bar in weights.patches] == [row.weights for row in rows.values()]
    assert [bar.get_width() for bar in work.patches] == [row.multiply_adds for row in rows.values()]
    assert [bar.get_width() for bar in outputs.patches] == [
        row.output_bytes for row in rows.values()
    ]
    assert [label.get_text() for label in weights.get_yticklabels()] == list(rows)
    assert weights.get_ylim()[0] > weights.get_ylim()[1]  # the first layer is on top
    texts = [text.get_text() for text in weights.texts]
    assert texts[:2] + texts[9:10] == ["896", "9,248", "2.1 M"]
    assert weights.get_title(loc="left") == "Weights: 2.2 M"
    assert work.get_title(loc="left") == "Multiply-adds: 26.6 MMAC"


def test_no_label_overlaps_the_next_panel(net):
    figure = plot_costs(net)
    figure.savefig(io.BytesIO())  # lays it out
    for axes in figure.axes:
        right = axes.get_window_extent().x1
        assert all(text.get_window_extent().x1 <= right for text in axes.texts)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"), (99_999, "", "99,999"), (100_352, "B", "100.4 kB"), (8, "B", "8 B"),
        (102_760_960, "", "102.8 M"), (1_387_266_048, "MAC", "1.4 GMAC"),
    ],
)  # fmt: skip
def test_quantities_are_readable(value, unit, text):
    assert format_quantity(value, unit) == text


def test_an_unknown_image_size_is_refused():
    model = keras.Sequential([keras.Input((None, None, 3)), ours.Conv2D(2, 3, name="conv")])
    with pytest.raises(PetkerasError, match=r"'conv' .*fixed size.*shape \(None, None, 2\)"):
        costs(model)
