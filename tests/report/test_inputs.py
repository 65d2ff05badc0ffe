"""The photographs and layers that a run is shown by."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
from conftest import picture_bytes

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.report.figures import write_figures
from petkeras.report.inputs import choose_inputs
from petkeras.report.page import write_report
from petkeras.runs.run import Run


@pytest.mark.usefixtures("quick")
def test_photographs_and_layers_can_be_chosen(run_dir, data, tmp_path):
    files = [tmp_path / "gray.png", tmp_path / "a & b <i>.png"]
    files[0].write_bytes(picture_bytes(1, size=(90, 20), kind="PNG", mode="L"))
    files[1].write_bytes(picture_bytes(2, kind="PNG", mode="RGBA"))
    inputs = choose_inputs(Run(run_dir), data, files, ["pool1"])
    assert inputs.images.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(inputs.probabilities, Run(run_dir).predict(files), atol=1e-5)
    drawn = [figure for figure in write_figures(inputs) if "activations" in figure.file]
    assert [figure.file for figure in drawn] == ["activations-pool1.png"]
    page = write_report(inputs, drawn).read_text(encoding="utf-8")
    assert "a &amp; b &lt;i&gt;.png" in page


@pytest.mark.usefixtures("quick")
def test_without_its_pictures_a_run_is_shown_on_the_filmed_photograph(run_dir, data):
    inputs = choose_inputs(Run(run_dir))
    np.testing.assert_array_equal(inputs.images[0], data.test.images[0])
    files = [figure.file for figure in write_figures(inputs)]
    assert "confusion.png" not in files
    assert "attribution.png" in files


def test_without_pictures_and_film_a_photograph_is_required(tmp_path, data):
    recipe = dataclasses.replace(MODERN, epochs=1, film_every=0)
    pk.train(pet_net(image_size=32, recipe=recipe), data, recipe, tmp_path / "run", verbose=False)
    with pytest.raises(PetkerasError, match="Name a photograph"):
        choose_inputs(Run(tmp_path / "run"))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv9", "There is no layer 'conv9'. The layers are: conv1_1, conv1_2, pool1"),
        ("fc1", "Layer 'fc1' has no feature maps. Layers with feature maps are: conv1_1"),
    ],
)
def test_a_layer_that_cannot_be_shown_is_refused(run_dir, data, layer, message):
    with pytest.raises(PetkerasError, match=message):
        choose_inputs(Run(run_dir), data, layers=[layer])


def test_a_filmed_photograph_of_another_size_is_not_used(run_dir, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    np.save(tmp_path / "run" / "evolution" / "photograph.npy", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(PetkerasError, match="Name a photograph"):
        choose_inputs(Run(tmp_path / "run"))


@pytest.mark.usefixtures("quick")
def test_a_network_without_convolutions_is_shown_without_filters(run_dir, data, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    images = keras.Input((32, 32, 3))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(images))
    keras.Model(images, logits).save(tmp_path / "run" / "model.keras")
    inputs = choose_inputs(Run(tmp_path / "run"), data)
    files = [figure.file for figure in write_figures(inputs)]
    assert {"architecture.png", "costs.png", "attribution.png", "sanity.png"} <= set(files)
    assert dict(inputs.left_out)["How much of the picture one unit sees"].endswith(
        "has no convolutions or pools, whose fields are shown."
    )


def test_a_class_without_test_pictures_has_no_photograph(run_dir, data):
    first = dataclasses.replace(
        data.test, images=data.test.images[::2], labels=data.test.labels[::2],
        names=data.test.names[::2],
    )  # fmt: skip
    inputs = choose_inputs(Run(run_dir), dataclasses.replace(data, test=first))
    np.testing.assert_array_equal(inputs.images, data.test.images[:1])
