"""The film: each frame shows its step, with one color scale for all frames."""

import dataclasses
import io
import json
import os
import shutil

import numpy as np
import pytest
from conftest import halves_data
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import petkeras as pk
from petkeras.callbacks.filters import Film
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.visualize import Evolution, animate_evolution, plot_movement
from petkeras.visualize.evolution import list_frames, read_film


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run of 10 steps with a frame every 2."""
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(MODERN, epochs=2, film_every=2)
    film = Film({"conv1_2": [5, 2], "pool2": [0, 1, 2]})
    model = pet_net(image_size=16, recipe=recipe, seed=0)
    pk.train(model, halves_data(), recipe, run_dir, verbose=False, film=film)
    return run_dir


def panels(figure):
    return [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]


def test_each_frame_shows_the_maps_of_its_step(run_dir):
    evolution = Evolution(run_dir)
    assert evolution.steps == [0, 2, 4, 6, 8, 10]
    film = animate_evolution(run_dir)
    assert film.count == 6
    for frame in (0, 3, -1):
        shown = panels(film.frame(frame))
        titles = [text.get_text() for axes in shown for text in axes.texts]
        assert titles == ["filter 5", "filter 2", "filter 0", "filter 1", "filter 2"]
        maps = [evolution.maps("conv1_2")[frame, ..., k] for k in range(2)]
        maps += [evolution.maps("pool2")[frame, ..., k] for k in range(3)]
        images = [image for axes in shown for image in axes.images]
        for image, values in zip(images, maps, strict=True):
            np.testing.assert_array_equal(image.get_array(), values)
        step = evolution.steps[frame]
        assert f"step {step}" in [text.get_text() for text in film.figure.texts]


def test_the_scale_of_a_layer_is_the_same_on_every_frame(run_dir):
    film, maps = animate_evolution(run_dir, "conv1_2"), Evolution(run_dir).maps("conv1_2")
    for frame in range(film.count):
        (axes,) = panels(film.frame(frame))
        for image in axes.images:
            np.testing.assert_allclose(image.get_clim(), (maps.min(), maps.max()))


def test_the_frames_of_a_gif_share_one_palette(run_dir):
    gif = Image.open(io.BytesIO(animate_evolution(run_dir, "conv1_2").to_gif()))
    palettes = set()
    for frame in range(gif.n_frames):
        gif.seek(frame)
        palettes.add(bytes(gif.palette.palette) if gif.palette else None)
    assert gif.n_frames == 6
    assert len(palettes) == 1


def test_of_many_frames_an_even_sample_with_the_first_and_the_last_is_shown(run_dir):
    film = animate_evolution(run_dir, "pool2", filters=[1], max_frames=3)
    texts = []
    for frame in range(film.count):
        texts += [text.get_text() for text in film.frame(frame).texts]
    assert [text for text in texts if text.startswith("step")] == ["step 0", "step 4", "step 10"]


def test_movement_is_what_the_recorder_measured(run_dir):
    movement = Evolution(run_dir).movement()
    figure = plot_movement(run_dir)
    for line, (layer, moved) in zip(figure.axes[0].lines, movement.items(), strict=True):
        assert line.get_label() == layer
        assert line.get_xdata().tolist() == [2, 4, 6, 8, 10]
        np.testing.assert_array_equal(line.get_ydata(), moved[1:])


def test_no_label_of_the_movement_is_a_raw_formula(run_dir):
    figure = plot_movement(run_dir)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels(which="both")]
    assert any(labels)
    assert not any("$" in label for label in labels)
    colors = {
        line.get_color() if isinstance(line.get_color(), str) else tuple(line.get_color())
        for line in axes.lines
    }
    assert len(colors) == len(axes.lines)


@pytest.mark.parametrize(
    ("layers", "filters", "message"),
    [
        ("conv2_2", None, "Layer 'conv2_2' was not filmed. Filmed layers: conv1_2, pool2"),
        ("conv1_2", [7], "Filter 7 of layer 'conv1_2' was not filmed. Filmed filters: 5, 2"),
    ],
)
def test_layers_and_filters_that_were_not_filmed_are_refused(run_dir, layers, filters, message):
    with pytest.raises(PetkerasError, match=message):
        animate_evolution(run_dir, layers, filters)


def test_a_run_without_a_film_is_refused(tmp_path):
    with pytest.raises(PetkerasError, match="has no film of its filters"):
        Evolution(tmp_path)


def maps(height=16, filters=2, kept=2, **more):
    """Return what a frame of `conv1_2` holds."""
    values = np.zeros((height, 16, filters), np.float16)
    return {"maps/conv1_2": values, "largest/conv1_2": np.ones(kept, np.float32), **more}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("film.json", b"{", r"film\.json is damaged: Expecting"),
        ("film.json", b'{"filters": {"../x": [0]}}', r"film\.json is damaged: layer '\.\./x' must"),
        ("photograph.npy", b"", r"photograph\.npy is damaged"),
        (
            "photograph.npy",
            np.zeros((16, 16), np.uint8),
            r"photograph\.npy is damaged: it must hold",
        ),
        ("step_0000004.npz", b"PK", r"step_0000004\.npz is damaged"),
        ("step_0000004.npz", {"maps/conv1_2": np.array([{}])}, "Object arrays cannot be loaded"),
        ("step_0000004.npz", {}, "it must hold 2 maps of conv1_2"),
        ("step_0000004.npz", maps(filters=3), "it must hold 2 maps of conv1_2"),
        ("step_0000004.npz", maps(kept=1), "it must hold 2 maps of conv1_2"),
        ("step_0000004.npz", maps(height=8), "it must hold 2 maps of conv1_2"),
    ],
)
def test_a_damaged_film_is_named(run_dir, tmp_path, name, content, message):
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    file = tmp_path / "evolution" / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(file, **content)
    else:
        np.save(file, content)
    with pytest.raises(PetkerasError, match=message):
        Evolution(tmp_path).maps("conv1_2")


@pytest.mark.parametrize("moved", [{"moved/x": np.float32(1)}, {"moved/fc1": np.ones(2)}, {}])
def test_a_frame_without_each_kernels_distance_is_named(run_dir, tmp_path, moved):
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    np.savez(tmp_path / "evolution" / "step_0000004.npz", **maps(), **moved)
    with pytest.raises(PetkerasError, match="must hold each kernel's distance"):
        plot_movement(tmp_path)


def weights(**changed):
    """Return a frame's weights of `conv1_1`, some of them changed."""
    kernel, bias = np.zeros((3, 3, 3, 32), np.float16), np.zeros(32, np.float16)
    named = {"kernel": kernel, "bias": bias, **changed}
    return {f"weights/conv1_1/{name}": values for name, values in named.items()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (weights(), r"the kernel of conv1_2 must be finite numbers, \(3, 3, 32, 32\) float16"),
        (weights(bias=np.zeros(31, np.float16)), r"the bias of conv1_1 must be .* \(32,\) float16"),
        (weights(bias=np.zeros(32, np.float32)), "the bias of conv1_1 must be finite"),
        (weights(bias=np.full(32, np.nan, np.float16)), "the bias of conv1_1 must be finite"),
        (weights(bias=np.full(32, np.inf, np.float16)), "the bias of conv1_1 must be finite"),
    ],
)
def test_a_frame_with_damaged_weights_is_named(run_dir, tmp_path, content, message):
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    np.savez(tmp_path / "evolution" / "step_0000004.npz", **content)
    with pytest.raises(PetkerasError, match=rf"step_0000004\.npz is damaged: {message}"):
        Evolution(tmp_path).weights(2)


