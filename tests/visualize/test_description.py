"""Every figure has an alternative text, and a notebook keeps it."""

import dataclasses
import pickle
import re

import numpy as np
import pytest
from conftest import halves_data, tiny_net
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure

import petkeras as pk
from petkeras.callbacks.tensorboard import scoped_graph
from petkeras.visualize import describe, description

pkv = pk.visualize
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
X = IMAGES.astype("float32") / 1000
TRIMAP = np.repeat([1, 2, 3, 2], 64).reshape(16, 16)
CLASSES = ("above", "below")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(pk.MODERN, epochs=1, film_every=2)
    pk.train(tiny_net(), halves_data(), recipe, folder, verbose=False)
    return folder


# Each figure, drawn from a small network and its run, and what its text must say.
FIGURES = {
    "plot_activation_maximization": (
        lambda net, run: pkv.plot_activation_maximization(net, X, IMAGES, "conv", [0, 1]),
        "What activates conv most, a row each for filter 0 and filter 1: .*",
    ),
    "plot_annotations": (
        lambda net, run: pkv.plot_annotations(IMAGES[0], TRIMAP, (2, 2, 9, 9)),
        "A picture with the outline of its pet and a box around its head, .* 25% is pet .*",
    ),
    "plot_answer": (
        lambda net, run: pkv.plot_answer(net, X[:1], IMAGES[0], CLASSES),
        "A picture, one of its feature maps in each of conv, .*",
    ),
    "plot_architecture": (
        lambda net, run: pkv.plot_architecture(net, X[:1], IMAGES[0]),
        "The network as a row of maps, from the picture to its classes: conv 16 x 16 x 4, .*",
    ),
    "plot_attribution": (
        lambda net, run: pkv.plot_attribution(
            IMAGES, {"saliency": pkv.saliency(net, X)}, ["a", "b", "c"]
        ),
        "Three pictures, and to the right the places that count: saliency. Below: a, b and c.",
    ),
    "plot_before_after": (
        lambda net, run: pkv.plot_before_after(IMAGES[0] / 255, IMAGES[1] / 255),
        "Three feature maps of one picture: above, before training; below, after training.",
    ),
    "plot_confusion": (
        lambda net, run: pkv.plot_confusion(np.array([[5, 1], [2, 4]]), CLASSES),
        "A confusion matrix. The network names correctly 5 of 6 above and 4 of 6 below.",
    ),
    "plot_costs": (
        lambda net, run: pkv.plot_costs(net),
        r"Bars for 5 layers. dense\S* has the most weights, 514; conv takes the most .*",
    ),
    "plot_curves": (
        lambda net, run: pkv.plot_curves(run),
        r"Curves of loss and .*: test loss \d\.\d\d and test accuracy \d\.\d\d.",
    ),
    "plot_feature_maps": (
        lambda net, run: pkv.plot_feature_maps(pkv.feature_maps(net, X)["conv"][0], "conv"),
        "Four feature maps of conv, 16 by 16 values each: .*",
    ),
    "plot_graph": (
        lambda net, run: pkv.plot_graph(scoped_graph(pk.pet_net(image_size=8))),
        "The graph as boxes, joined by arrows from top to bottom: images, conv1_1, .*",
    ),
    "plot_kernels": (
        lambda net, run: pkv.plot_kernels(pkv.article_kernels(), IMAGES[0]),
        "Four kernels, and below each its response .*: horizontal, vertical, diagonal and outline.",
    ),
    "plot_movement": (
        lambda net, run: pkv.plot_movement(run),
        r"How far each kernel is from its start at step \d+: conv by \d+\.\d\d%.*",
    ),
    "plot_pictures": (
        lambda net, run: pkv.plot_pictures(IMAGES, ["dog", "cat", "dog"]),
        "Three pictures: dog and cat.",
    ),
    "plot_receptive_field": (
        lambda net, run: pkv.plot_receptive_field(net, X[0], IMAGES[0], ["conv"]),
        "What one unit of each layer sees of a picture, .* in pixels: conv 3 x 3.",
    ),
    "plot_sanity_check": (
        lambda net, run: pkv.plot_sanity_check(net, X[:1], IMAGES[0], pkv.saliency),
        r"A picture, its heat map, and \d more .* down to conv, where .* is -?\d\.\d\d.",
    ),
    "plot_worst": (
        lambda net, run: pkv.plot_worst(IMAGES, np.eye(2)[[0, 1, 1]], X[:, 0, 0, :2], CLASSES),
        r"Three pictures that the network knew least, the worst first: \w+ \d\d\.\d%, is \w+, .*",
    ),
}


@pytest.mark.parametrize("name", [name for name in pkv.__all__ if name.startswith("plot_")])
def test_every_figure_says_what_it_shows(name, run):
    draw, text = FIGURES[name]
    assert re.fullmatch(text, description(draw(tiny_net(), run)))


def test_kernels_alone_and_pictures_without_titles_are_described():
    assert description(pkv.plot_kernels({"a": np.eye(3)})) == "One kernel as colored squares: a."
    assert description(pkv.plot_pictures(IMAGES[:1])) == "One picture in a grid."


def test_a_notebook_keeps_the_text_beside_the_picture():
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(Figure, lambda figure: "data")
    data, metadata = formatter.format(describe(Figure(), "A dog."))
    assert data["image/png"] == "data"
    assert metadata == {"image/png": {"alt": "A dog."}}
    assert formatter.format(Figure())[1] == {}


def test_a_text_can_be_changed_and_copied_with_its_figure():
    figure = describe(describe(Figure(), "A dog."), "A cat.")
    assert description(pickle.loads(pickle.dumps(figure))) == "A cat."
    assert description(Figure()) == ""
