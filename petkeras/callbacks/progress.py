"""Show the progress of training: a bar in a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import math
import sys

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from petkeras.callbacks.base import RunCallback
from petkeras.system.terminal import is_terminal, make_console


def make_progress():
    """Return the callback that fits the output: a bar for a terminal, lines otherwise."""
    return ProgressBar() if is_terminal(sys.stdout) else ProgressLines()


class ProgressLines(RunCallback):
    """Print one line per epoch, for log files and notebooks."""

    def on_epoch_end(self, epoch, logs=None):
        self.show(
            f"epoch {epoch + 1:3d}/{self.params['epochs']}  loss {_get(logs, 'loss'):9.4f}  "
            f"accuracy {_get(logs, 'accuracy'):.3f}  test accuracy "
            f"{_get(logs, 'test_accuracy', 'val_accuracy'):.3f}  {self.seconds:5.0f} s"
        )

    def show(self, line):
        print(line, flush=True)


class ProgressBar(ProgressLines):
    """Show a bar with loss, accuracy, speed and time left, below one line per epoch."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=12),  # so that everything fits in 80 columns
            TextColumn("{task.fields[figures]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=make_console(),
        )
        epochs, steps = self.params["epochs"], self.params["steps"]
        total = None if steps is None else steps * epochs
        first = self.loop.steps_done if self.loop else 0
        self.task = self.bar.add_task(
            "", total=total, completed=first, epoch=f"1/{epochs}", figures="", speed=""
        )
        self.bar.start()

    def on_epoch_begin(self, epoch, logs=None):
        self.bar.update(self.task, epoch=f"{epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch, logs=None):
        loss, accuracy = _get(logs, "loss"), _get(logs, "accuracy")
        if self.loop:  # the epoch's means so far say more than one batch
            loss, accuracy, count = self.loop.sums.tolist()
            loss, accuracy = loss / count, accuracy / count
        speed = self.bar.tasks[0].speed
        self.bar.update(
            self.task,
            advance=1,
            figures=f"loss {loss:.4g}  accuracy {accuracy:.2f}",
            speed=f"{speed:.1f} steps/s" if speed else "",
        )

    def show(self, line):
        self.bar.console.print(line, highlight=False)

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        if hasattr(self, "bar"):
            self.bar.stop()


def _get(logs, *names):
    """Return the first of the named logs that exists, or NaN."""
    return next((logs[name] for name in names if name in (logs or {})), math.nan)
