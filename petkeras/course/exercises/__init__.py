"""Checks of the notebooks' exercises: each says whether an answer is right, and if not, a hint.

`pk.check.chapter04.exercise_1(...)` checks the first exercise of chapter 04.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """Hold what a check found; a notebook shows its text, `bool` tells whether it is right."""

    right: bool
    text: str

    def __bool__(self):
        return self.right

    def __repr__(self):
        return f"{'Right' if self.right else 'Not yet'}: {self.text}"


def right(text):
    """Return an `Answer` that is right."""
    return Answer(True, text)


def not_yet(text):
    """Return an `Answer` that is not right yet; `text` is a hint, not the solution."""
    return Answer(False, text)


def number(value):
    """Return a reader's answer as a finite float, or `None` where it is none."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def __getattr__(name):
    if name.startswith("chapter"):
        return importlib.import_module(f"petkeras.course.exercises.{name}")
    raise AttributeError(f"module 'petkeras.course.exercises' has no attribute {name!r}")
