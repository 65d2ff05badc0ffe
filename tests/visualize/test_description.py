"""Every figure has an alternative text, and a notebook keeps it."""

import pickle
import re

import numpy as np
import pytest
from conftest import tiny_net
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure
from visualize.drawings import IMAGES, PLOTS

import petkeras as pk
from petkeras import language
from petkeras.visualize import describe, description
from petkeras.visualize.description import counted, listed

pkv = pk.visualize

# What the text of each figure must say.
TEXTS = {
    "plot_activation_maximization": (
        "What activates conv most, a row each for filter 0 and filter 1: .*"
    ),
    "plot_annotations": (
        "A picture with the outline of its pet and a box around its head, .* 25% is pet .*"
    ),
    "plot_answer": "A picture, one of its feature maps in each of conv, .*",
    "plot_architecture": (
        "The network as a row of maps, from the picture to its classes: conv 16 x 16 x 4, .*"
    ),
    "plot_attribution": (
        "Three pictures, and to the right the places that count: saliency. Below: a, b and c."
    ),
    "plot_before_after": (
        "Three feature maps of one picture: above, before training; below, after training."
    ),
    "plot_confusion": (
        "A confusion matrix. The network names correctly 5 of 6 above and 4 of 6 below."
    ),
    "plot_costs": r"Bars for 5 layers. dense\S* has the most weights, 514; conv takes the most .*",
    "plot_curves": r"Curves of loss and .*: test loss \d\.\d\d and test accuracy \d\.\d\d.",
    "plot_feature_maps": "Four feature maps of conv, 16 by 16 values each: .*",
    "plot_graph": "The graph as boxes, joined by arrows from top to bottom: images, conv1_1, .*",
    "plot_kernels": (
        "Four kernels, and below each its response .*: horizontal, vertical, diagonal and outline."
    ),
    "plot_movement": r"How far each kernel is from its start at step \d+: conv by \d+\.\d\d%.*",
    "plot_pictures": "Three pictures: dog and cat.",
    "plot_receptive_field": (
        "What one unit of each layer sees of a picture, .* in pixels: conv 3 x 3."
    ),
    "plot_sanity_check": (
        r"A picture, its heat map, and \d more .* down to conv, where .* is -?\d\.\d\d."
    ),
    "plot_worst": (
        r"Three pictures that the network knew least, the worst first: \w+ \d\d\.\d%, is \w+, .*"
    ),
}


@pytest.mark.parametrize("name", [name for name in pkv.__all__ if name.startswith("plot_")])
def test_every_figure_says_what_it_shows(name, tiny_run):
    assert re.fullmatch(TEXTS[name], description(PLOTS[name](tiny_net(), tiny_run)))


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


def test_things_are_counted_and_listed_in_chinese():
    language.use("zh")
    try:
        assert [counted(count, "kernel") for count in (1, 32)] == ["1 个卷积核", "32 个卷积核"]
        assert listed(["甲", "乙", "丙"]) == "甲、乙、丙"
        assert listed("abcdefgh") == "a、b、c、d、e、还有 3 个"
        assert listed([]) == ""
    finally:
        language.use(None)
