"""The command restarts with its settings, once, and only if it trains."""

import os
import subprocess
import sys

import pytest

from petkeras.cli import launch
from petkeras.cli import main as cli
from petkeras.system import memory

SCRIPT = (
    "import os, sys; from petkeras.cli import launch; launch.restart_with_settings(); "
    "print(os.getpid(), os.environ.get('GLIBC_TUNABLES'), sys.argv[1:])"
)
NAMES = ("GLIBC_TUNABLES", "TF_NUM_INTEROP_THREADS")


@pytest.fixture
def calls(monkeypatch):
    """Return a list of the restarts of the process and the calls of the command."""
    calls = []
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is restored after the test
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "execv", lambda *command: calls.append(command))
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36", raising=False)
    monkeypatch.setattr(cli, "main", lambda: calls.append("cli"))
    return calls


def test_training_restarts_with_the_same_arguments(calls, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["petkeras", "train", "--epochs", "2"])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "petkeras", "train", "--epochs", "2"])
    launch.main()
    (python, command), called = calls
    assert (python, command[1:]) == (sys.executable, ["-m", "petkeras", "train", "--epochs", "2"])
    assert called == "cli"  # because execv did nothing here
    assert {
        name: os.environ[name] for name in memory.allocator_settings()
    } == memory.allocator_settings()


def test_other_commands_and_the_users_own_settings_change_nothing(calls, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["petkeras", "predict"])
    launch.main()
    assert not set(NAMES) & set(os.environ)
    monkeypatch.setattr(sys, "argv", ["petkeras", "train"])
    for name in NAMES:
        monkeypatch.setenv(name, "7")
    launch.main()
    assert calls == ["cli", "cli"]
    assert [os.environ[name] for name in NAMES] == ["7", "7"]


@pytest.mark.parametrize(("cores", "single"), [(2, True), (4, True), (5, False), (None, True)])
def test_with_few_cores_one_operation_runs_at_a_time(monkeypatch, cores, single):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert ("TF_NUM_INTEROP_THREADS" in memory.allocator_settings()) == single


@pytest.mark.parametrize("library", [ValueError, "musl 1.2", None])
def test_without_the_gnu_library_nothing_restarts(calls, monkeypatch, library):
    def confstr(name):
        if library is ValueError:
            raise ValueError
        return library

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    monkeypatch.setattr(sys, "argv", ["petkeras", "train"])
    launch.main()
    assert calls == ["cli"]
    assert "GLIBC_TUNABLES" not in os.environ


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the setting")
def test_a_process_keeps_its_id_and_restarts_only_once():
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    command = [sys.executable, "-c", SCRIPT, "a b"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        number, setting, rest = process.stdout.read().strip().split(" ", 2)
    assert int(number) == process.pid
    assert (setting, rest) == (memory.ALLOCATOR["GLIBC_TUNABLES"], "['a b']")
