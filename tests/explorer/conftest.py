"""What many tests of the explorer look at: a small network, trained once, and its page."""

import dataclasses

import pytest
from explorer.small_runs import small_data

import petkeras as pk
from petkeras.explorer.contents import make_contents
from petkeras.explorer.explored import open_explored
from petkeras.explorer.page import write_page
from petkeras.recipes import MODERN


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The run folder of the article's network for 16 pixels, with a film of three frames."""
    recipe = dataclasses.replace(MODERN, epochs=2, film_every=5)
    model = pk.pet_net(image_size=16, recipe=recipe, seed=0)
    folder = tmp_path_factory.mktemp("runs") / "trained"
    pk.train(model, small_data(), recipe, folder, verbose=False)
    return folder


@pytest.fixture(scope="session")
def explored(trained):
    return open_explored(trained, data=small_data())


@pytest.fixture(scope="session")
def page_file(explored, tmp_path_factory):
    """The explorer's page of that run, in a file."""
    return write_page(make_contents(explored), tmp_path_factory.mktemp("pages") / "explorer.html")
