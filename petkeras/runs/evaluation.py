"""Measure a trained run on its pictures."""

from __future__ import annotations

import math
from typing import Any

from petkeras.errors import PetkerasError
from petkeras.runs.intervals import accuracy_interval
from petkeras.runs.train import evaluate_pictures


def evaluate_run(run, data):
    """Return a run's loss and accuracy on each part of its pictures, without dropout.

    Args:
        run: a `Run`.
        data: a `PetData` of the run's classes and size.

    Returns:
        A dict by part: `"train"`, `"validation"` if there is such a part, and `"test"`. Each is a
        dict of `pictures`, a count; `loss` and `accuracy`, floats; `interval`, the 95% interval of
        the accuracy; and `breeds`, for each class the counts `pictures` and `right`.

    Raises:
        PetkerasError: the model's outputs are not finite.
    """
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    measured: dict[str, Any] = {}
    for part, pictures in parts.items():
        if not pictures:
            continue
        loss, accuracy, logits = evaluate_pictures(run.model, pictures, run.mean, run.recipe)
        if not math.isfinite(loss):
            raise PetkerasError(
                f"{run.run_dir}/model.keras returns values that are not finite: its weights are "
                "damaged."
            )
        classes = pictures.labels.argmax(axis=1)  # (pictures,)
        correct = logits.argmax(axis=1) == classes
        measured[part] = {
            "pictures": len(pictures),
            "loss": loss,
            "accuracy": accuracy,
            "interval": accuracy_interval(int(correct.sum()), len(pictures)),
            "breeds": {
                name: {
                    "pictures": int((classes == i).sum()),
                    "right": int(correct[classes == i].sum()),
                }
                for i, name in enumerate(data.class_names)
            },
        }
    return measured
