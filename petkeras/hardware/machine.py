"""What there is on this machine: found out without importing TensorFlow, for `petkeras doctor`."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from petkeras.system.memory import free_memory, read_text

# In a process of its own: where a processor lacks an instruction, TensorFlow ends the process.
PROBE = """
import json, petkeras, tensorflow as tf
details = tf.config.experimental.get_device_details
gpus = [details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
build = tf.sysconfig.get_build_info()
print(json.dumps({"version": tf.__version__, "gpus": gpus, "build": build}, default=str))
"""


@dataclass(frozen=True)
class Driver:
    """Hold what NVIDIA's driver says: its version, the newest CUDA it supports, and its cards."""

    version: str
    cuda: tuple
    cards: tuple = ()


@dataclass(frozen=True)
class Machine:
    """Hold everything that `examine` judges by.

    Args:
        python: version, such as `(3, 11, 7)`.
        bits: 64, or 32 of an old Python.
        system: `"Linux"`, `"Darwin"` or `"Windows"`.
        architecture: such as `"x86_64"`.
        versions: the version of each distribution that is installed, by its name.
        requirements: what petkeras requires, as in its metadata.
        tensorflow: what `PROBE` printed, or a sentence on why it did not.
        driver: NVIDIA's driver, or `None`.
        nvidia_card: whether the machine says that it has an NVIDIA card, driver or not.
        cores: how many processor cores there are.
        cpu: what Linux says of the first core, as text; empty elsewhere.
        memory: bytes that can be had now, or `None` where that cannot be read.
        data_dir: where data sets are kept.
        free: bytes that are free there.
        writable: whether one may write there.
        prepared: whether the Oxford-IIIT Pet dataset is ready there.
        environment: the environment variables.
    """

    python: tuple
    bits: int
    system: str
    architecture: str
    versions: dict
    requirements: tuple
    tensorflow: dict | str
    driver: Driver | None
    nvidia_card: bool
    cores: int
    cpu: str
    memory: int | None
    data_dir: Path
    free: int
    writable: bool
    prepared: bool
    environment: dict


def look():
    """Find out about this machine; takes as long as TensorFlow takes to load.

    Returns:
        A `Machine`.
    """
    data_dir = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    with contextlib.suppress(RuntimeError):  # the home folder of nobody: it stays as it is
        data_dir = data_dir.expanduser()
    there = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())
    return Machine(
        python=sys.version_info[:3],
        bits=struct.calcsize("P") * 8,
        system=platform.system(),
        architecture=platform.machine(),
        versions=_versions(),
        requirements=_requirements(),
        tensorflow=_probe(),
        driver=_driver(),
        nvidia_card=_has_nvidia_card(),
        cores=os.cpu_count() or 1,
        cpu=read_text("/proc/cpuinfo").partition("\n\n")[0],
        memory=free_memory(),
        data_dir=data_dir,
        free=shutil.disk_usage(there).free,
        writable=os.access(there, os.W_OK),
        prepared=any(data_dir.glob("oxford_iiit_pet/*/dataset_info.json")),
        environment=dict(os.environ),
    )


def _versions():
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # what a broken install left has none
            found.setdefault(plain_name(name), distribution.version)
    return found


def plain_name(name):
    """Return a distribution's name as names are compared: in lower case, with hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements():
    try:
        return tuple(importlib.metadata.requires("petkeras") or ())
    except importlib.metadata.PackageNotFoundError:
        return ()  # runs from its source, not installed


def _probe(command=(sys.executable, "-c", PROBE), seconds=300):
    """Return what TensorFlow says of itself, or in a sentence why it cannot be loaded."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}  # another is told of on its own
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"it did not load within {seconds} s"
    except OSError as error:
        return f"Python could not be started: {error.strerror}"
    if done.returncode < 0:
        return f"it crashed (signal {-done.returncode})"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    last = lines[-1] if lines else "no reason was given"
    if done.returncode != 0:
        return last
    try:
        return json.loads(last)
    except ValueError:
        return f"it said {last!r}"


def _driver():
    """Return NVIDIA's `Driver`, or `None` where `nvidia-smi` does not find one."""
    said = _output("nvidia-smi")
    version = re.search(r"Driver Version: *([\d.]+)", said)
    cuda = re.search(r"CUDA[\w ]* Version: *(\d+)\.(\d+)", said)
    if not version or not cuda:
        return None
    cards = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
    return Driver(version[1], (int(cuda[1]), int(cuda[2])), tuple(cards))


def _has_nvidia_card():
    vendors = Path("/sys/bus/pci/devices").glob("*/vendor")
    return any(
        read_text(vendor).strip() == "0x10de"
        and read_text(vendor.with_name("class")).startswith("0x03")
        for vendor in vendors
    )


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
