"""The history of a run, one row per epoch: in memory and in `history.csv`."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from petkeras.callbacks.base import RunCallback
from petkeras.errors import PetkerasError
from petkeras.system.files import local_path, written_atomically
from petkeras.text import one_line


@dataclass(frozen=True)
class Epoch:
    """One row of `history.csv`.

    `loss` and `accuracy` are means over the epoch's training images as the network saw them, with
    dropout; `test_loss` and `test_accuracy` are over the whole test part, without dropout, after
    the epoch's last step; `val_loss` and `val_accuracy` are the same for the validation part, if
    there is one. `seconds` counts from the run's start.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    val_loss: float | None = None
    val_accuracy: float | None = None


@dataclass
class History:
    """The results of a run, epoch by epoch.

    Args:
        epochs: one `Epoch` per finished epoch.
        step_losses: the batch loss of each step of this call.
        interrupted: whether the run was stopped before it was finished.
    """

    epochs: list[Epoch] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    interrupted: bool = False

    def column(self, name):
        """Return a column, such as `"test_accuracy"`, as a list with one value per epoch."""
        return [getattr(epoch, name) for epoch in self.epochs]


class RecordHistory(RunCallback):
    """Fill a `History`, and write `history.csv` after each epoch.

    In `model.fit` the validation data count as the test part.

    Args:
        file: the path of `history.csv`, or `None` to write nothing.
        history: the `History` to continue; a new one by default.
    """

    def __init__(self, file=None, history=None):
        super().__init__()
        self.file = None if file is None else local_path("file", file)
        self.history = history or History()

    def on_train_batch_end(self, batch, logs=None):
        self.history.step_losses.append(logs.get("loss", math.nan))

    def on_epoch_end(self, epoch, logs=None):
        names = ("loss", "accuracy", "test_loss", "test_accuracy")
        if self.loop:
            names += tuple(name for name in ("val_loss", "val_accuracy") if name in logs)
        else:
            logs = {name.replace("val_", "test_"): value for name, value in logs.items()}
        row = {name: logs.get(name, math.nan) for name in names}
        self.history.epochs.append(Epoch(epoch + 1, self.step, seconds=self.seconds, **row))
        if self.file is not None:
            write_history(self.file, self.history.epochs)


def write_history(file: Path, epochs):
    """Write `history.csv` atomically, without empty columns."""
    rows = [asdict(epoch) for epoch in epochs]
    columns = [
        column.name
        for column in fields(Epoch)
        if column.default is not None or any(row[column.name] is not None for row in rows)
    ]
    with written_atomically(file) as partial, open(partial, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def read_history(file: Path):
    """Return the `Epoch`s that `write_history` wrote, or an empty list if there is no file.

    Raises:
        PetkerasError: the file is damaged; the message names the line.
    """
    if not file.is_file():
        return []
    kinds: dict[str, Any] = {c.name: int if c.type == "int" else float for c in fields(Epoch)}
    epochs: list[Epoch] = []
    try:
        with open(file, newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                epochs.append(Epoch(**{name: kinds[name](value) for name, value in row.items()}))
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise PetkerasError(
            f"{file} is damaged on line {len(epochs) + 2}: {one_line(error)}"
        ) from None
    return epochs
