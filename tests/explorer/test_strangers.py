"""Runs and names of strangers: one clear line, or a harmless page."""

import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
from conftest import picture_bytes
from explorer.opened import opened
from explorer.small_runs import small_data

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.explorer.contents import make_contents
from petkeras.explorer.explored import open_explored
from petkeras.explorer.page import write_page

L = keras.layers
TABS = ("Look", "Change", "Play", "Time", "Answer")
NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><!--<script>alert(3)",
    "x" * 300,
    "كلب \u202eסמויד",
    "萨摩耶犬" * 20,
    "",
    "a\nb\t{name}",
)
FILES = (
    "<img src=x onerror=alert(4)>.png",
    "\"'`$(id);&.png",
    "\u202egnp.הארנ 萨摩.png",
    "y" * 200 + ".png",
)
LAYERS = ("<img src=x onerror=alert(5)>", "z" * 200, "&lt;b&gt;", "", "אבג {name}\n")


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    """The page of a network whose classes, layers and photographs have hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    for number, name in enumerate(FILES):
        (folder / name).write_bytes(picture_bytes(number, (20, 20), "PNG"))
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            L.Conv2D(4, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(5, activation="relu"),
            L.Dense(len(NAMES)),
        ]
    )
    files = [folder / name for name in FILES]
    contents = make_contents(open_explored(model, files, class_names=NAMES))
    for layer, name in zip(contents.manifest["layers"], LAYERS, strict=True):
        layer["name"] = name  # TensorFlow would not run a network with such names
    return write_page(contents, folder / "page.html")


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_names_are_shown_and_do_nothing(browser, hostile_page, width):
    with opened(browser, hostile_page, viewport={"width": width, "height": 900}) as explorer:
        page = explorer.page
        for name in TABS:
            explorer.tab(name)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width, name
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 3
        shown = page.locator("#petkeras-explorer").evaluate("(root) => root.textContent")
        for name in (*NAMES[:3], *FILES[:2], *LAYERS[:2]):
            assert name in shown.replace("\u200b", "")
        assert "class 6" in shown  # whose name is empty
        assert explorer.messages == []
        requests = [url for url in explorer.requests if not url.startswith("data:")]
        assert requests == [hostile_page.as_uri()]


def test_a_hostile_name_of_ones_own_photograph_is_shown(browser, hostile_page):
    with opened(browser, hostile_page) as explorer:
        name = "<img src=x onerror=alert(6)>.png"
        file = {"name": name, "mimeType": "image/png", "buffer": picture_bytes(9, kind="PNG")}
        explorer.page.locator("input[type=file]").set_input_files(file)
        explorer.page.locator(".px-caption", has_text=name).wait_for()
        assert explorer.page.locator("img").count() == 0
        assert explorer.messages == []


# Damaged runs


@pytest.fixture
def damaged(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def rewrite(file, change):
    with np.load(file) as archive:
        arrays = dict(archive)
    np.savez(file, **change(arrays))


def frames(run):
    return sorted((run / "evolution").glob("step_*.npz"))


def truncated(run):
    data = frames(run)[1].read_bytes()
    frames(run)[1].write_bytes(data[: len(data) // 2])


def not_finite(run):
    rewrite(frames(run)[0], lambda arrays: {name: array * np.nan for name, array in arrays.items()})


def wrong_shapes(run):
    rewrite(frames(run)[2], lambda arrays: {name: np.ones(3) for name in arrays})


def pickled(run):
    nothing = np.array([{"a": 1}], object)
    rewrite(frames(run)[0], lambda arrays: dict.fromkeys(arrays, nothing))


def of_another_network(run):
    film = json.loads((run / "evolution" / "film.json").read_text())
    text = json.dumps(film).replace("conv", "<b>other</b>")
    (run / "evolution" / "film.json").write_text(text)


def hostile_layers(run):
    def change(arrays):
        return {name.replace("conv1_1", "<img src=x>\n../.."): a for name, a in arrays.items()}

    for file in frames(run):
        rewrite(file, change)


def no_json(run):
    (run / "evolution" / "film.json").write_text('{"filters": [[[]]]}')


def deep_json(run):
    (run / "evolution" / "film.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        not_finite,
        wrong_shapes,
        pickled,
        of_another_network,
        hostile_layers,
        no_json,
        deep_json,
    ],
)
def test_a_damaged_film_is_a_note_and_the_rest_is_there(damaged, damage):
    damage(damaged)
    explored = open_explored(damaged, data=small_data())
    [note] = explored.notes
    assert "film" in note.lower()
    assert "\n" not in note
    assert len(explored.photographs) == 6


def nan_weights(run):
    model = pk.Run(run).model
    weights = model.get_weights()
    weights[0][0] = np.nan
    model.set_weights(weights)
    model.save(run / "model.keras")


def no_mean(run):
    (run / "mean.npy").unlink()


def nan_mean(run):
    np.save(run / "mean.npy", np.full((16, 16, 3), np.nan, np.float32))


def small_mean(run):
    np.save(run / "mean.npy", np.zeros((8, 8, 3), np.float32))


def no_model(run):
    (run / "model.keras").write_bytes(b"PK\x03\x04nonsense")


def hostile_layer(run):
    """Name a layer as TensorFlow refuses it."""
    with zipfile.ZipFile(run / "model.keras") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = files["config.json"].replace(b'"conv1_1"', b'"<b>"')
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def no_config(run):
    (run / "config.json").write_text("{")


def other_classes(run):
    config = json.loads((run / "config.json").read_text())
    config["class_names"] = ["a", "b", "c"]
    (run / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    "damage",
    [
        nan_weights,
        hostile_layer,
        no_mean,
        nan_mean,
        small_mean,
        no_model,
        no_config,
        other_classes,
    ],
)
def test_a_damaged_run_is_one_line(damaged, damage):
    damage(damaged)
    with pytest.raises(PetkerasError) as raised:
        make_contents(open_explored(damaged, data=small_data()))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) > 20


def test_a_run_without_a_film_shows_photographs_of_any_values(browser, damaged, tmp_path):
    shutil.rmtree(damaged / "evolution")
    extreme = np.stack([np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)])
    file = write_page(make_contents(open_explored(damaged, extreme)), tmp_path / "x.html")
    with opened(browser, file) as explorer:
        for name in TABS:
            explorer.tab(name)
            assert "NaN" not in explorer.text("#petkeras-explorer")
        explorer.tab("Time")
        assert "This run has no film of its weights." in explorer.text("[role=tabpanel]")
        assert explorer.messages == []


def test_a_run_whose_pictures_are_gone_shows_the_filmed_photograph(damaged, monkeypatch):
    monkeypatch.delenv("PETKERAS_PETS", raising=False)
    explored = open_explored(damaged, data_dir=damaged / "nowhere")
    assert explored.photographs.names == ["the filmed photograph"]
    assert any("pictures of the run were not found" in note for note in explored.notes)
    shutil.rmtree(damaged / "evolution")
    with pytest.raises(PetkerasError, match="Name a photograph in `photographs`"):
        open_explored(damaged, data_dir=damaged / "nowhere")
