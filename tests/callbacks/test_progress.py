"""How a run shows that it goes on."""

import io

from petkeras.callbacks import progress
from petkeras.callbacks.history import Epoch

EPOCH = Epoch(2, 10, 1234.5, 0.75, 0.25, 0.5, 61.2)


def test_a_line_an_epoch_where_the_output_is_no_terminal(capsys):
    with progress.make_progress(0, 5, 3) as shown:
        shown.step((3.0, 1.0, 2.0))
        shown.epoch(EPOCH)
    assert capsys.readouterr().out == (
        "epoch   2/3  loss 1234.5000  accuracy 0.750  test accuracy 0.500     61 s\n"
    )


def test_nothing_if_so_asked(capsys):
    with progress.make_progress(0, 5, 3, verbose=False) as shown:
        shown.step((3.0, 1.0, 2.0))
        shown.epoch(EPOCH)
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal_tells_loss_accuracy_speed_and_time_left(monkeypatch):
    screen = io.StringIO()
    terminal = progress.Console
    monkeypatch.setattr(
        progress, "Console", lambda: terminal(file=screen, force_terminal=True, width=80)
    )
    monkeypatch.setattr(progress.sys.stdout, "isatty", lambda: True, raising=False)
    with progress.make_progress(5, 5, 3) as shown:
        for _ in range(5):
            shown.step((3.0, 1.0, 2.0))
        shown.epoch(EPOCH)
    for part in ("epoch 2/3", "loss 1.5", "accuracy 0.50", "steps/s", "left", "1234.5"):
        assert part in screen.getvalue()
