"""The report of the contenders: a table, ratios, and how near the machine's limit they come."""

from __future__ import annotations

import math
import shlex
import statistics

from petkeras.bench.report import Part, Report, machine, machine_part
from petkeras.bench.rounds import Result, ratio
from petkeras.bench.steps import WARM_UP
from petkeras.bench.worker import JAX, SAME_SETTINGS, XLA

DESCRIPTIONS = {
    "petkeras float32": "`pk.train` with hand-written layers and Adam; writes nothing to disk",
    "petkeras bfloat16": "`pk.train` with the policy mixed_bfloat16: weights stay float32",
    f"petkeras float32{XLA}": "`pk.train` with its step compiled by XLA",
    f"petkeras bfloat16{XLA}": "`pk.train` in bfloat16 with its step compiled by XLA",
    "petkeras float32, logged": "`pk.train` with TensorBoard every 5 steps and a frame of the "
    "filters' film every 50",
    "petkeras bfloat16, logged": "`pk.train` in bfloat16 with TensorBoard and film",
    "Keras fit float32": "Keras's built-in layers, Adam and `model.fit`, on TensorFlow",
    f"Keras fit float32{SAME_SETTINGS}": "the same, with the settings for oneDNN, memory and "
    "threads that `petkeras train` uses",
    "Keras fit bfloat16": "Keras's built-in layers, Adam and `model.fit`, with the policy "
    "mixed_bfloat16",
    JAX: "Keras's built-in layers, Adam and `model.fit`, on JAX; its batches come from NumPy",
    "Keras loop float32": "Keras's built-in layers and Adam in a plain loop under a GradientTape",
    "the article's loop": "the article's way: images fed from NumPy, a second pass for the "
    "accuracy, and loss, accuracy and one histogram for TensorBoard every 5 steps",
    "PyTorch float32": "PyTorch's layers in the memory format channels_last, fused Adam, eager",
    "PyTorch float32, contiguous": "PyTorch's layers in its default memory format, fused Adam, "
    "eager",
    "PyTorch float32, compiled": "PyTorch's layers in channels_last, fused Adam, torch.compile",
    "PyTorch bfloat16": "PyTorch's layers in channels_last, torch.autocast, fused Adam, eager",
    "PyTorch bfloat16, compiled": "PyTorch's layers in channels_last, torch.autocast, fused Adam, "
    "torch.compile",
}
BESTS = ("PyTorch's best float32", "PyTorch's best bfloat16")
# Ratios that are shown if both contenders ran; the smaller a ratio, the better the first one.
PAIRS = (
    ("petkeras float32, XLA", "petkeras float32"),
    ("petkeras bfloat16, XLA", "petkeras bfloat16"),
    ("petkeras float32", "Keras fit float32"),
    ("petkeras float32", f"Keras fit float32{SAME_SETTINGS}"),
    ("petkeras float32", JAX),
    ("petkeras float32", "Keras loop float32"),
    ("petkeras float32", BESTS[0]),
    ("petkeras bfloat16", "petkeras float32"),
    ("petkeras bfloat16", "Keras fit float32"),
    ("petkeras bfloat16", "Keras fit bfloat16"),
    ("petkeras bfloat16", BESTS[1]),
    ("petkeras float32, logged", "the article's loop"),
    ("petkeras float32, logged", "petkeras float32"),
    ("petkeras bfloat16, logged", "petkeras bfloat16"),
)
COLUMNS = ("contender", "step", "from", "to", "epoch", "first", "GB")
EPOCH_IMAGES = 340  # of the article's two breeds; 15% are held back for the test


def rows(results: list[Result], batch_size):
    """Return a row of strings per contender: median, fastest and slowest round, and the rest."""
    return [
        (
            result.name,
            f"{result.step:.3f}",
            f"{min(result.seconds):.3f}",
            f"{max(result.seconds):.3f}",
            f"{math.ceil(EPOCH_IMAGES / batch_size) * result.step:.1f}",
            f"{statistics.median(result.first_step):.1f}",
            f"{max(result.memory) / 1e9:.2f}",
        )
        for result in results
    ]


def column_lines(results, task):
    """Return what the table's columns mean, as lines."""
    rounds, size = len(results[0].seconds), task["batch_size"]
    lines = [
        f"step: seconds for {size} images of {task['image_size']} pixels, the median of {rounds} "
        f"rounds. Each round has {task['steps']} steps ('logged': a multiple of 50) after "
        f"{WARM_UP} steps of warm-up. from, to: the fastest and the slowest round.",
        f"epoch: {math.ceil(EPOCH_IMAGES / size)} such steps, for the article's {EPOCH_IMAGES} "
        "training images, without the evaluation on the test part.",
        "first: seconds from the start of the process to the end of its first step. GB: the "
        "process's peak memory, without a GPU's own memory.",
    ]
    if any(result.name == JAX for result in results):
        lines.append(
            "If JAX is installed, TensorFlow loads it too, which adds to its 'first' and 'GB'."
        )
    return lines


