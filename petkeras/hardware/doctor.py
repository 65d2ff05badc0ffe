"""Check whether petkeras can train on a machine, and say how to fix what is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from petkeras.hardware.probe import normalize_name

OK, NOTE, PROBLEM = "ok", "note", "problem"

PYTHONS = ((3, 11), (3, 13))  # the oldest and newest for which TensorFlow and Keras have packages
MAIN_PACKAGES = ("keras", "tensorflow", "numpy", "tensorflow-datasets", "matplotlib", "tensorboard")
GIB = 2**30
DISK = 3 * 774 * 2**20  # bytes: the download, the unpacked files and the prepared data set
MEMORY = {224: 4.5e9, 64: 1.0e9}  # bytes: an epoch's peak by image size, on two cores

ENVIRONMENT = (  # a variable, the values that matter (none listed: any), and their effect
    ("TF_USE_LEGACY_KERAS", ("1", "true"), "makes tf.keras a different Keras from petkeras's"),
    ("TF_ENABLE_ONEDNN_OPTS", ("0", "false"), "makes convolutions on the CPU much slower"),
    ("TF_XLA_FLAGS", (), "may compile with XLA, which makes a step on the CPU slower"),
    ("TF_NUM_INTRAOP_THREADS", (), "limits the cores that TensorFlow uses"),
    ("TF_DETERMINISTIC_OPS", ("1", "true"), "makes training slower, but reproducible"),
    ("TF_CONFIG", (), "describes a cluster"),
)


@dataclass(frozen=True)
class Fact:
    """One finding about a machine.

    Args:
        topic: its subject, such as `"Python"`.
        state: `"ok"`; `"note"` if training still works; `"problem"` if it does not.
        text: the finding.
        advice: what to do about it; may be empty.
    """

    topic: str
    state: str
    text: str
    advice: str = ""


def examine(machine):
    """Return the findings about a machine.

    Args:
        machine: a `Machine`, as `petkeras.hardware.probe.look` returns it.

    Returns:
        A list of `Fact`s, the most basic ones first.

    Example:

    >>> from petkeras.hardware import doctor, probe
    >>> facts = doctor.examine(probe.look())  # doctest: +SKIP
    >>> facts[0]  # doctest: +SKIP
    Fact(topic='Python', state='ok', text='3.11.7', advice='')
    """
    return [
        _python(machine),
        *_packages(machine),
        _gpu(machine),
        _cpu(machine),
        _memory(machine),
        _data(machine),
        *_environment(machine),
        _jupyterlab(machine),
    ]


def _python(machine):
    version = _dotted(machine.python)
    if machine.bits != 64:
        text = f"{version}, {machine.bits} bits: TensorFlow needs 64"
        advice = "install a 64-bit Python 3.11, 3.12 or 3.13"
    elif not PYTHONS[0] <= machine.python[:2] <= PYTHONS[1]:
        text = f"{version} is not supported; 3.11, 3.12 and 3.13 are"
        advice = "create an environment with one of them, such as: python3.12 -m venv .venv"
    elif machine.system == "Darwin" and machine.architecture == "x86_64":
        text = f"{version}: TensorFlow no longer has packages for Macs with Intel processors"
        advice = "use another machine, or Colab"
    else:
        return Fact("Python", OK, f"{version} ({machine.system}, {machine.architecture})")
    return Fact("Python", PROBLEM, text, advice)


def _packages(machine):
    """Yield a fact for each main package, and for each other one that is missing or too old."""
    if not machine.requirements:
        yield Fact("petkeras", NOTE, "is not installed", "in its folder: pip install .")
    minimums = {}
    for requirement in machine.requirements:
        parts = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)", requirement)
        if parts:  # the requirements of an extra end in "; extra == ..."
            minimums[normalize_name(parts[1])] = parts[2]
    for name in (*MAIN_PACKAGES, *sorted(set(minimums) - set(MAIN_PACKAGES))):
        minimum, version = minimums.get(name, "0"), machine.versions.get(name)
        if name == "tensorflow" and isinstance(machine.tensorflow, dict):
            version = machine.tensorflow["version"]  # it may come from tensorflow-cpu or tf-nightly
        if version is None:
            package = f"'{name}>={minimum}'" if name in minimums else name
            yield Fact(name, PROBLEM, "is not installed", f"pip install {package}")
        elif _numbers(version) < _numbers(minimum):
            text = f"{version} is too old; {minimum} or newer is needed"
            yield Fact(name, PROBLEM, text, f"pip install --upgrade '{name}>={minimum}'")
        elif name == "tensorflow" and isinstance(machine.tensorflow, str):
            yield _broken_tensorflow(machine, version)
        elif name in MAIN_PACKAGES:
            yield Fact(name, OK, version)


def _numbers(version):
    """Return a version's leading numbers: `(2, 21, 0)` for `"2.21.0rc1"`."""
    return tuple(int(number) for number in re.match(r"[\d.]*", version)[0].split(".") if number)


