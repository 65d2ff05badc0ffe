"""Collect the facts about this machine for `petkeras doctor`, without importing TensorFlow."""

from __future__ import annotations

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

from petkeras.errors import PetkerasError
from petkeras.system.files import local_path
from petkeras.system.memory import free_memory, read_text

# Runs in a process of its own: if the processor lacks an instruction, TensorFlow kills the process.
PROBE = """
import json, petkeras, tensorflow as tf
details = tf.config.experimental.get_device_details
gpus = [details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
build = tf.sysconfig.get_build_info()
print(json.dumps({"version": tf.__version__, "gpus": gpus, "build": build}, default=str))
"""


@dataclass(frozen=True)
class Driver:
    """NVIDIA's driver: its version, the newest CUDA version that it supports, and its cards."""

    version: str
    cuda: tuple
    cards: tuple = ()


@dataclass(frozen=True)
class Machine:
    """Everything that `petkeras.hardware.doctor.examine` checks.

    Args:
        python: the version, such as `(3, 11, 7)`.
        bits: 64, or 32 for an old Python.
        system: `"Linux"`, `"Darwin"` or `"Windows"`.
        architecture: such as `"x86_64"`.
        versions: the version of each installed distribution, by its normalized name.
        requirements: petkeras's requirements, from its metadata.
        tensorflow: the output of `PROBE`, or a sentence that says why TensorFlow cannot be loaded.
        driver: NVIDIA's driver, or `None`.
        nvidia_card: whether the machine has an NVIDIA card, with or without a driver.
        cores: the number of processor cores.
        cpu: Linux's description of the first core; empty on other systems.
        memory: available bytes, or `None` if they cannot be read.
        data_dir: the folder of the data sets.
        free: free bytes on the disk of `data_dir`.
        writable: whether `data_dir` can be written to.
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
    """Return a description of this machine; takes as long as TensorFlow takes to load."""
    data_dir = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    is_local = True
    try:
        data_dir = local_path("TFDS_DATA_DIR", data_dir)
    except PetkerasError:  # a URL, or the user has no home folder: keep the "~"
        is_local = False
    parent = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())
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
        free=shutil.disk_usage(parent).free,
        writable=is_local and os.access(parent, os.W_OK),
        prepared=any(data_dir.glob("oxford_iiit_pet/*/dataset_info.json")),
        environment=dict(os.environ),
    )


def _versions():
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # the remains of a broken installation have no name
            found.setdefault(normalize_name(name), distribution.version)
    return found


def normalize_name(name):
    """Return a distribution's name in lower case and with hyphens, for comparisons."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements():
    try:
        return tuple(importlib.metadata.requires("petkeras") or ())
    except importlib.metadata.PackageNotFoundError:
        return ()  # petkeras runs from its source folder


def _probe(command=(sys.executable, "-c", PROBE), seconds=300):
    """Return what `PROBE` prints, or a sentence that says why TensorFlow cannot be loaded."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}  # the doctor checks it separately
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
        return f"it printed {last!r}"


def _driver():
    """Return NVIDIA's `Driver`, or `None` if `nvidia-smi` does not find one."""
    output = _output("nvidia-smi")
    version = re.search(r"Driver Version: *([\d.]+)", output)
    cuda = re.search(r"CUDA[\w ]* Version: *(\d+)\.(\d+)", output)
    if not version or not cuda:
        return None
    cards = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
    return Driver(version[1], (int(cuda[1]), int(cuda[2])), tuple(cards))


def _has_nvidia_card():
    """Return True if Linux lists an NVIDIA display device."""
    return any(
        read_text(vendor).strip() == "0x10de"
        and read_text(vendor.with_name("class")).startswith("0x03")
        for vendor in Path("/sys/bus/pci/devices").glob("*/vendor")
    )


def _output(*command):
    """Return what a command prints; an empty text if it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
