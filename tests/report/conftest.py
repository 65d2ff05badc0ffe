"""A run, and its figures and page, that all tests of the report share."""

import dataclasses

import pytest
from conftest import halves

import petkeras as pk
from petkeras.data.pets import PetData
from petkeras.data.pipeline import mean_image
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.report import figures, network_figures
from petkeras.report.figures import write_figures
from petkeras.report.inputs import choose_inputs
from petkeras.report.page import write_report
from petkeras.runs.run import Run


@pytest.fixture(scope="package")
def data():
    train_part, test = halves(44, size=32), halves(12, size=32, seed=1)
    return PetData(train_part, test, ("above", "below"), mean_image(train_part.images))


@pytest.fixture(scope="package")
def run_dir(tmp_path_factory, data):
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(MODERN, epochs=2, film_every=5)
    pk.train(pet_net(image_size=32, recipe=recipe, seed=0), data, recipe, run_dir, verbose=False)
    return run_dir


@pytest.fixture(scope="package")
def shown(run_dir, data):
    """The inputs, the figures, and the text of the page."""
    inputs = choose_inputs(Run(run_dir), data)
    (run_dir.parent / "precious").write_text("mine")
    (run_dir / "figures" / "curves.png").unlink(missing_ok=True)
    (run_dir / "figures" / "curves.png").symlink_to(run_dir.parent / "precious")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_figures, "MAX_MAPS", 16)  # a grid of 64 takes seconds to draw
        drawn = write_figures(inputs)
    return inputs, drawn, write_report(inputs, drawn).read_text(encoding="utf-8")


@pytest.fixture
def quick(monkeypatch):
    """Leave out the slow figures that do not depend on the chosen photographs."""
    monkeypatch.setattr(network_figures, "MAX_MAPS", 16)
    monkeypatch.setattr(figures, "_film_figures", lambda inputs: [])
    monkeypatch.setattr(figures, "activation_maximization_figures", lambda inputs: [])
