"""What is kept for the film, against the network asked directly."""

import dataclasses
import itertools
import json
import shutil

import keras
import numpy as np
import pytest
from conftest import halves_data

from petkeras.callbacks import filters as filters_module
from petkeras.callbacks.filters import Film, FilterFilm, choose_weights, drop_frames_after
from petkeras.data.pipeline import preprocess
from petkeras.errors import PetkerasError
from petkeras.inspection import MAX_SAMPLES, sampled_kernels
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.runs.train import train
from petkeras.visualize import Evolution

RECIPE = dataclasses.replace(MODERN, epochs=2, film_every=3)  # 10 steps


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """A run folder of 10 steps with a frame every 3, the start's weights, and the trained model."""
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    data = halves_data()
    model = pet_net(image_size=16, recipe=RECIPE, seed=0)
    start = model.get_weights()
    film = Film({"conv1_2": [5, 2], "pool2": [0]})
    train(model, data, RECIPE, run_dir, verbose=False, film=film)
    return run_dir, start, model, data


def start_film(run_dir, model, image, preprocess=lambda images: images / 255):
    """Return a film as it is when training starts."""
    film = FilterFilm(run_dir, image, preprocess=preprocess)
    model.optimizer = keras.optimizers.SGD()  # of no steps
    film.set_model(model)
    film.on_train_begin()
    return film


def kept(run_dir, step):
    return np.load(run_dir / "evolution" / f"step_{step:07d}.npz")


def test_a_frame_is_kept_at_the_start_every_few_steps_and_at_the_end(filmed):
    names = sorted(file.stem for file in (filmed[0] / "evolution").glob("step_*"))
    assert names == [f"step_{step:07d}" for step in (0, 3, 6, 9, 10)]


@pytest.mark.parametrize("step", [0, 10])
def test_the_maps_are_the_networks_own(filmed, step):
    run_dir, start, trained, data = filmed
    model = keras.models.clone_model(trained)
    model.set_weights(start if step == 0 else trained.get_weights())
    x = preprocess(data.test.images[:1], data.mean, RECIPE)
    frame = kept(run_dir, step)
    for layer, filters in (("conv1_2", [5, 2]), ("pool2", [0])):
        maps = keras.Model(model.input, model.get_layer(layer).output)(x)[0].numpy()[..., filters]
        stored = frame[f"maps/{layer}"].astype(np.float32) * frame[f"largest/{layer}"]
        np.testing.assert_allclose(stored, maps, atol=1e-3 * maps.max())


def test_a_kernels_distance_is_relative_to_its_start(filmed):
    run_dir, start, trained, _ = filmed
    frame = kept(run_dir, 10)
    for index, layer in ((0, "conv1_1"), (6, "conv2_2")):
        before, after = start[index], trained.get_layer(layer).kernel.numpy()
        expected = np.sqrt(((after - before) ** 2).sum() / (before**2).sum())
        assert frame[f"moved/{layer}"] == pytest.approx(expected, rel=1e-4)
    assert all(kept(run_dir, 0)[f"moved/{layer}"] == 0 for layer, _ in sampled_kernels(trained))


def test_by_default_the_first_8_filters_of_each_convolution_are_filmed(tmp_path, small_data):
    model = pet_net(image_size=16)
    start_film(tmp_path, model, small_data.test.images[0])
    film = json.loads((tmp_path / "evolution" / "film.json").read_text())
    layers = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert film["filters"] == {layer: list(range(8)) for layer in layers}


def test_a_film_that_is_continued_keeps_what_was_chosen(filmed, tmp_path):
    run_dir, _, model, data = filmed
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    before = kept(tmp_path, 10)["moved/fc1"]
    again = start_film(tmp_path, model, data.test.images[3])
    assert again.filters == {"conv1_2": [5, 2], "pool2": [0]}
    again.record(10)
    assert kept(tmp_path, 10)["moved/fc1"] == before


def test_values_too_large_for_half_precision_are_kept_all_the_same(tmp_path, small_data):
    model = pet_net(image_size=16, seed=0)  # the article's start, on pixels of 0 to 255
    image = 1000 * small_data.test.images[0].astype(int)
    start_film(tmp_path, model, image, lambda x: 1e6 * x)
    assert kept(tmp_path, 0)["largest/conv2_2"].max() > np.finfo(np.float16).max
    assert np.isfinite(kept(tmp_path, 0)["maps/conv2_2"]).all()


def test_no_film_is_kept_without_a_run_folder_or_with_film_every_0(tmp_path, small_data):
    recipe = dataclasses.replace(MODERN, epochs=1, film_every=0)
    train(pet_net(image_size=16), small_data, recipe, tmp_path / "run", verbose=False)
    assert not (tmp_path / "run" / "evolution").exists()


