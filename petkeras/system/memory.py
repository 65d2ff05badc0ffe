"""Memory: how much is free, what needs more, and settings that let a training take less."""

from __future__ import annotations

import os
import re
from pathlib import Path

from petkeras.errors import PetkerasError

FEW_CORES = 4


def free_memory():
    """Return how many bytes are free: the machine's, or what a container may still use."""
    known = re.search(r"MemAvailable: *(\d+) kB", read_text("/proc/meminfo"))
    if known:
        free = int(known[1]) * 1024
        for limit, used in (
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            ),
        ):
            if read_text(limit).strip().isdigit() and read_text(used).strip().isdigit():
                free = min(free, max(int(read_text(limit)) - int(read_text(used)), 0))
        return free
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # a Mac: all it has
    except (AttributeError, OSError, ValueError):
        return None  # Windows


def read_text(file):
    """Return a file of the operating system as text, or nothing if it cannot be read."""
    try:
        return Path(file).read_text(errors="replace")
    except OSError:
        return ""


def check_memory(needed, what):
    """Raise a PetkerasError if something needs more memory than is free; with a GPU, do nothing.

    Args:
        needed: bytes.
        what: its name in the message.
    """
    free = free_memory()
    if free is None or needed <= free or _has_gpu():
        return
    raise PetkerasError(
        f"{what} needs {needed / 1e9:.1f} GB of memory, but only {free / 1e9:.1f} GB are free. "
        "Lower `image_size`: fc1 has 2,048 weights for each pixel, which is 411 MB at 224 x 224, "
        "and four times that during training."
    )


def _has_gpu():
    import tensorflow as tf  # takes seconds to load, and `petkeras doctor` works without it

    return bool(tf.config.list_physical_devices("GPU"))


def training_environment():
    """Return the environment variables that TensorFlow should find when it loads to train.

    With few cores it then runs one operation at a time, on all of them: side by side, operations
    would evict each other's data from the caches, and hold more memory. `petkeras bench` measures
    what this gains: "Keras fit float32" runs without it.
    """
    has_few_cores = (os.cpu_count() or 1) <= FEW_CORES
    return {"TF_NUM_INTEROP_THREADS": "1"} if has_few_cores else {}
