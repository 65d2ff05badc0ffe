"""Run the contenders, each in a process of its own, in turn, several times over."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

from petkeras.bench.worker import CONTENDERS
from petkeras.errors import PetkerasError


@dataclass
class Result:
    """Hold a contender's rounds: seconds a step, seconds to the first step's end, peak bytes."""

    name: str
    seconds: list[float] = field(default_factory=list)
    first_step: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def step(self):
        """The median over the rounds, in seconds."""
        return statistics.median(self.seconds)


def choose(names):
    """Return the contenders that were asked for and can run here.

    Raises:
        PetkerasError: there is no contender of that name.
    """
    for name in names:
        if name not in CONTENDERS:
            raise PetkerasError(
                f"There is no contender '{name}'. There are: {', '.join(CONTENDERS)}."
            )
    has_torch = importlib.util.find_spec("torch") is not None
    return [
        name
        for name in CONTENDERS
        if (not names or name in names) and (has_torch or not name.startswith("PyTorch"))
    ]


def run(names, rounds, task, said=lambda line: None):
    """Measure contenders in turn.

    Args:
        names: of contenders.
        rounds: how often each runs.
        task: a dict: `steps`, `batch_size`, `image_size`.
        said: called with a line before each run.

    Returns:
        A `Result` for each name.

    Raises:
        PetkerasError: a contender did not end well.
    """
    results = {name: Result(name) for name in names}
    for number in range(1, rounds + 1):
        for name, result in results.items():
            said(f"round {number} of {rounds}: {name}")
            start = time.time()
            measured = work(name, task)
            result.seconds.append(measured["seconds"])
            result.first_step.append(measured["first_step"] - start)
            result.memory.append(measured["memory"])
    return list(results.values())


def work(name, task=None):
    """Run one contender, or `"limits"`, in a process of its own, and return what it measured."""
    command = [sys.executable, "-m", "petkeras.bench.worker", name, json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip() or f"it ended with code {done.returncode}").splitlines()[-1]
        raise PetkerasError(f"The contender '{name}' did not end well: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def ratio(one, other):
    """Return the median over the rounds of one contender's seconds to another's."""
    return statistics.median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))
