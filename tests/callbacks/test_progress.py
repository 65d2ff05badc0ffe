"""How a training shows its progress."""

import io
import types

import numpy as np
from rich.console import Console

from petkeras.callbacks import progress

LOGS = {"loss": 1234.5, "accuracy": 0.75, "test_loss": 0.25, "test_accuracy": 0.5}


def start(callback):
    """Let a callback watch a loop after step 5 of 15."""
    loop = types.SimpleNamespace(steps_done=5, sums=np.array([3.0, 1.0, 2.0]), seconds=61.2)
    callback.set_params({"epochs": 3, "steps": 5, "loop": loop})
    callback.on_train_begin()
    return callback


def test_a_line_an_epoch_where_the_output_is_no_terminal(capsys):
    shown = start(progress.make_progress())
    shown.on_train_batch_end(0, {"loss": 1.0, "accuracy": 1.0})
    shown.on_epoch_end(1, LOGS)
    shown.on_train_end()
    assert capsys.readouterr().out == (
        "epoch   2/3  loss 1234.5000  accuracy 0.750  test accuracy 0.500     61 s\n"
    )


def test_without_standard_output_there_are_lines_that_go_nowhere(monkeypatch):
    monkeypatch.setattr(progress.sys, "stdout", None)
    shown = progress.make_progress()
    assert type(shown) is progress.ProgressLines
    start(shown).on_epoch_end(1, LOGS)


def test_a_bar_on_a_terminal_tells_loss_accuracy_speed_and_time_left(monkeypatch):
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80)
    monkeypatch.setattr(progress, "make_console", lambda: terminal)
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True, raising=False)
    shown = start(progress.make_progress())
    shown.on_epoch_begin(1)
    for batch in range(5):
        shown.on_train_batch_end(batch, {"loss": 1.0, "accuracy": 1.0})
    shown.on_epoch_end(1, LOGS)
    shown.on_train_end()
    for part in ("epoch 2/3", "loss 1.5", "accuracy 0.50", "steps/s", "left", "1234.5"):
        assert part in screen.getvalue()
    assert shown.bar.finished or not shown.bar.live.is_started
