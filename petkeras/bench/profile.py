"""The TensorFlow operations on which a training step spends its time, by TensorFlow's profiler."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from petkeras.bench import contenders
from petkeras.bench.builtin import InputTimer
from petkeras.bench.report import Part, Report
from petkeras.bench.steps import WARM_UP

MAX_ROWS = 15  # operations that are listed
# The event of an operation is named NODE:OPERATION, such as "conv1_1/Conv2D:Conv2D".
OPERATION = re.compile(r"[^: ]+:(_?[A-Z]\w*)")


class Profiler(InputTimer):
    """Profile the timed steps of a training, from the first one's begin to the last one's end."""

    def __init__(self, folder, steps):
        super().__init__()
        self.folder, self.last = folder, WARM_UP + steps

    def on_train_batch_begin(self, batch, logs=None):
        if len(self.begins) == WARM_UP:
            tf.profiler.experimental.start(self.folder)
        super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if len(self.ends) == self.last:
            tf.profiler.experimental.stop()

    def step_seconds(self):
        """Return the mean time of a profiled step, without the time spent waiting for its batch."""
        steps = zip(self.begins[WARM_UP:], self.ends[WARM_UP:], strict=True)
        return sum(end - begin for begin, end in steps) / (self.last - WARM_UP)


def measure(task):
    """Profile the steps of a `Task` that `pk.train` makes in float32.

    The operations of the step itself are counted: forward pass, gradients and Adam. Those of the
    input pipeline, which prepares the next batches at the same time, are left out.

    Returns:
        A dict: `milliseconds`, a dict of each operation's time per step in descending order, and
        `step`, the milliseconds that a whole step took.
    """
    with tempfile.TemporaryDirectory() as folder:
        profiler = Profiler(folder, task.steps)
        contenders.petkeras(task, "float32", timer=profiler)
        (file,) = Path(folder).rglob("*.xplane.pb")
        spent = sum_operations(xplane_pb2.XSpace.FromString(file.read_bytes()))
    return {
        "milliseconds": {name: total / task.steps for name, total in spent.most_common()},
        "step": 1000 * profiler.step_seconds(),
    }


def sum_operations(space):
    """Return a `Counter` of the milliseconds that a profile has of each kind of operation.

    What runs on the threads of `tf.data` belongs to the input pipeline and is not counted.
    """
    spent: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:  # one per thread
            if line.name.startswith("tf_data"):
                continue
            for event in line.events:
                operation = OPERATION.fullmatch(plane.event_metadata[event.metadata_id].name)
                if operation:
                    spent[operation[1]] += event.duration_ps / 1e9
    return spent


def part(measured, task):
    """Return what `measure` returned as a `Part` of a page; `task` is a dict."""
    spent = measured["milliseconds"]
    total = sum(spent.values())
    rows = [
        (name, f"{value / total:.1%}", f"{value:.2f}")
        for name, value in list(spent.items())[:MAX_ROWS]
    ]
    lines = [
        f"Each step has {task['batch_size']} images of {task['image_size']} pixels, in float32. "
        f"The figures are means over {task['steps']} steps; preparing the batches is not included.",
        f"All {len(spent)} operations: {total:.1f} ms per step. A step took "
        f"{measured['step']:.1f} ms: operations that run at the same time are both counted, and "
        "the gaps between operations are not.",
    ]
    return Part("Operations of a training step", ("operation", "share", "ms/step"), rows, lines)


def report(measured, task):
    """Return the `Report` of what `measure` returned; `task` is a dict."""
    facts = {"task": task, **measured}
    return Report("Where a training step spends its time", [part(measured, task)], facts)
