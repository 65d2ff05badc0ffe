"""Run one contender in a process of its own, and print its figures as a line of JSON."""

from __future__ import annotations

import importlib
import json
import sys

from petkeras.bench.steps import Task

JAX = "Keras fit float32, JAX"
SAME_SETTINGS = ", same settings"
XLA = ", XLA"

# For each contender's name: its function in `contenders` or `pytorch`, and the arguments.
CONTENDERS: dict[str, tuple[str, dict]] = {
    "petkeras float32": ("petkeras", {"policy": "float32"}),
    "petkeras bfloat16": ("petkeras", {"policy": "mixed_bfloat16"}),
    f"petkeras float32{XLA}": ("petkeras", {"policy": "float32", "xla": True}),
    f"petkeras bfloat16{XLA}": ("petkeras", {"policy": "mixed_bfloat16", "xla": True}),
    "petkeras float32, logged": ("petkeras", {"policy": "float32", "logged": True}),
    "petkeras bfloat16, logged": ("petkeras", {"policy": "mixed_bfloat16", "logged": True}),
    "Keras fit float32": ("keras_fit", {"policy": "float32"}),
    f"Keras fit float32{SAME_SETTINGS}": ("keras_fit", {"policy": "float32"}),
    "Keras fit bfloat16": ("keras_fit", {"policy": "mixed_bfloat16"}),
    JAX: ("fit", {}),  # builtin.py trains it, run as a module
    "Keras loop float32": ("keras_loop", {"policy": "float32"}),
    "the article's loop": ("article_loop", {}),
    "PyTorch float32": ("torch_loop", {}),
    "PyTorch float32, contiguous": ("torch_loop", {"channels_last": False}),
    "PyTorch float32, compiled": ("torch_loop", {"compiled": True}),
    "PyTorch bfloat16": ("torch_loop", {"bfloat16": True}),
    "PyTorch bfloat16, compiled": ("torch_loop", {"bfloat16": True, "compiled": True}),
}


def main(name, task):
    """Measure a contender; or the machine (`limits`), or a step's operations (`profile`).

    Prints:
        What `StepClock.figures`, `limits.measure` or `profile.measure` returns, as JSON.
    """
    if name == "limits":
        from petkeras.bench import limits

        rates = limits.measure()
        inputs = limits.images_per_second(task["image_size"], task["batch_size"])
        figures = {"rates": rates, "inputs": inputs}
    elif name == "profile":
        from petkeras.bench import profile

        figures = profile.measure(Task(**task))
    else:
        figures = train(name, task).figures()
    print(json.dumps(figures))


def train(name, task):
    """Run a contender; return its `StepTimer` or `StepClock`."""
    function, arguments = CONTENDERS[name]
    module = "pytorch" if function == "torch_loop" else "contenders"
    contend = getattr(importlib.import_module(f"petkeras.bench.{module}"), function)
    return contend(Task(**task), **arguments)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
