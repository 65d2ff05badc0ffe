"""See what a convolutional network really does: every weight by hand, every operation in sight.

The names below load TensorFlow when they are first used, not before: `import petkeras` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from petkeras import keras_hook
from petkeras.errors import PetkerasError

if TYPE_CHECKING:
    from petkeras import data, layers, losses, models, optimizers, training, visualize
    from petkeras.data.pets import PetData, load_pets
    from petkeras.models import pet_net
    from petkeras.recipes import ARTICLE, MODERN, Recipe
    from petkeras.recorder import Film
    from petkeras.runs import History, Run
    from petkeras.training import train, train_step

__version__ = "0.1.0"

__all__ = [
    "ARTICLE",
    "MODERN",
    "Film",
    "History",
    "PetData",
    "PetkerasError",
    "Recipe",
    "Run",
    "data",
    "layers",
    "load_pets",
    "losses",
    "models",
    "optimizers",
    "pet_net",
    "train",
    "train_step",
    "training",
    "visualize",
]

_HOMES = {
    "ARTICLE": "petkeras.recipes",
    "MODERN": "petkeras.recipes",
    "Recipe": "petkeras.recipes",
    "Film": "petkeras.recorder",
    "History": "petkeras.runs",
    "Run": "petkeras.runs",
    "PetData": "petkeras.data.pets",
    "load_pets": "petkeras.data.pets",
    "pet_net": "petkeras.models",
    "train": "petkeras.training",
    "train_step": "petkeras.training",
}

keras_hook.install()


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"petkeras.{name}")
    raise AttributeError(f"module 'petkeras' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
