"""`petkeras lab`: the course in JupyterLab."""

from __future__ import annotations

import click

from petkeras.cli.command import Command
from petkeras.cli.printing import print_line

# What happened to a notebook, as `copy_chapters` reports it, and the text to print.
OUTCOMES = {
    "copied": "Copied",
    "updated": "Updated to petkeras's newer version",
    "kept": "Kept with your changes (to get petkeras's version, rename yours and run this again)",
}


@click.command(cls=Command)
@click.argument("folder", metavar="[DIR]", type=click.Path(), default="petkeras-notebooks")
@click.option("--copy-only", is_flag=True, help="Copy the notebooks; do not start JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="JupyterLab's port. [default: 8888]")
def lab(folder, copy_only, no_browser, port):
    """Copy the course's notebooks to DIR and open them in JupyterLab.

    DIR is ./petkeras-notebooks by default. Files that you have changed there are never
    overwritten.
    """
    from petkeras.course.lab import copy_chapters, open_jupyterlab

    outcomes = copy_chapters(folder)
    for outcome, text in OUTCOMES.items():
        names = [name for name in outcomes if outcomes[name] == outcome]
        if names:
            click.echo(f"{text}: {', '.join(names)}")
    print_line(f"The notebooks are in {folder}.")
    if copy_only:
        return 0
    arguments = ["--no-browser"] if no_browser else []
    return open_jupyterlab(folder, [*arguments, *([f"--port={port}"] if port else [])])
