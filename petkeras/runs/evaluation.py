"""Evaluate a network on pictures: after each epoch, and once a run is finished."""

from __future__ import annotations

import math
from typing import Any

from petkeras.data.pipeline import evaluation_batches
from petkeras.errors import PetkerasError
from petkeras.recipes import Recipe
from petkeras.runs.intervals import accuracy_interval
from petkeras.runs.precision import computing_in
from petkeras.tracing import compile_logits, compile_once, compute_logits
from petkeras.training import evaluate


def evaluate_run(run, data):
    """Return a run's loss and accuracy on each part of its pictures, without dropout.

    They are measured in the precision that the run was trained in, as in its `history.csv`.

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
    forward = compile_as_trained(run)
    measured: dict[str, Any] = {}
    for part, pictures in parts.items():
        if not pictures:
            continue
        loss, accuracy, logits = _evaluate(forward, pictures, run.mean, run.recipe)
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


def compile_as_trained(run):
    """Return a run's forward pass in the precision that it was trained in.

    Returns:
        A function from images, float32, to logits, as `petkeras.tracing.compile_logits` returns it
        for `run.model`, which computes in float32.
    """
    model = run.model
    policies = run.trained_policies

    def compute(images):
        with computing_in(model, policies):
            return compute_logits(model, images)

    return compile_once(model, "logits as trained", compute) if policies else compile_logits(model)


def evaluate_pictures(model, pictures, mean, recipe: Recipe):
    """Return the mean loss and accuracy over pictures, without dropout, and all logits.

    Args:
        model: a `keras.Model` that returns logits.
        pictures: a `Pictures`.
        mean: `(size, size, 3)` float32, the mean image of the training part.
        recipe: provides `pixel_scale` and `batch_size`.

    Returns:
        The loss and the accuracy, two floats, and the logits, `(pictures, classes)` float32.
    """
    return _evaluate(compile_logits(model), pictures, mean, recipe)


def evaluate_parts(forward, data, recipe):
    """Return the logs of an epoch's evaluation, and the logits of the test part."""
    loss, accuracy, logits = _evaluate(forward, data.test, data.mean, recipe)
    logs = {"test_loss": loss, "test_accuracy": accuracy}
    if data.validation:
        loss, accuracy, _ = _evaluate(forward, data.validation, data.mean, recipe)
        logs |= {"val_loss": loss, "val_accuracy": accuracy}
    return logs, logits


def _evaluate(forward, pictures, mean, recipe):
    return evaluate(forward, evaluation_batches(pictures, mean, recipe), pictures.labels)
