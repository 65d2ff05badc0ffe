"""The device that a run computes on, and its precision."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path

import tensorflow as tf

from petkeras.errors import PetkerasError

PRECISIONS = ("float32", "bfloat16", "auto")

_deterministic = False
_xla = False


def has_gpu():
    """Return True if TensorFlow can see a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def prepare_gpus():
    """Let TensorFlow allocate GPU memory as it needs it, instead of all at once."""
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            pass  # TensorFlow has already initialized it


def make_deterministic():
    """Make TensorFlow use only operations that give the same bits on every run, even on GPUs.

    This applies to the whole process from now on.
    """
    global _deterministic
    tf.config.experimental.enable_op_determinism()
    _deterministic = True


def is_deterministic():
    """Return True if `make_deterministic` was called."""
    return _deterministic


def use_xla():
    """Compile every training step from now on with XLA, which fuses operations.

    A step may then be faster on a GPU. On a CPU it is several times slower, because XLA does not
    use oneDNN's convolutions. Together with `make_deterministic` it fails on a GPU, where XLA has
    no deterministic gradient of max pooling.

    Reference: OpenXLA's documentation, "XLA: Optimizing Compiler for Machine Learning".
    """
    global _xla
    _xla = True


def uses_xla():
    """Return True if `use_xla` was called."""
    return _xla


def describe():
    """Return the name of the device that TensorFlow will compute on.

    Example:

    >>> from petkeras.hardware.devices import describe
    >>> describe()  # doctest: +SKIP
    'the CPU (2 cores, AMD EPYC)'
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "unnamed")
        return f"the GPU ({name})"
    return f"the CPU ({os.cpu_count()} cores, {cpu_name()})"


def dtype_policy(precision="auto"):
    """Return the Keras dtype policy for a precision.

    Args:
        precision: `"float32"`; `"bfloat16"` (computes in bfloat16, keeps weights in float32); or
            `"auto"`: bfloat16 if the device has instructions for it, else float32.

    Returns:
        `"float32"` or `"mixed_bfloat16"`.

    Raises:
        PetkerasError: `precision` is none of these.

    Example:

    >>> from petkeras.hardware.devices import dtype_policy
    >>> dtype_policy("bfloat16")
    'mixed_bfloat16'
    """
    if precision not in PRECISIONS:
        raise PetkerasError(
            f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {precision!r}"
        )
    if precision == "bfloat16" or (precision == "auto" and computes_bfloat16()):
        return "mixed_bfloat16"
    return "float32"


def computes_bfloat16():
    """Return True if the GPU, or else the processor, has instructions for bfloat16."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return details.get("compute_capability", (0, 0)) >= (8, 0)
    return any(flag in _cpu_info() for flag in ("avx512_bf16", "amx_bf16"))


def convolves_slowly_backward():
    """Return True if convolution kernels' gradients are slow here: on x86-64 without AVX-512.

    oneDNN with AVX-512 and cuDNN are fast. See `petkeras.hardware.fast_gradients`.
    """
    return not has_gpu() and "avx2" in _cpu_info() and "avx512f" not in _cpu_info()


def cpu_name():
    """Return the processor's name, as the operating system reports it."""
    for line in _cpu_info().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@functools.cache  # called for every convolution
def _cpu_info():
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""  # not Linux