def test_a_frame_without_weights_has_none(run_dir, tmp_path):
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    np.savez(tmp_path / "evolution" / "step_0000004.npz", **maps())
    assert Evolution(tmp_path).weights(2) == {}


def test_a_file_that_only_looks_like_a_frame_is_ignored(run_dir, tmp_path):
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    (tmp_path / "evolution" / "step_mine.npz").touch()
    assert Evolution(tmp_path).steps == [0, 2, 4, 6, 8, 10]


# The film's files


@pytest.mark.parametrize(
    "film",
    [
        "", "{}", "[]", "3", "null", '{"filters": null}', '{"filters": 3}', '{"filters": []}',
        '{"filters": {"a": 0}}', '{"filters": {"a": []}}', '{"filters": {"a": [true]}}',
        '{"filters": {"a": [-1]}}', '{"filters": {"a": [0.5]}}', '{"filters": {"../a": [0]}}',
    ],
)  # fmt: skip
def test_a_film_that_is_damaged_is_named(tmp_path, film):
    file = tmp_path / "film.json"
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: No such file"):
        read_film(file)
    file.write_text('{"filters": {"conv1_1": [0, 5]}}')
    assert read_film(file)[0] == {"conv1_1": [0, 5]}
    file.write_text(film)
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: (?!.*(object|indices))"):
        read_film(file)


def test_a_pipe_in_a_films_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "film.json")
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: it is not a file\."):
        read_film(tmp_path / "film.json")


@pytest.mark.parametrize(
    "weights",
    [
        None, 3, {}, {"shapes": {}}, {"shapes": [], "every": 1, "note": ""},
        {"shapes": {"a": {}}, "every": 1, "note": ""}, {"shapes": {"a": 3}, "every": 1, "note": ""},
        {"shapes": {"a": {"kernel": [0]}}, "every": 1, "note": ""},
        {"shapes": {"a": {"kernel": 3}}, "every": 1, "note": ""},
        {"shapes": {"a": {"../kernel": [3]}}, "every": 1, "note": ""},
        {"shapes": {}, "every": 0, "note": ""}, {"shapes": {}, "every": True, "note": ""},
        {"shapes": {}, "every": 1, "note": None},
    ],
)  # fmt: skip
def test_a_film_whose_list_of_weights_is_damaged_is_named(tmp_path, weights):
    file = tmp_path / "film.json"
    file.write_text(json.dumps({"filters": {}}))
    assert read_film(file)[1].shapes == {}
    file.write_text(json.dumps({"filters": {}, "weights": weights}))
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: (?!.*(object|indices))"):
        read_film(file)


def test_frames_are_listed_by_step(tmp_path):
    for name in ("step_0000100", "step_0000020", "step_mine", "start", "step_20000000"):
        (tmp_path / f"{name}.npz").touch()
    names = [file.stem for file in list_frames(tmp_path)]
    assert names == ["step_0000020", "step_0000100", "step_20000000"]
