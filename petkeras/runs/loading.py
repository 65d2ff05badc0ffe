"""Load a saved network that may be untrusted: no code in the file is run."""

from __future__ import annotations

import math
import sys
import tempfile
import warnings
import zipfile
from contextlib import contextmanager
from functools import partial

import keras
import tensorflow as tf

import petkeras.layers
import petkeras.optimizers  # noqa: F401 -- importing both registers their classes with Keras
from petkeras.errors import PetkerasError
from petkeras.system.files import MAX_JSON, local_path, parse_json
from petkeras.text import one_line

# A network may consist of classes of these kinds, from these modules ...
PARTS = (
    keras.Operation,  # layers, networks, and the operations of `keras.ops` within one
    keras.Initializer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.dtype_policies.DTypePolicy,
)
MODULES = (
    "keras", "keras.models", "keras.src.models.functional", "keras.layers", "keras.initializers",
    "keras.regularizers", "keras.constraints", "keras.dtype_policies",
)  # fmt: skip
# ... except those that run code from the file, or open other files.
NEVER = (
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup",
    "IntegerLookup", "TextVectorization",
)  # fmt: skip
PART = 2**22  # numbers, 16 MB: a larger weight is loaded in parts
VALUES = ("__tensor__", "__numpy__", "__keras_tensor__", "__bytes__", "__slice__", "__ellipsis__")