@pytest.mark.parametrize(
    ("film", "message"),
    [
        (Film({"conv9": [0]}), "There is no layer 'conv9'. The layers are: conv1_1, conv1_2"),
        (
            Film({"fc1": [0]}),
            "Layer 'fc1' has no feature maps. Layers with feature maps are: conv1_1",
        ),
        (Film({"conv1_1": [32]}), "Layer 'conv1_1' has the filters 0 to 31. Received: 32"),
        (Film(image=np.zeros((8, 8, 3))), r"`image` must be \(16, 16, 3\) uint8.*\(8, 8, 3\)"),
    ],
)
def test_a_film_of_what_is_not_there_is_refused_before_training(
    tmp_path, small_data, film, message
):
    with pytest.raises(PetkerasError, match=message):
        train(pet_net(image_size=16), small_data, RECIPE, tmp_path / "run", film=film)


def test_a_kernel_of_up_to_100_000_weights_is_taken_whole():
    model = pet_net(image_size=16)
    assert all(len(values) <= MAX_SAMPLES for _, values in sampled_kernels(model))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("film.json", b"{}", r"film\.json is damaged"),
        ("film.json", b'{"filters": {"conv9": [0]}}', "There is no layer 'conv9'"),
        ("film.json", b'{"filters": {"conv1_1": [99]}}', "has the filters 0 to 31"),
        ("photograph.npy", b"", r"photograph\.npy is damaged"),
        ("start.npz", b"", r"start\.npz is damaged"),
        ("start.npz", {"conv1_1": np.zeros(3)}, "its kernels do not fit the network"),
        ("start.npz", {"conv1_1": np.array([{}])}, "Object arrays cannot be loaded"),
    ],
)
def test_a_damaged_film_is_not_gone_on_with(filmed, tmp_path, name, content, message):
    run_dir, _, model, data = filmed
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    if isinstance(content, bytes):
        (tmp_path / "evolution" / name).write_bytes(content)
    else:
        np.savez(tmp_path / "evolution" / name, **content)
    with pytest.raises(PetkerasError, match=message):
        start_film(tmp_path, model, data.test.images[0])


def test_only_frames_of_later_steps_are_dropped(tmp_path):
    folder = tmp_path / "evolution"
    folder.mkdir()
    for name in ("step_0000010", "step_0000011", "step_mine"):
        (folder / f"{name}.npz").touch()
    drop_frames_after(tmp_path, 10)
    assert sorted(file.stem for file in folder.iterdir()) == ["step_0000010", "step_mine"]


def test_filters_may_be_numpys_integers():
    assert Film({"conv1_2": np.array([5, 2]), "pool2": (np.int8(0),)}).filters == {
        "conv1_2": [5, 2], "pool2": [0],
    }  # fmt: skip


@pytest.mark.parametrize("filters", [["conv1_2"], {"conv1_2": 5}, {"conv1_2": [0.5]}])
def test_filters_that_are_no_lists_of_integers_are_refused(filters):
    with pytest.raises(
        PetkerasError, match=r"Film: `filters` must be a dict .* Received: filters="
    ):
        Film(filters)


# The weights


def normalized():
    """Return a network with a batch normalization and, nested, a frozen convolution."""
    layers = keras.layers
    backbone = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(2, 3, name="still"), layers.Conv2D(3, 3)],
        name="backbone",
    )
    backbone.layers[0].trainable = False
    images = keras.Input((16, 16, 3))
    x = layers.BatchNormalization(name="norm")(backbone(images))
    x = layers.Conv2D(4, 3, strides=2, use_bias=False, name="last")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(2)(x))


def halved(values):
    return np.asarray(values).astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(("frame", "step"), [(0, 0), (-1, 10)])
def test_a_frame_keeps_the_convolutions_weights_of_its_step(filmed, frame, step):
    run_dir, start, trained, _ = filmed
    model = keras.models.clone_model(trained)
    model.set_weights(start if step == 0 else trained.get_weights())
    evolution = Evolution(run_dir)
    weights = evolution.weights(frame)
    assert evolution.weights_note == ""
    assert list(weights) == ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    for layer, named in weights.items():
        kernel, bias = model.get_layer(layer).get_weights()
        np.testing.assert_array_equal(named["kernel"], halved(kernel))
        np.testing.assert_array_equal(named["bias"], halved(bias))
    arrays = {name: each for name, each in kept(run_dir, step).items() if "weights/" in name}
    assert sum(each.nbytes for each in arrays.values()) == 131_136


