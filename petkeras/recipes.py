"""A recipe: every number that a training run can be told, and its two presets."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from petkeras.errors import PetkerasError

MOST_SIDE = 4096  # pixels of a picture's side; few pictures have more


def _field(default, help):
    return dataclasses.field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Recipe:
    """Hold what a training run needs to know besides its pictures and its seed.

    Args: see the field list; each field's `help` says what it does, in which unit. All have the
        article's value as their default, so that `Recipe()` is the article's recipe.

    Raises:
        PetkerasError: a field is outside its range; the message names it.

    Example:

    >>> import dataclasses
    >>> from petkeras.recipes import ARTICLE
    >>> shorter = dataclasses.replace(ARTICLE, epochs=30)
    >>> shorter.epochs, shorter.learning_rate
    (30, 1e-05)

    Reference: J. Francis, "Visualizing Convolutional Neural Networks" (2017), sections "Building
        the network", "Loss and optimizer" and "Training".
    """

    name: str = _field("article", "what the recipe is called")
    epochs: int = _field(400, "passes over the training pictures")
    batch_size: int = _field(10, "pictures in a step")
    learning_rate: float = _field(1e-5, "Adam's learning rate, at its highest")
    schedule: str = _field(
        "constant", "learning rate over the run: constant, or cosine (down to 0)"
    )
    warmup: int = _field(0, "steps in which the learning rate rises from 0, at most half of all")
    conv_dropout: float = _field(0.8, "fraction dropped after each pooling layer (1 - keep)")
    dense_dropout: float = _field(0.5, "fraction dropped after fc1 (1 - keep)")
    initializer: str = _field("article", "kernels: article (stddev 0.1), or he (sqrt(2 / fan in))")
    dense_bias: float = _field(1.0, "value at which the biases of fc1 and softmax start")
    pixel_scale: float = _field(1.0, "what pixels are divided by, after the mean is taken off")
    flip: bool = _field(False, "mirror half of the training pictures, left to right")
    shift: float = _field(0.0, "largest shift of a training picture, as a fraction of its side")
    zoom: float = _field(0.0, "largest change of a training picture's scale, as a fraction")
    rotation: float = _field(0.0, "largest rotation of a training picture, in degrees")
    light: float = _field(0.0, "largest change of brightness and of contrast, as a fraction")
    color: float = _field(0.0, "largest change of how strong the colors are, as a fraction")
    stop_loss: float = _field(
        0.0, "end after an epoch whose training loss is below this (0: never)"
    )
    summary_every: int = _field(5, "steps between two entries in TensorBoard")
    film_every: int = _field(50, "steps between two frames of the filters' film (0: none)")
    checkpoint_every: int = _field(0, "steps between two checkpoints (0: by the clock only)")
    checkpoint_minutes: float = _field(
        5.0, "minutes between two checkpoints (0: by steps only); the newest two are kept"
    )

    def __post_init__(self):
        def check(name, ok, allowed):
            value = getattr(self, name)
            if not ok(value):
                raise PetkerasError(
                    f"Recipe: `{name}` must be {allowed}. Received: {name}={_shown(value)}"
                )

        def number(low, high=math.inf):
            return lambda value: _is_number(value) and low <= value < high

        check("name", lambda value: isinstance(value, str), "a text")
        for name in ("epochs", "batch_size", "summary_every"):
            check(name, lambda value: _is_integer(value) and value > 0, "a whole number above 0")
        for name in ("warmup", "film_every", "checkpoint_every"):
            check(
                name, lambda value: _is_integer(value) and value >= 0, "a whole number, 0 or more"
            )
        for name in ("learning_rate", "pixel_scale"):
            check(name, lambda value: number(0)(value) and value > 0, "a finite number above 0")
        for name in ("conv_dropout", "dense_dropout", "shift", "zoom", "light", "color"):
            check(name, number(0, 1), "in [0, 1)")
        check("rotation", number(0, 180.0001), "in [0, 180] degrees")
        for name in ("stop_loss", "checkpoint_minutes"):
            check(name, number(0), "a finite number, 0 or more")
        check("dense_bias", number(-math.inf), "a finite number")
        check("schedule", lambda value: value in ("constant", "cosine"), "'constant' or 'cosine'")
        check("initializer", lambda value: value in ("article", "he"), "'article' or 'he'")
        check("flip", lambda value: isinstance(value, bool), "True or False")


def _is_number(value):
    """Tell whether a value is a number that float32 can hold, too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 3.4e38


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _shown(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


ARTICLE = Recipe()

# Chosen by cross-validation within the training part of seed 0, never by test photographs. Pixels
# are scaled down so that the high learning rate, at which the convolutions learn, does not throw
# fc1 about: each of its units sums 200,704 inputs.
MODERN = Recipe(
    name="modern",
    epochs=20,
    learning_rate=1e-3,
    schedule="cosine",
    warmup=100,
    conv_dropout=0.0,
    dense_dropout=0.5,
    initializer="he",
    dense_bias=0.0,
    pixel_scale=1000.0,
    flip=True,
    shift=0.12,
    zoom=0.25,
    rotation=8.0,
    light=0.15,
    color=0.5,
)

# For `transfer`: only the last layer learns, from features that are computed once. There is nothing
# to augment, to drop or to film.
TRANSFER = dataclasses.replace(
    ARTICLE,
    name="transfer",
    epochs=20,
    learning_rate=1e-3,
    schedule="cosine",
    conv_dropout=0.0,
    dense_dropout=0.0,
    dense_bias=0.0,
    film_every=0,
)

PRESETS = {"article": ARTICLE, "modern": MODERN}