def load_model(file):
    """Load a `.keras` file like `keras.saving.load_model`, if all of its parts are harmless.

    For the article's network this takes half as long as with Keras, and 1.4 GB less memory at its
    peak: no random weights are made first, and `fc1` is not copied. The file, a zip archive, is
    temporarily unpacked to disk.

    `keras.saving.load_model` can load the file, too, after `import petkeras.layers`, which
    registers the layers with Keras.

    Args:
        file: the path of a `.keras` file.

    Returns:
        A `keras.Model`, not compiled.

    Raises:
        PetkerasError: the file is missing or damaged, or it contains or requests code.

    Example:

    >>> import petkeras as pk
    >>> model = pk.load_model("runs/mine/model.keras")  # doctest: +SKIP
    """
    file = local_path("file", file)
    try:
        with (
            zipfile.ZipFile(file) as archive,
            tempfile.TemporaryDirectory() as folder,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # weights that do not fit raise an error
            _check_size(archive, "config.json", MAX_JSON)
            config = parse_json(archive.read("config.json"))
            code = find_code(config)
            if code:
                raise _CodeError(code)
            model = _build(config)
            wanted = sum(4 * math.prod(weight.shape) for weight in model.weights)
            _check_size(archive, "model.weights.h5", 4 * wanted + 2**24)  # with Adam's moments
            with _loading_in_parts(model):
                model.load_weights(archive.extract("model.weights.h5", folder))
    except _CodeError as code:
        raise PetkerasError(
            f"{file} was not loaded: it contains or requests code ({one_line(code)}), which was "
            "not run. A network may consist of the layers of Keras and petkeras, and of those that "
            "you have registered with keras.saving.register_keras_serializable."
        ) from None
    except Exception as error:  # damaged files raise more than Keras documents
        raise PetkerasError(
            f"{file} cannot be loaded: it is damaged, or is not a Keras model ({one_line(error)})."
        ) from None
    if not all(map(_is_finite, model.weights)):
        raise PetkerasError(f"{file} cannot be used: some of its weights are not finite.")
    return model


class _Zeros(keras.Initializer):
    """Stand for an initializer until the weights are loaded; random ones would take seconds."""

    def __init__(self, original):
        self.original = original  # its config

    def __call__(self, shape, dtype=None):
        return tf.zeros(shape, dtype)


def _build(config):
    """Return the network that a config describes; the kernels of petkeras's layers are 0."""
    for part in _parts(config):
        if str(part.get("registered_name")).startswith("petkeras>"):
            original = part["config"].get("kernel_initializer")
            if isinstance(original, dict):
                part["config"]["kernel_initializer"] = {
                    "class_name": "_Zeros", "config": {"original": original}
                }  # fmt: skip
    model = keras.saving.deserialize_keras_object(config, {"_Zeros": _Zeros}, safe_mode=True)
    if not isinstance(model, keras.Model):
        raise ValueError("it does not hold a network")
    for layer in model._flatten_layers():
        start = getattr(layer, "kernel_initializer", None)
        if isinstance(start, _Zeros):
            layer.kernel_initializer = keras.initializers.get(start.original)
    return model


def _parts(config):
    """Yield all dicts in a config, from the outermost inward."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(reversed(part.values()))
        elif isinstance(part, list):
            waiting.extend(reversed(part))


@contextmanager
def _loading_in_parts(model):
    """Make the layers of a model assign large weights in parts when they are loaded in the block.

    Keras assigns a weight as a whole, and TensorFlow copies it on the way: loading `fc1` at 224
    pixels would take 0.6 GB more.
    """
    layers = [layer for layer in model._flatten_layers() if _is_large(layer)]
    for layer in layers:
        layer.load_own_variables = partial(_load_in_parts, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.load_own_variables


def _is_large(layer):
    """Return True if a layer loads weights as Keras's layers do, and some are large."""
    own = type(layer).load_own_variables is keras.layers.Layer.load_own_variables
    return own and any(math.prod(weight.shape) > PART for weight in layer.weights)


def _load_in_parts(layer, store):
    """Load weights as `keras.layers.Layer.load_own_variables` does, but large ones by rows."""
    layer._check_load_own_variables(store)
    for number, weight in enumerate(layer._trainable_variables + layer._non_trainable_variables):
        values = store[str(number)]
        fits = (values.shape, values.dtype) == (tuple(weight.shape), weight.dtype)
        if not fits or math.prod(values.shape) <= PART:
            weight.assign(values)  # or raises an error that says what does not fit
            continue
        rows = max(1, PART // math.prod(values.shape[1:]))
        for first in range(0, len(values), rows):
            part = values[first : first + rows]
            tf.raw_ops.ResourceStridedSliceAssign(  # `weight.value[...].assign` copies all of it
                ref=weight.value.handle,
                begin=[first],
                end=[first + len(part)],
                strides=[1],
                value=part,
            )


class _CodeError(Exception):
    """The code that a file contains or requests."""


def _check_size(archive, name, limit):
    """Reject a member that would fill the memory or the disk when it is unpacked."""
    size = archive.getinfo(name).file_size
    if size > limit:
        raise ValueError(f"{name} has {size} bytes, more than {limit}")


def _is_finite(weight):
    is_float = keras.backend.is_float_dtype(weight.dtype)
    return not is_float or bool(tf.reduce_all(tf.math.is_finite(weight.value)))


def find_code(config):
    """Return the name of the first part of a network's config that is or requests code.

    Keras's safe mode rejects lambdas and other classes that are known to be harmful. This check
    is stricter: anything that is not known to be harmless counts as code. Losses, metrics and
    optimizers are removed from the config unread.

    Args:
        config: a config as `keras.saving.serialize_keras_object` returns it, changed in place.

    Returns:
        A name such as `"Lambda"` or `"os.system"`, or `None` if there is no code.

    Example:

    >>> import keras
    >>> from petkeras.runs.loading import find_code
    >>> find_code(keras.saving.serialize_keras_object(keras.layers.Flatten()))
    >>> find_code({"class_name": "system", "module": "os", "config": {}})
    'os.system'
    """
    for part in _parts(config):
        part.pop("compile_config", None)
        if "class_name" in part and not _is_harmless(part):
            return _name(part)
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
    """Return True if a class of that name is registered with Keras, as petkeras's layers are."""
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _name(part):
    if part["class_name"] in NEVER:
        return part["class_name"]
    name = part.get("config") if part["class_name"] == "function" else part["class_name"]
    return f"{part.get('module')}.{name}"
