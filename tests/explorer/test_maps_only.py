"""A network that ends in maps: all of it can be explored, and it has no answer."""

import keras
import pytest
from explorer.opened import opened
from explorer.small_runs import photographs

import petkeras as pk

LINE = "It has no answer: its last layer gives maps."


@pytest.fixture
def maps_page(tmp_path):
    layers = [pk.layers.Conv2D(4, 3, name="kernels"), pk.layers.MaxPool2D(name="pool")]
    network = keras.Sequential([keras.Input((16, 16, 3)), *layers])
    return pk.explore(network, photographs(1)).save(tmp_path / "maps.html")


def test_no_class_and_no_probability_is_shown_for_maps(browser, maps_page):
    with opened(browser, maps_page) as explorer:
        assert explorer.text(".px-answer-hint") == LINE
        assert explorer.page.locator(".px-bar").count() == 0
        names = explorer.page.locator(".px-card-name").all_inner_texts()
        assert names == ["picture", "kernels", "pool"]
        for tab in ("Change", "Play", "Time", "Answer", "Look"):
            explorer.tab(tab)
        assert explorer.messages == []
