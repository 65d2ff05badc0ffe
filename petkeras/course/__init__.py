"""The course: which pictures its chapters use, and the checks of its exercises."""

from petkeras.course.settings import Settings, load, settings, use

__all__ = ["Settings", "load", "settings", "use"]
