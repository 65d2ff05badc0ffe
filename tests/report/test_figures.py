"""All figures of a run are drawn, into its own folder only."""

import shutil

import numpy as np
import pytest
from PIL import Image

from petkeras.errors import PetkerasError
from petkeras.report.figures import write_figures
from petkeras.report.inputs import choose_inputs
from petkeras.runs.run import Run


def test_every_figure_that_applies_is_drawn(shown):
    files = [figure.file for figure in shown[1]]
    assert files == [
        "curves.png",
        "confusion.png",
        "worst.png",
        "architecture.png",
        "costs.png",
        "receptive.png",
        "kernels-by-hand.png",
        "kernels.png",
        *(f"activations-conv{name}.png" for name in ("1_1", "1_2", "2_1", "2_2")),
        "before-after.png",
        *(f"evolution-conv{name}.gif" for name in ("1_1", "1_2", "2_1", "2_2")),
        "movement.png",
        "attribution.png",
        "sanity.png",
        "activation-maximization-conv2_2.png",
        "activation-maximization-softmax.png",
    ]
    for figure in shown[1]:
        with Image.open(shown[0].run.run_dir / "figures" / figure.file) as image:
            assert np.asarray(image.convert("L")).std() > 1, f"{figure.file} is empty"


def test_symbolic_links_are_not_followed(shown, run_dir, data, tmp_path):
    assert (run_dir.parent / "precious").read_text() == "mine"
    assert not (run_dir / "figures" / "curves.png").is_symlink()
    shutil.copytree(run_dir, tmp_path / "run", ignore=shutil.ignore_patterns("figures"))
    (tmp_path / "run" / "figures").symlink_to(tmp_path)
    with pytest.raises(PetkerasError, match="figures is a link"):
        write_figures(choose_inputs(Run(tmp_path / "run"), data))
