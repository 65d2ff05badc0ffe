"""The history of a run: a row an epoch, in memory and in `history.csv`."""

from __future__ import annotations

import csv
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from petkeras.errors import PetkerasError
from petkeras.text import one_line


@dataclass(frozen=True)
class Epoch:
    """Hold one row of `history.csv`.

    `loss` and `accuracy` are means over the epoch's training pictures as they were trained on,
    with dropout; `test_loss` and `test_accuracy` are over the whole test part, without dropout,
    after the epoch's last step. `seconds` counts from the run's start.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


@dataclass
class History:
    """Hold how a run went.

    Args:
        epochs: one `Epoch` per epoch that was finished.
        step_losses: the loss of every step, each over its batch.
        interrupted: whether the run was stopped before its end.
    """

    epochs: list[Epoch] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    interrupted: bool = False

    def column(self, name):
        """Return a column, such as `"test_accuracy"`, as a list with a value per epoch."""
        return [getattr(epoch, name) for epoch in self.epochs]


def write_history(file: Path, epochs):
    """Write `history.csv`, whole or not at all."""
    half_made = file.with_suffix(".csv.tmp")
    with open(half_made, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([column.name for column in fields(Epoch)])
        writer.writerows(asdict(epoch).values() for epoch in epochs)
    os.replace(half_made, file)


def read_history(file: Path):
    """Read what `write_history` wrote; an empty list where there is none yet.

    Raises:
        PetkerasError: it is damaged; the message names the line.
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
            f"{file} is damaged in line {len(epochs) + 2}: {one_line(error)}"
        ) from None
    return epochs
