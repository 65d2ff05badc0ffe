"""Run one contender in a process of its own, and print what was measured as a line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

WARM_UP = 3  # steps that are not counted: tracing, and memory that is touched for the first time

# Each contender's name, the function that it is, and its arguments.
CONTENDERS = {
    "petkeras float32": ("petkeras", {"policy": "float32"}),
    "petkeras bfloat16": ("petkeras", {"policy": "mixed_bfloat16"}),
    "petkeras float32, logged": ("petkeras", {"policy": "float32", "logged": True}),
    "petkeras bfloat16, logged": ("petkeras", {"policy": "mixed_bfloat16", "logged": True}),
    "Keras fit float32": ("keras_fit", {"policy": "float32"}),
    "Keras fit bfloat16": ("keras_fit", {"policy": "mixed_bfloat16"}),
    "Keras loop float32": ("keras_loop", {"policy": "float32"}),
    "the article's loop": ("article_loop", {}),
    "PyTorch float32": ("torch_loop", {}),
    "PyTorch float32, contiguous": ("torch_loop", {"channels_last": False}),
    "PyTorch float32, compiled": ("torch_loop", {"compiled": True}),
    "PyTorch bfloat16": ("torch_loop", {"bfloat16": True}),
    "PyTorch bfloat16, compiled": ("torch_loop", {"bfloat16": True, "compiled": True}),
}


def main(name, task):
    """Measure a contender, or with the name `limits` the machine.

    Prints:
        `seconds` a step (the mean over all steps but the first), `first_step` (the clock's time
        when it had ended) and `memory` in bytes.
    """
    import petkeras  # noqa: F401 -- before TensorFlow, which it silences

    if name == "limits":
        from petkeras.bench import limits

        rates = limits.measure()
        inputs = limits.input_pictures_per_second(task["image_size"], task["batch_size"])
        print(json.dumps({"rates": rates, "inputs": inputs}))
        return
    from petkeras.bench import contenders

    function, arguments = CONTENDERS[name]
    now, clock = time.perf_counter(), time.time()
    stamps = getattr(contenders, function)(contenders.Task(**task), **arguments)
    print(
        json.dumps(
            {
                "seconds": (stamps[-1] - stamps[WARM_UP - 1]) / (len(stamps) - WARM_UP),
                "first_step": clock + stamps[0] - now,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                * (1 if sys.platform == "darwin" else 1024),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
