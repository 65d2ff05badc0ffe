"""All figures of a run, and the page that holds them."""

import base64
import dataclasses
import io
import shutil
from html.parser import HTMLParser

import keras
import numpy as np
import pytest
from conftest import halves, picture_bytes
from PIL import Image

from petkeras.data.pets import PetData
from petkeras.data.pipeline import mean_image
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.report import figures as gallery
from petkeras.report.figures import make_scene, write_figures
from petkeras.report.page import write_report
from petkeras.runs.run import Run
from petkeras.training import train


@pytest.fixture(scope="module")
def data():
    train_part, test = halves(44, size=32), halves(12, size=32, seed=1)
    return PetData(train_part, test, ("above", "below"), mean_image(train_part.images))


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory, data):
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(MODERN, epochs=2, film_every=5)
    train(pet_net(image_size=32, recipe=recipe, seed=0), data, recipe, run_dir, verbose=False)
    return run_dir


@pytest.fixture(scope="module")
def shown(run_dir, data):
    """The scene, its exhibits, and the text of the page."""
    scene = make_scene(Run(run_dir), data)
    (run_dir.parent / "precious").write_text("mine")
    (run_dir / "figures" / "curves.png").symlink_to(run_dir.parent / "precious")
    exhibits = write_figures(scene)
    return scene, exhibits, write_report(scene, exhibits).read_text(encoding="utf-8")


class Page(HTMLParser):
    """Note every tag with its attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_everything_that_applies_is_drawn(shown):
    files = [exhibit.file for exhibit in shown[1]]
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
        "excitation-conv2_2.png",
        "excitation-softmax.png",
    ]
    for exhibit in shown[1]:
        with Image.open(shown[0].run.run_dir / "figures" / exhibit.file) as image:
            assert np.asarray(image.convert("L")).std() > 1, f"{exhibit.file} is empty"


def test_the_page_holds_every_figure_itself_with_an_alternative_text(shown):
    images = Page(shown[2]).all("img")
    animations = [exhibit for exhibit in shown[1] if exhibit.still]
    assert len(images) == len(shown[1]) + len(animations)  # and their last frames, for printers
    for image in images:
        assert len(image["alt"]) > 15
        kind, data = image["src"].split(";base64,")
        assert kind in ("data:image/png", "data:image/gif")
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.width > 200


def test_the_page_asks_for_nothing_from_anywhere(shown):
    page = Page(shown[2])
    assert not page.all("script")
    for tag in ("img", "link", "a"):
        for attributes in page.all(tag):
            target = attributes.get("src") or attributes.get("href")
            assert target.startswith(("data:", "#"))
    assert "url(" not in shown[2]
    assert "@import" not in shown[2]


def test_the_pages_links_lead_to_its_sections(shown):
    page = Page(shown[2])
    ids = {attributes["id"] for attributes in page.all("section")}
    assert {link["href"].removeprefix("#") for link in page.all("a")} == ids


def test_the_page_says_what_was_trained_and_what_it_answers(shown):
    scene, _, text = shown
    page = Page(text).text
    assert "44 pictures of above, below; 12 more" in page
    last = scene.run.history.epochs[-1]
    assert f"{last.test_accuracy:.1%} of the test pictures" in page
    for row in scene.probabilities:
        assert f"{row[0]:.1%}" in page


@pytest.fixture
def quick(monkeypatch):
    """Leave out what takes longest, and is the same whatever pictures there are."""
    monkeypatch.setattr(gallery, "_film", lambda scene: [])
    monkeypatch.setattr(gallery, "_looks_for", lambda scene: [])


@pytest.mark.usefixtures("quick")
def test_photographs_and_layers_can_be_chosen(run_dir, data, tmp_path):
    files = [tmp_path / "gray.png", tmp_path / "a & b <i>.png"]
    files[0].write_bytes(picture_bytes(1, size=(90, 20), kind="PNG", mode="L"))
    files[1].write_bytes(picture_bytes(2, kind="PNG", mode="RGBA"))
    scene = make_scene(Run(run_dir), data, files, ["pool1"])
    assert scene.images.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(scene.probabilities, Run(run_dir).predict(files), atol=1e-5)
    exhibits = [exhibit for exhibit in write_figures(scene) if "activations" in exhibit.file]
    assert [exhibit.file for exhibit in exhibits] == ["activations-pool1.png"]
    page = write_report(scene, exhibits).read_text(encoding="utf-8")
    assert "a &amp; b &lt;i&gt;.png" in page


@pytest.mark.usefixtures("quick")
def test_without_its_pictures_a_run_is_shown_by_the_one_that_was_filmed(run_dir, data):
    scene = make_scene(Run(run_dir))
    np.testing.assert_array_equal(scene.images[0], data.test.images[0])
    files = [exhibit.file for exhibit in write_figures(scene)]
    assert "confusion.png" not in files
    assert "attribution.png" in files


def test_without_pictures_and_film_a_photograph_is_asked_for(tmp_path, data):
    recipe = dataclasses.replace(MODERN, epochs=1, film_every=0)
    train(pet_net(image_size=32, recipe=recipe), data, recipe, tmp_path / "run", verbose=False)
    with pytest.raises(PetkerasError, match="Name a photograph"):
        make_scene(Run(tmp_path / "run"))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv9", "There is no layer 'conv9'. The layers are: conv1_1, conv1_2, pool1"),
        ("fc1", "Layer 'fc1' has no feature maps. Layers that have: conv1_1"),
    ],
)
def test_a_layer_that_cannot_be_shown_is_refused(run_dir, data, layer, message):
    with pytest.raises(PetkerasError, match=message):
        make_scene(Run(run_dir), data, layers=[layer])


def test_a_film_of_pictures_of_another_size_is_not_shown(run_dir, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    np.save(tmp_path / "run" / "evolution" / "photograph.npy", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(PetkerasError, match="Name a photograph"):
        make_scene(Run(tmp_path / "run"))


def test_a_link_is_not_written_through(shown, run_dir, data, tmp_path):
    assert (run_dir.parent / "precious").read_text() == "mine"
    assert not (run_dir / "figures" / "curves.png").is_symlink()
    shutil.copytree(run_dir, tmp_path / "run", ignore=shutil.ignore_patterns("figures"))
    (tmp_path / "run" / "figures").symlink_to(tmp_path)
    with pytest.raises(PetkerasError, match="figures is a link"):
        write_figures(make_scene(Run(tmp_path / "run"), data))


def test_a_network_without_convolutions_is_told_of(run_dir, data, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    images = keras.Input((32, 32, 3))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(images))
    keras.Model(images, logits).save(tmp_path / "run" / "model.keras")
    with pytest.raises(PetkerasError, match="has no convolutions"):
        make_scene(Run(tmp_path / "run"), data)
