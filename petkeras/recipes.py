"""A recipe: every setting of a training run, and the presets."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from petkeras.errors import PetkerasError, check_argument, is_integer, is_number

MAX_SIDE = 4096  # pixels along a side; few pictures are larger


def _field(default, help):
    return dataclasses.field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run, apart from its pictures and its seed.

    Args: see the list of fields; each field's `help` says what it does and gives its unit. The
        defaults are the article's values, so `Recipe()` is the article's recipe.

    Raises:
        PetkerasError: a field is out of range; the message names it.

    Example:

    >>> import dataclasses
    >>> from petkeras.recipes import ARTICLE
    >>> shorter = dataclasses.replace(ARTICLE, epochs=30)
    >>> shorter.epochs, shorter.learning_rate
    (30, 1e-05)

    Reference: J. Francis, "Visualizing Convolutional Neural Networks" (2017), sections "Building
        the network", "Loss and optimizer" and "Training".
    """

    name: str = _field("article", "the name of the recipe")
    epochs: int = _field(400, "passes over the training pictures")
    batch_size: int = _field(10, "pictures per step")
    learning_rate: float = _field(1e-5, "Adam's peak learning rate")
    schedule: str = _field(
        "constant", "learning rate over the run: constant, or cosine (decays to 0)"
    )
    warmup: int = _field(
        0, "steps over which the learning rate rises from 0, at most half of all steps"
    )
    conv_dropout: float = _field(0.8, "fraction dropped after each pooling layer (1 - keep)")
    dense_dropout: float = _field(0.5, "fraction dropped after fc1 (1 - keep)")
    initializer: str = _field(
        "article", "initial kernels: article (stddev 0.1), or he (sqrt(2 / fan in))"
    )
    dense_bias: float = _field(1.0, "initial value of the biases of fc1 and softmax")
    pixel_scale: float = _field(1.0, "number to divide pixels by after the mean is subtracted")
    flip: bool = _field(False, "flip half of the training pictures horizontally")
    shift: float = _field(0.0, "largest shift of a training picture, as a fraction of its side")
    zoom: float = _field(0.0, "largest change of a training picture's scale, as a fraction")
    rotation: float = _field(0.0, "largest rotation of a training picture, in degrees")
    light: float = _field(0.0, "largest change of brightness and of contrast, as a fraction")
    color: float = _field(0.0, "largest change of color saturation, as a fraction")
    stop_loss: float = _field(
        0.0, "stop after an epoch whose training loss is below this (0: never)"
    )
    summary_every: int = _field(5, "steps between two entries in TensorBoard")
    film_every: int = _field(50, "steps between two frames of the filters' film (0: no film)")
    checkpoint_every: int = _field(0, "steps between two checkpoints (0: by time only)")
    checkpoint_minutes: float = _field(
        5.0, "minutes between two checkpoints (0: by steps only); the newest two are kept"
    )

    def __post_init__(self):
        def check(names, is_valid, expected):
            for name in names.split():
                value = getattr(self, name)
                if hasattr(value, "item"):  # a NumPy scalar, which JSON cannot hold
                    value = value.item()
                    object.__setattr__(self, name, value)
                check_argument("Recipe", name, value, is_valid(value), expected, PetkerasError)

        def number(low, high=math.inf):
            return lambda value: _is_float32(value) and low <= value < high

        def integer(low):
            return lambda value: is_integer(value) and low <= value < 2**31

        check("name", lambda value: isinstance(value, str), "a string")
        check("epochs batch_size summary_every", integer(1), "a positive integer")
        check("warmup film_every checkpoint_every", integer(0), "an integer, 0 or more")
        positive = lambda value: _is_float32(value) and value > 0  # noqa: E731
        check("learning_rate pixel_scale", positive, "a finite number above 0")
        fractions = "conv_dropout dense_dropout shift zoom light color"
        check(fractions, number(0, 1), "in [0, 1)")
        check("rotation", number(0, 180.0001), "in [0, 180] degrees")
        check("stop_loss checkpoint_minutes", number(0), "a finite number, 0 or more")
        check("dense_bias", number(-math.inf), "a finite number")
        check("schedule", lambda value: value in ("constant", "cosine"), "'constant' or 'cosine'")
        check("initializer", lambda value: value in ("article", "he"), "'article' or 'he'")
        check("flip", lambda value: isinstance(value, bool), "True or False")


def _is_float32(value):
    """Return True if a value is a number that float32 can hold."""
    return is_number(value) and abs(value) <= 3.4e38


ARTICLE = Recipe()

# Chosen by cross-validation within seed 0's training part, without the test photographs. Pixels
# are scaled down because the convolutions need a high learning rate, at which fc1 would otherwise
# diverge: each of its units sums 200,704 inputs.
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

# For `transfer`: only the last layer is trained, on features that are computed once, so there is
# nothing to augment, drop or film.
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