def test_batch_normalizations_are_filmed_and_frozen_layers_are_not(tmp_path, small_data):
    model = normalized()
    model.get_layer("norm").set_weights([np.full(3, k + 0.5) for k in range(4)])
    start_film(tmp_path, model, small_data.test.images[0])
    weights = Evolution(tmp_path).weights(0)
    names = list(weights)
    assert names[0].startswith("backbone/conv2d")
    assert names[1:] == ["norm", "last"]
    assert {name: values.tolist() for name, values in weights["norm"].items()} == {
        "gamma": [0.5] * 3, "beta": [1.5] * 3,
        "moving_mean": [2.5] * 3, "moving_variance": [3.5] * 3,
    }  # fmt: skip
    assert set(weights["last"]) == {"kernel"}


def test_of_a_large_network_the_first_layers_are_filmed(monkeypatch):
    model = pet_net(image_size=16)
    monkeypatch.setattr(filters_module, "MAX_FRAME", 2 * (28 * 32 + 289 * 32))
    weights = choose_weights(model, 10)
    assert (list(weights.shapes), weights.every) == (["conv1_1", "conv1_2"], 1)
    assert weights.note == (
        "The film has the weights of the first 2 of 4 layers: they may take 1 MB a frame."
    )
    monkeypatch.setattr(filters_module, "MAX_FRAME", 2 * 28 * 32 - 1)
    assert choose_weights(model, 10).shapes == {}


def test_weights_too_large_for_half_precision_are_clipped(tmp_path, small_data):
    model = pet_net(image_size=16)
    model.get_layer("conv1_1").bias.assign(np.linspace(-1e6, 1e6, 32))
    start_film(tmp_path, model, small_data.test.images[0])
    bias = Evolution(tmp_path).weights(0)["conv1_1"]["bias"]
    assert (bias[0], bias[-1]) == (-65504, 65504)


class Crash(keras.callbacks.Callback):
    """End a run with an error after 7 steps."""

    def on_train_begin(self, logs=None):
        self.steps = itertools.count(1)

    def on_train_batch_end(self, batch, logs=None):
        if next(self.steps) == 7:
            raise RuntimeError("crashed")


def test_a_long_film_has_weights_in_some_frames_and_a_resumed_run_films_the_same(
    tmp_path, small_data, monkeypatch
):
    monkeypatch.setattr(filters_module, "MAX_FILM", 12 * 2 * 177 // 3)  # 177 weights a frame
    recipe = dataclasses.replace(RECIPE, film_every=1, checkpoint_every=3)

    def run(name, resume=False, callbacks=()):
        keras.utils.set_random_seed(0)
        train(
            normalized(), small_data, recipe, tmp_path / name, resume=resume, verbose=False,
            callbacks=callbacks,
        )  # fmt: skip

    run("whole")
    evolution = Evolution(tmp_path / "whole")
    assert evolution.weights_note == "One frame in 3 has weights: they may take 64 MB in all."
    has_weights = [step for n, step in enumerate(evolution.steps) if evolution.weights(n)]
    assert (len(evolution.steps), has_weights) == (11, [0, 3, 6, 9, 10])
    with pytest.raises(RuntimeError, match="crashed"):
        run("run", callbacks=[Crash()])
    run("run", resume=True)  # Keras has numbered its layers on: the film has their first names
    for step in evolution.steps:
        whole, resumed = (kept(tmp_path / name, step) for name in ("whole", "run"))
        for one, other in zip(whole.values(), resumed.values(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_film_without_weights_is_gone_on_with_without_them(filmed, tmp_path):
    run_dir, _, model, data = filmed
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    film = json.loads((tmp_path / "evolution" / "film.json").read_text())
    del film["weights"]  # as petkeras 0.3 wrote it
    (tmp_path / "evolution" / "film.json").write_text(json.dumps(film))
    start_film(tmp_path, model, data.test.images[0]).record(10, is_last=True)
    assert not any(name.startswith("weights/") for name in kept(tmp_path, 10))
    evolution = Evolution(tmp_path)
    assert (evolution.weights(-1), evolution.weights_note) == ({}, "")
    assert evolution.maps("conv1_2").shape == (5, 16, 16, 2)


def test_a_film_of_another_networks_weights_is_not_gone_on_with(filmed, tmp_path):
    run_dir, _, model, data = filmed
    shutil.copytree(run_dir / "evolution", tmp_path / "evolution")
    file = tmp_path / "evolution" / "film.json"
    film = json.loads(file.read_text())
    film["weights"]["shapes"]["conv1_2"]["kernel"] = [7, 7, 3, 32]
    file.write_text(json.dumps(film))
    message = r"film\.json is damaged: its weights of 'conv1_2' do not fit the network\."
    with pytest.raises(PetkerasError, match=message):
        start_film(tmp_path, model, data.test.images[0])
