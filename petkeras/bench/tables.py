"""What `petkeras bench` says: a table, the ratios that matter, and the machine's own limit."""

from __future__ import annotations

import platform
import statistics

from petkeras.bench.rounds import Result, ratio

# Pairs whose ratio is told where both were run; the first is the better the smaller it is.
PAIRS = (
    ("petkeras float32", "Keras fit float32"),
    ("petkeras bfloat16", "Keras fit float32"),
    ("petkeras bfloat16", "Keras fit bfloat16"),
    ("petkeras float32", "Keras loop float32"),
    ("petkeras float32", "PyTorch"),
    ("petkeras float32, logged", "the article's loop"),
    ("petkeras float32, logged", "petkeras float32"),
    ("petkeras bfloat16, logged", "petkeras bfloat16"),
)
COLUMNS = ("contender", "s a step", "from", "to", "pictures/s", "first step, s", "memory, GB")


def rows(results: list[Result], batch_size):
    """Return a row of strings for each contender: medians over the rounds, least and most."""
    return [
        (
            result.name,
            f"{result.step:.3f}",
            f"{min(result.seconds):.3f}",
            f"{max(result.seconds):.3f}",
            f"{batch_size / result.step:.1f}",
            f"{statistics.median(result.first_step):.1f}",
            f"{max(result.memory) / 1e9:.2f}",
        )
        for result in results
    ]


def ratios(results: list[Result]):
    """Return (one, other, ratio) for each of `PAIRS` that was run.

    `"PyTorch"` is the fastest of PyTorch's contenders in float32.
    """
    there = {result.name: result for result in results}
    torch = [result for result in results if result.name.startswith("PyTorch float32")]
    if torch:
        there["PyTorch"] = min(torch, key=lambda result: result.step)
    return [
        (one, there[other].name, ratio(there[one], there[other]))
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


def as_dict(results, task, rates, least, inputs):
    """Return everything that was measured, for `--json`."""
    return {
        "task": task,
        "machine": machine(),
        "contenders": {result.name: vars(result) for result in results},
        "ratios": [
            {"of": one, "to": other, "ratio": value} for one, other, value in ratios(results)
        ],
        "rates": rates,
        "least_seconds": least,
        "input_pictures_per_second": inputs,
    }


def machine():
    """Return the device and the versions, for a table's heading."""
    from importlib.metadata import PackageNotFoundError, version

    from petkeras import devices

    versions = {"python": platform.python_version()}
    for name in ("petkeras", "tensorflow", "keras", "numpy", "torch"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            pass
    return {"device": devices.describe(), "versions": versions}


def limit_lines(results, rates, least, inputs):
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
    lines.append(f"Pictures alone, with augmentation: {inputs:.0f} a second.")
    return lines


def markdown(results, task, rates, least, inputs):
    """Return all of it as a page for `docs/`."""
    there = machine()
    versions = ", ".join(f"{name} {version}" for name, version in there["versions"].items())
    lines = [
        "# How fast",
        "",
        "Made by `petkeras bench --markdown`: the same network, batch and pictures for all.",
        f"On {there['device']}; {versions}.",
        f"{task['batch_size']} pictures of {task['image_size']} pixels a step, "
        f"{len(results[0].seconds)} rounds of {task['steps']} steps, in turn, each in a process of "
        "its own. Medians; `first step` is counted from the start of the process.",
        "",
        _markdown_row(COLUMNS),
        _markdown_row(["---"] * len(COLUMNS)),
        *map(_markdown_row, rows(results, task["batch_size"])),
        "",
        "Ratios of seconds a step, medians over the rounds:",
        "",
        _markdown_row(("of", "to", "ratio")),
        _markdown_row(["---"] * 3),
        *(_markdown_row((one, other, f"{value:.2f}")) for one, other, value in ratios(results)),
        "",
        "What the machine could do:",
        "",
        *(f"- {line}" for line in limit_lines(results, rates, least, inputs)),
    ]
    return "\n".join(lines)


def _markdown_row(cells):
    return "| " + " | ".join(cells) + " |"
