"""Run one contender in a process of its own, and print what was measured as a line of JSON."""

from __future__ import annotations

import json
import sys

JAX = "Keras fit float32, JAX"
SAME_SETTINGS = ", same settings"
XLA = ", XLA"

# Each contender's name, the function that it is, its arguments, and what it does.
CONTENDERS = {
    "petkeras float32": (
        "petkeras",
        {"policy": "float32"},
        "`pk.train` with hand-written layers and Adam; nothing is kept on disk",
    ),
    "petkeras bfloat16": (
        "petkeras",
        {"policy": "mixed_bfloat16"},
        "`pk.train` with the policy mixed_bfloat16: weights stay float32",
    ),
    f"petkeras float32{XLA}": (
        "petkeras",
        {"policy": "float32", "xla": True},
        "`pk.train` with its step compiled by XLA",
    ),
    f"petkeras bfloat16{XLA}": (
        "petkeras",
        {"policy": "mixed_bfloat16", "xla": True},
        "`pk.train` in bfloat16 with its step compiled by XLA",
    ),
    "petkeras float32, logged": (
        "petkeras",
        {"policy": "float32", "logged": True},
        "`pk.train` with TensorBoard every 5 steps and a frame of the filters' film every 50",
    ),
    "petkeras bfloat16, logged": (
        "petkeras",
        {"policy": "mixed_bfloat16", "logged": True},
        "`pk.train` in bfloat16 with TensorBoard and film",
    ),
    "Keras fit float32": (
        "keras_fit",
        {"policy": "float32"},
        "Keras's built-in layers, Adam and `model.fit`, on TensorFlow",
    ),
    f"Keras fit float32{SAME_SETTINGS}": (
        "keras_fit",
        {"policy": "float32"},
        "the same, with oneDNN, memory and threads set as `petkeras train` sets them for itself",
    ),
    "Keras fit bfloat16": (
        "keras_fit",
        {"policy": "mixed_bfloat16"},
        "Keras's built-in layers, Adam and `model.fit`, with the policy mixed_bfloat16",
    ),
    JAX: (
        "numpy_batches",  # run by builtin.py itself
        {},
        "Keras's built-in layers, Adam and `model.fit`, on JAX; its batches come from NumPy",
    ),
    "Keras loop float32": (
        "keras_loop",
        {"policy": "float32"},
        "Keras's built-in layers and Adam in a plain loop under a GradientTape",
    ),
    "the article's loop": (
        "article_loop",
        {},
        "the article's way: pictures fed from NumPy, a second pass for the accuracy, and loss, "
        "accuracy and one histogram for TensorBoard every 5 steps",
    ),
    "PyTorch float32": (
        "torch_loop",
        {},
        "PyTorch's layers in the memory format channels_last, fused Adam, eager",
    ),
    "PyTorch float32, contiguous": (
        "torch_loop",
        {"channels_last": False},
        "PyTorch's layers in its default memory format, fused Adam, eager",
    ),
    "PyTorch float32, compiled": (
        "torch_loop",
        {"compiled": True},
        "PyTorch's layers in channels_last, fused Adam, with torch.compile",
    ),
    "PyTorch bfloat16": (
        "torch_loop",
        {"bfloat16": True},
        "PyTorch's layers in channels_last under torch.autocast, fused Adam, eager",
    ),
    "PyTorch bfloat16, compiled": (
        "torch_loop",
        {"bfloat16": True, "compiled": True},
        "PyTorch's layers in channels_last under torch.autocast, with torch.compile",
    ),
}


def main(name, task):
    """Measure a contender; with the name `limits` the machine, with `profile` the operations.

    Prints:
        What `Steps.figures`, `limits.measure` or `profile.measure` returns.
    """
    import petkeras  # noqa: F401 -- before TensorFlow, which it silences

    if name == "limits":
        from petkeras.bench import limits

        rates = limits.measure()
        inputs = limits.input_pictures_per_second(task["image_size"], task["batch_size"])
        measured = {"rates": rates, "inputs": inputs}
    elif name == "profile":
        from petkeras.bench import contenders, profile

        measured = profile.measure(contenders.Task(**task))
    else:
        function, arguments, _ = CONTENDERS[name]
        from petkeras.bench import contenders

        steps = getattr(contenders, function)(contenders.Task(**task), **arguments)
        measured = steps.figures()
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
