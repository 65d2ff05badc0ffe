"""The group of all commands; each one reads its options, calls the package and prints."""

from __future__ import annotations

import io
import sys

import click

from petkeras import __version__
from petkeras.cli.bench import bench
from petkeras.cli.data import data
from petkeras.cli.doctor import doctor
from petkeras.cli.explore import explore
from petkeras.cli.lab import lab
from petkeras.cli.printing import print_error
from petkeras.cli.runs import evaluate, predict, visualize
from petkeras.cli.train import train
from petkeras.errors import PetkerasError
from petkeras.system.terminal import open_closed_descriptors


@click.group(
    commands=[train, evaluate, predict, visualize, explore, data, bench, doctor, lab],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="petkeras")
def cli():
    """Train a small convolutional network on photographs of pets, and look inside it."""


def main():
    """Run the `petkeras` command; report a user's mistake in one line, with exit code 2."""
    open_closed_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for characters that the encoding lacks
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        command = error.ctx.command_path if getattr(error, "ctx", None) else "petkeras"
        _fail(f"{error.format_message()} See '{command} --help'.")
    except PetkerasError as error:
        _fail(error)
    except OSError as error:
        why = error.strerror or error
        _fail(f"{error.filename or 'A file'} cannot be read or written: {why}.")
    except MemoryError:
        _fail("Out of memory. Lower '--image-size' or '--batch-size'.")
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(text):
    print_error(text)
    sys.exit(2)
