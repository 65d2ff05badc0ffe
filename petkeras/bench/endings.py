"""Describe why a process ended without printing its figures."""

from __future__ import annotations

import re
import signal

from petkeras.text import one_line

LAST_LINES = 3


def describe_end(code, lines):
    """Return, on one line, how a process ended and what it printed last.

    Args:
        code: its return code; minus a signal's number if that signal ended it.
        lines: the lines that it printed to standard error.

    Returns:
        The last exception if it ended with one. Otherwise the signal or the exit status, and the
        last few lines.

    Example:

    >>> from petkeras.bench.endings import describe_end
    >>> describe_end(1, ["Traceback:", "ValueError: too large"])
    'ValueError: too large'
    >>> describe_end(-6, ["LLVM ERROR: registered twice"])
    'it was ended by SIGABRT. It said last: LLVM ERROR: registered twice'
    """
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    if code > 0 and errors:
        return one_line(errors[-1], 300)
    said = [line for line in lines if line.strip()][-LAST_LINES:]
    last = f"It said last: {one_line(' '.join(said), 300)}" if said else "It said nothing."
    return f"it {_name_end(code)}. {last}"


def _name_end(code):
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
