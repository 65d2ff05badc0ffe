"""Start the `petkeras` command, where it trains with the C library's large memory pages."""

from __future__ import annotations

import os
import sys

LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def main():
    """Run the command, in a process that takes memory in large pages if it is to train."""
    if sys.argv[1:2] == ["train"]:
        use_large_pages()
    from petkeras import cli

    cli.main()


def use_large_pages():
    """Begin this very process anew, if its memory comes in pages of 4 kB and could come in 2 MB.

    Each step makes the gradient of `fc1` anew: 411 MB, which are 100,000 small pages to be mapped
    and cleared one by one, or 200 large ones. The C library of Linux reads the setting when a
    process starts, so that it cannot be changed later. Elsewhere nothing happens.

    Reference: the GNU C library's manual, section "Memory Allocation Tunables".
    """
    if not _has_glibc() or "GLIBC_TUNABLES" in os.environ:
        return
    os.environ.update(LARGE_PAGES)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _has_glibc():
    try:
        return "glibc" in (os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (AttributeError, ValueError, OSError):
        return False  # not Linux, or another C library
