"""The command as a user types it, and the pictures that it trains on."""

import os
import signal
import subprocess
import sys

import pytest
from conftest import published_archives, two_breeds

from petkeras.cli import main as cli


@pytest.fixture(scope="session")
def pets(tmp_path_factory):
    """Two breeds of 20 pictures in the published layout."""
    folder = tmp_path_factory.mktemp("published")
    published_archives(folder, two_breeds(20), unlisted={"samoyed_100.mat": b"MATLAB"})
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def petkeras(monkeypatch, capfd, data_dir):
    """Run a command; return its exit code, its standard output and its standard error."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")  # which `train` sets for its process
    monkeypatch.delenv("PETKERAS_PETS", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["petkeras", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture
def train_command(pets):
    """Return the arguments that train in a run folder, at 16 pixels and for 2 epochs."""

    def arguments(run_dir, *more):
        small = ("--source", pets, "--image-size", 16, "--epochs", 2, "--run-dir", run_dir)
        return [str(word) for word in ("train", *small, *more)]

    return arguments


@pytest.fixture
def train(petkeras, train_command):
    return lambda run_dir, *more: petkeras(*train_command(run_dir, *more))


@pytest.fixture
def start(data_dir):
    """Start a command in a process of its own."""

    def run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", "petkeras", *arguments],
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**os.environ, "TFDS_DATA_DIR": str(data_dir), **environment},
        )

    return run


@pytest.fixture
def interrupted(start, train_command):
    """Train for many epochs, and press Ctrl-C after the first; return code, output and errors."""

    def run(run_dir, *more):
        with start(train_command(run_dir, "--epochs", 2000, *more)) as process:
            while not process.stdout.readline().startswith("epoch"):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return run


@pytest.fixture
def complaint():
    """Return the single line that reports a user's mistake."""

    def check(result):
        code, _, err = result
        assert code == 2
        assert err.startswith("petkeras: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return err

    return check
