"""A run that several tests of the figures share."""

import dataclasses

import pytest
from conftest import halves_data, tiny_net

import petkeras as pk


@pytest.fixture(scope="package")
def tiny_run(tmp_path_factory):
    """The folder of a run of `tiny_net`: one epoch, filmed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(pk.MODERN, epochs=1, film_every=2)
    pk.train(tiny_net(), halves_data(), recipe, folder, verbose=False)
    return folder
