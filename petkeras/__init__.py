"""See what a convolutional network really does: every weight and every operation in plain sight.

Importing petkeras is quick: each name below loads what it needs, including TensorFlow, when it is
first used.
"""

from __future__ import annotations

import importlib
import os
import platform
from typing import TYPE_CHECKING

from petkeras.errors import PetkerasError

if TYPE_CHECKING:
    from petkeras import (
        callbacks,
        course,
        data,
        language,
        layers,
        losses,
        models,
        optimizers,
        training,
        visualize,
    )
    from petkeras.callbacks.filters import Film
    from petkeras.callbacks.history import History
    from petkeras.course import exercises as check
    from petkeras.data.pets import PetData, load_pets
    from petkeras.data.pipeline import preprocess
    from petkeras.explorer.explore import explore
    from petkeras.hardware import strategies
    from petkeras.models import pet_net
    from petkeras.recipes import ARTICLE, MODERN, TRANSFER, Recipe
    from petkeras.runs.loading import load_model
    from petkeras.runs.run import Run
    from petkeras.runs.train import train
    from petkeras.runs.transfer import transfer
    from petkeras.training import train_step

__version__ = "0.5.0"

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
    "callbacks",
    "check",
    "course",
    "data",
    "explore",
    "language",
    "layers",
    "load_model",
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

# The module that each name comes from; a name that is not listed is itself a module.
_HOMES = {
    "ARTICLE": "petkeras.recipes",
    "MODERN": "petkeras.recipes",
    "TRANSFER": "petkeras.recipes",
    "Recipe": "petkeras.recipes",
    "Film": "petkeras.callbacks.filters",
    "History": "petkeras.callbacks.history",
    "Run": "petkeras.runs.run",
    "PetData": "petkeras.data.pets",
    "explore": "petkeras.explorer.explore",
    "load_model": "petkeras.runs.loading",
    "load_pets": "petkeras.data.pets",
    "pet_net": "petkeras.models",
    "preprocess": "petkeras.data.pipeline",
    "train": "petkeras.runs.train",
    "train_step": "petkeras.training",
    "transfer": "petkeras.runs.transfer",
}
_MODULES = {"check": "petkeras.course.exercises", "strategies": "petkeras.hardware.strategies"}

# Defaults for TensorFlow and Keras, unless the user has set these variables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "tensorflow"  # "" is like unset
if platform.machine().lower() in ("x86_64", "amd64"):
    # Without AVX-512, TensorFlow does not use oneDNN's convolutions by default. With them a
    # training step of the article's network takes 0.98 s instead of 1.18 s.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'petkeras' has no attribute {name!r}")
    from petkeras.system.tensorflow import loading_tensorflow

    with loading_tensorflow():
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        return importlib.import_module(_MODULES.get(name, f"petkeras.{name}"))


def __dir__():
    return sorted(__all__)