def _broken_tensorflow(machine, version):
    reason = machine.tensorflow
    advice = f"pip install --force-reinstall tensorflow=={version}"
    if "tensorflow-metal" in machine.versions:
        advice = "pip uninstall tensorflow-metal (it does not work with TensorFlow 2.18 or newer)"
    elif machine.cpu and machine.architecture == "x86_64" and not _has(machine, "avx"):
        reason += "; this processor lacks AVX, which TensorFlow's packages need"
        advice = "use another machine, or Colab"
    elif machine.system == "Windows" and "DLL" in reason:
        advice = "install Microsoft's Visual C++ Redistributable"
    return Fact("tensorflow", PROBLEM, f"{version} cannot be loaded: {reason}", advice)


def _gpu(machine):
    if not isinstance(machine.tensorflow, dict):
        return Fact("GPU", NOTE, "not checked, because TensorFlow cannot be loaded")
    if machine.tensorflow["gpus"]:
        return _gpu_in_use(machine)
    reason, advice = _why_no_gpu(machine)
    return Fact("GPU", NOTE, f"{reason}; training runs on the CPU", advice)


def _gpu_in_use(machine):
    gpu, build = machine.tensorflow["gpus"][0], machine.tensorflow["build"]
    capability = tuple(gpu.get("compute_capability", ()))
    text = f"{gpu.get('device_name', 'unnamed')}, compute capability {_dotted(capability)}"
    kernels = [
        (int(number[:-1]), int(number[-1]))
        for number in re.findall(r"_(\d+)", " ".join(build.get("cuda_compute_capabilities", ())))
    ]
    if kernels and capability and not min(kernels) <= capability < (max(kernels)[0] + 1, 0):
        return Fact(
            "GPU",
            PROBLEM,
            f"{text}: this TensorFlow has kernels for {_dotted(min(kernels))} to "
            f"{_dotted(max(kernels))} only",
            "set CUDA_VISIBLE_DEVICES=-1 to train on the CPU, or use a TensorFlow built for this "
            "card, such as NVIDIA's container",
        )
    driver = machine.driver
    suffix = f", driver {driver.version} (CUDA {_dotted(driver.cuda)})" if driver else ""
    return Fact("GPU", OK, f"{text}{suffix}; TensorFlow is built for CUDA {_cuda_version(machine)}")


def _why_no_gpu(machine):
    """Return why TensorFlow finds no GPU, and what to do about it."""
    driver, build = machine.driver, machine.tensorflow["build"]
    hidden = machine.environment.get("CUDA_VISIBLE_DEVICES")
    if machine.system == "Darwin":
        return "TensorFlow does not use a Mac's GPU", ""
    if machine.system == "Windows":
        return "TensorFlow does not use GPUs on Windows", "to use an NVIDIA card, install WSL2"
    if driver is None and not machine.nvidia_card:
        return "no NVIDIA card was found", ""
    if driver is None:
        return (
            "an NVIDIA card, but no driver",
            "install NVIDIA's driver; nvidia-smi must work; start a container with --gpus all",
        )
    name = driver.cards[0] if driver.cards else "an NVIDIA card"
    if hidden in ("", "-1"):
        return f"{name} is hidden by CUDA_VISIBLE_DEVICES={hidden}", "unset it to use the card"
    if not build.get("is_cuda_build"):
        return f"{name}, but this TensorFlow is built without CUDA", "pip install 'petkeras[gpu]'"
    if driver.cuda[0] < _numbers(_cuda_version(machine))[0]:
        return (
            f"{name}, but driver {driver.version} supports CUDA up to {_dotted(driver.cuda)}, and "
            f"TensorFlow is built for {_cuda_version(machine)}",
            "update NVIDIA's driver",
        )
    if not any(package.startswith("nvidia-cudnn") for package in machine.versions):
        return f"{name}, but CUDA's libraries are not installed", "pip install 'petkeras[gpu]'"
    advice = (
        "TF_CPP_MAX_VLOG_LEVEL=3 python -c 'import tensorflow as tf; "
        'tf.config.list_physical_devices("GPU")\' shows which library fails'
    )
    if machine.environment.get("LD_LIBRARY_PATH"):
        advice = f"unset LD_LIBRARY_PATH, which may point to other versions; otherwise {advice}"
    return f"{name}, but TensorFlow could not load CUDA's libraries", advice