def ratios(results: list[Result]):
    """Return (first, second, ratio) for each of `PAIRS` of which both ran.

    PyTorch's best is its fastest contender in that precision, whose name is given in parentheses.
    """
    by_name = {result.name: result for result in results}
    labels = {name: name for name in by_name}
    for best in BESTS:
        prefix = best.replace("'s best", "")
        runners = [result for result in results if result.name.startswith(prefix)]
        if runners:
            by_name[best] = min(runners, key=lambda result: result.step)
            labels[best] = f"{best} ({by_name[best].name})"
    return [
        (first, labels[second], ratio(by_name[first], by_name[second]))
        for first, second in PAIRS
        if first in by_name and second in by_name
    ]


def least_seconds(image_size, batch_size, rates):
    """Return the least seconds of a step of the article's network, a dict by precision."""
    from petkeras.bench.limits import least_step_seconds
    from petkeras.models import pet_net
    from petkeras.visualize.costs import costs

    layers = costs(pet_net(image_size=image_size))
    return {
        dtype: least_step_seconds(layers, batch_size, rates, dtype)
        for dtype in ("float32", "bfloat16")
    }


def limit_lines(results, batch_size, rates, least, inputs):
    """Return the machine's limits, and how near petkeras comes to them, as lines."""
    lines = [
        f"Multiply-adds per second: {rates['float32'] / 1e9:.0f} billion in float32, "
        f"{rates['bfloat16'] / 1e9:.0f} in bfloat16. Memory: {rates['bandwidth'] / 1e9:.1f} GB/s."
    ]
    for result in results:
        precision = result.name.removeprefix("petkeras ")
        if precision in least:
            lines.append(
                f"Least time of a step in {precision}: {least[precision]:.3f} s, "
                f"{least[precision] / result.step:.0%} of what {result.name} takes."
            )
    lines.append(f"The input pipeline alone, with augmentation: {inputs:.0f} images per second.")
    for result in results:
        if result.waiting:
            lines.append(
                f"{result.name}: {batch_size / result.step:.1f} images per second; waiting for "
                f"images: {statistics.median(result.waiting):.1%} of a step."
            )
    return lines


def report(results, left_out, task, limits):
    """Return the `Report` of all measurements.

    Args:
        results: a list of `Result`.
        left_out: lines about the contenders that are not among them.
        task: the fields of a `Task` as a dict.
        limits: `rates` and `inputs`, as the worker returns them for `"limits"`.
    """
    rates, inputs, size = limits["rates"], limits["inputs"], task["batch_size"]
    least = least_seconds(task["image_size"], size, rates)
    compared = ratios(results)
    facts = {
        "task": task,
        "machine": machine(),
        "contenders": {result.name: vars(result) for result in results},
        "left_out": left_out,
        "ratios": [{"of": one, "to": other, "ratio": value} for one, other, value in compared],
        "rates": rates,
        "least_seconds": least,
        "input_pictures_per_second": inputs,
    }
    parts = [
        Part(
            "Contenders",
            ("contender", "what it is"),
            [(result.name, DESCRIPTIONS[result.name]) for result in results],
            [
                "All train the article's network on images of noise with the same batch size: the "
                "mean image subtracted, Adam, no augmentation. Each round runs each contender "
                "once, in turn, in a process of its own."
            ],
            page_only=True,
        ),
        machine_part(facts["machine"]),
        Part(
            "A training step, in seconds",
            COLUMNS,
            rows(results, size),
            [*column_lines(results, task), *left_out],
        ),
        Part(
            "Ratios of seconds per step: below 1, the first is faster",
            lines=[f"{first} / {second}: {value:.2f}" for first, second, value in compared]
            or ["None: there is no ratio for the contenders that ran."],
        ),
        Part("The machine's limits", lines=limit_lines(results, size, rates, least, inputs)),
        Part("To repeat it", lines=repeat_lines(results, task), page_only=True),
    ]
    return Report("How fast a training step is", parts, facts)


def repeat_lines(results, task):
    """Return the commands that print this page."""
    names = " ".join(f"--contender {shlex.quote(result.name)}" for result in results)
    return [
        f"All contenders that can run: `petkeras bench --device {task['device']} --image-size "
        f"{task['image_size']} --batch-size {task['batch_size']} --steps {task['steps']} "
        f"--rounds {len(results[0].seconds)} --markdown`. PyTorch and JAX take part if they are "
        "installed: `pip install torch jax`.",
        f"A choice: `--contender NAME`, any number of times. This page: `{names}`.",
    ]
