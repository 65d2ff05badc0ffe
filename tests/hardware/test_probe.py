"""Collecting the facts about this machine, and TensorFlow's ways to fail."""

import sys
from pathlib import Path

import pytest

from petkeras.hardware import probe
from petkeras.hardware.probe import Driver


def test_this_machine_can_be_looked_at(monkeypatch, tmp_path):
    monkeypatch.setattr(probe, "_probe", lambda: "it was not tried")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "not" / "made" / "yet"))
    seen = probe.look()
    assert seen.versions["keras"]
    assert "keras" in " ".join(seen.requirements)
    assert seen.free > 0
    assert not seen.prepared
    assert (seen.python, seen.bits) == (sys.version_info[:3], 64)
    assert seen.memory is None or seen.memory > 2**20
    folder = tmp_path / "not" / "made" / "yet" / "oxford_iiit_pet" / "4.0.0"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").touch()
    assert probe.look().prepared


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('noise'); print('{\"version\": \"2.21.0\"}')", {"version": "2.21.0"}),
        ("raise ImportError('symbol not found')", "ImportError: symbol not found"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "it crashed (signal 4)"),
        ("import time; time.sleep(60)", "it did not load within 1 s"),
        ("import sys; sys.exit(1)", "no reason was given"),
        ("print('not JSON')", "it printed 'not JSON'"),
    ],
)
def test_whatever_tensorflow_does_while_it_loads_comes_back_as_a_sentence(script, said):
    seconds = 1 if "sleep" in script else 60
    assert probe._probe((sys.executable, "-c", script), seconds) == said


def test_tensorflow_is_tried_whatever_backend_keras_is_told_of(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    script = "import os; print('{\"set\": \"%s\"}' % os.environ['KERAS_BACKEND'])"
    assert probe._probe((sys.executable, "-c", script)) == {"set": "tensorflow"}


SMI = {
    "Driver Version: 570.86.10     CUDA Version: 12.8 ": Driver("570.86.10", (12, 8), ("T4",)),
    "Driver Version: 580.65     CUDA UMD Version: 13.0 ": Driver("580.65", (13, 0), ("T4",)),
    "NVIDIA-SMI has failed because": None,
    "": None,
}


@pytest.mark.parametrize("text", SMI)
def test_the_driver_is_read_from_what_nvidia_smi_prints(text, monkeypatch):
    monkeypatch.setattr(probe, "_output", lambda *command: "T4\n" if command[1:] else text)
    assert probe._driver() == SMI[text]


def test_a_command_that_is_not_there_says_nothing():
    assert probe._output("no-such-command-anywhere") == ""
    assert probe._output(sys.executable, "-c", "print(1)") == "1\n"
    assert probe._output(sys.executable, "-c", "print(1); exit(1)") == ""


def test_a_home_folder_of_nobody_is_no_traceback(monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", "~nobody-of-that-name/data")
    monkeypatch.setattr(probe, "_probe", lambda: "")
    assert probe.look().data_dir == Path("~nobody-of-that-name/data")
