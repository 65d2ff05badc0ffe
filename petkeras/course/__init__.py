"""The course: its pictures, its drawing of the network, its scratch folder, and its exercises."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from petkeras.course.scratch import scratch
from petkeras.course.settings import Settings, load, settings, use
from petkeras.system.tensorflow import loading_tensorflow

if TYPE_CHECKING:
    from petkeras.course.strip import where

__all__ = ["Settings", "load", "scratch", "settings", "use", "where"]


def __getattr__(name):
    if name == "where":  # it draws, which `petkeras lab` does without
        with loading_tensorflow():
            return importlib.import_module("petkeras.course.strip").where
    raise AttributeError(f"module 'petkeras.course' has no attribute {name!r}")
