"""The frames of a run's film that the explorer takes along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from petkeras.errors import PetkerasError
from petkeras.explorer.chain import Chain
from petkeras.language import translate
from petkeras.text import one_line
from petkeras.visualize.evolution import Evolution, list_frames

MAX_FRAMES = 16
MAX_BYTES = 2_200_000  # of all frames, before they are compressed
# The film's names of weights, and those of the chain.
NAMES = {"moving_mean": "mean", "moving_variance": "variance"}


@dataclass(frozen=True)
class FilmFrames:
    """Hold frames of a film, as the page takes them.

    Args:
        frames: a dict for each frame: its `step`, its `kind`, and the `layers` that it has.
        arrays: the frames' arrays by name, such as `frames/0/3/kernel`.
        weights: for each frame a dict from a layer's index to a dict of its weights, float32; empty
            for a film that has only maps.
        notes: lines that a person should read.
    """

    frames: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    weights: list[dict[int, dict[str, np.ndarray]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of_layers(self, count):
        """Return the frames with what belongs to the first `count` layers."""
        frames = [frame | {"layers": _first(frame["layers"], count)} for frame in self.frames]
        if not any(frame["layers"] for frame in frames):
            return FilmFrames(notes=self.notes)
        arrays = {
            name: array
            for name, array in self.arrays.items()
            if not name.startswith("frames/") or int(name.split("/")[2]) < count
        }
        weights = [{i: own for i, own in each.items() if i < count} for each in self.weights]
        return FilmFrames(frames, arrays, weights, self.notes)


def _first(layers, count):
    """Return those of a list of layers' indices, or of a dict by index, that are below `count`."""
    if isinstance(layers, dict):
        return {index: filters for index, filters in layers.items() if int(index) < count}
    return [index for index in layers if index < count]


def read_frames(run_dir, chain: Chain):
    """Return evenly spaced `FilmFrames` of a run, with the first and the last.

    A film has each convolution's weights, with which the page computes the maps of any photograph.
    A film of an earlier version of petkeras has only some maps of one photograph. A damaged film is
    left out, and a note says so.
    """
    if not list_frames(run_dir / "evolution"):
        return FilmFrames()
    try:
        return _read_frames(Evolution(run_dir), chain)
    except Exception as error:  # damaged films raise more than NumPy documents
        reason = one_line(_reason(error, run_dir), 200)
        note = translate("The film of the filters is left out: {reason}", reason=reason)
        return FilmFrames(notes=[note])


def _reason(error, run_dir):
    """Return why a film is left out, without the folder's path: a page may go to others."""
    if not isinstance(error, PetkerasError):
        return translate("it is damaged.")
    return str(error).replace(str(run_dir / "evolution" / "_")[:-1], "")


def _read_frames(evolution, chain):
    names = {layer.name: index for index, layer in enumerate(chain.layers)}
    with_weights = {}
    for frame, file in enumerate(evolution.files):
        weights = evolution.weights(frame)
        if weights:
            with_weights[frame] = _check_weights(weights, chain, names, file.name)
    if with_weights:
        return _weight_frames(evolution, chain, with_weights)
    return _map_frames(evolution, chain, names)


