"""The time to an accuracy: of simulated trainings, and of a real one."""

import json
import sys
import time
import types

import pytest
from conftest import picture_bytes

from petkeras.bench import accuracy
from petkeras.callbacks.progress import ProgressLines
from petkeras.cli import main as cli
from petkeras.errors import PetkerasError

OPTIONS = {"source": "pets", "breeds": "a,b"}


def training(accuracies, then="pass"):
    """Return a command that prints what `petkeras train` would print for these accuracies."""
    progress, lines = ProgressLines(), []
    progress.set_params({"epochs": 20, "loop": types.SimpleNamespace(steps_done=0, seconds=1.5)})
    progress.show = lines.append
    progress.on_train_begin()
    for epoch, value in enumerate(accuracies):
        progress.on_epoch_end(epoch, {"loss": 0.5, "accuracy": 0.99, "test_accuracy": value})
    return [sys.executable, "-c", f"print({chr(10).join(lines)!r}, flush=True)\n{then}"]


def test_the_first_epoch_that_is_good_enough_ends_it():
    start = time.monotonic()
    command = training([0.5, 0.9, 0.95], then="import time; time.sleep(60)")
    seconds, epoch = accuracy.time_to(0.9, command)
    assert epoch == 2
    assert 0 < seconds <= time.monotonic() - start < 30  # the training was ended


def test_a_training_may_end_before_it_reaches_the_target():
    assert accuracy.time_to(0.9, training([0.5, 0.899])) == (None, None)


def test_a_failed_training_is_reported():
    command = training([0.5], then="raise SystemExit('petkeras: The disk is full.')")
    with pytest.raises(PetkerasError, match=r"^A training failed: The disk is full\.$"):
        accuracy.time_to(0.9, command)


def test_each_round_has_its_seed(monkeypatch):
    commands = []
    monkeypatch.setattr(
        accuracy, "time_to", lambda target, command: commands.append(command) or (8.0, 3)
    )
    found = accuracy.measure(0.9, 2, OPTIONS)
    assert found == [{"seed": seed, "seconds": 8.0, "epoch": 3} for seed in (0, 1)]
    assert commands[0][1:6] == ["-m", "petkeras", "train", "--source=pets", "--breeds=a,b"]
    assert [command[6] for command in commands] == ["--seed=0", "--seed=1"]


@pytest.mark.parametrize(
    ("seconds", "median"),
    [([10.0, 50.0, 20.0], 20.0), ([10.0, None, 20.0], 20.0), ([None, None, 20.0], None)],
)
def test_a_target_not_reached_counts_as_slower_than_all(seconds, median):
    found = [{"seed": i, "seconds": s, "epoch": s and 3} for i, s in enumerate(seconds)]
    report = accuracy.report(0.9, found, OPTIONS)
    assert report.facts["median"] == median
    line = report.parts[0].lines[0]
    assert line.startswith(f"Median: {f'{median:.1f} s' if median else 'not reached'}. ")
    json.dumps(report.facts, allow_nan=False)
    assert "| 0 | not reached | - |" in report.markdown() or seconds[0]


def test_a_real_training_comes_to_an_easy_accuracy(tmp_path, monkeypatch, capsys):
    for place, breed in enumerate(("one", "other")):
        (tmp_path / "pets" / breed).mkdir(parents=True)
        for number in range(8):
            file = tmp_path / "pets" / breed / f"{number}.jpg"
            file.write_bytes(picture_bytes(100 * place + number))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the command sets it; restored after the test
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
    options = "--breeds one,other --image-size 8 --accuracy 0.01 --rounds 1 --precision float32"
    source = ["--source", str(tmp_path / "pets")]
    monkeypatch.setattr("sys.argv", ["petkeras", "bench", *source, *options.split(), "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    measured = json.loads(out)
    (one,) = measured["rounds"]
    came = f"0.01 in {one['seconds']:.1f} s, epoch {one['epoch']}"
    assert (ended.value.code, err) == (0, f"round 1 of 1: seed 0\n{came}\n")
    assert one["seconds"] == measured["median"] > 1
    assert one["epoch"] >= 1
    assert measured["options"]["precision"] == "float32"
