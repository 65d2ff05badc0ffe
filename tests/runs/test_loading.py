"""Files of strangers: what is read of them, what is refused, and that nothing of them is run."""

import json
import os

import keras
import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.runs.loading import find_code, load_model
from petkeras.system.files import MAX_JSON, read_array, read_arrays, read_json
from petkeras.visualize.evolution import list_frames, read_film


class Bomb:
    """Make a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch '{self.file}'",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[NaN]", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        (100_000 * "[", "nested too deeply"),
        ((MAX_JSON + 1) * " ", f"longer than {MAX_JSON} bytes"),
        (b"\xff", "can't decode"),
    ],
)
def test_json_is_read_to_the_letter_and_within_bounds(tmp_path, text, message):
    file = tmp_path / "x.json"
    file.write_text('{"a": [1, 2.5, null]}')
    assert read_json(file) == {"a": [1, 2.5, None]}
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        read_json(file)


def test_an_array_is_read_if_it_is_what_it_must_be(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.ones((4, 5, 3), np.float32))
    assert read_array(file, (4, 5, 3), np.float32).shape == (4, 5, 3)
    assert read_array(file, (None, None, 3), np.float32).shape == (4, 5, 3)
    for shape, dtype in (
        ((4, 5), np.float32), ((4, 4, 3), np.float32), ((None, None, 1), np.float32),
        ((4, 5, 3), np.uint8), ((), np.float32),
    ):  # fmt: skip
        with pytest.raises(PetkerasError, match=r"x\.npy is damaged: it must hold finite numbers"):
            read_array(file, shape, dtype)
    np.save(file, np.full((4,), np.inf, np.float32))
    with pytest.raises(PetkerasError, match="must hold finite numbers"):
        read_array(file, (4,), np.float32)


def test_arrays_are_never_unpickled(tmp_path):
    trace = tmp_path / "trace"
    bomb = np.array([Bomb(trace)], object)
    np.save(tmp_path / "x.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "x.npz", good=np.arange(3), bad=bomb)
    with pytest.raises(PetkerasError, match="Object arrays cannot be loaded"):
        read_array(tmp_path / "x.npy", (1,), np.float32)
    with pytest.raises(PetkerasError, match="Object arrays cannot be loaded"):
        read_arrays(tmp_path / "x.npz", lambda name: True)
    kept = read_arrays(tmp_path / "x.npz", lambda name: name == "good")
    assert (list(kept), kept["good"].tolist()) == (["good"], [0, 1, 2])
    assert not trace.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK", b"\x93NUMPY"])
def test_arrays_that_are_missing_or_damaged_are_named(tmp_path, content):
    if content is not None:
        (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(PetkerasError, match=r"x\.npz is damaged: "):
        read_arrays(tmp_path / "x.npz", lambda name: True)


@pytest.mark.parametrize(
    "film",
    [
        "", "{}", "[]", "3", '{"filters": 3}', '{"filters": []}', '{"filters": {"a": 0}}',
        '{"filters": {"a": []}}', '{"filters": {"a": [true]}}', '{"filters": {"a": [-1]}}',
        '{"filters": {"a": [0.5]}}', '{"filters": {"../a": [0]}}',
    ],
)  # fmt: skip
def test_a_film_that_is_damaged_is_named(tmp_path, film):
    file = tmp_path / "film.json"
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: .*No such file"):
        read_film(file)
    file.write_text('{"filters": {"conv1_1": [0, 5]}}')
    assert read_film(file) == {"conv1_1": [0, 5]}
    file.write_text(film)
    with pytest.raises(PetkerasError, match=r"film\.json is damaged: "):
        read_film(file)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(ValueError, match="it is not a file"):
        read_json(tmp_path / "x")
    for read in (
        lambda: read_film(tmp_path / "x"),
        lambda: read_array(tmp_path / "x", (1,), np.float32),
        lambda: read_arrays(tmp_path / "x", lambda name: True),
    ):
        with pytest.raises(PetkerasError, match=r"x is damaged: it is not a file\."):
            read()


def test_frames_are_listed_by_step(tmp_path):
    for name in ("step_0000100", "step_0000020", "step_mine", "start", "step_20000000"):
        (tmp_path / f"{name}.npz").touch()
    names = [file.stem for file in list_frames(tmp_path)]
    assert names == ["step_0000020", "step_0000100", "step_20000000"]


def test_a_network_is_loaded_as_keras_loads_it(tmp_path):
    pet_net(image_size=16, seed=3).save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("build", ["MobileNetV2", "InceptionV3", "VGG16"])
def test_the_networks_of_keras_are_harmless(build):
    shape = (75, 75, 3) if build == "InceptionV3" else (32, 32, 3)
    model = getattr(keras.applications, build)(weights=None, input_shape=shape, include_top=False)
    assert find_code(json.loads(model.to_json())) is None


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"class_name": "Lambda", "module": "keras.layers"}, "Lambda"),
        ({"class_name": "Lambda", "registered_name": "petkeras>Conv2D"}, "Lambda"),
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "TFSMLayer"),
        ({"class_name": "system", "module": "os"}, "os.system"),
        ({"class_name": "function", "module": "os", "config": "system"}, "os.system"),
        ({"class_name": "get_file", "module": "keras.utils"}, "keras.utils.get_file"),
        ({"class_name": "deserialize", "module": "keras.layers"}, "keras.layers.deserialize"),
        ({"class_name": "Dense", "module": "keras_hub.layers"}, "keras_hub.layers.Dense"),
        ({"class_name": "Adam", "module": "keras.optimizers"}, "keras.optimizers.Adam"),
        ({"class_name": "Dense", "module": "keras.layers", "config": {"x": [
            {"class_name": "__lambda__", "config": {}}]}}, "None.__lambda__"),
        ({"class_name": ["a"], "module": {}}, "{}.['a']"),
    ],
)  # fmt: skip
def test_whatever_is_not_known_to_be_harmless_is_code(part, name):
    assert find_code({"config": {"layers": [{"a": 1}, [part]]}}) == name


def test_losses_and_optimizers_are_taken_out_unseen():
    part = {"compile_config": {"loss": {"class_name": "system", "module": "os"}}, "a": 1}
    config = {"class_name": "Dense", "module": "keras.layers", "config": part}
    assert find_code(config) is None
    assert config["config"] == {"a": 1}
