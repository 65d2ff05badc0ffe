"""Which of TensorFlow's operations a training step spends its time in, by TensorFlow's profiler."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from petkeras.bench.builtin import WARM_UP
from petkeras.bench.contenders import Task
from petkeras.bench.report import Part, Report
from petkeras.callbacks.filters import Film
from petkeras.models import pet_net
from petkeras.training import Trainer

MOST = 15  # operations that are listed
# An operation's event is named NODE:OPERATION, such as "conv1_1/Conv2D:Conv2D".
OPERATION = re.compile(r"[^: ]+:(_?[A-Z]\w*)")


def measure(task: Task):
    """Profile steps of petkeras float32, all on one batch, so that no batch is made meanwhile.

    Returns:
        A dict: `milliseconds` of each operation a step, the most first, and `step`, the
        milliseconds that a step took in all.
    """
    data, recipe = task.data(), task.recipe
    model = pet_net(2, task.image_size, recipe, seed=0, dtype="float32")
    trainer = Trainer(model, data, recipe, None, 0, Film())
    batches = trainer._open_batches(0)
    step, batch = trainer._compile_step(batches.element_spec), next(iter(batches))
    for _ in range(WARM_UP):
        step(*batch, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            start = time.perf_counter()
            for _ in range(task.steps):
                float(step(*batch, 0.0)[0][0])
            seconds = time.perf_counter() - start
        (file,) = Path(folder).rglob("*.xplane.pb")
        spent = sum_operations(xplane_pb2.XSpace.FromString(file.read_bytes()))
    return {
        "milliseconds": {name: total / task.steps for name, total in spent.most_common()},
        "step": 1000 * seconds / task.steps,
    }


def sum_operations(space):
    """Return the milliseconds of each kind of operation, a `Counter`, in what a profiler wrote."""
    spent: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:  # one a thread
            for event in line.events:
                operation = OPERATION.fullmatch(plane.event_metadata[event.metadata_id].name)
                if operation:
                    spent[operation[1]] += event.duration_ps / 1e9
    return spent


def part(measured, task):
    """Return a page's `Part` of what `measure` returned, of a task given as a dict."""
    spent = measured["milliseconds"]
    total = sum(spent.values())
    rows = [
        (name, f"{value / total:.1%}", f"{value:.2f}") for name, value in list(spent.items())[:MOST]
    ]
    lines = [
        f"{task['batch_size']} pictures of {task['image_size']} pixels a step, in float32; the "
        f"mean of {task['steps']} steps.",
        f"All {len(spent)} operations: {total:.1f} ms a step. A step took {measured['step']:.1f} ms"
        ": two operations that run at the same time both count, and the gaps between them do not.",
    ]
    return Part("Operations of a training step", ("operation", "share", "ms a step"), rows, lines)


def report(measured, task):
    """Return the `Report` of what `measure` returned, of a task given as a dict."""
    facts = {"task": task, **measured}
    return Report("Where a step spends its time", [part(measured, task)], facts)
