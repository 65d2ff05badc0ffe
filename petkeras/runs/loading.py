"""Read files that may be a stranger's: nothing in them is run, nothing is unpickled."""

from __future__ import annotations

import math
import sys
import tempfile
import warnings
import zipfile

import keras
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.system.files import MOST_JSON, parse_json
from petkeras.text import one_line

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
            config = parse_json(archive.read("config.json"))
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
    >>> from petkeras.runs.loading import find_code
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
