"""The library's messages, reworded for the command line: arguments become options."""

from __future__ import annotations

import re

import click

# Options whose name differs from that of the library's argument.
ALIASES = {"dtype": "precision", "kind": "strategy"}

# Advice for Python users in messages, and the same advice for the command line.
PHRASES = (
    (
        r"`pk\.train\(\.\.\., run_dir=(['\"])(.*?)\1, resume=True\)`",
        r"'petkeras train --resume \2'",
    ),
    (r"`pk\.train\(\.\.\., run_dir=FOLDER\)`", "'petkeras train --run-dir FOLDER'"),
    (r"`pk\.load_pets\(\.\.\.\)`", "'petkeras data'"),
    (r"`?petkeras\.data\.breeds\.BREEDS`?", "'petkeras data --list'"),
    (r"`devices\.use_xla\(\)`", "'--xla'"),
    (r"`devices\.make_deterministic\(\)`", "'--deterministic'"),
)
ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`")  # `name` or `name=value`
RECEIVED = re.compile(r"(?<=Received: )(\w+)(?==)")


def translate(text, command):
    """Return a library message, reworded for a command.

    Args:
        text: the message, with arguments in backticks.
        command: the `click.Command` that ran. Arguments without an option are left as they are.

    Example:

    >>> from petkeras.cli import cli
    >>> from petkeras.cli.messages import translate
    >>> train = cli.commands["train"]
    >>> translate("`epochs` must be 1 or more. Received: epochs=0", train)
    "'--epochs' must be 1 or more. Received: --epochs=0"
    >>> translate("Out of memory. Lower `image_size`, or set `flip=False`.", train)
    "Out of memory. Lower '--image-size', or set '--no-flip'."
    """
    names = _command_line_names(command)

    def find(argument):
        return names.get(ALIASES.get(argument, argument))

    def reword(match):
        argument, value = match.groups()
        name = find(argument)
        if name is None:
            return match[0]
        if value == "False":
            return f"'{names.get(f'no_{argument}', name)}'"
        if value in (None, "True"):
            return f"'{name}'" if name.startswith("--") else name
        return f"'{name} {value.strip(chr(34) + chr(39))}'"

    for phrase, advice in PHRASES:
        text = re.sub(phrase, advice, text)
    text = ARGUMENT.sub(reword, text)
    return RECEIVED.sub(lambda match: find(match[1]) or match[0], text)


def _command_line_names(command):
    """Map the library's argument names to a command's options or positional arguments."""
    names = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for option in (*parameter.opts, *parameter.secondary_opts):
                names[option.removeprefix("--").replace("-", "_")] = option
        else:
            names[parameter.name] = parameter.name.upper()
    return names
