"""Run folders: what is read back, predicted, refused."""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import halves_data, picture_bytes
from PIL import Image

from petkeras.callbacks.history import Epoch, read_history, write_history
from petkeras.data.mapped import MappedImages
from petkeras.data.pictures import decode
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.runs.config import describe_pictures
from petkeras.runs.folder import check_free, claim, start_run
from petkeras.runs.run import Run
from petkeras.runs.train import train

RECIPE = dataclasses.replace(MODERN, epochs=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    model = pet_net(image_size=16, recipe=RECIPE, seed=1)
    train(model, halves_data(), RECIPE, run_dir, verbose=False)
    return run_dir


@pytest.fixture
def run_dir(trained, tmp_path):
    """A copy of the run, to be damaged."""
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def photographs(tmp_path):
    files = []
    for number, kind in enumerate(("JPEG", "PNG", "WEBP")):
        files.append(tmp_path / f"photo {number}.{kind.lower()}")
        files[-1].write_bytes(picture_bytes(number, (50, 40 + number), kind))
    return files


def test_history_survives_the_disk(tmp_path):
    epochs = [Epoch(1, 34, 0.1 + 0.2, 1.0, 1e-12, 0.5, 12.5), Epoch(2, 68, 3e10, 0, 1, 1, 30.25)]
    write_history(tmp_path / "history.csv", epochs)
    assert read_history(tmp_path / "history.csv") == epochs
    first = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert first == "epoch,step,loss,accuracy,test_loss,test_accuracy,seconds"
    assert read_history(tmp_path / "none.csv") == []


def test_config_holds_what_is_needed_to_repeat_the_run(run_dir):
    config = json.loads((run_dir / "config.json").read_text())
    assert config["recipe"] == dataclasses.asdict(RECIPE)
    assert config["class_names"] == ["above", "below"]
    assert (config["seed"], config["image_size"], config["dtype_policy"]) == (0, 16, "float32")
    assert (config["pictures"]["train"], config["pictures"]["test"]) == (44, 12)
    data = halves_data()
    pixels = b"".join(a.tobytes() for p in (data.train, data.test) for a in (p.images, p.labels))
    assert config["pictures"]["sha256"] == hashlib.sha256(pixels).hexdigest()
    assert config["deterministic"] is False
    assert {"petkeras", "keras", "tensorflow", "numpy", "python"} == set(config["versions"])


def test_pictures_have_the_same_digest_wherever_they_are(small_data, tmp_path):
    count = len(small_data.train)
    file = tmp_path / "images.raw"
    small_data.train.images[::-1].tofile(file)
    on_disk = MappedImages([file], np.zeros(count, int), np.arange(count)[::-1], 16)
    other = dataclasses.replace(
        small_data, train=dataclasses.replace(small_data.train, images=on_disk)
    )
    assert describe_pictures(other) == describe_pictures(small_data)
    on_disk.rows = np.arange(count)  # the same pictures in another order
    assert describe_pictures(other) != describe_pictures(small_data)


def test_predict_is_the_softmax_of_the_models_logits(run_dir, photographs, small_data):
    run = Run(run_dir)
    probabilities = run.predict(photographs)
    assert (probabilities.shape, probabilities.dtype) == ((3, 2), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    for file, row in zip(photographs, probabilities, strict=True):
        image = decode(file.read_bytes(), 16)[0].astype("float32")
        logits = run.model(((image - small_data.mean) / RECIPE.pixel_scale)[None]).numpy()[0]
        np.testing.assert_allclose(row, np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)
        np.testing.assert_array_equal(row, run.predict([file])[0])  # whatever it is asked with


@pytest.mark.parametrize(
    "first", ["petkeras", "tensorflow", pytest.param("keras", marks=pytest.mark.slow)]
)
def test_the_model_loads_in_a_new_process_once_the_layers_are_registered(
    run_dir, photographs, first
):
    script = f"""
import {first}
import json, keras, petkeras.layers
model = keras.saving.load_model({str(run_dir / "model.keras")!r}, safe_mode=True)
run = petkeras.Run({str(run_dir)!r})
run._model = model
print(json.dumps(run.predict([{str(photographs[0])!r}]).tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == Run(run_dir).predict(photographs[:1]).tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"none\.jpg cannot be used: it cannot be opened \(No such file"),
        (b"", r"bad\.jpg cannot be used: the file is empty"),
        (b"hello", r"bad\.jpg cannot be used: not a readable picture"),
    ],
)
def test_a_photograph_that_cannot_be_used_is_named(run_dir, tmp_path, content, message):
    file = tmp_path / ("none.jpg" if content is None else "bad.jpg")
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PetkerasError, match=message):
        Run(run_dir).predict([file])


def test_what_is_no_run_folder_is_refused(tmp_path):
    with pytest.raises(PetkerasError, match=r"is not a run folder: it has no config\.json"):
        Run(tmp_path)


@pytest.mark.parametrize(
    "config", ["", "{}", "[]", '{"class_names": ["a"], "recipe": {"epochs": 0}}', "{"]
)
def test_a_damaged_config_is_said_to_be_damaged(tmp_path, config):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(PetkerasError, match=r"config\.json is damaged"):
        Run(tmp_path)


def test_a_run_without_a_model_says_how_to_go_on(run_dir, photographs):
    (run_dir / "model.keras").unlink()
    with pytest.raises(PetkerasError, match=r"has no model\.keras yet.*resume=True"):
        Run(run_dir).predict(photographs)


def test_a_model_file_that_is_damaged_or_carries_code_is_refused(run_dir, photographs):
    (run_dir / "model.keras").write_bytes(b"not a model")
    with pytest.raises(PetkerasError, match=r"model\.keras cannot be loaded"):
        Run(run_dir).predict(photographs)
    inputs = keras.Input((16, 16, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(run_dir / "model.keras")
    with pytest.raises(
        PetkerasError, match=r"model\.keras was not loaded: it contains or requests code.*Lambda"
    ):
        Run(run_dir).predict(photographs)


def test_a_run_folder_is_made_where_nothing_is(tmp_path):
    check_free(tmp_path / "new")
    check_free(tmp_path)  # empty
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(PetkerasError, match="is not empty"):
        check_free(tmp_path)
    with pytest.raises(PetkerasError):
        check_free(file)
    with pytest.raises(PetkerasError, match="cannot be written: Not a directory"):
        start_run(file / "run", {})


def test_any_size_of_photograph_is_taken(run_dir, tmp_path):
    Image.new("L", (1, 700)).save(tmp_path / "thin.png")
    assert Run(run_dir).predict([tmp_path / "thin.png"]).shape == (1, 2)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("1,2,x,1,1,1,1", 2),
        ("1,2,1,1,1,1,1\n2,2,1,1", 3),
        ("1,2,1,1,1,1,1,9", 2),
        ("1.5,2,1,1,1,1,1", 2),
        ("\0,2,1,1,1,1,1", 2),
        ("1,2,1,1,1,1," + 200_000 * "1", 2),
        ("1,2,1,1,1,1,\udcff", 2),
    ],
)
def test_a_damaged_history_is_named_by_its_line(tmp_path, rows, line):
    file = tmp_path / "history.csv"
    text = f"epoch,step,loss,accuracy,test_loss,test_accuracy,seconds\n{rows}\n"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(PetkerasError, match=rf"history\.csv is damaged on line {line}: "):
        read_history(file)


def test_a_history_of_other_columns_is_damaged(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,step\n1,2\n")
    with pytest.raises(PetkerasError, match=r"damaged on line 2: .*missing 5"):
        read_history(tmp_path / "history.csv")


@pytest.mark.parametrize("make", ["Sequential", "two inputs", "one picture at a time", "gray"])
def test_a_network_of_another_run_is_refused(run_dir, photographs, make):
    layers = keras.layers
    shape = (16, 16, 1) if make == "gray" else (16, 16, 3)
    images = keras.Input(shape, batch_size=1 if make == "one picture at a time" else None)
    logits = layers.Dense(2)(layers.Flatten()(images))
    model = keras.Model(images, logits)
    if make == "two inputs":
        other = keras.Input(shape)
        model = keras.Model([images, other], layers.Dense(2)(layers.Flatten()(images + other)))
    elif make == "Sequential":
        model = keras.Sequential([keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(3)])
    model.save(run_dir / "model.keras")
    with pytest.raises(PetkerasError, match=r"belongs to another run: .* for 2 classes"):
        Run(run_dir).predict(photographs)


def test_a_network_for_pictures_of_any_size_fits(run_dir, photographs):
    images = keras.Input((None, None, 3))
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(images))
    keras.Model(images, logits).save(run_dir / "model.keras")
    assert Run(run_dir).predict(photographs).shape == (3, 2)


def test_a_file_cannot_be_claimed_as_a_run_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PetkerasError, match="file is not a folder"), claim(tmp_path / "file"):
        pass
