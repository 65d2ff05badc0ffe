"""The `petkeras` command."""

from petkeras.cli.main import cli  # noqa: F401
