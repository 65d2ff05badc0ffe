"""Read files that may be a stranger's: nothing in them is run, nothing is unpickled."""

from __future__ import annotations

import json
import math
import re
import sys
import tempfile
import warnings
import zipfile

import keras
import numpy as np
import tensorflow as tf

from petkeras.data.words import one_line
from petkeras.errors import PetkerasError

MOST_JSON = 2**22  # bytes of a file of JSON, or of a network's description; ours have thousands

# What a network may be made of: classes of these kinds, from these modules ...
PARTS = (
    keras.Operation,  # layers, whole networks, and what `keras.ops` leaves in one
    keras.Initializer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.dtype_policies.DTypePolicy,
)
MODULES = (
    "keras", "keras.models", "keras.src.models.functional", "keras.layers", "keras.initializers",
    "keras.regularizers", "keras.constraints", "keras.dtype_policies",
)  # fmt: skip
# ... but for those that run what a file holds, or open files that it names.
NEVER = (
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup",
    "IntegerLookup", "TextVectorization",
)  # fmt: skip
VALUES = ("__tensor__", "__numpy__", "__keras_tensor__", "__bytes__", "__slice__", "__ellipsis__")


def read_json(file):
    """Return what a file of JSON holds.

    Raises:
        ValueError: it is too long, nested too deeply, no JSON, or has numbers that JSON has not.
        OSError: it cannot be read.
    """
    if _no_pipe(file).stat().st_size > MOST_JSON:
        raise ValueError(f"it is longer than {MOST_JSON} bytes")
    return _parse(file.read_bytes())


def _no_pipe(file):
    """Refuse what is there and is no file: a pipe would be waited for for ever."""
    if file.exists() and not file.is_file():
        raise ValueError("it is no file")
    return file


def _parse(text):
    def refuse(word):
        raise ValueError(f"{word} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_array(file, shape, dtype):
    """Return the array in an `.npy` file.

    Args:
        file: its path.
        shape: what its shape must be, `None` for a side of any length.
        dtype: what its dtype must be.

    Raises:
        PetkerasError: it is damaged, holds something else, or numbers that are not finite.
    """
    try:
        array = np.load(_no_pipe(file), allow_pickle=False)
    except Exception as error:  # NumPy trips over damage in more ways than it documents
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
    there = getattr(array, "shape", ())
    fits = len(there) == len(shape) and all(map(_fits, there, shape)) and array.dtype == dtype
    if not fits or not np.isfinite(array).all():
        raise PetkerasError(
            f"{file} is damaged: it must hold finite numbers, {shape} {np.dtype(dtype)}."
        )
    return array


def _fits(side, wanted):
    return wanted is None or side == wanted


def read_arrays(file, wanted):
    """Return those arrays in an `.npz` file whose names `wanted` says yes to, by name.

    Raises:
        PetkerasError: it is missing or damaged.
    """
    try:
        with np.load(_no_pipe(file), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files if wanted(name)}
    except Exception as error:  # NumPy trips over damage in more ways than it documents
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None


def list_frames(folder):
    """List the frames `step_0000050.npz` ... of a run's film, in the order of their steps."""
    return sorted(
        file for file in folder.glob("step_*.npz") if re.fullmatch("step_[0-9]{7,15}", file.stem)
    )


def read_film(file):
    """Return what a `film.json` says was filmed: a dict from each layer to its filters' numbers.

    Raises:
        PetkerasError: it is missing or damaged.
    """
    try:
        filters = read_json(file)["filters"]
        for layer, numbers in filters.items():
            if "/" in layer or not numbers or not all(type(n) is int and n >= 0 for n in numbers):
                raise ValueError(f"layer {layer!r} must have a list of filters' numbers")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
    return filters


def load_model(file):
    """Load a `.keras` file as `keras.saving.load_model` does, if it is of harmless parts only.

    It takes 411 MB less at the peak: Keras reads all weights into memory, and from there into the
    network. Here they go from the disk, as the file, which is a zip archive, is unpacked for a
    moment.

    Raises:
        PetkerasError: the file carries code or asks for some, or is damaged.
    """
    try:
        with (
            zipfile.ZipFile(file) as archive,
            tempfile.TemporaryDirectory() as folder,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # of weights that do not fit, an error tells
            _check_size(archive, "config.json", MOST_JSON)
            config = _parse(archive.read("config.json"))
            code = find_code(config)
            if code:
                raise _CodeError(code)
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
            if not isinstance(model, keras.Model):
                raise ValueError("it holds no network")
            wanted = sum(4 * math.prod(weight.shape) for weight in model.weights)
            _check_size(archive, "model.weights.h5", 4 * wanted + 2**24)  # with Adam's moments
            model.load_weights(archive.extract("model.weights.h5", folder))
    except _CodeError as code:
        raise PetkerasError(
            f"{file} is refused: it carries code, or asks for some ({one_line(code)}), which was "
            "not run. A network may be made of the layers of Keras and petkeras, and of those that "
            "you have registered with keras.saving.register_keras_serializable."
        ) from None
    except Exception as error:  # a damaged file is tripped over in more ways than are documented
        raise PetkerasError(
            f"{file} cannot be loaded: it is damaged, or no model of petkeras ({one_line(error)})."
        ) from None
    if not all(map(_is_finite, model.weights)):
        raise PetkerasError(f"{file} cannot be used: some of its weights are not finite numbers.")
    return model


class _CodeError(Exception):
    """Name the code that a file carries."""


def _check_size(archive, name, most):
    """Refuse a member that would fill the memory or the disk when it is unpacked."""
    size = archive.getinfo(name).file_size
    if size > most:
        raise ValueError(f"{name} has {size} bytes, {most} at the most")


def _is_finite(weight):
    is_float = keras.backend.is_float_dtype(weight.dtype)
    return not is_float or bool(tf.reduce_all(tf.math.is_finite(weight.value)))


def find_code(config):
    """Name the first part of a network's description that is code or asks for code.

    Keras's safe mode refuses lambdas, and what else was found to do harm. This is stricter:
    whatever is not known to be harmless counts as code. Losses, metrics and optimizers are taken
    out of the description unseen.

    Args:
        config: a description as `keras.saving.serialize_keras_object` returns it, changed in place.

    Returns:
        Such as `"Lambda"` or `"os.system"`; `None` where there is no code.

    Example:

    >>> import keras
    >>> from petkeras.loading import find_code
    >>> find_code(keras.saving.serialize_keras_object(keras.layers.Flatten()))
    >>> find_code({"class_name": "system", "module": "os", "config": {}})
    'os.system'
    """
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            part.pop("compile_config", None)
            if "class_name" in part and not _is_harmless(part):
                return _name(part)
            waiting.extend(reversed(part.values()))
        elif isinstance(part, list):
            waiting.extend(reversed(part))
    return None


def _is_harmless(part):
    name, module = part["class_name"], part.get("module")
    if name in VALUES:
        return True
    if not isinstance(name, str) or not isinstance(module, str) or name in NEVER:
        return False
    if name == "function":
        return _is_registered(part.get("config"))
    if _is_registered(part.get("registered_name")):
        return True
    found = getattr(sys.modules.get(module), name, None)
    known = module in MODULES or module.startswith("keras.src.ops.")
    return known and isinstance(found, type) and issubclass(found, PARTS)


def _is_registered(name):
    """Tell whether this process has a class of that name for Keras, as petkeras's own layers."""
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _name(part):
    if part["class_name"] in NEVER:
        return part["class_name"]
    name = part.get("config") if part["class_name"] == "function" else part["class_name"]
    return f"{part.get('module')}.{name}"
