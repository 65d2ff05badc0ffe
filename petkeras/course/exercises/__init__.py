"""The checks of the course's exercises: each says whether an answer is right, or gives a hint.

`pk.check.chapter04.exercise_1(...)` checks the first exercise of chapter 04.
"""

from __future__ import annotations

import importlib

from petkeras.course.exercises.feedback import Answer, not_yet, right
from petkeras.system.tensorflow import loading_tensorflow

__all__ = ["Answer", "not_yet", "right"]


def __getattr__(name):
    if name.startswith("chapter"):
        with loading_tensorflow():
            return importlib.import_module(f"petkeras.course.exercises.{name}")
    raise AttributeError(f"module 'petkeras.check' has no attribute {name!r}")
