"""Run the contenders, each in a process of its own, in turn, several times over."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from petkeras.bench.worker import CONTENDERS, JAX, SAME_SETTINGS, XLA
from petkeras.errors import PetkerasError
from petkeras.system.memory import settings

NEEDS = {"PyTorch": "torch", "JAX": "jax"}  # what a contender's name has, and the module it needs


@dataclass
class Result:
    """Hold a contender's rounds, by what `Steps.figures` returned.

    Args:
        name: the contender's.
        seconds: a step took.
        first_step: seconds from the start of the process to the end of its first step.
        memory: the most bytes that the process had.
        waiting: the share of a step in which it waited for its pictures; empty if not measured.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    first_step: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)

    @property
    def step(self):
        """The median over the rounds, in seconds."""
        return statistics.median(self.seconds)


def choose_device(device=None):
    """Return `"cpu"` or `"gpu"`: what was asked for, or else a GPU where there is one.

    For the CPU, GPUs are hidden from this process and from all that it starts.

    Raises:
        PetkerasError: there is no GPU.
    """
    if device != "cpu":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return "gpu"
        if device == "gpu":
            raise PetkerasError(
                "TensorFlow finds no GPU here: leave out '--device gpu'. 'petkeras doctor' tells "
                "what there is."
            )
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # PyTorch or JAX might find one
    return "cpu"


def choose(names, device):
    """Choose among the contenders: those that were named, or all that can run here.

    Returns:
        Their names, and a line on each kind that is left out.

    Raises:
        PetkerasError: there is no contender of that name, or what it needs is not installed.
    """
    from petkeras.hardware import devices

    for name in names:
        if name not in CONTENDERS:
            raise PetkerasError(
                f"There is no contender '{name}'. There are: {', '.join(CONTENDERS)}."
            )
    chosen = [name for name in CONTENDERS if not names or name in names]
    left_out = []
    for word, module in NEEDS.items():
        needing = [name for name in chosen if word in name]
        if needing and importlib.util.find_spec(module) is None:
            if names:
                raise PetkerasError(f"'{needing[0]}' needs {word}, which is not installed here.")
            left_out.append(f"Left out: all of {word}, which is not installed.")
            chosen = [name for name in chosen if name not in needing]
    if not names and not devices.computes_bfloat16():
        left_out.append(
            "Left out: all in bfloat16, for which there are no instructions here. Name one with "
            "'--contender' to time it all the same."
        )
        chosen = [name for name in chosen if "bfloat16" not in name]
    if not names and device == "cpu":
        left_out.append("Left out: all with XLA, several times slower on a processor.")
        chosen = [name for name in chosen if XLA not in name]
    return chosen, left_out


def run(names, rounds, task, said=lambda line: None):
    """Measure contenders in turn; one that does not end well is dropped.

    Args:
        names: of contenders.
        rounds: how often each runs.
        task: a dict of the fields of a `Task`.
        said: called with a line before each run.

    Returns:
        A `Result` for each name, and a line on each that was dropped.

    Raises:
        PetkerasError: none ended well.
    """
    results, dropped = {name: Result(name) for name in names}, []
    for number in range(1, rounds + 1):
        for name, result in list(results.items()):
            said(f"round {number} of {rounds}: {name}")
            start = time.time()
            try:
                measured = work(name, task)
            except PetkerasError as error:
                dropped.append(str(error))
                del results[name]
                continue
            result.seconds.append(measured["seconds"])
            result.first_step.append(measured["first_step"] - start)
            result.memory.append(measured["memory"])
            if measured["waiting"] is not None:
                result.waiting.append(measured["waiting"])
    if not results:
        raise PetkerasError(" ".join(dropped))
    return list(results.values()), dropped


def work(name, task):
    """Run a contender, `"limits"` or `"profile"` in a process of its own; return its figures.

    Raises:
        PetkerasError: it did not end well.
    """
    command = [sys.executable, "-m", "petkeras.bench.worker", name, json.dumps(task)]
    environment = dict(os.environ)
    if name in CONTENDERS and not name.startswith("petkeras") and not name.endswith(SAME_SETTINGS):
        environment["TF_ENABLE_ONEDNN_OPTS"] = ""  # as TensorFlow has it, unasked
    else:
        environment |= settings()
    if name == JAX:  # -P: what lies beside the script is not to be taken for Python's own modules
        script = str(Path(__file__).with_name("builtin.py"))
        command = [sys.executable, "-P", script, json.dumps(task)]
        where = "cuda" if task["device"] == "gpu" else "cpu"  # it fails where JAX has no such
        environment |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": where}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        lines = done.stderr.splitlines()
        errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
        why = errors[-1] if errors else f"it ended with code {done.returncode}"
        raise PetkerasError(f"The contender '{name}' did not end well: {why}")
    return json.loads(done.stdout.splitlines()[-1])


def ratio(one, other):
    """Return the median over the rounds of one contender's seconds to another's."""
    return statistics.median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))
