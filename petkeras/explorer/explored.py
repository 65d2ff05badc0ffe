"""What an explorer shows: a network, the photographs, and how pixels become its input."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import keras
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError, is_number
from petkeras.explorer.chain import Chain, read_chain
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.film import FilmFrames, read_frames
from petkeras.explorer.photographs import (
    LARGE,
    Photographs,
    choose_photographs,
    given_photographs,
    read_photographs,
)
from petkeras.inspection import named_layers
from petkeras.language import translate
from petkeras.runs.repeat import load_pictures
from petkeras.runs.run import Run
from petkeras.text import ask_which

TRAINING_PHOTOGRAPHS = 128  # that a compressed dense layer is fitted to
TRAINING_PHOTOGRAPHS_LARGE = 48
BATCH_SIZE = 8


def make_title(class_names, kind="breeds"):
    """Return the question that a network answers, in the current language, as a sentence."""
    if not class_names:
        return translate("What does the network see?")
    title = ask_which(class_names, kind)
    return title[0].upper() + title[1:]


@dataclass(frozen=True)
class Explored:
    """Hold what an explorer shows.

    Args:
        chain: the network's layers.
        photographs: the chosen `Photographs`.
        mean: the mean image, of the network's input shape, float32.
        pixel_scale: the network's input is `(pixels - mean) / pixel_scale`.
        class_names: the classes' names; none if they are unknown.
        run: the `Run`, or `None` for a model.
        training: photographs of the training part, `(n, height, width, channels)` uint8; may be
            empty.
        film: the frames of the run's film, if it has one.
        notes: lines that a person should read.
    """

    chain: Chain
    photographs: Photographs
    mean: np.ndarray
    pixel_scale: float = 1.0
    class_names: tuple[str, ...] = ()
    run: Run | None = None
    training: np.ndarray = field(default_factory=lambda: np.zeros((0,), np.uint8))
    film: FilmFrames = field(default_factory=FilmFrames)
    notes: tuple[str, ...] = ()

    @property
    def title(self):
        """The question that the network answers, in the current language."""
        return make_title(self.class_names, "classes" if self.run is None else "breeds")

    def preprocess(self, pixels):
        """Return the network's input, `(n, height, width, channels)` float32, for pixels."""
        return (tf.cast(pixels, tf.float32) - self.mean) / self.pixel_scale

    def logits(self, pixels):
        """Return the logits of photographs, `(n, classes)` float32; the network must have some."""
        batches = np.array_split(pixels, -(-len(pixels) // BATCH_SIZE))
        rows = [compute_outputs(self.chain, self.preprocess(batch))[-1] for batch in batches]
        return np.concatenate(rows)


def open_explored(
    source,
    photographs=None,
    *,
    data=None,
    data_dir=None,
    class_names=None,
    mean=None,
    pixel_scale=None,
):
    """Return the `Explored` of a run or of a model.

    Args:
        source: a `Run`, a run folder's path, or a `keras.Model`.
        photographs: paths of pictures, or an array `(n, height, width, channels)` uint8. By
            default they are chosen from the test part of `data`, or of the run's own pictures;
            where those are missing, the filmed photograph is shown.
        data: a `PetData`; a model takes its class names and its mean image from it, too.
        data_dir: see `load_pets`.
        class_names, mean, pixel_scale: for a model: the names of its classes, and the mean image
            (or a number) and the number that turn pixels into its input; by default 0 and 1.

    Raises:
        PetkerasError: the run or the model cannot be explored, or there is no photograph.
    """
    run = None
    if isinstance(source, keras.Model):
        model = source
    else:
        run = source if isinstance(source, Run) else Run(source)
        model, mean = run.model, run.mean
        pixel_scale, class_names = run.recipe.pixel_scale, run.class_names
    photographs = _as_list(photographs)
    if data is not None:
        mean = data.mean if mean is None else mean
        class_names = data.class_names if class_names is None else class_names
    chain = read_chain(model, _size(run, photographs, data))
    if data is not None and data.test.images.shape[1:] != chain.input_shape:
        raise PetkerasError(
            f"The pictures in `data` must have the network's shape, {chain.input_shape}. Received: "
            f"shape={data.test.images.shape[1:]}"
        )
    notes = []
    if (run is not None and run.trained_policies) or not _is_float32(model):
        notes.append(
            translate(
                "The network was trained in mixed precision. Here it computes in float32, with the "
                "same weights."
            )
        )
    if photographs is None and data is None and run is not None:
        try:
            data = load_pictures(run, data_dir)
        except PetkerasError as error:
            notes.append(translate("The pictures of the run were not found. {error}", error=error))
    film = FilmFrames() if run is None else read_frames(run.run_dir, chain)
    explored = Explored(
        chain,
        Photographs(np.zeros((0,), np.uint8), [], []),
        _mean_image(mean, chain.input_shape),
        _pixel_scale(pixel_scale),
        tuple(map(str, class_names or ())),
        run,
        _training_photographs(data, chain.input_shape),
        film,
        (*notes, *film.notes),
    )
    _check_class_names(explored)
    return replace(explored, photographs=_choose(explored, photographs, data))


def _as_list(photographs):
    """Return photographs as an array or as a list of paths; `None` if there are none."""
    if photographs is None or hasattr(photographs, "shape"):
        return photographs
    if isinstance(photographs, str | os.PathLike):
        return [photographs]
    photographs = list(photographs)
    if photographs and all(hasattr(each, "shape") for each in photographs):
        if len({each.shape for each in photographs}) > 1:
            raise PetkerasError("`photographs` must be paths, or arrays of the same shape.")
        return np.stack(photographs)
    return photographs or None


def _training_photographs(data, shape):
    if data is None:
        return np.zeros((0, *shape), np.uint8)
    most = TRAINING_PHOTOGRAPHS_LARGE if max(shape) >= LARGE else TRAINING_PHOTOGRAPHS
    rows = np.linspace(0, len(data.train) - 1, min(most, len(data.train))).astype(int)
    return np.asarray(data.train.images[rows])


def _size(run, photographs, data):
    """Return the (height, width) for a model that takes images of any size, or `None`."""
    if run is not None:
        return (run.config["image_size"],) * 2
    if hasattr(photographs, "shape") and len(photographs.shape) in (3, 4):
        return tuple(photographs.shape[-3:-1])
    return None if data is None else tuple(data.mean.shape[:2])


def _is_float32(model):
    return all(layer.compute_dtype == "float32" for layer in named_layers(model).values())


def _mean_image(mean, shape):
    try:
        image = np.broadcast_to(np.float32(0 if mean is None else mean), shape)
    except (TypeError, ValueError):
        image = np.full(shape, np.nan)
    if not np.isfinite(image).all():
        raise PetkerasError(
            f"`mean` must be a finite number or an array {shape}. Received: shape={np.shape(mean)}"
        )
    return np.array(image, np.float32)


def _pixel_scale(value):
    value = 1.0 if value is None else value
    if not is_number(value) or not np.isfinite(value) or value <= 0:
        raise PetkerasError(
            f"`pixel_scale` must be a finite number above 0. Received: pixel_scale={value!r}"
        )
    return float(value)


def _check_class_names(explored):
    names, layer = explored.class_names, explored.chain.layers[-1]
    if names and explored.chain.has_logits and len(names) != layer.shape[0]:
        raise PetkerasError(
            f"`class_names` must name the {layer.shape[0]} outputs of the network. Received: "
            f"{len(names)} names"
        )


def _choose(explored, photographs, data):
    shape = explored.chain.input_shape
    if hasattr(photographs, "shape"):
        return given_photographs(photographs, shape)
    if photographs is not None:
        return read_photographs(photographs, shape)
    if data is not None:
        predict = None
        if explored.chain.has_logits:
            predict = lambda pixels: explored.logits(pixels).argmax(axis=1)  # noqa: E731
        return choose_photographs(data.test, predict)
    if explored.run is None:
        raise PetkerasError("Name photographs in `photographs`: paths, or an array of pixels.")
    image = explored.run.filmed_photograph()
    return Photographs(image[None], [translate("the filmed photograph")], [None], "test")
