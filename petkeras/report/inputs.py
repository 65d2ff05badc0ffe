"""The inputs of a run's figures: the pictures and the layers to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from petkeras.inspection import convolutions, filter_layers, find_layer, has_feature_maps
from petkeras.tracing import compute_logits

MAX_PICTURES = 3  # by default
MAX_LAYERS = 6  # by default, from the first to the last


@dataclass
class FigureInputs:
    """Hold what the figures of a run are drawn from.

    Args:
        run: the `Run`.
        data: its `PetData`, or `None` if its pictures were not found.
        images: `(n, size, size, 3)` uint8, the pictures to show maps on.
        names: the n pictures' file names, without their folders.
        layers: names of the layers whose maps are shown; none if the network has no convolutions.
        truth: the names of the n true classes; `()` if they are not known.
        left_out: the titles of the figures that could not be drawn, each with its reason.
    """

    run: Any
    data: Any
    images: np.ndarray
    names: tuple[str, ...]
    layers: list[str]
    truth: tuple[str, ...] = ()
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self):
        self.model = self.run.model
        self.x = self.run.preprocess(self.images)  # (n, size, size, 3) float32
        logits = compute_logits(self.model, self.x)  # (n, classes)
        self.probabilities = tf.nn.softmax(logits).numpy()

    def predictions(self):
        """Return the prediction for each picture, such as `samoyed 97%`."""
        best = self.probabilities.argmax(axis=1)
        names = self.run.class_names
        return [f"{names[k]} {row[k]:.0%}" for k, row in zip(best, self.probabilities, strict=True)]


def choose_inputs(run, data=None, photographs=(), layers=()):
    """Return the `FigureInputs` of a run: the pictures and layers to show.

    Args:
        run: a `Run`.
        data: its `PetData`, or `None`.
        photographs: paths. By default, one test photograph of each class, at most three; or the
            filmed photograph if `data` is `None`.
        layers: names. By default, every layer with feature maps and a trainable kernel, or every
            convolution if all are frozen; if there are more than six, six evenly spaced ones.

    Raises:
        PetkerasError: a photograph cannot be read, a layer does not exist or has no feature maps,
            or there is no photograph.
    """
    model = run.model
    if not layers:
        layers = list(filter_layers(model)) or [
            name for name, layer in convolutions(model).items() if has_feature_maps(layer)
        ]
        if len(layers) > MAX_LAYERS:
            chosen = np.linspace(0, len(layers) - 1, MAX_LAYERS)
            layers = [layers[int(number)] for number in chosen]
    for name in layers:
        find_layer(model, name, maps=True)
    truth: tuple[str, ...] = ()
    if photographs:
        images, names = run.read(photographs), tuple(Path(file).name for file in photographs)
    elif data is not None:
        classes = data.test.labels.argmax(axis=1)
        first = np.unique(classes, return_index=True)[1]
        first = first[:MAX_PICTURES]  # of the classes that are in the test part
        images = data.test.images[first]
        names = tuple(Path(data.test.names[number]).name for number in first)
        truth = tuple(run.class_names[classes[number]] for number in first)
    else:
        images, names = run.filmed_photograph()[None], ("the filmed picture",)
    return FigureInputs(run, data, images, names, list(layers), truth)
