"""The strip marks the parts that are named, by color and by outline, and knows all others."""

import pytest

import petkeras as pk
from petkeras.course.strip import BOXES, MARKED, PLAIN, ROW
from petkeras.errors import PetkerasError


def names(figure):
    return {text.get_text(): text for text in figure.axes[0].texts}


def widths(figure):
    return sorted({patch.get_linewidth() for patch in figure.axes[0].patches})


def test_all_layers_that_matter_are_parts():
    layers = {layer.name for layer in pk.pet_net(image_size=8).layers}
    assert set(ROW) - {"picture", "probabilities"} <= layers
    assert layers - set(ROW) == {"images", "drop1", "drop2", "drop3", "flatten"}


@pytest.mark.parametrize("part", [*ROW, *BOXES])
def test_a_named_part_is_bold_outlined_and_described(part):
    figure = pk.course.where(part)
    bold = [name for name, text in names(figure).items() if text.get_weight() == "bold"]
    assert bold == [part]
    assert list(names(figure)) == [*ROW, *BOXES]
    assert max(widths(figure)) == MARKED["width"]
    assert pk.visualize.description(figure).endswith(f"marked: {part}.")


def test_without_a_part_nothing_is_marked():
    figure = pk.course.where()
    assert max(widths(figure)) < MARKED["width"]
    assert pk.visualize.description(figure).endswith("none marked.")
    assert figure.get_size_inches().tolist() == [8.0, 0.98]
    assert PLAIN["width"] < MARKED["width"]


def test_several_parts_are_marked_in_the_networks_order():
    text = pk.visualize.description(pk.course.where("pool1", "conv1_1", "loss"))
    assert text.endswith("marked: conv1_1, pool1 and loss.")


def test_an_unknown_part_is_named_with_the_known_ones():
    with pytest.raises(PetkerasError, match=r"Unknown part 'conv1'\. Did you mean 'conv1_1'\? "):
        pk.course.where("conv1")
    with pytest.raises(PetkerasError, match=r"'sofmax'\. Did you mean 'softmax'"):
        pk.course.where("sofmax")
    with pytest.raises(PetkerasError, match=r"'3'\. The drawing has: picture, .*, loss"):
        pk.course.where(3)
