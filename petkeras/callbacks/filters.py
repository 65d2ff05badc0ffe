"""Film filters: record their feature maps of one photograph while a network learns.

`petkeras.visualize.animate_evolution` turns the recordings into animations like the article's. The
convolutions' weights are recorded as well, because they give the maps of any other photograph.
"""

from __future__ import annotations

import json
import math
import operator
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from petkeras.callbacks.base import RunCallback
from petkeras.errors import PetkerasError
from petkeras.inspection import (
    check_filters,
    convolutions,
    filter_layers,
    find_layer,
    fits,
    named_layers,
    sampled_kernels,
)
from petkeras.system.files import local_path, read_array, read_arrays, read_json, written_atomically
from petkeras.text import one_line
from petkeras.tracing import compile_outputs
from petkeras.visualize.evolution import (
    WEIGHTS,
    FilmedWeights,
    list_frames,
    read_film,
)

NUM_FILTERS = 8  # of each convolution, by default
MAX_FRAME = 2**20  # bytes of weights in a frame
MAX_FILM = 2**26  # bytes of weights in a film


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
    """Record filters' feature maps of one photograph, and the convolutions' weights.

    `RUN/evolution/` contains `film.json` (the list of filters and weights), `photograph.npy`,
    `start.npz` (the kernels at the start), and one file per frame, such as `step_0000050.npz`: the
    maps, how far each kernel has moved, and the weights in float16. Frames are written atomically
    and depend only on the weights, so a run that is resumed after a crash writes the same frames
    again. Weights are limited to 1 MB a frame and about 64 MB a film: see `choose_weights`.

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
        self.filters = self.weights = None  # set when the film starts

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
            self.record(self.step, is_last=True)

    def on_train_end(self, logs=None):
        if self.filters and not (self.loop and self.loop.interrupted):
            self.record(self.step, is_last=True)

    def _start(self):
        """Write the list of filters and weights, the photograph, and the kernels at the start."""
        check_film(self.model, self.film)
        filters = self.film.filters or _first_filters(self.model)
        image = np.asarray(self.image if self.film.image is None else self.film.image)
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / "photograph.npy", image.astype(np.uint8))
        start = {name: kernel.numpy() for name, kernel in sampled_kernels(self.model)}
        np.savez(self.folder / "start.npz", **start)
        film_as_text = {
            "filters": filters,
            "layers": list(named_layers(self.model)),
            "weights": asdict(choose_weights(self.model, self._count_frames())),
        }
        (self.folder / "film.json").write_text(json.dumps(film_as_text) + "\n")

    def _count_frames(self):
        """Return how many frames the film will have; 2 if the number of steps is not known."""
        if self.loop:
            steps = self.loop.total_steps
        else:
            fit = self.params or {}
            steps = (fit.get("epochs") or 0) * (fit.get("steps") or 0)
        return 2 + steps // max(self.every, 1)

    def _open(self):
        """Read what `_start` wrote, now or before the run was resumed."""
        filters, self.weights = read_film(self.folder / "film.json")
        self.names = self._present_names([*filters, *self.weights.shapes])
        check_film(self.model, Film({self.names[name]: some for name, some in filters.items()}))
        self._check_weights()
        shape = tuple(self.model.input_shape[1:])  # None: of any size
        photograph = read_array(self.folder / "photograph.npy", shape, np.uint8)
        self.x = self.preprocess(photograph[None])  # (1, size, size, 3)
        self.start = self._read_start()
        self.compute_maps = compile_outputs(self.model, [self.names[name] for name in filters])
        self.filters = filters

    def _check_weights(self):
        """Raise a PetkerasError unless the model has all weights that the film keeps."""
        layers = named_layers(self.model, nested=False)
        for name, shapes in self.weights.shapes.items():
            there = filmed_weights(layers.get(self.names[name]))
            if shapes != {each: tuple(weight.shape) for each, weight in there.items()}:
                file = self.folder / "film.json"
                raise PetkerasError(
                    f"{file} is damaged: its weights of '{one_line(name)}' do not fit the network."
                )

    def _present_names(self, filmed):
        """Return a dict from the filmed layers' names to their names in the model.

        Keras numbers unnamed layers across all models of a process, so that names can change.
        """
        layers = read_json(self.folder / "film.json").get("layers")
        present = named_layers(self.model)
        same = isinstance(layers, list) and len(layers) == len(present)
        renamed = list(zip(layers, present, strict=True)) if same else []
        return {name: next((now for then, now in renamed if then == name), name) for name in filmed}

    def _read_start(self):
        file = self.folder / "start.npz"
        start = read_arrays(file, lambda name: True)
        shapes = [kernel.shape for kernel in start.values()]
        if shapes != [tuple(kernel.shape) for _, kernel in sampled_kernels(self.model)]:
            raise PetkerasError(f"{file} is damaged: its kernels do not fit the network.")
        return start

    def record(self, step, is_last=False):
        """Write a frame: the filters' maps, each kernel's distance from its start, the weights."""
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
        if is_last or step // max(self.every, 1) % self.weights.every == 0:
            frame |= self._read_weights()
        with written_atomically(self.folder / f"step_{step:07d}.npz") as partial:
            np.savez(partial, **frame)

    def _read_weights(self):
        """Return the filmed weights' values by their names in a frame, float16."""
        layers = named_layers(self.model, nested=False)
        largest = np.finfo(np.float16).max
        return {
            f"weights/{name}/{each}": np.clip(
                tf.cast(weight.value, tf.float32).numpy(), -largest, largest
            ).astype(np.float16)
            for name in self.weights.shapes
            for each, weight in filmed_weights(layers[self.names[name]]).items()
        }


def choose_weights(model, num_frames):
    """Return the `FilmedWeights` for a model: those of its convolutions and batch normalizations.

    Layers that are not trained are left out, because their weights do not change. If the weights
    take more than 1 MB a frame, only the first layers are filmed; if those take more than 64 MB in
    all, only some of the frames have them.

    Args:
        model: a functional or sequential `keras.Model`.
        num_frames: how many frames the film will have.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.callbacks.filters import choose_weights
    >>> weights = choose_weights(pk.pet_net(image_size=64), num_frames=2000)
    >>> weights.shapes["conv1_1"], weights.note
    ({'kernel': (3, 3, 3, 32), 'bias': (32,)}, \
'One frame in 4 has weights: they may take 64 MB in all.')
    """
    kinds = convolutions(model)
    trained = {
        name: {each: tuple(weight.shape) for each, weight in weights.items()}
        for name, layer in named_layers(model, nested=False).items()
        if layer.trainable
        and (name in kinds or isinstance(layer, keras.layers.BatchNormalization))
        and (weights := filmed_weights(layer))
    }
    shapes, size, notes = {}, 0, []  # size in bytes a frame
    for name, named in trained.items():
        more = 2 * sum(map(math.prod, named.values()))
        if size + more > MAX_FRAME:
            notes.append(
                f"The film has the weights of the first {len(shapes)} of {len(trained)} layers: "
                "they may take 1 MB a frame."
            )
            break
        shapes[name], size = named, size + more
    every = max(1, math.ceil(size * num_frames / MAX_FILM))
    if every > 1:
        notes.append(f"One frame in {every} has weights: they may take 64 MB in all.")
    return FilmedWeights(shapes, every, " ".join(notes))


def filmed_weights(layer):
    """Return a dict from the names of a layer's weights that a film keeps to the weights."""
    weights = getattr(layer, "weights", ())
    return {weight.name: weight for weight in weights if weight.name in WEIGHTS}


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
