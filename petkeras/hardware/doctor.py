"""What runs on this machine, and what to do about what does not."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from petkeras.hardware.machine import plain_name

OK, NOTE, PROBLEM = "ok", "note", "problem"

PYTHONS = ((3, 11), (3, 13))  # oldest and newest that TensorFlow and Keras have packages for
NAMED = ("keras", "tensorflow", "numpy", "tensorflow-datasets", "matplotlib", "tensorboard")
GIB = 2**30
DISK = 3 * 774 * 2**20  # what is downloaded, what is unpacked of it for a while, what is prepared
MEMORY = {224: 4.5e9, 64: 1.0e9}  # bytes by image size: the most that an epoch took, on two cores

ODDITIES = (  # environment variable, values that matter (none named: any), what it does
    ("TF_USE_LEGACY_KERAS", ("1", "true"), "makes tf.keras another Keras than petkeras's"),
    ("TF_ENABLE_ONEDNN_OPTS", ("0", "false"), "makes convolutions on the CPU much slower"),
    ("TF_XLA_FLAGS", (), "may compile with XLA, which makes a step on the CPU slower"),
    ("TF_NUM_INTRAOP_THREADS", (), "limits the cores that TensorFlow uses"),
    ("TF_DETERMINISTIC_OPS", ("1", "true"), "makes training slower, and equal from run to run"),
    ("TF_CONFIG", (), "describes a cluster"),
)


@dataclass(frozen=True)
class Fact:
    """Hold one thing that was found out.

    Args:
        topic: what it is about, such as `"Python"`.
        state: `"ok"`; `"note"`, where training works without; `"problem"`, where it does not.
        text: what was found.
        advice: what to do about it, if anything.
    """

    topic: str
    state: str
    text: str
    advice: str = ""


def examine(machine):
    """Judge a machine.

    Args:
        machine: a `petkeras.hardware.machine.Machine`, as `petkeras.hardware.machine.look` returns it.

    Returns:
        A list of `Fact`s in the order in which a reader wants them.

    Example:

    >>> from petkeras.hardware import doctor
    >>> from petkeras.hardware import machine
    >>> facts = doctor.examine(machine.look())  # doctest: +SKIP
    >>> facts[0]  # doctest: +SKIP
    Fact(topic='Python', state='ok', text='3.11.7', advice='')
    """
    return [
        _python(machine),
        *_packages(machine),
        _gpu(machine),
        _cpu(machine),
        _enough_memory(machine),
        _data_set(machine),
        *_environment(machine),
        _jupyterlab(machine),
    ]


def _python(machine):
    version = ".".join(map(str, machine.python))
    if machine.bits != 64:
        return Fact(
            "Python",
            PROBLEM,
            f"{version}, {machine.bits} bits: TensorFlow needs 64",
            "install a 64-bit Python 3.11, 3.12 or 3.13",
        )
    if not PYTHONS[0] <= machine.python[:2] <= PYTHONS[1]:
        return Fact(
            "Python",
            PROBLEM,
            f"{version} is not supported; 3.11, 3.12 and 3.13 are",
            "make an environment with one of them, such as: python3.12 -m venv .venv",
        )
    if machine.system == "Darwin" and machine.architecture == "x86_64":
        return Fact(
            "Python",
            PROBLEM,
            f"{version}: TensorFlow has no package for Macs with Intel's processors any more",
            "use another machine, or Colab",
        )
    return Fact("Python", OK, f"{version} ({machine.system}, {machine.architecture})")


def _packages(machine):
    """Yield a fact for each package that is worth a line, or that is not as required."""
    if not machine.requirements:
        yield Fact("petkeras", NOTE, "is not installed", "in its folder: pip install .")
    bounds = {}
    for requirement in machine.requirements:
        parts = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)", requirement)
        if parts:  # those of an extra end in "; extra == ..."
            bounds[plain_name(parts[1])] = parts[2]
    for name in (*NAMED, *sorted(set(bounds) - set(NAMED))):
        bound = bounds.get(name, "0")
        version = machine.versions.get(name)
        if name == "tensorflow" and isinstance(machine.tensorflow, dict):
            version = machine.tensorflow["version"]  # tensorflow-cpu and tf-nightly are one, too
        if version is None:
            wanted = f"'{name}>={bound}'" if name in bounds else name
            yield Fact(name, PROBLEM, "is not installed", f"pip install {wanted}")
        elif _numbers(version) < _numbers(bound):
            yield Fact(
                name,
                PROBLEM,
                f"{version} is too old; {bound} or newer is needed",
                f"pip install --upgrade '{name}>={bound}'",
            )
        elif name == "tensorflow":
            yield _tensorflow(machine, version)
        elif name in NAMED:
            yield Fact(name, OK, version)


def _numbers(version):
    """Return a version's leading numbers: `(2, 21, 0)` of `"2.21.0rc1"`."""
    return tuple(int(number) for number in re.match(r"[\d.]*", version)[0].split(".") if number)


def _tensorflow(machine, version):
    if isinstance(machine.tensorflow, dict):
        return Fact("tensorflow", OK, version)
    why = machine.tensorflow
    advice = f"pip install --force-reinstall tensorflow=={version}"
    if "tensorflow-metal" in machine.versions:
        advice = "pip uninstall tensorflow-metal (it does not work with TensorFlow 2.18 or newer)"
    elif machine.cpu and machine.architecture == "x86_64" and not _has(machine, "avx"):
        why += "; this processor lacks AVX, which TensorFlow's packages need"
        advice = "use another machine, or Colab"
    elif machine.system == "Windows" and "DLL" in why:
        advice = "install Microsoft's Visual C++ Redistributable"
    return Fact("tensorflow", PROBLEM, f"{version} cannot be loaded: {why}", advice)


