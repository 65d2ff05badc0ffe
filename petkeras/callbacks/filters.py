"""Film filters: record their feature maps of one photograph while a network learns.

`petkeras.visualize.animate_evolution` turns the recordings into animations like the article's.
"""

from __future__ import annotations

import json
import operator
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from petkeras.callbacks.base import RunCallback
from petkeras.errors import PetkerasError
from petkeras.inspection import (
    check_filters,
    filter_layers,
    find_layer,
    fits,
    named_layers,
    sampled_kernels,
)
from petkeras.system.files import local_path, read_array, read_arrays, read_json, written_atomically
from petkeras.text import one_line
from petkeras.tracing import compile_outputs
from petkeras.visualize.evolution import list_frames, read_film

NUM_FILTERS = 8  # of each convolution, by default


@dataclass(frozen=True)
class Film:
    """The filters to film during training, and the photograph to film them on.

    Args:
        filters: a dict from a layer's name to the indices of its filters, such as
            `{"conv1_2": [0, 5]}`; `None` means the first 8 of each convolution.
        image: `(size, size, 3)` uint8; `None` means the first photograph of the test part.

    Example:

    >>> from petkeras.callbacks.filters import Film
    >>> Film({"conv1_2": [0, 5]}).filters
    {'conv1_2': [0, 5]}

    Reference: the article's section "Visualizing filters" and its figures 9 and 10.
    """

    filters: dict | None = None
    image: np.ndarray | None = None

    def __post_init__(self):
        if self.filters is None:
            return
        try:  # config.json needs lists of Python integers
            filters = {name: list(map(operator.index, some)) for name, some in self.filters.items()}
        except (AttributeError, TypeError):
            raise PetkerasError(
                'Film: `filters` must be a dict such as {"conv1_2": [0, 5]}. '
                f"Received: filters={one_line(repr(self.filters), 80)}"
            ) from None
        object.__setattr__(self, "filters", filters)


