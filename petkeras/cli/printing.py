"""Lines and tables for a terminal."""

from __future__ import annotations

import click

from petkeras.text import printable


def print_line(text, error=False):
    """Print one line, to standard error if `error`; control characters in it are escaped."""
    click.echo(printable(text), err=error)


def print_error(text):
    """Print an error or a warning as one line to standard error."""
    print_line(f"petkeras: {text}", error=True)


def print_table(title, columns, rows):
    """Print a table under its title; every cell is shown in full and without markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        numeric = all(row[i][:1].isdigit() for row in rows)
        table.add_column(
            Text(printable(column)),
            justify="right" if numeric else "left",
            overflow="fold",  # long file names continue on the next line; nothing is cut off
            no_wrap=i > 0,
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))  # [b]markup[/b] is not interpreted
    print_line(title)
    console = Console()
    if console.width < 1:  # COLUMNS=0, as in some containers
        console.width = 80
    console.print(table, highlight=False)


def print_data(data):
    """Print where pictures come from, how many there are, and which files had problems."""
    counts = [f"{len(data.train)} to train"]
    if data.validation:
        counts.append(f"{len(data.validation)} to validate")
    classes = " and ".join(data.class_names)
    print_line(f"{name_source(data)}: {classes}, {', '.join(counts)} and {len(data.test)} to test.")
    print_problems(data)


def print_problems(data):
    """Print which files caused problems while the pictures were loaded, if any."""
    from petkeras.data.pictures import summarize

    if data.problems:
        print_line(summarize(data.problems))


def name_source(data):
    """Return where pictures come from, as text."""
    source = data.origin["source"]
    return "Drawn pets (source sample)" if source == "sample" else f"Pictures from {source}"
