"""The entry point of the `petkeras` command: set the process up, then run the command."""

from __future__ import annotations

import os
import sys

from petkeras.system.memory import ALLOCATOR, allocator_settings


def main():
    """Run the command; if it is `train`, in a process with `allocator_settings`."""
    if sys.argv[1:2] == ["train"]:
        restart_with_settings()
    from petkeras.cli import main as cli

    cli.main()


def restart_with_settings():
    """Set the environment variables that the user has not set, and restart if that is necessary.

    The C library of Linux reads its variable only when a process starts. Elsewhere there is no
    such variable, and nothing restarts.
    """
    missing = {
        name: value for name, value in allocator_settings().items() if name not in os.environ
    }
    os.environ.update(missing)
    if ALLOCATOR.keys() & missing:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
