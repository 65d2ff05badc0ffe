"""Standard streams that are closed, and terminals without a size."""

import io
import subprocess
import sys

import pytest

from petkeras.system.terminal import is_terminal, make_console


@pytest.mark.parametrize(("columns", "width"), [("0", 80), ("120", 120)])
@pytest.mark.parametrize("stderr", [False, True])
def test_a_console_has_the_width_of_its_terminal_or_80(monkeypatch, columns, width, stderr):
    monkeypatch.setenv("COLUMNS", columns)
    console = make_console(stderr)
    assert (console.width, console.stderr) == (width, stderr)


def test_a_closed_stream_is_no_terminal():
    closed, terminal = io.StringIO(), io.StringIO()
    closed.close()
    terminal.isatty = lambda: True
    assert not is_terminal(None)
    assert not is_terminal(closed)
    assert not is_terminal(io.StringIO())
    assert is_terminal(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("closed", ["2>&-", "0<&-", "0<&- 2>&-"])
def test_no_file_becomes_a_standard_stream(tmp_path, closed):
    code = (
        "from petkeras.system.terminal import open_closed_descriptors\n"
        "open_closed_descriptors()\n"
        f"print(open({str(tmp_path / 'file')!r}, 'w').fileno() > 2)"
    )
    command = f'exec "$0" -c "$1" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "True\n"
