"""The time that a whole training takes, from its command to a target accuracy on the test part."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
import sys
import tempfile
import time

from petkeras.bench.endings import describe_end
from petkeras.bench.report import Part, Report, machine, machine_part
from petkeras.errors import PetkerasError

# What `petkeras train` prints after an epoch; see `petkeras.callbacks.progress.ProgressLines`.
EPOCH = re.compile(r"epoch +(\d+)/.*  test accuracy ([\d.]+)  ")
NOT_REACHED = "not reached"


def measure(target, rounds, options, say=lambda line: None):
    """Train with the default recipe until the test accuracy reaches a target, once per seed.

    Args:
        target: the test accuracy to reach, in (0, 1].
        rounds: the number of trainings; their seeds are 0, 1, ...
        options: options of `petkeras train`, a dict of text by name, such as
            `{"source": "sample"}`.
        say: called with a line before each round, and with its result afterwards.

    Returns:
        A list with one dict per round: `seed`, `seconds` and `epoch`. The latter two are `None` if
        the training ended before it reached the target.

    Raises:
        PetkerasError: a training failed.
    """
    found = []
    for seed in range(rounds):
        say(f"round {seed + 1} of {rounds}: seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            settings = {**options, "seed": seed, "run-dir": f"{folder}/run"}
            arguments = [f"--{name}={value}" for name, value in settings.items()]
            command = [sys.executable, "-m", "petkeras", "train", *arguments]
            seconds, epoch = time_to(target, command)
        found.append({"seed": seed, "seconds": seconds, "epoch": epoch})
        say(f"{target:.2f} in {seconds:.1f} s, epoch {epoch}" if epoch else NOT_REACHED)
    return found


def time_to(target, command):
    """Start a training, and end it after the first epoch that reaches the target.

    Returns:
        The seconds from the start of the process to the end of that epoch, and the epoch's number;
        both are `None` if the training ended before it reached the target.

    Raises:
        PetkerasError: the training failed.
    """
    start, line = time.monotonic(), ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as training:
        assert training.stdout is not None  # a pipe was requested
        try:
            for line in training.stdout:
                epoch = EPOCH.match(line)
                if epoch and float(epoch[2]) >= target:
                    return time.monotonic() - start, int(epoch[1])
            code = training.wait()
        finally:
            training.kill()  # its run folder is temporary
    if code != 0:
        is_message = line.startswith("petkeras: ")
        reason = line[10:].strip() if is_message else describe_end(code, [line])
        raise PetkerasError(f"A training failed: {reason}")
    return None, None


def report(target, found, options):
    """Return the `Report` of what `measure` returned for these options."""
    reached = [training for training in found if training["seconds"] is not None]
    unreached = [math.inf] * (len(found) - len(reached))
    median = statistics.median([*(training["seconds"] for training in reached), *unreached])
    median = median if math.isfinite(median) else None
    rows = [
        (str(one["seed"]), f"{one['seconds']:.1f}", str(one["epoch"]))
        if one in reached
        else (str(one["seed"]), NOT_REACHED, "-")
        for one in found
    ]
    lines = [
        f"Median: {f'{median:.1f} s' if median else NOT_REACHED}. {len(reached)} of {len(found)} "
        f"trainings reached {target:.2f}.",
        "The time runs from the start of `petkeras train`. It includes loading TensorFlow, loading "
        "the images (which were decoded beforehand) and the evaluation after each epoch.",
    ]
    shown = " ".join(f"--{name} {value}" for name, value in options.items())
    command = f"`petkeras bench {shown} --accuracy {target:g} --rounds {len(found)} --markdown`"
    facts = {
        "accuracy": target,
        "options": options,
        "machine": machine(),
        "rounds": found,
        "median": median,
    }
    parts = [
        Part(f"Time to {target:.2f}", ("seed", "seconds", "epoch"), rows, lines),
        machine_part(facts["machine"]),
        Part("To repeat it", lines=[f"This page is printed by {command}."], page_only=True),
    ]
    return Report(f"Time to a test accuracy of {target:.2f}", parts, facts)
