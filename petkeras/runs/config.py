"""A run folder's `config.json`: everything that is needed to repeat the run.

The file may be damaged or untrusted, so every field is checked when it is read. The checks are
written out here, without a schema library, so that each message names the field and what it must
be, and reading a run needs no extra package.
"""

from __future__ import annotations

import hashlib
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
from petkeras.inspection import dtype_policy_name
from petkeras.recipes import MAX_SIDE, Recipe
from petkeras.runs.precision import mixed_policies
from petkeras.system.files import read_json, to_json, written_atomically
from petkeras.text import one_line

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16", "float64")
MIXED = ("mixed_bfloat16", "mixed_float16")
RECIPE = [field.name for field in fields(Recipe)]
DATA = ("breeds", "source", "image_size", "test_fraction", "seed")


def make_config(data, recipe, seed, model):
    """Return the contents of `config.json` for the training of a model."""
    policies = mixed_policies(model)
    class_names, image_size = list(data.class_names), int(data.mean.shape[0])
    try:
        check_origin(data.origin, class_names, image_size)
        origin = data.origin
    except ValueError:
        origin = {}  # it would not load these pictures
    return {
        "recipe": asdict(recipe),
        "data": origin,
        "class_names": class_names,
        "image_size": image_size,
        "pictures": describe_pictures(data),
        "seed": seed,
        "dtype_policy": dtype_policy_name(model),
        **({"layer_policies": policies} if policies else {}),
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
    """Return the number of pictures in each part, and a digest that identifies them all."""
    digest, counts = hashlib.sha256(), {}
    for name in ("train", "test", "validation"):
        part = getattr(data, name)
        if part is None:
            continue
        counts[name] = len(part)
        for image in part.images:  # one at a time: they may not fit in memory
            digest.update(np.ascontiguousarray(image))
        digest.update(np.ascontiguousarray(part.labels))
    return {**counts, "sha256": digest.hexdigest()}


def write_config(run_dir, config):
    """Write `config.json` atomically."""
    with written_atomically(Path(run_dir) / "config.json") as partial:
        partial.write_text(to_json(config, indent=2) + "\n")


def mark_stopped_early(run_dir, stopped):
    """Record in `config.json` whether a callback ended the run before its last epoch.

    A run that ended that way is finished, although it has fewer epochs than its recipe.
    """
    file = Path(run_dir) / "config.json"
    config, _ = read_config(file)
    if config.pop("stopped_early", False) != stopped:
        write_config(run_dir, {**config, **({"stopped_early": True} if stopped else {})})


def read_config(file):
    """Return the contents of a run folder's `config.json`, and its `Recipe`.

    Raises:
        PetkerasError: the file is damaged; the message names the first invalid field.
    """
    try:
        config = read_json(file)
        check_config(config)
        return config, Recipe(**config["recipe"])
    except ValueError as error:
        # Backticks mark arguments in messages; a field of the file is not one.
        what = one_line(error, 300).replace("`", "'")
        raise PetkerasError(f"{file} is damaged: {what}") from None


def check_config(config):
    """Raise a ValueError if a field of a config is missing or invalid."""
    _check_has("the file", config, FIELDS)
    for name, (is_valid, allowed) in {**FIELDS, **OPTIONAL}.items():
        if name in config and not is_valid(config[name]):
            received = one_line(repr(config[name]), 60)
            raise ValueError(f"`{name}` must be {allowed}. Received: {received}")
    _check_has("`recipe`", config["recipe"], RECIPE)
    for name in config["recipe"]:
        if name not in RECIPE:
            raise ValueError(f"`recipe` has no field {one_line(name, 60)!r}")
    if config["data"]:  # empty for pictures that `load_pets` did not load
        check_origin(config["data"], config["class_names"], config["image_size"])


def check_origin(data, class_names, image_size):
    """Raise a ValueError if arguments of `load_pets` are incomplete, or load something else."""
    _check_has("`data`", data, DATA)
    if not isinstance(data["source"], str):
        raise ValueError("the source in `data` must be a string")
    if (data["breeds"], data["image_size"]) != (class_names, image_size):
        raise ValueError("`data` must have the run's classes and image size")


def _check_has(what, value, names):
    if not isinstance(value, dict):
        raise ValueError(f"{what} must hold named fields")
    for name in names:
        if name not in value:
            raise ValueError(f"{what} lacks `{name}`")


def _is_integer(value, low=0, high=2**31):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < high


def _is_list(of):
    return lambda value: isinstance(value, list) and all(map(of, value))


def _is_dict(of):
    return lambda value: isinstance(value, dict) and all(map(of, value.values()))


def _is_bool(value):
    return isinstance(value, bool)


def _is_string(value):
    return isinstance(value, str)


def _are_names(value):
    return _is_list(_is_string)(value) and all(value) and len(set(value)) == len(value) >= 2


def _are_pictures(value):
    if not isinstance(value, dict) or not re.fullmatch("[0-9a-f]{64}", str(value.get("sha256"))):
        return False
    counts = {name: count for name, count in value.items() if name != "sha256"}
    are_counts = all(_is_integer(count, 1) for count in counts.values())
    return are_counts and {"train", "test"} <= set(counts) <= {"train", "test", "validation"}


def _is_backbone(value):
    if not isinstance(value, dict) or set(value) != {"backbone", "weights"}:
        return False
    return _is_string(value["backbone"]) and isinstance(value["weights"], str | None)


FIELDS = {
    "recipe": (_is_dict(lambda value: True), "a recipe's fields by name"),
    "data": (_is_dict(lambda value: True), "the arguments of load_pets by name"),
    "class_names": (_are_names, "two or more different names"),
    "image_size": (lambda value: _is_integer(value, 1, MAX_SIDE + 1), f"1 to {MAX_SIDE} pixels"),
    "pictures": (_are_pictures, "`train` and `test`, counts above 0, and `sha256`, a digest"),
    "seed": (lambda value: _is_integer(value, -(2**31)), "an integer below 2**31"),
    "dtype_policy": (lambda value: value in POLICIES, f"one of {', '.join(POLICIES)}"),
    "device": (_is_string, "a string"),
    "versions": (_is_dict(_is_string), "strings by name"),
}
OPTIONAL = {
    "deterministic": (_is_bool, "true or false"),
    "xla": (_is_bool, "true or false"),
    "layer_policies": (_is_dict(lambda value: value in MIXED), "mixed precision by layer"),
    "stopped_early": (_is_bool, "true or false"),
    "film": (
        lambda value: value is None or _is_dict(_is_list(_is_integer))(value),
        "lists of filter indices by layer",
    ),
    "network": (_is_string, "a string, the model's name"),
    "backbone": (_is_backbone, "`backbone` and `weights`, both strings"),
    "epochs_before": (_is_list(_is_integer), "a list of integers"),
}
