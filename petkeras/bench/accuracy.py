"""How long a training takes, from its command to a wanted accuracy on the test part."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
import sys
import tempfile
import time

from petkeras.bench.report import Part, Report, machine, machine_part
from petkeras.errors import PetkerasError

# What `petkeras train` prints after an epoch; see `petkeras.callbacks.progress.epoch_line`.
EPOCH = re.compile(r"epoch +(\d+)/.*  test accuracy ([\d.]+)  ")


def measure(wanted, rounds, options, said=lambda line: None):
    """Train by the default recipe until the test accuracy is as wanted; each round another seed.

    Args:
        wanted: the test accuracy, in (0, 1].
        rounds: how many trainings; their seeds are 0, 1, ...
        options: of `petkeras train`, as a dict of text by name, such as `{"source": "sample"}`.
        said: called with a line before each round, and with what came of it after it.

    Returns:
        A list of dicts, one a round: `seed`, `seconds` and `epoch`, which are `None` where the
        training ended before.

    Raises:
        PetkerasError: a training did not end well.
    """
    found = []
    for seed in range(rounds):
        said(f"round {seed + 1} of {rounds}: seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            given = {**options, "seed": seed, "run-dir": f"{folder}/run"}
            arguments = [f"--{name}={value}" for name, value in given.items()]
            command = [sys.executable, "-m", "petkeras", "train", *arguments]
            seconds, epoch = time_to(wanted, command)
        said(
            "not reached" if seconds is None else f"{wanted:.2f} in {seconds:.1f} s, epoch {epoch}"
        )
        found.append({"seed": seed, "seconds": seconds, "epoch": epoch})
    return found


def time_to(wanted, command):
    """Start a training, and end it after the first epoch whose test accuracy is as wanted.

    Returns:
        The seconds from the process's start to that epoch's line, and the epoch's number; both
        `None` if the training ended before.

    Raises:
        PetkerasError: the training did not end well.
    """
    start, line = time.monotonic(), ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as training:
        assert training.stdout is not None  # a pipe, as asked for
        try:
            for line in training.stdout:
                epoch = EPOCH.match(line)
                if epoch and float(epoch[2]) >= wanted:
                    return time.monotonic() - start, int(epoch[1])
            code = training.wait()
        finally:
            training.kill()  # what it would still write is removed anyway
    if code != 0:
        why = line.strip() or f"it ended with code {code}"
        raise PetkerasError(f"A training did not end well: {why.removeprefix('petkeras: ')}")
    return None, None


def report(wanted, found, options):
    """Return the `Report` of what `measure` returned for these options."""
    seconds = [math.inf if one["seconds"] is None else one["seconds"] for one in found]
    median = statistics.median(seconds)
    reached = sum(map(math.isfinite, seconds))
    rows = [
        (str(one["seed"]), "not reached", "-")
        if one["seconds"] is None
        else (str(one["seed"]), f"{one['seconds']:.1f}", str(one["epoch"]))
        for one in found
    ]
    lines = [
        f"Median: {'not reached' if math.isinf(median) else f'{median:.1f} s'}. "
        f"{reached} of {len(found)} trainings came to {wanted:.2f}.",
        "Seconds are counted from the start of `petkeras train`: loading TensorFlow and the "
        "pictures, which were decoded before, is in them, and the test after each epoch.",
    ]
    shown = " ".join(f"--{name} {value}" for name, value in options.items())
    command = f"`petkeras bench {shown} --accuracy {wanted:g} --rounds {len(found)} --markdown`"
    return Report(
        f"How long until {wanted:.2f} of the test part are right",
        [
            Part(f"Time to {wanted:.2f}", ("seed", "seconds", "epoch"), rows, lines),
            machine_part(),
            Part("Once more", lines=[f"This page is printed by {command}."], page_only=True),
        ],
        {
            "accuracy": wanted,
            "options": options,
            "machine": machine(),
            "rounds": found,
            "median": None if math.isinf(median) else median,
        },
    )
