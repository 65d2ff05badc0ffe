"""All figures of a run are drawn, into its own folder only."""

import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from petkeras.errors import PetkerasError
from petkeras.report import figures, network_figures
from petkeras.report.figures import write_figures
from petkeras.report.inputs import choose_inputs
from petkeras.report.page import write_report
from petkeras.runs.run import Run


def test_every_figure_that_applies_is_drawn(shown):
    files = [figure.file for figure in shown[1]]
    assert files == [
        "answer.png",
        "confusion.png",
        "worst.png",
        "attribution.png",
        "sanity.png",
        "curves.png",
        *(f"evolution-conv{name}.gif" for name in ("1_1", "1_2", "2_1", "2_2")),
        "movement.png",
        "kernels-by-hand.png",
        "kernels.png",
        *(f"activations-conv{name}.png" for name in ("1_1", "1_2", "2_1", "2_2")),
        "before-after.png",
        "activation-maximization-softmax.png",
        "architecture.png",
        "costs.png",
        "receptive.png",
    ]
    for figure in shown[1]:
        with Image.open(shown[0].run.run_dir / "figures" / figure.file) as image:
            assert np.asarray(image.convert("L")).std() > 1, f"{figure.file} is empty"


def test_a_phone_gets_narrow_pictures_of_some_figures(shown):
    narrow = [figure for figure in shown[1] if figure.columns]
    names = ["answer.png", "worst.png", "sanity.png", "curves.png"]
    assert [figure.file for figure in narrow] == names
    folder = shown[0].run.run_dir / "figures"
    for figure in narrow:
        with Image.open(folder / figure.narrow_file) as image:
            assert image.width == 800  # 400 pixels, twice as sharp
            assert image.height > 500
            assert np.asarray(image.convert("L")).std() > 1, f"{figure.narrow_file} is empty"
            assert not image.getexif()


def test_drawn_pets_are_not_called_photographs(shown):
    (figure,) = [each for each in shown[1] if each.file == "attribution.png"]
    assert figure.draw().axes[0].get_title(loc="left") == "picture"


def test_symbolic_links_are_not_followed(shown, run_dir, data, tmp_path):
    assert (run_dir.parent / "precious").read_text() == "mine"
    assert not (run_dir / "figures" / "curves.png").is_symlink()
    shutil.copytree(run_dir, tmp_path / "run", ignore=shutil.ignore_patterns("figures"))
    (tmp_path / "run" / "figures").symlink_to(tmp_path)
    with pytest.raises(PetkerasError, match="figures is a link"):
        write_figures(choose_inputs(Run(tmp_path / "run"), data))


def test_a_branched_network_with_a_nested_model_is_shown_without_what_cannot_be(
    run_dir, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(figures, "_film_figures", lambda inputs: [])
    shutil.copytree(run_dir, tmp_path / "run", ignore=shutil.ignore_patterns("figures"))
    images = keras.Input((32, 32, 3))
    part = keras.Input((None, None, 3))
    conv = keras.layers.Conv2D(4, 3, name="conv")(part)
    backbone = keras.Model(part, conv, name="backbone")(images)
    x = keras.layers.Concatenate(name="join")([backbone, backbone])
    x = keras.layers.GlobalAveragePooling2D()(x)
    logits = keras.layers.Dense(2, activation="softmax", name="classes")(x)
    keras.Model(images, logits).save(tmp_path / "run" / "model.keras")
    inputs = choose_inputs(Run(tmp_path / "run"), data)
    np.testing.assert_allclose(inputs.probabilities, inputs.model(inputs.x), rtol=1e-5)
    files = [figure.file for figure in write_figures(inputs)]
    assert {"activations-backbone-conv.png", "attribution.png", "sanity.png"} <= set(files)
    assert [title for title, _ in inputs.left_out] == ["What activates each class most"]
    assert "The input of layer 'join' is not" in inputs.left_out[0][1]
    page = write_report(inputs, []).read_text(encoding="utf-8")
    assert "What activates each class most" in page


def test_figures_of_a_large_network_that_show_each_layer_are_left_out(shown, monkeypatch):
    monkeypatch.setattr(network_figures, "MAX_DRAWN_LAYERS", 11)
    (costs,) = [
        each for each in network_figures.network_figures(shown[0]) if each.file == "costs.png"
    ]
    with pytest.raises(PetkerasError, match="has 12 layers, and this figure has room for 11"):
        costs.draw()
