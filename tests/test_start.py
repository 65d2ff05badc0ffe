"""The command begins anew with large memory pages, once, and only where it trains."""

import os
import subprocess
import sys

import pytest

from petkeras import cli, start

TOLD = "import os, sys; from petkeras import start; start.use_large_pages(); print(os.getpid(), "
TOLD += "os.environ.get('GLIBC_TUNABLES'), sys.argv[1:])"


@pytest.fixture
def begun(monkeypatch):
    """List how the process would begin anew, and with what the command itself was called."""
    calls = []
    monkeypatch.setenv("GLIBC_TUNABLES", "")  # so that it is put back after a test, or removed
    monkeypatch.delenv("GLIBC_TUNABLES")
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
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"


def test_other_commands_and_a_setting_of_the_users_own_stay_as_they_are(begun, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["petkeras", "predict"])
    start.main()
    monkeypatch.setattr(sys, "argv", ["petkeras", "train"])
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    start.main()
    assert begun == ["cli", "cli"]


@pytest.mark.parametrize("library", [ValueError, "musl 1.2", None])
def test_without_the_gnu_library_nothing_happens(begun, monkeypatch, library):
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
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    command = [sys.executable, "-c", TOLD, "a b"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        number, setting, rest = process.stdout.read().strip().split(" ", 2)
    assert int(number) == process.pid
    assert (setting, rest) == ("glibc.malloc.hugetlb=1", "['a b']")