def _gpu(machine):
    if not isinstance(machine.tensorflow, dict):
        return Fact("GPU", NOTE, "not looked for, as TensorFlow cannot be loaded")
    if machine.tensorflow["gpus"]:
        return _gpu_in_use(machine)
    state, advice = _why_no_gpu(machine)
    return Fact("GPU", NOTE, f"{state}; training runs on the CPU", advice)


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
            "train on the CPU by CUDA_VISIBLE_DEVICES=-1, or use a TensorFlow built for this card, "
            "such as NVIDIA's container",
        )
    driver = machine.driver
    known = f", driver {driver.version} (CUDA {_dotted(driver.cuda)})" if driver else ""
    return Fact("GPU", OK, f"{text}{known}; TensorFlow is built for CUDA {_built_for(machine)}")


def _why_no_gpu(machine):
    """Return why TensorFlow has no GPU, and what to do."""
    driver, build = machine.driver, machine.tensorflow["build"]
    hidden = machine.environment.get("CUDA_VISIBLE_DEVICES")
    if machine.system == "Darwin":
        return "TensorFlow does not use a Mac's", ""
    if machine.system == "Windows":
        return "TensorFlow does not use any on Windows", "to use an NVIDIA card: run it in WSL2"
    if driver is None and not machine.nvidia_card:
        return "none of NVIDIA's was found", ""
    if driver is None:
        return (
            "an NVIDIA card, but no driver",
            "install NVIDIA's driver until nvidia-smi works; start a container with --gpus all",
        )
    name = driver.cards[0] if driver.cards else "an NVIDIA card"
    if hidden in ("", "-1"):
        return f"{name} is hidden by CUDA_VISIBLE_DEVICES={hidden}", "unset it to use the card"
    if not build.get("is_cuda_build"):
        return f"{name}, but this TensorFlow is built without CUDA", "pip install 'petkeras[gpu]'"
    if driver.cuda[0] < _numbers(_built_for(machine))[0]:
        return (
            f"{name}, but driver {driver.version} supports CUDA up to {_dotted(driver.cuda)}, and "
            f"TensorFlow is built for {_built_for(machine)}",
            "update NVIDIA's driver",
        )
    if not any(name.startswith("nvidia-cudnn") for name in machine.versions):
        return f"{name}, but CUDA's libraries are not installed", "pip install 'petkeras[gpu]'"
    advice = (
        "TF_CPP_MAX_VLOG_LEVEL=3 python -c 'import tensorflow as tf; "
        'tf.config.list_physical_devices("GPU")\' names the library that fails'
    )
    if machine.environment.get("LD_LIBRARY_PATH"):
        advice = f"unset LD_LIBRARY_PATH, which may lead to other versions; else {advice}"
    return f"{name}, but TensorFlow could not load CUDA's libraries", advice


def _built_for(machine):
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
    if any(_has(machine, flag) for flag in ("avx512_bf16", "amx_bf16")):
        return Fact("CPU", OK, f"{text}; computes in bfloat16: a step takes about half the time")
    if _has(machine, "avx512f"):
        return Fact("CPU", OK, f"{text}; AVX-512, without bfloat16: computes in float32")
    if _has(machine, "avx2"):
        return Fact("CPU", OK, f"{text}; AVX2, without AVX-512: computes in float32")
    return Fact("CPU", NOTE, f"{text}; without AVX2", "it will be slow: use small pictures")


def _enough_memory(machine):
    needed = f"training at 224 pixels takes {_gb(MEMORY[224])} (measured)"
    smaller = f"train small pictures: --image-size 64 takes {_gb(MEMORY[64])}"
    if machine.memory is None:
        return Fact("memory", NOTE, f"cannot be read here; {needed}")
    text = f"{_gb(machine.memory)} can be had; {needed}"
    if machine.memory >= MEMORY[224]:
        return Fact("memory", OK, text)
    if machine.memory >= MEMORY[64]:
        return Fact("memory", NOTE, text, smaller)
    return Fact("memory", PROBLEM, text, f"end other programs; {smaller}")


def _gb(number):
    return f"{number / 1e9:.1f} GB"


def _data_set(machine):
    if machine.prepared:
        return Fact("data", OK, f"the Oxford-IIIT Pet dataset is ready in {machine.data_dir}")
    text = f"the Oxford-IIIT Pet dataset is not in {machine.data_dir} yet"
    if not machine.writable:
        return Fact(
            "data",
            PROBLEM,
            f"{machine.data_dir} cannot be written to, and pictures are kept there",
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
        "petkeras data downloads it (774 MiB); --source sample does without",
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
    for name, values, text in ODDITIES:
        value = machine.environment.get(name)
        if value and (not values or value.lower() in values):
            yield Fact("environment", NOTE, f"{name}={value} {text}", f"unset {name}, unless meant")


def _jupyterlab(machine):
    version = machine.versions.get("jupyterlab")
    if version:
        return Fact("JupyterLab", OK, f"{version}; petkeras lab opens the course in it")
    return Fact(
        "JupyterLab", NOTE, "is not installed", "for the course: pip install 'petkeras[lab]'"
    )


# Telling


def can_train(facts):
    """Return whether none of the facts is a problem."""
    return all(fact.state != PROBLEM for fact in facts)


def as_json(facts):
    """Return the facts as JSON text, with whether training can start."""
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
