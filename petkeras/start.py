"""Start the `petkeras` command, where it trains with settings for the memory and few cores."""

from __future__ import annotations

import os
import sys

# The C library asks for memory in pages of 2 MB. Of 4 kB, the weights, Adam's moments and the
# gradients would be 400,000 pages; a processor has the addresses of a few thousand at hand.
MALLOC = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
# One operation at a time, on all cores: side by side they would only push each other from the
# caches, and hold more memory.
ONE_BY_ONE = {"TF_NUM_INTEROP_THREADS": "1"}
FEW_CORES = 4


def main():
    """Run the command, in a process with these settings if it is to train."""
    if sys.argv[1:2] == ["train"]:
        begin_with_settings()
    from petkeras import cli

    cli.main()


def settings():
    """Return the environment variables that a process which trains should have from its start.

    `petkeras bench` tells what they gain: "Keras fit float32" has none of them.

    Reference: the GNU C library's manual, section "Memory Allocation Tunables".
    """
    few = (os.cpu_count() or 1) <= FEW_CORES
    malloc = MALLOC if _has_glibc() else {}
    return {**malloc, **(ONE_BY_ONE if few else {})}


def begin_with_settings():
    """Put the settings where the user has none, and begin this very process anew if it must be.

    The C library of Linux reads its own when a process starts, so that it cannot be changed later;
    elsewhere there is nothing to be begun anew for.
    """
    missing = {name: value for name, value in settings().items() if name not in os.environ}
    os.environ.update(missing)
    if MALLOC.keys() & missing:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _has_glibc():
    try:
        return "glibc" in (os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (AttributeError, ValueError, OSError):
        return False  # not Linux, or another C library
