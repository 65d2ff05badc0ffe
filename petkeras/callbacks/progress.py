"""How a run shows that it goes on: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import contextlib
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def make_progress(first_step, steps_per_epoch, epochs, verbose=True):
    """Return what fits where the output goes; use it in a `with`."""
    if not verbose:
        return Silent()
    if sys.stdout.isatty():
        return Bar(first_step, steps_per_epoch, epochs)
    return Lines(epochs)


class Silent(contextlib.nullcontext):
    """Show nothing."""

    def __init__(self):
        super().__init__(self)

    def step(self, sums):
        """Take note of a step: `sums` are the epoch's loss, accuracy and pictures so far."""

    def epoch(self, epoch):
        """Take note of a finished `Epoch`."""


class Lines(Silent):
    """Print one line an epoch, for log files and notebooks."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def epoch(self, epoch):
        print(epoch_line(epoch, self.epochs), flush=True)


class Bar(Silent):
    """Show a bar with loss, accuracy, steps a second and time left; a line an epoch above it."""

    def __init__(self, first_step, steps_per_epoch, epochs):
        super().__init__()
        self.steps_per_epoch, self.epochs = steps_per_epoch, epochs
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=12),  # all fits in 80 columns
            TextColumn("{task.fields[figures]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(),
        )
        self.task = self.bar.add_task(
            "",
            total=steps_per_epoch * epochs,
            completed=first_step,
            epoch=f"{first_step // steps_per_epoch + 1}/{epochs}",
            figures="",
            speed="",
        )

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *exception):
        self.bar.stop()

    def step(self, sums):
        loss, accuracy, count = sums
        task = self.bar.tasks[0]
        self.bar.update(
            self.task,
            advance=1,
            epoch=f"{int(task.completed) // self.steps_per_epoch + 1}/{self.epochs}",
            figures=f"loss {loss / count:.4g}  accuracy {accuracy / count:.2f}",
            speed=f"{task.speed:.1f} steps/s" if task.speed else "",
        )

    def epoch(self, epoch):
        self.bar.console.print(epoch_line(epoch, self.epochs), highlight=False)


def epoch_line(epoch, epochs):
    """Return a finished epoch as one line."""
    return (
        f"epoch {epoch.epoch:3d}/{epochs}  loss {epoch.loss:9.4f}  accuracy {epoch.accuracy:.3f}  "
        f"test accuracy {epoch.test_accuracy:.3f}  {epoch.seconds:5.0f} s"
    )
