"""Train a network and keep all that happens in a run folder."""

from petkeras.training import train  # noqa: F401
