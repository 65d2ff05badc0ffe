"""config.json: whatever it holds, it is read as it is or refused in one line."""

import copy
import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE, Recipe
from petkeras.runs.config import FIELDS, OPTIONAL, make_config, read_config
from petkeras.system.files import to_json

GOOD = {
    "recipe": dataclasses.asdict(ARTICLE),
    "data": {
        "breeds": ["above", "below"], "source": "sample", "image_size": 16, "test_fraction": 0.15,
        "seed": 0,
    },
    "class_names": ["above", "below"],
    "image_size": 16,
    "pictures": {"train": 44, "test": 12, "sha256": 64 * "0"},
    "seed": 0,
    "dtype_policy": "float32",
    "deterministic": False,
    "device": "the CPU",
    "versions": {"keras": "3"},
    "film": {"conv1_1": [0, 5]},
    "backbone": {"backbone": "vgg16", "weights": None},
    "epochs_before": [3],
}  # fmt: skip


def read(config):
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(config if isinstance(config, str) else json.dumps(config))
        return read_config(file)


def test_what_a_run_writes_is_read_back():
    assert read(GOOD) == (GOOD, ARTICLE)
    newer = {**GOOD, "film": None, "data": {}, "colour": "red"}  # pictures from Python; a new field
    assert read(newer) == (newer, ARTICLE)


@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"source": "memory"},
        {**GOOD["data"], "breeds": ["a", "b"]},
        {**GOOD["data"], "image_size": 8},
        {**GOOD["data"], "source": None},
    ],
    ids=["none", "incomplete", "other classes", "another size", "no source"],
)
def test_an_origin_that_would_not_load_the_pictures_is_not_recorded(small_data, origin):
    data = dataclasses.replace(small_data, origin=origin)
    model = pet_net(image_size=16)
    config = make_config(data, ARTICLE, np.int64(0), model)
    assert config["data"] == {}
    assert read(to_json(config)) == (json.loads(to_json(config)), ARTICLE)
    kept = dataclasses.replace(small_data, origin=GOOD["data"])
    assert make_config(kept, ARTICLE, 0, model)["data"] == GOOD["data"]


def test_what_older_runs_did_not_write_is_not_missed():
    config = {name: GOOD[name] for name in FIELDS}
    assert read(config) == (config, ARTICLE)


@pytest.mark.parametrize("name", [*FIELDS, *OPTIONAL])
@pytest.mark.parametrize("value", [None, 0, -1, 1.5, "", "\x1b[2J", [], {}, [[1]], {"a": None}])
def test_a_field_of_another_kind_is_refused_by_name(name, value):
    allowed = {"data": [{}], "seed": [0, -1], "device": ["", "\x1b[2J"], "versions": [{}],
               "film": [None, {}], "epochs_before": [[]], "layer_policies": [{}],
               "network": ["", "\x1b[2J"]}  # fmt: skip
    if value in allowed.get(name, []):
        assert read({**GOOD, name: value})[0][name] == value
        return
    with pytest.raises(PetkerasError, match=r"config\.json is damaged: .*'") as raised:
        read({**GOOD, name: value})
    assert f"'{name}'" in str(raised.value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def places(config, path=()):
    """Yield the path of everything within a config."""
    for name in config if isinstance(config, dict) else range(len(config)):
        yield (*path, name)
        if isinstance(config[name], dict | list):
            yield from places(config[name], (*path, name))


@settings(max_examples=200)
@given(st.sampled_from(list(places(GOOD))), VALUES | st.just(...))
def test_a_config_with_anything_in_it_is_whole_or_refused_in_one_line(path, value):
    config = copy.deepcopy(GOOD)
    place = config
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    said = None
    try:
        there, recipe = read(config)
    except PetkerasError as error:
        said = str(error)
    if said is not None:
        assert said.isprintable()
        assert len(said) < 500
        return
    assert there == config
    assert isinstance(recipe, Recipe)
    assert len(set(there["class_names"])) == len(there["class_names"]) >= 2
    assert 1 <= there["image_size"] <= 4096
    assert abs(there["seed"]) <= 2**31


@given(st.text(max_size=60) | VALUES.map(json.dumps))
def test_any_text_is_refused_in_one_line(text):
    with pytest.raises(PetkerasError, match=r"config\.json is damaged: ") as raised:
        read(text)
    assert str(raised.value).isprintable()
