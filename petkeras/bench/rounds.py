"""Run the contenders in turn, each in a process of its own, for several rounds."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

from petkeras.bench.endings import describe_end
from petkeras.bench.worker import CONTENDERS, JAX, SAME_SETTINGS, XLA
from petkeras.errors import PetkerasError
from petkeras.system.files import to_json
from petkeras.system.memory import training_environment

# A word in contenders' names, and the module that they need.
NEEDS = {"PyTorch": "torch", "JAX": "jax"}


@dataclass
class Result:
    """Hold what `StepClock.figures` returned for a contender in each round.

    Args:
        name: the contender's name.
        seconds: seconds per step.
        first_step: seconds from the start of the process to the end of its first step.
        memory: the process's peak memory in bytes.
        waiting: the fraction of a step spent waiting for its images; empty if not measured.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    first_step: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)

    @property
    def step(self):
        """The median of `seconds` over the rounds."""
        return statistics.median(self.seconds)


def choose_device(device=None):
    """Return `"cpu"` or `"gpu"`: the requested device, or by default a GPU if there is one.

    For the CPU, GPUs are hidden from this process and from all processes that it starts.

    Raises:
        PetkerasError: there is no GPU.
    """
    if device != "cpu":
        from petkeras.hardware import devices

        if devices.has_gpu():
            return "gpu"
        if device == "gpu":
            raise PetkerasError(
                "TensorFlow found no GPU: leave out `device=\"gpu\"`. 'petkeras doctor' shows what "
                "is available."
            )
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # PyTorch or JAX might find one
    return "cpu"


def choose(names, device):
    """Return the named contenders, or by default all that can run on this machine.

    Returns:
        A list of names, and a list with a line about each kind that is left out.

    Raises:
        PetkerasError: there is no contender of that name, or the package it needs is not installed.
    """
    from petkeras.hardware import devices

    for name in names:
        if name not in CONTENDERS:
            raise PetkerasError(
                f"Unknown contender '{name}'. The contenders are: {', '.join(CONTENDERS)}."
            )
    chosen = [name for name in CONTENDERS if not names or name in names]
    left_out = []
    for package, module in NEEDS.items():
        needing = [name for name in chosen if package in name]
        if needing and importlib.util.find_spec(module) is None:
            if names:
                raise PetkerasError(f"'{needing[0]}' needs {package}, which is not installed.")
            left_out.append(f"Left out: {package}, which is not installed.")
            chosen = [name for name in chosen if name not in needing]
    if not names and not devices.computes_bfloat16():
        left_out.append(
            "Left out: bfloat16, for which this machine has no instructions. Name a contender with "
            "'--contender' to time it nevertheless."
        )
        chosen = [name for name in chosen if "bfloat16" not in name]
    if not names and device == "cpu":
        left_out.append("Left out: XLA, which is several times slower on a CPU.")
        chosen = [name for name in chosen if XLA not in name]
    return chosen, left_out


def run(names, rounds, task, say=lambda line: None):
    """Measure contenders in turn; drop those that fail.

    Args:
        names: names of contenders.
        rounds: how often each runs.
        task: the fields of a `Task` as a dict.
        say: called with a line before each run.

    Returns:
        A list with a `Result` per contender, and a list with a line about each one that failed.

    Raises:
        PetkerasError: all of them failed.
    """
    results, failed = {name: Result(name) for name in names}, []
    for number in range(1, rounds + 1):
        for name, result in list(results.items()):
            say(f"round {number} of {rounds}: {name}")
            start = time.time()
            try:
                figures = work(name, task)
            except PetkerasError as error:
                failed.append(str(error))
                del results[name]
                continue
            result.seconds.append(figures["seconds"])
            result.first_step.append(figures["first_step"] - start)
            result.memory.append(figures["memory"])
            if figures["waiting"] is not None:
                result.waiting.append(figures["waiting"])
    if not results:
        raise PetkerasError(" ".join(failed))
    return list(results.values()), failed


def work(name, task):
    """Run a contender, `"limits"` or `"profile"` in a process of its own; return its figures.

    Raises:
        PetkerasError: the process failed.
    """
    command = [sys.executable, "-m", "petkeras.bench.worker", name, to_json(task)]
    environment = dict(os.environ)
    if name in CONTENDERS and not name.startswith("petkeras") and not name.endswith(SAME_SETTINGS):
        environment["TF_ENABLE_ONEDNN_OPTS"] = ""  # TensorFlow's own default
    else:
        environment |= training_environment()
    if name == JAX:
        command = [sys.executable, "-m", "petkeras.bench.builtin", to_json(task)]
        platform = "cuda" if task["device"] == "gpu" else "cpu"  # JAX fails if it has no such
        environment |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": platform}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0 or not done.stdout:
        reason = describe_end(done.returncode, done.stderr.splitlines())
        raise PetkerasError(f"The contender '{name}' failed: {reason}")
    return json.loads(done.stdout.splitlines()[-1])


def ratio(first, second):
    """Return the median over the rounds of one `Result`'s seconds divided by another's."""
    pairs = zip(first.seconds, second.seconds, strict=True)
    return statistics.median(a / b for a, b in pairs)
