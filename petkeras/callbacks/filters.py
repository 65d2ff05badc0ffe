"""What is kept while a network learns, so that it can be filmed afterwards: the article's GIFs."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import filter_layers, has_maps, kernels
from petkeras.system.files import read_array, read_arrays
from petkeras.visualize.evolution import list_frames, read_film

FILTERS = 8  # kept of each convolution where nothing else is asked for


@dataclass(frozen=True)
class Film:
    """Say what to film during training: which filters, on which photograph.

    Args:
        filters: a dict from a layer's name to the numbers of its filters, such as
            `{"conv1_2": [0, 5]}`; `None` is the first 8 of each convolution.
        image: `(size, size, 3)` uint8; `None` is the first photograph of the test part.

    Example:

    >>> from petkeras.callbacks.filters import Film
    >>> Film({"conv1_2": [0, 5]}).filters
    {'conv1_2': [0, 5]}

    Reference: the article's section "Visualizing filters" and its figures 9 and 10.
    """

    filters: dict | None = None
    image: np.ndarray | None = None


class Recorder:
    """Keep filters' maps of one photograph, and how far each kernel is from its start.

    In `RUN/evolution/`: `film.json` (which filters), `photograph.npy`, `start.npz` (kernels at the
    start), and a file of maps such as `step_0000050.npz` for each step recorded. A file is written
    whole or not at all, and depends on nothing but the weights, so that a run that goes on after a
    crash writes the same files again.

    Args:
        run_dir: the run folder.
        model: the `keras.Model` that is trained.
        film: a `Film`; where the folder holds one already, that one counts.
        image: the photograph to film where `film` names none, `(size, size, 3)` uint8.
        preprocess: a function from `(1, size, size, 3)` pictures to what the network takes.

    Raises:
        PetkerasError: `film` names a layer without feature maps, a filter that is not there, or an
            image of another size.
    """

    def __init__(self, run_dir, model, film: Film, image, preprocess):
        self.folder = Path(run_dir) / "evolution"
        self.model = model
        if not (self.folder / "film.json").exists():
            self._begin(film, image)
        self.filters = read_film(self.folder / "film.json")
        check_film(model, Film(self.filters))
        shape = tuple(model.input_shape[1:])
        photograph = read_array(self.folder / "photograph.npy", shape, np.uint8)
        self.x = preprocess(photograph[None])  # (1, size, size, 3)
        self.start = self._read_start()
        outputs = {name: model.get_layer(name).output for name in self.filters}
        seen = keras.Model(model.input, outputs)
        self.maps = tf.function(lambda: seen(self.x, training=False))

    def _begin(self, film, image):
        check_film(self.model, film)
        filters = film.filters or _first_filters(self.model)
        image = np.asarray(image if film.image is None else film.image)
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / "photograph.npy", image.astype(np.uint8))
        np.savez(self.folder / "start.npz", **{name: k.numpy() for name, k in kernels(self.model)})
        film_as_text = {"filters": {name: list(map(int, some)) for name, some in filters.items()}}
        (self.folder / "film.json").write_text(json.dumps(film_as_text) + "\n")

    def _read_start(self):
        file, now = self.folder / "start.npz", dict(kernels(self.model))
        start = read_arrays(file, now.__contains__)
        shapes = {name: kernel.shape for name, kernel in start.items()}
        if shapes != {name: tuple(kernel.shape) for name, kernel in now.items()}:
            raise PetkerasError(f"{file} is damaged: its kernels are not those of the network.")
        return start

    def record(self, step):
        """Keep the chosen filters' maps, and each kernel's distance, as they are now."""
        kept = {}
        for layer, maps in self.maps().items():
            maps = tf.cast(maps[0], tf.float32).numpy()[..., self.filters[layer]]  # (h, w, filters)
            largest = np.maximum(np.abs(maps).max(axis=(0, 1)), 1e-30)  # (filters,)
            kept[f"maps/{layer}"] = (maps / largest).astype(np.float16)  # within [-1, 1]
            kept[f"largest/{layer}"] = largest
        for layer, kernel in kernels(self.model):
            start = self.start[layer]
            moved = np.linalg.norm(kernel.numpy() - start) / np.linalg.norm(start)
            kept[f"moved/{layer}"] = np.float32(moved)
        half_made = self.folder / "incomplete.npz"
        np.savez(half_made, **kept)
        os.replace(half_made, self.folder / f"step_{step:07d}.npz")


def drop_frames_after(run_dir, step):
    """Remove from a run folder's film all frames of later steps than one."""
    folder = Path(run_dir) / "evolution"
    if step < 0:
        shutil.rmtree(folder, ignore_errors=True)
    for file in list_frames(folder):
        if int(file.stem.removeprefix("step_")) > step:
            file.unlink()


def check_film(model, film: Film):
    """Raise a PetkerasError if a film cannot be made of a model."""
    wanted, image = model.input_shape[1:], film.image
    if image is not None and np.shape(image) != wanted:
        raise PetkerasError(
            f"Film: `image` must be {wanted} uint8. Received: shape={np.shape(image)}"
        )
    counts = {layer.name: layer.output.shape[-1] for layer in model.layers if has_maps(layer)}
    for name, chosen in (film.filters or {}).items():
        if name not in counts:
            raise PetkerasError(
                f"Film: there is no layer '{name}' with feature maps. Layers that have: "
                f"{', '.join(counts)}."
            )
        wrong = [number for number in chosen if not 0 <= number < counts[name]]
        if wrong:
            raise PetkerasError(
                f"Film: layer '{name}' has the filters 0 to {counts[name] - 1}. "
                f"Received: {wrong[0]}"
            )


def _first_filters(model):
    return {
        layer.name: list(range(min(FILTERS, layer.output.shape[-1])))
        for layer in filter_layers(model)
    }