class FilterFilm(RunCallback):
    """Record filters' feature maps of one photograph, and how far each kernel has moved.

    `RUN/evolution/` contains `film.json` (the list of filters), `photograph.npy`, `start.npz` (the
    kernels at the start), and one file of maps per frame, such as `step_0000050.npz`. Frames are
    written atomically and depend only on the weights, so a run that is resumed after a crash writes
    the same frames again.

    Args:
        run_dir: the run folder.
        image: the photograph to film if `film` has none, `(size, size, 3)` uint8.
        film: a `Film`; if the folder already has one, that one is continued instead.
        every: steps between two frames. The start and the end of training are also recorded.
        preprocess: a function from `(1, size, size, 3)` uint8 to the network's input; by default
            the network takes the pixels as they are.

    Raises:
        PetkerasError: when training starts, if `film` names a layer without feature maps or a
            filter that does not exist, if its image has the wrong size, or if the folder's film is
            damaged.
    """

    def __init__(self, run_dir, image, film=None, every=50, preprocess=None):
        super().__init__()
        self.folder = local_path("run_dir", run_dir) / "evolution"
        self.image, self.film, self.every = image, film or Film(), every
        self.preprocess = preprocess or (lambda images: tf.cast(images, tf.float32))
        self.filters = None  # set when the film starts

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        has_film = (self.folder / "film.json").exists()
        if self.step > 0 and not has_film:
            return  # the film was deleted, and a new one would lack its beginning
        if not has_film:
            self._start()
        self._open()
        if self.step == 0:
            self.record(0)

    def on_train_batch_end(self, batch, logs=None):
        if self.filters and self.is_due(self.every):
            self.record(self.step)

    def on_epoch_end(self, epoch, logs=None):
        # A last frame comes before the last checkpoint, from which a run is not trained further.
        if self.filters and self.is_last_step:
            self.record(self.step)

    def on_train_end(self, logs=None):
        if self.filters and not (self.loop and self.loop.interrupted):
            self.record(self.step)

    def _start(self):
        """Write the list of filters, the photograph, and the kernels at the start."""
        check_film(self.model, self.film)
        filters = self.film.filters or _first_filters(self.model)
        image = np.asarray(self.image if self.film.image is None else self.film.image)
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / "photograph.npy", image.astype(np.uint8))
        start = {name: kernel.numpy() for name, kernel in sampled_kernels(self.model)}
        np.savez(self.folder / "start.npz", **start)
        film_as_text = {"filters": filters, "layers": list(named_layers(self.model))}
        (self.folder / "film.json").write_text(json.dumps(film_as_text) + "\n")

    def _open(self):
        """Read what `_start` wrote, now or before the run was resumed."""
        filters = read_film(self.folder / "film.json")
        self.names = self._present_names(filters)
        check_film(self.model, Film({self.names[name]: some for name, some in filters.items()}))
        shape = tuple(self.model.input_shape[1:])  # None: of any size
        photograph = read_array(self.folder / "photograph.npy", shape, np.uint8)
        self.x = self.preprocess(photograph[None])  # (1, size, size, 3)
        self.start = self._read_start()
        self.compute_maps = compile_outputs(self.model, list(self.names.values()))
        self.filters = filters

    def _present_names(self, filters):
        """Return a dict from the filmed layers' names to their names in the model.

        Keras numbers unnamed layers across all models of a process, so that names can change.
        """
        layers = read_json(self.folder / "film.json").get("layers")
        present = named_layers(self.model)
        same = isinstance(layers, list) and len(layers) == len(present)
        renamed = list(zip(layers, present, strict=True)) if same else []
        return {
            name: next((now for then, now in renamed if then == name), name) for name in filters
        }

    def _read_start(self):
        file = self.folder / "start.npz"
        start = read_arrays(file, lambda name: True)
        shapes = [kernel.shape for kernel in start.values()]
        if shapes != [tuple(kernel.shape) for _, kernel in sampled_kernels(self.model)]:
            raise PetkerasError(f"{file} is damaged: its kernels do not fit the network.")
        return start

    def record(self, step):
        """Write a frame: the chosen filters' maps, and each kernel's distance from its start."""
        frame = {}
        all_maps = self.compute_maps(self.x)
        for layer, filters in self.filters.items():
            maps = all_maps[self.names[layer]][0]  # (h, w, all filters)
            maps = tf.cast(maps, tf.float32).numpy()[..., filters]  # (h, w, filters)
            largest = np.maximum(np.abs(maps).max(axis=(0, 1)), 1e-30)  # (filters,)
            frame[f"maps/{layer}"] = (maps / largest).astype(np.float16)  # within [-1, 1]
            frame[f"largest/{layer}"] = largest
        kernels = [kernel for _, kernel in sampled_kernels(self.model)]
        for (layer, start), kernel in zip(self.start.items(), kernels, strict=True):
            moved = np.linalg.norm(kernel.numpy() - start) / np.linalg.norm(start)
            frame[f"moved/{layer}"] = np.float32(moved)
        with written_atomically(self.folder / f"step_{step:07d}.npz") as partial:
            np.savez(partial, **frame)


def drop_frames_after(run_dir, step):
    """Delete all frames after `step` from a run folder's film."""
    folder = Path(run_dir) / "evolution"
    if step < 0:
        shutil.rmtree(folder, ignore_errors=True)
    for file in list_frames(folder):
        if int(file.stem.removeprefix("step_")) > step:
            file.unlink()


def check_film(model, film: Film):
    """Raise a PetkerasError if a model does not have what a film asks for."""
    wanted, image = model.input_shape[1:], film.image
    if image is not None and not fits(np.shape(image), wanted):
        raise PetkerasError(
            f"Film: `image` must be {wanted} uint8. Received: shape={np.shape(image)}"
        )
    for name, filters in (film.filters or {}).items():
        layer = find_layer(model, name, maps=True)
        check_filters(filters, layer.output.shape[-1], f"Layer '{name}'")


def _first_filters(model):
    return {
        name: list(range(min(NUM_FILTERS, layer.output.shape[-1])))
        for name, layer in filter_layers(model).items()
    }