def _cuda_version(machine):
    """Return the CUDA version that TensorFlow is built for."""
    return str(machine.tensorflow["build"].get("cuda_version", "12.5"))


def _dotted(numbers):
    return ".".join(map(str, numbers)) or "unknown"


def _has(machine, flag):
    return re.search(rf"\b{flag}\b", machine.cpu) is not None


def _cpu(machine):
    name = re.search(r"model name\s*: *(.+)", machine.cpu)
    text = f"{name[1] if name else machine.architecture}, {machine.cores} cores"
    if not machine.cpu or machine.architecture not in ("x86_64", "AMD64"):
        return Fact("CPU", OK, text)
    if _has(machine, "avx512_bf16") or _has(machine, "amx_bf16"):
        return Fact("CPU", OK, f"{text}; computes in bfloat16: a step takes about half the time")
    if _has(machine, "avx512f"):
        return Fact("CPU", OK, f"{text}; AVX-512, without bfloat16: computes in float32")
    if _has(machine, "avx2"):
        return Fact("CPU", OK, f"{text}; AVX2, without AVX-512: computes in float32")
    return Fact("CPU", NOTE, f"{text}; without AVX2", "training will be slow: use small images")


def _memory(machine):
    needed = f"training at 224 pixels takes {_gb(MEMORY[224])} (measured)"
    smaller = f"train on smaller images: --image-size 64 takes {_gb(MEMORY[64])}"
    if machine.memory is None:
        return Fact("memory", NOTE, f"cannot be read on this system; {needed}")
    text = f"{_gb(machine.memory)} available; {needed}"
    if machine.memory >= MEMORY[224]:
        return Fact("memory", OK, text)
    if machine.memory >= MEMORY[64]:
        return Fact("memory", NOTE, text, smaller)
    return Fact("memory", PROBLEM, text, f"close other programs; {smaller}")


def _gb(number):
    return f"{number / 1e9:.1f} GB"


def _data(machine):
    """Check whether the Oxford-IIIT Pet dataset is ready, or can be downloaded."""
    text = f"the Oxford-IIIT Pet dataset is not in {machine.data_dir} yet"
    if machine.prepared:
        return Fact("data", OK, f"the Oxford-IIIT Pet dataset is ready in {machine.data_dir}")
    if not machine.writable:
        return Fact(
            "data",
            PROBLEM,
            f"{machine.data_dir} cannot be written to, but data sets are stored there",
            "set TFDS_DATA_DIR to another folder",
        )
    if machine.free < DISK:
        return Fact(
            "data",
            NOTE,
            f"{text}, and {machine.free / GIB:.1f} GiB are free there: {DISK / GIB:.1f} are needed "
            "to download (774 MiB), unpack and prepare it",
            "set TFDS_DATA_DIR to a folder on a larger disk, or use --source sample",
        )
    return Fact(
        "data",
        NOTE,
        f"{text}; {machine.free / GIB:.0f} GiB are free",
        "petkeras data downloads it (774 MiB); --source sample needs no download",
    )


def _environment(machine):
    """Yield a fact for each environment variable that changes how TensorFlow works."""
    backend = machine.environment.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        yield Fact(
            "environment",
            PROBLEM,
            f"KERAS_BACKEND={backend}: petkeras calls TensorFlow's operations",
            "set KERAS_BACKEND=tensorflow",
        )
    for name, values, effect in ENVIRONMENT:
        value = machine.environment.get(name)
        if value and (not values or value.lower() in values):
            text = f"{name}={value} {effect}"
            yield Fact("environment", NOTE, text, f"unset {name}, unless you set it on purpose")


def _jupyterlab(machine):
    version = machine.versions.get("jupyterlab")
    if version:
        return Fact("JupyterLab", OK, f"{version}; petkeras lab opens the course in it")
    advice = "for the course: pip install 'petkeras[lab]'"
    return Fact("JupyterLab", NOTE, "is not installed", advice)


def can_train(facts):
    """Return True if none of the facts is a problem."""
    return all(fact.state != PROBLEM for fact in facts)


def as_json(facts):
    """Return the facts, and whether training can start, as JSON text."""
    content = {"can_train": can_train(facts), "facts": [asdict(fact) for fact in facts]}
    return json.dumps(content, indent=2)


def line(fact):
    """Return a fact as a line of text.

    Example:

    >>> from petkeras.hardware.doctor import Fact, line
    >>> line(Fact("GPU", "note", "none", "buy one"))
    'note     GPU                  none. Do: buy one'
    """
    text = f"{fact.text}. Do: {fact.advice}" if fact.advice else fact.text
    return f"{fact.state:<8} {fact.topic:<20} {text}"