def _choose(frames, bytes_a_frame):
    """Return evenly spaced ones of a list of frames, with the first and the last."""
    most = min(len(frames), MAX_FRAMES, max(2, MAX_BYTES // bytes_a_frame))
    return [frames[n] for n in np.unique(np.linspace(0, len(frames) - 1, most).astype(int))]


def _weight_frames(evolution, chain, with_weights):
    first = next(iter(with_weights.values()))
    if not first:
        raise PetkerasError(translate("its weights do not belong to this network."))
    size = sum(2 * array.size for weights in first.values() for array in weights.values())
    chosen = _choose(list(with_weights), size)
    frames, arrays = [], {}
    for number, frame in enumerate(chosen):
        for index, weights in with_weights[frame].items():
            for name, array in weights.items():
                arrays[f"frames/{number}/{index}/{name}"] = array.astype(np.float16)
        frames.append(_describe(evolution, frame, "weights", list(with_weights[frame])))
    notes = [evolution.weights_note] if evolution.weights_note else []
    missing = [
        layer.name
        for index, layer in enumerate(chain.layers)
        if _is_filmed(layer) and index not in first
    ]
    if missing:
        notes.append(
            translate(
                "The film does not have the weights of {layers}: there, the trained weights are "
                "used at every step.",
                layers=one_line(", ".join(missing)),
            )
        )
    all_weights = [with_weights[frame] for frame in chosen]
    return FilmFrames(frames, arrays, all_weights, notes + _note_count(evolution, chosen))


def _is_filmed(layer):
    return layer.kind in ("conv", "batch_norm") and "fixed" not in layer.settings


def _check_weights(filmed, chain, names, file):
    """Return a frame's weights by layer index, or raise if they do not fit the network."""
    found = {}
    for name, weights in filmed.items():
        layer = chain.layers[names[name]] if name in names else None
        if layer is None or not _is_filmed(layer):
            continue
        weights = {NAMES.get(each, each): array for each, array in weights.items()}
        shapes = {each: tuple(weight.shape) for each, weight in layer.weights.items()}
        if {each: array.shape for each, array in weights.items()} != shapes or not all(
            np.isfinite(array).all() for array in weights.values()
        ):
            raise PetkerasError(
                translate(
                    "{file} does not fit the network: the weights of layer '{name}' have other "
                    "shapes, or are not finite.",
                    file=file,
                    name=one_line(name),
                )
            )
        found[names[name]] = weights
    return found


def _map_frames(evolution, chain, names):
    filters = {names[name]: some for name, some in evolution.filters.items() if name in names}
    filters = {index: some for index, some in filters.items() if _has_maps(chain, index, some)}
    if evolution.image.shape != chain.input_shape or not filters:
        raise PetkerasError(translate("its maps do not belong to this network."))
    areas = {index: np.prod(chain.layers[index].shape[:2]) for index in filters}
    size = sum(2 * areas[index] * len(some) for index, some in filters.items())
    # Large maps: fewer filters, so that at least a few frames fit.
    share = min(1.0, MAX_BYTES / (4 * size))
    kept = {index: some[: max(1, int(share * len(some)))] for index, some in filters.items()}
    size = sum(2 * areas[index] * len(some) for index, some in kept.items())
    chosen = _choose(list(range(len(evolution.steps))), int(size))
    arrays = {"film_photograph": evolution.image}
    for index, some in kept.items():
        shape = chain.layers[index].shape[:2]
        maps = evolution.maps(chain.layers[index].name, chosen)  # (frames, h, w, filters)
        if maps.shape[1:3] != shape or not np.isfinite(maps).all():
            raise PetkerasError(translate("its maps do not belong to this network."))
        for number, own in enumerate(maps[..., : len(some)]):  # (h, w, filters)
            largest = np.maximum(np.abs(own).max(axis=(0, 1)), 1e-30)  # (filters,)
            arrays[f"frames/{number}/{index}/maps"] = (own / largest).astype(np.float16)
            arrays[f"frames/{number}/{index}/largest"] = largest.astype(np.float32)
    layers = {str(index): some for index, some in kept.items()}
    frames = [_describe(evolution, frame, "maps", layers) for frame in chosen]
    note = translate(
        "This film was made by an earlier version of petkeras: it has maps of the filmed "
        "photograph, not the weights, so other photographs are shown with the trained network."
    )
    return FilmFrames(frames, arrays, [], [note, *_note_count(evolution, chosen)])


def _has_maps(chain, index, filters):
    shape = chain.layers[index].shape
    return len(shape) == 3 and max(filters) < shape[2]


def _describe(evolution, frame, kind, layers):
    return {"step": evolution.steps[frame], "kind": kind, "layers": layers}


def _note_count(evolution, chosen):
    count = len(evolution.steps)
    if len(chosen) == count:
        return []
    return [
        translate(
            "The film has {count} frames; {shown} evenly spaced ones are shown.",
            count=count,
            shown=len(chosen),
        )
    ]
