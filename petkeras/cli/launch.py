"""Start the `petkeras` command, where it trains with settings for the memory and few cores."""

from __future__ import annotations

import os
import sys

from petkeras.system.memory import MALLOC, settings


def main():
    """Run the command, in a process with these settings if it is to train."""
    if sys.argv[1:2] == ["train"]:
        begin_with_settings()
    from petkeras.cli import main as cli

    cli.main()


def begin_with_settings():
    """Put the settings where the user has none, and begin this very process anew if it must be.

    The C library of Linux reads its own when a process starts, so that it cannot be changed later;
    elsewhere there is nothing to be begun anew for.
    """
    missing = {name: value for name, value in settings().items() if name not in os.environ}
    os.environ.update(missing)
    if MALLOC.keys() & missing:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
