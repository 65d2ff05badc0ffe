"""Check how much memory is free, and set TensorFlow up to use less of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from petkeras.errors import PetkerasError

FEW_CORES = 4


def free_memory():
    """Return the free memory in bytes, within a container's limit; `None` if it is unknown."""
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
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # macOS: all memory
    except (AttributeError, OSError, ValueError):
        return None  # Windows


def read_text(file):
    """Return a file of the operating system as text, or an empty text if it cannot be read."""
    try:
        return Path(file).read_text(errors="replace")
    except OSError:
        return ""


def check_memory(needed, what):
    """Raise a PetkerasError if something needs more memory than is free, unless there is a GPU.

    Args:
        needed: bytes.
        what: the name of what needs them, for the message.
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
    """Return the environment variables to set before TensorFlow is loaded for training.

    With few cores TensorFlow then runs one operation at a time, on all of them: operations running
    in parallel would evict each other's data from the caches and use more memory. `petkeras bench`
    measures the gain: "Keras fit float32" runs without these variables.
    """
    has_few_cores = (os.cpu_count() or 1) <= FEW_CORES
    return {"TF_NUM_INTEROP_THREADS": "1"} if has_few_cores else {}
