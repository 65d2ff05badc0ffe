"""Files of strangers: what is read of them, what is refused, and that nothing of them is run."""

import json

import keras
import numpy as np
import pytest

from petkeras.models import pet_net
from petkeras.runs.loading import find_code, load_model


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
