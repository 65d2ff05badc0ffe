"""All that an explorer's page holds: a description of the network, and arrays, packed as text."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.explorer.dense import make_dense_part
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.exactness import measure_exactness
from petkeras.explorer.words import explorer_words
from petkeras.language import language, translate
from petkeras.system.files import to_json
from petkeras.text import one_line
from petkeras.visualize.kernels import article_kernels

VERSION = 1
DTYPES = ("float32", "float16", "uint8", "int8", "int32")
ALIGNMENT = 8  # bytes
LARGE = 20_000_000  # bytes of arrays that deserve a note
MAX_KERNELS = 16_000_000  # bytes of the convolutions' kernels in a page


@dataclass(frozen=True)
class Contents:
    """Hold what a page shows.

    Args:
        manifest: a dict that JSON can hold.
        arrays: a dict from names to arrays.
    """

    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]


def make_contents(explored, notebook=False, start=None, words=None):
    """Return the `Contents` of an explorer.

    Args:
        explored: an `Explored`.
        notebook: whether TensorFlow can be asked, so that no large dense kernel is needed.
        start: a dict of the `layer` (a name), the `filter` and the `tab` to begin with.
        words: a dict that translates the page's sentences; by default it is that of the current
            language.

    Raises:
        PetkerasError: the network returns values that are not finite.
    """
    explored = explored if notebook else _for_page(explored)
    chain, photographs, film = explored.chain, explored.photographs, explored.film
    inputs, probabilities = _run(explored)
    dense = make_dense_part(explored, notebook)
    arrays = {"mean": explored.mean}
    for number, pixels in enumerate(photographs.pixels):
        arrays[f"photographs/{number}"] = pixels
    for index, layer in enumerate(chain.layers):
        for name, weight in layer.weights.items():
            if name != "kernel" or index not in dense.left_out:
                arrays[f"layers/{index}/{name}"] = np.asarray(weight)
    manifest = {
        "version": VERSION,
        "class_names": explored.class_names,
        "input_shape": chain.input_shape,
        "pixel_scale": explored.pixel_scale,
        "run": None if explored.run is None else str(explored.run.run_dir),
        "notes": [*explored.notes, *dense.notes, *_note_size(arrays)],
        "stops_at": chain.stops_at,
        "layers": [_describe_layer(layer) for layer in chain.layers],
        "photographs": photographs.describe(probabilities),
        "frames": film.frames,
        "dense": dense.describe(),
        "exactness": measure_exactness(chain, inputs),
        "start": {"layer": None, "filter": 0, "tab": "look"} | (start or {}),
        **in_language(explored.title, words),
    }
    return Contents(manifest, arrays | dense.arrays | film.arrays)


def in_language(title, words=None):
    """Return the entries of a manifest that depend on the current language.

    Args:
        title: the question that the network answers, in this language.
        words: as in `make_contents`.
    """
    words = explorer_words() if words is None else words
    kernels = article_kernels().items()
    return {
        "title": title,
        "kernels": {words.get(name) or translate(name): kernel for name, kernel in kernels},
        "lang": language().replace("_", "-"),  # as HTML writes it
        "words": words,
    }


def _for_page(explored):
    """Return the part of an `Explored` whose convolutions are small enough for a page."""
    layers, size = explored.chain.layers, 0
    for index, layer in enumerate(layers):
        if layer.kind != "conv":
            continue
        size += 4 * int(tf.size(layer.weights["kernel"]))
        if index > 0 and size > MAX_KERNELS:
            stop = translate(
                "Layer '{name}' is not on this page: with it, the kernels take {size:.0f} MB, and "
                "a page holds {limit:.0f} MB. The network is shown up to the layer before it; in a "
                "notebook, pk.explore shows all of it.",
                name=one_line(layer.name),
                size=size / 1e6,
                limit=MAX_KERNELS / 1e6,
            )
            chain = replace(explored.chain, layers=layers[:index], stops_at=stop, has_logits=False)
            return replace(explored, chain=chain, film=explored.film.of_layers(index))
    return explored


def _run(explored):
    """Return the inputs of all layers for each photograph, and the probabilities if there are."""
    inputs, logits = [], []
    for pixels in explored.photographs.pixels:
        x = explored.preprocess(pixels[None])  # (1, height, width, channels)
        outputs = compute_outputs(explored.chain, x)
        if not all(np.isfinite(output).all() for output in outputs):
            raise PetkerasError(
                "The network cannot be explored: it returns values that are not finite for one of "
                "the photographs."
            )
        inputs.append([x, *outputs])
        logits.append(outputs[-1][0])
    return inputs, tf.nn.softmax(logits).numpy() if explored.chain.has_logits else None


def _note_size(arrays):
    size = sum(array.nbytes for array in arrays.values())
    if size <= LARGE:
        return []
    return [
        translate("The network is large: {size:.0f} MB of weights come with it.", size=size / 1e6)
    ]


def _describe_layer(layer):
    count = sum(int(tf.size(weight)) for weight in layer.weights.values())
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": layer.shape,
        "weights": 0 if "fixed" in layer.settings else count,
        **layer.settings,
    }


def pack(contents):
    """Return `Contents` as one text: base64 of zlib of a JSON header and the arrays."""
    header, blocks, offset = {}, [], 0
    for name, array in contents.arrays.items():
        array = np.asarray(array)
        if array.dtype.name not in DTYPES:
            raise TypeError(f"{name} has the dtype {array.dtype}")
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        blocks.append(data + bytes(-len(data) % ALIGNMENT))
        offset += len(blocks[-1])
    text = to_json({"manifest": contents.manifest, "arrays": header}).encode()
    text += b" " * (-(len(text) + 4) % ALIGNMENT)
    packed = len(text).to_bytes(4, "little") + text + b"".join(blocks)
    return base64.b64encode(zlib.compress(packed, 9)).decode()


def unpack(text):
    """Return the `Contents` that `pack` made a text of."""
    packed = zlib.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(packed[:4], "little")
    header = json.loads(packed[4:start])
    arrays = {}
    for name, entry in header["arrays"].items():
        dtype = np.dtype(entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(packed, dtype, count, start + entry["offset"])
        arrays[name] = values.reshape(entry["shape"])
    return Contents(header["manifest"], arrays)
