"""What `config.json` of a run folder must hold. It may be damaged, or a stranger's."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from dataclasses import asdict, fields
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import petkeras
from petkeras.errors import PetkerasError
from petkeras.hardware import devices
from petkeras.recipes import MOST_SIDE, Recipe
from petkeras.system.files import read_json
from petkeras.text import one_line

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16", "float64")
RECIPE = [field.name for field in fields(Recipe)]
DATA = ("breeds", "source", "image_size", "test_fraction", "seed")


def read_config(file):
    """Return what a run folder's `config.json` holds, and its `Recipe`.

    Raises:
        PetkerasError: it is damaged; the message names the first field that is.
    """
    try:
        config = read_json(file)
        check_config(config)
        return config, Recipe(**config["recipe"])
    except ValueError as error:
        raise PetkerasError(f"{file} is damaged: {one_line(error, 300)}") from None


def check_config(config):
    """Raise a ValueError if a config lacks a field, or one is not of its kind."""
    _check_has("the file", config, FIELDS)
    for name, (fits, allowed) in {**FIELDS, **OPTIONAL}.items():
        if name in config and not fits(config[name]):
            came = one_line(repr(config[name]), 60)
            raise ValueError(f"`{name}` must be {allowed}. Received: {came}")
    _check_has("`recipe`", config["recipe"], RECIPE)
    for name in config["recipe"]:
        if name not in RECIPE:
            raise ValueError(f"`recipe` has no field {one_line(name, 60)!r}")
    data = config["data"]
    if data:  # there is none of pictures that petkeras did not load itself
        _check_has("`data`", data, DATA)
        if not isinstance(data["source"], str):
            raise ValueError("`data` must have a text as its source")
        there = (data["breeds"], data["image_size"])
        if there != (config["class_names"], config["image_size"]):
            raise ValueError("`data` is of other classes, or another size, than the rest")


def _check_has(what, there, wanted):
    if not isinstance(there, dict):
        raise ValueError(f"{what} must hold named fields")
    for name in wanted:
        if name not in there:
            raise ValueError(f"{what} lacks `{name}`")


def _is_whole(value, low=0, high=2**31):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < high


def _is_list(of):
    return lambda value: isinstance(value, list) and all(map(of, value))


def _is_dict(of):
    return lambda value: isinstance(value, dict) and all(map(of, value.values()))


def _is_text(value):
    return isinstance(value, str)


def _are_names(value):
    return _is_list(_is_text)(value) and all(value) and len(set(value)) == len(value) >= 2


def _are_pictures(value):
    if not isinstance(value, dict) or set(value) != {"train", "test", "sha256"}:
        return False
    counts = _is_whole(value["train"], 1) and _is_whole(value["test"], 1)
    return counts and re.fullmatch("[0-9a-f]{64}", str(value["sha256"]))


def _is_backbone(value):
    if not isinstance(value, dict) or set(value) != {"backbone", "weights"}:
        return False
    return _is_text(value["backbone"]) and isinstance(value["weights"], str | None)


FIELDS = {
    "recipe": (_is_dict(lambda value: True), "a recipe's fields by name"),
    "data": (_is_dict(lambda value: True), "the arguments of load_pets by name"),
    "class_names": (_are_names, "two different names or more"),
    "image_size": (lambda value: _is_whole(value, 1, MOST_SIDE + 1), f"1 to {MOST_SIDE} pixels"),
    "pictures": (_are_pictures, "`train` and `test`, counts above 0, and `sha256`, a digest"),
    "seed": (lambda value: _is_whole(value, -(2**31)), "a whole number below 2**31"),
    "dtype_policy": (lambda value: value in POLICIES, f"one of {', '.join(POLICIES)}"),
    "device": (_is_text, "a text"),
    "versions": (_is_dict(_is_text), "texts by name"),
}
OPTIONAL = {
    "deterministic": (lambda value: isinstance(value, bool), "true or false"),
    "xla": (lambda value: isinstance(value, bool), "true or false"),
    "film": (
        lambda value: value is None or _is_dict(_is_list(_is_whole))(value),
        "lists of filters' numbers by layer",
    ),
    "backbone": (_is_backbone, "`backbone` and `weights`, both texts"),
    "epochs_before": (_is_list(_is_whole), "a list of whole numbers"),
}


def make_config(data, recipe, seed, policy):
    """Return all that is needed to repeat a run, as `config.json` holds it."""
    return {
        "recipe": asdict(recipe),
        "data": data.origin,
        "class_names": list(data.class_names),
        "image_size": int(data.mean.shape[0]),
        "pictures": describe_pictures(data),
        "seed": seed,
        "dtype_policy": policy,
        "deterministic": devices.is_deterministic(),
        **({"xla": True} if devices.uses_xla() else {}),
        "device": devices.describe(),
        "versions": {
            "petkeras": petkeras.__version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def describe_pictures(data):
    """Count the pictures of both parts, with a digest that tells them from all others."""
    digest = hashlib.sha256()
    for part in (data.train, data.test):
        for image in part.images:  # one at a time: they may be more than fit into memory
            digest.update(np.ascontiguousarray(image))
        digest.update(np.ascontiguousarray(part.labels))
    return {"train": len(data.train), "test": len(data.test), "sha256": digest.hexdigest()}


def write_config(run_dir, config):
    """Write `config.json`, whole or not at all."""
    half_made = Path(run_dir) / "config.json.tmp"
    half_made.write_text(json.dumps(config, indent=2) + "\n")
    os.replace(half_made, Path(run_dir) / "config.json")
