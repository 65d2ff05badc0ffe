"""See what a convolutional network really does: every weight by hand, every operation in sight.

The names below load TensorFlow when they are first used, not before: `import petkeras` is quick.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING

from petkeras import keras_hook
from petkeras.errors import PetkerasError

if TYPE_CHECKING:
    from petkeras import (
        check,
        course,
        data,
        layers,
        losses,
        models,
        optimizers,
        strategies,
        training,
        visualize,
    )
    from petkeras.data.pets import PetData, load_pets
    from petkeras.data.pipeline import preprocess
    from petkeras.models import pet_net
    from petkeras.recipes import ARTICLE, MODERN, TRANSFER, Recipe
    from petkeras.recorder import Film
    from petkeras.runs import History, Run
    from petkeras.training import train, train_step
    from petkeras.transfer import transfer

__version__ = "0.1.0"

__all__ = [
    "ARTICLE",
    "MODERN",
    "TRANSFER",
    "Film",
    "History",
    "PetData",
    "PetkerasError",
    "Recipe",
    "Run",
    "check",
    "course",
    "data",
    "layers",
    "load_pets",
    "losses",
    "models",
    "optimizers",
    "pet_net",
    "preprocess",
    "strategies",
    "train",
    "train_step",
    "training",
    "transfer",
    "visualize",
]

_HOMES = {
    "ARTICLE": "petkeras.recipes",
    "MODERN": "petkeras.recipes",
    "TRANSFER": "petkeras.recipes",
    "Recipe": "petkeras.recipes",
    "Film": "petkeras.recorder",
    "History": "petkeras.runs",
    "Run": "petkeras.runs",
    "PetData": "petkeras.data.pets",
    "load_pets": "petkeras.data.pets",
    "pet_net": "petkeras.models",
    "preprocess": "petkeras.data.pipeline",
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


class _Package(types.ModuleType):
    """The package: its `transfer` is the function, even once the module of that name is loaded.

    Python sets a module as an attribute of its package when it loads it. Here that changes nothing.
    """

    @property
    def transfer(self):
        return importlib.import_module("petkeras.transfer").transfer

    @transfer.setter
    def transfer(self, module):
        pass


sys.modules[__name__].__class__ = _Package
