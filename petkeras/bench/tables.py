"""What `petkeras bench` says of the contenders: a table, the ratios, and the machine's limit."""

from __future__ import annotations

import math
import shlex
import statistics

from petkeras.bench.builtin import WARM_UP
from petkeras.bench.report import Part, Report, machine, machine_part
from petkeras.bench.rounds import Result, ratio
from petkeras.bench.worker import CONTENDERS, JAX, SAME_SETTINGS

BESTS = ("PyTorch's best float32", "PyTorch's best bfloat16")
# Pairs whose ratio is told where both were run; the first is the better the smaller it is.
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
EPOCH_PICTURES = 340  # of the article's two breeds, 15% being held back for the test


def rows(results: list[Result], batch_size):
    """Return a row of strings for each contender: medians over the rounds, least and most."""
    return [
        (
            result.name,
            f"{result.step:.3f}",
            f"{min(result.seconds):.3f}",
            f"{max(result.seconds):.3f}",
            f"{_epoch_steps(batch_size) * result.step:.1f}",
            f"{statistics.median(result.first_step):.1f}",
            f"{max(result.memory) / 1e9:.2f}",
        )
        for result in results
    ]


def _epoch_steps(batch_size):
    return math.ceil(EPOCH_PICTURES / batch_size)


def column_lines(results, task):
    """Return what the table's columns are, as lines."""
    rounds = len(results[0].seconds)
    lines = [
        f"step: {task['batch_size']} pictures of {task['image_size']} pixels; the median over the "
        f"rounds, which are {rounds}, each of {task['steps']} steps ('logged': of 50, or more if "
        f"more were asked for) after {WARM_UP} of warm-up. from, to: the fastest and the slowest.",
        f"epoch: {_epoch_steps(task['batch_size'])} such steps, which are the article's "
        f"{EPOCH_PICTURES} training pictures. It has no test part.",
        "first: from the start of the process to the end of its first step. GB: the most memory "
        "that the process had; a GPU's own memory is not in it.",
    ]
    if any(result.name == JAX for result in results):
        lines.append(
            "Where JAX is installed, TensorFlow loads it as well: that is in its first and its GB."
        )
    return lines


def ratios(results: list[Result]):
    """Return (one, other, ratio) for each of `PAIRS` that was run.

    PyTorch's best is the fastest of its contenders in that precision; it is named in brackets.
    """
    there = {result.name: result for result in results}
    labels = {name: name for name in there}
    for best in BESTS:
        prefix = best.replace("'s best", "")
        runners = [result for result in results if result.name.startswith(prefix)]
        if runners:
            there[best] = min(runners, key=lambda result: result.step)
            labels[best] = f"{best} ({there[best].name})"
    return [
        (one, labels[other], ratio(there[one], there[other]))
        for one, other in PAIRS
        if one in there and other in there
    ]


def least_seconds(image_size, batch_size, rates):
    """Return the least seconds of a step of the article's network, by precision."""
    from petkeras.bench.limits import least_step_seconds
    from petkeras.models import pet_net
    from petkeras.visualize.costs import costs

    layers = costs(pet_net(image_size=image_size))
    return {
        dtype: least_step_seconds(layers, batch_size, rates, dtype)
        for dtype in ("float32", "bfloat16")
    }


def limit_lines(results, batch_size, rates, least, inputs):
    """Return what the machine could do, and the share of it that petkeras reaches, as lines."""
    lines = [
        f"Multiply-adds a second: {rates['float32'] / 1e9:.0f} billion in float32, "
        f"{rates['bfloat16'] / 1e9:.0f} in bfloat16. Memory: {rates['bandwidth'] / 1e9:.1f} GB/s."
    ]
    for result in results:
        precision = result.name.removeprefix("petkeras ")
        if precision in least:
            lines.append(
                f"Least time of a step in {precision}: {least[precision]:.3f} s, "
                f"{least[precision] / result.step:.0%} of what {result.name} takes."
            )
    lines.append(f"The input pipeline alone, with augmentation: {inputs:.0f} pictures a second.")
    for result in results:
        if result.waiting:
            lines.append(
                f"{result.name}: {batch_size / result.step:.1f} pictures a second; waiting for "
                f"pictures: {statistics.median(result.waiting):.1%} of a step."
            )
    return lines


def report(results, left_out, task, limits):
    """Return the `Report` of all that was measured.

    Args:
        results: a list of `Result`.
        left_out: lines on the contenders that are not among them.
        task: a dict of the fields of a `Task`.
        limits: what the worker's `limits` are: `rates` and `inputs`.
    """
    rates, inputs = limits["rates"], limits["inputs"]
    least = least_seconds(task["image_size"], task["batch_size"], rates)
    rounds = len(results[0].seconds)
    compared = ratios(results)
    who = [(result.name, CONTENDERS[result.name][2]) for result in results]
    parts = [
        Part(
            "Who is compared",
            ("contender", "what it is"),
            who,
            [
                "All train the article's network on pictures of noise, a batch of the same size, "
                "mean image taken off; Adam, no augmentation. Each round starts each contender "
                "once, in turn, in a process of its own."
            ],
            page_only=True,
        ),
        machine_part(),
        Part(
            "A training step, in seconds",
            COLUMNS,
            rows(results, task["batch_size"]),
            [*column_lines(results, task), *left_out],
        ),
        Part(
            "Ratios of seconds a step: below 1, the first is faster",
            lines=[f"{one} / {other}: {value:.2f}" for one, other, value in compared]
            or ["None: of those that ran, no two are compared."],
        ),
        Part(
            "What the machine could do",
            lines=limit_lines(results, task["batch_size"], rates, least, inputs),
        ),
        Part("Once more", lines=again_lines(results, rounds, task), page_only=True),
    ]
    return Report("How fast", parts, as_dict(results, left_out, task, limits, least, compared))


def again_lines(results, rounds, task):
    """Return the commands that print this page."""
    names = " ".join(f"--contender {shlex.quote(result.name)}" for result in results)
    return [
        f"All that can run there: `petkeras bench --device {task['device']} --image-size "
        f"{task['image_size']} --batch-size {task['batch_size']} --steps {task['steps']} "
        f"--rounds {rounds} --markdown`. PyTorch and JAX take part where they are installed: "
        "`pip install torch jax`.",
        f"To choose: `--contender NAME`, as often as wanted. These were: `{names}`.",
    ]


def as_dict(results, left_out, task, limits, least, compared):
    """Return everything that was measured, for `--json`."""
    return {
        "task": task,
        "machine": machine(),
        "contenders": {result.name: vars(result) for result in results},
        "left_out": left_out,
        "ratios": [{"of": one, "to": other, "ratio": value} for one, other, value in compared],
        "rates": limits["rates"],
        "least_seconds": least,
        "input_pictures_per_second": limits["inputs"],
    }
