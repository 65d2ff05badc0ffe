"""The command begins anew with its settings, once, and only where it trains."""

import os
import subprocess
import sys

import pytest

from petkeras.cli.main import launch as start
from petkeras.cli.main import main as cli

TOLD = (
    "import os, sys; from petkeras import start; start.begin_with_settings(); print(os.getpid(), "
)
TOLD += "os.environ.get('GLIBC_TUNABLES'), sys.argv[1:])"
NAMES = ("GLIBC_TUNABLES", "TF_NUM_INTEROP_THREADS")


@pytest.fixture
def begun(monkeypatch):
    """List how the process would begin anew, and with what the command itself was called."""
    calls = []
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is put back after a test, or removed
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "execv", lambda *command: calls.append(command))
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36", raising=False)
    monkeypatch.setattr(cli, "main", lambda: calls.append("cli"))
    return calls


def test_training_begins_anew_with_the_same_arguments(begun, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["petkeras", "train", "--epochs", "2"])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "petkeras", "train", "--epochs", "2"])
    start.main()
    (python, command), then = begun
    assert (python, command[1:]) == (sys.executable, ["-m", "petkeras", "train", "--epochs", "2"])
    assert then == "cli"  # where a process cannot begin anew: here
    assert {name: os.environ[name] for name in start.settings()} == start.settings()


def test_other_commands_and_a_setting_of_the_users_own_stay_as_they_are(begun, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["petkeras", "predict"])
    start.main()
    assert not set(NAMES) & set(os.environ)
    monkeypatch.setattr(sys, "argv", ["petkeras", "train"])
    for name in NAMES:
        monkeypatch.setenv(name, "7")
    start.main()
    assert begun == ["cli", "cli"]
    assert [os.environ[name] for name in NAMES] == ["7", "7"]


@pytest.mark.parametrize(("cores", "one_by_one"), [(2, True), (4, True), (5, False), (None, True)])
def test_with_few_cores_one_operation_runs_at_a_time(monkeypatch, cores, one_by_one):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert ("TF_NUM_INTEROP_THREADS" in start.settings()) == one_by_one


@pytest.mark.parametrize("library", [ValueError, "musl 1.2", None])
def test_without_the_gnu_library_nothing_is_begun_anew(begun, monkeypatch, library):
    def confstr(name):
        if library is ValueError:
            raise ValueError
        return library

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    monkeypatch.setattr(sys, "argv", ["petkeras", "train"])
    start.main()
    assert begun == ["cli"]
    assert "GLIBC_TUNABLES" not in os.environ


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the setting")
def test_a_process_keeps_its_number_and_begins_anew_only_once():
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    command = [sys.executable, "-c", TOLD, "a b"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        number, setting, rest = process.stdout.read().strip().split(" ", 2)
    assert int(number) == process.pid
    assert (setting, rest) == (start.MALLOC["GLIBC_TUNABLES"], "['a b']")
