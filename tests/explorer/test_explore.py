"""`pk.explore`: what it takes, what it refuses in one line, and what a notebook shows of it."""

import base64
import importlib.util
import io
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import picture_bytes
from explorer.small_runs import photographs, small_data, small_run
from PIL import Image

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.explorer.explore import Explorer


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def plain(monkeypatch):
    """Make anywidget look as if it were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "anywidget" else find(name)
    )


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(image_size=16, seed=0)


def test_it_returns_a_widget_where_anywidget_is_installed(run_dir):
    anywidget = pytest.importorskip("anywidget")
    assert isinstance(pk.explore(run_dir, data=small_data()), anywidget.AnyWidget)


def test_it_returns_a_plain_object_otherwise(run_dir, plain, tmp_path):
    explorer = pk.explore(run_dir, data=small_data())
    assert type(explorer) is Explorer
    page = explorer.save(tmp_path / "x.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_run_a_path_and_a_model_are_explored(run_dir, model, plain):
    for source in (run_dir, str(run_dir), pk.Run(run_dir)):
        assert "12 layers and 6 pictures: Above or below?" in repr(
            pk.explore(source, data=small_data())
        )
    explorer = pk.explore(model, photographs(2), class_names=["cat", "dog"], mean=100.0)
    assert repr(explorer) == "<explorer of 12 layers and 2 pictures: Cat or dog?>"


def test_one_path_or_several_are_taken(run_dir, plain, tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(picture_bytes(1))
    for given in (file, str(file), [file]):
        assert "1 picture: Above or below?" in repr(pk.explore(run_dir, given))


def test_the_text_has_no_address_and_no_path(run_dir):
    shown = pk.explore(run_dir, data=small_data())
    assert "0x" not in repr(shown)
    assert str(run_dir) not in repr(shown)
    assert repr(shown) == repr(pk.explore(run_dir, data=small_data()))


def test_a_notebook_gets_a_picture_beside_the_widget(run_dir):
    pytest.importorskip("anywidget")
    shown = pk.explore(run_dir, data=small_data())
    data, metadata = shown._repr_mimebundle_()
    assert metadata["image/png"]["alt"].startswith("The explorer, ")
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
        assert picture.width == 800
    assert data["text/plain"] == repr(shown)


def test_a_plain_object_is_shown_as_its_picture(run_dir, plain):
    data, metadata = pk.explore(run_dir, data=small_data())._repr_mimebundle_()
    assert metadata["image/png"]["alt"].startswith("The explorer, ")
    assert set(data) == {"text/plain", "image/png"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "conv9"}, "There is no layer 'conv9'. The layers are: conv1_1, conv1_2"),
        (
            {"layer": "conv1_1", "filter": 32},
            "`filter` of layer 'conv1_1' must be an integer from 0 to 31.",
        ),
        ({"filter": -1}, "must be an integer from 0 to 31. Received: filter=-1"),
        ({"filter": 0.5}, "must be an integer from 0 to 31. Received: filter=0.5"),
        ({"tab": "eat"}, "`tab` must be one of look, change, play, time, answer. Received: tab="),
        ({"photographs": "no_such.jpg"}, "no_such.jpg cannot be used: it cannot be opened"),
        ({"photographs": np.zeros((1, 9, 9, 3), np.uint8)}, "`photographs` must be paths, or an"),
        ({"pixel_scale": 0.0}, "`pixel_scale` must be a finite number above 0. Received"),
        ({"class_names": ["one"]}, "`class_names` must name the 2 outputs of the network."),
    ],
)
def test_a_mistake_is_one_line(model, options, message):
    with pytest.raises(PetkerasError) as raised:
        pk.explore(model, **{"photographs": photographs(1), **options})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", [5, None, keras.layers.Dense(2), ["runs/mine"]])
def test_a_source_of_another_kind_is_refused(source):
    with pytest.raises(PetkerasError, match=r"`run_or_model` must be the path of a run folder, a"):
        pk.explore(source)


def test_a_folder_that_is_not_a_run_is_refused(tmp_path):
    with pytest.raises(PetkerasError, match="is not a run folder"):
        pk.explore(tmp_path)


def test_a_run_takes_no_arguments_of_a_model(run_dir):
    with pytest.raises(PetkerasError, match=r"describe a keras\.Model; a run has its own"):
        pk.explore(run_dir, mean=3.0)


def test_a_model_without_photographs_is_refused(model):
    with pytest.raises(PetkerasError, match="Name photographs in `photographs`"):
        pk.explore(model)


def test_importing_petkeras_loads_no_widget_and_no_tensorflow():
    code = "import petkeras, sys; print({'anywidget', 'tensorflow', 'keras'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
