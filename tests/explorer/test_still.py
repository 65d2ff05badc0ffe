"""The picture of the explorer: what it draws adds up to what TensorFlow computes."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from explorer.small_runs import mixed_network, photographs, small_data, small_run
from matplotlib.text import Text

from petkeras.explorer.explored import open_explored
from petkeras.explorer.still import MAX_COLUMNS, plot_explorer
from petkeras.models import pet_net
from petkeras.visualize.activations import feature_maps

L = keras.layers


@pytest.fixture(scope="module")
def explored():
    model = pet_net(image_size=16, seed=0)
    return open_explored(model, photographs(1), class_names=("above", "below"), pixel_scale=255.0)


@pytest.fixture(scope="module")
def mixed():
    return open_explored(mixed_network(), photographs(1, 20))


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def number(text):
    return float(text.replace("\N{MINUS SIGN}", "-"))


def following(lines, name):
    """Return the number that is written after the last line with a name."""
    place = max(place for place, line in enumerate(lines) if line == name)
    return number(lines[place + 1])


def maps(model, explored, layer):
    x = explored.photographs.pixels / np.float32(255)
    return feature_maps(model, x, [layer])[layer][0]


def test_a_convolutions_terms_add_up_to_tensorflows_pixel(explored):
    lines = texts(plot_explorer(explored, "conv1_2", 3))
    model = pet_net(image_size=16, seed=0)
    brightest = maps(model, explored, "conv1_2")[..., 3].max()
    assert "conv1_2: how filter 3 makes one pixel of its map" in lines
    assert following(lines, "after ReLU") == pytest.approx(brightest, abs=6e-4)
    first = [line for line in lines if line.startswith("input map")][-3:]
    names = [*first, "29 others", "bias"]
    total = sum(following(lines, name) for name in names)
    assert total == pytest.approx(following(lines, "sum"), abs=3e-3)


def test_the_first_layers_input_maps_are_named_by_their_colors(explored):
    lines = texts(plot_explorer(explored, "conv1_1", 0))
    assert {"red", "green", "blue"} <= set(lines)


def test_a_pool_shows_the_largest_of_its_window(explored):
    lines = texts(plot_explorer(explored, "pool1", 5))
    model = pet_net(image_size=16, seed=0)
    largest = maps(model, explored, "pool1")[..., 5].max()
    [line] = [line for line in lines if line.startswith("the largest")]
    assert number(line.split(": ")[1]) == pytest.approx(largest, abs=6e-3)


def test_a_dense_layers_terms_add_up(explored):
    lines = texts(plot_explorer(explored, "softmax", 1))
    assert "softmax: what its inputs give to 'below'" in lines
    terms = [line for line in lines if line.startswith("input ")]
    assert len(terms) == 10
    names = [*terms, "502 others", "bias"]
    total = sum(following(lines, name) for name in names)
    assert total == pytest.approx(following(lines, "sum"), abs=8e-3)


def test_the_row_has_the_layers_that_change_sizes_and_the_probabilities(explored):
    lines = texts(plot_explorer(explored))
    row = ["picture", "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1"]
    assert [line for line in lines if line in row] == row
    assert "Above or below?" in lines
    assert "8\N{MULTIPLICATION SIGN}8\N{MULTIPLICATION SIGN}32" in lines
    shares = [number(line.rstrip("%")) for line in lines if line.endswith("%")]
    assert sum(shares) == 100


@pytest.mark.parametrize("index", range(11))
def test_layers_of_other_kinds_are_drawn(mixed, index):
    layer = mixed.chain.layers[index]
    lines = texts(plot_explorer(mixed, layer.name))
    assert any(line.startswith(f"{layer.name[:29]}") for line in lines[-1:] + lines)


def test_the_tab_time_shows_steps_of_the_film(tmp_path):
    explored = open_explored(small_run(tmp_path / "run"), data=small_data())
    lines = texts(plot_explorer(explored, "conv1_2", tab="time"))
    steps = [int(line.removeprefix("step ")) for line in lines if line.startswith("step ")]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, explored.film.frames[-1]["step"])
    assert len(plot_explorer(explored, "fc1", tab="time").axes) == 1  # it was not filmed


def test_a_long_network_is_thinned_out_around_the_chosen_layer():
    layers = [L.Conv2D(2, 3, padding="same", name=f"c{number}") for number in range(20)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    explored = open_explored(model, photographs(1, 8)[..., :1])
    lines = texts(plot_explorer(explored, "c7"))
    names = [line for line in lines if line in {layer.name for layer in layers}]
    assert len(names) == MAX_COLUMNS
    assert {"c7", "c19"} <= set(names)


def test_hostile_and_long_names_are_shortened():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), L.Conv2D(2, 3, name="x" * 300), L.Flatten(), L.Dense(2)]
    )
    names = ("<script>$\\frac{1}{$", "a\nb\x1b[31m" * 40)
    explored = open_explored(model, photographs(1, 8), class_names=names)
    lines = texts(plot_explorer(explored))
    assert "<script>$\\frac{…" in lines
    assert max(map(len, lines)) <= 100
    plot_explorer(explored).canvas.draw()


def test_it_is_800_pixels_wide_and_leaves_no_figure_open(explored):
    before = plt.get_fignums()
    figure = plot_explorer(explored)
    assert figure.get_figwidth() * figure.dpi == 800
    assert plt.get_fignums() == before
