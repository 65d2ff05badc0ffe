"""Lines and tables for a terminal."""

from __future__ import annotations

import click

from petkeras.system.terminal import make_console
from petkeras.text import describe_classes, printable

NARROWEST = 24  # letters of a first column that continues on the next line
GAP = 3  # between columns


def print_line(text, error=False):
    """Print one line, to standard error if `error`; control characters in it are escaped."""
    click.echo(printable(text), err=error)


def print_error(text):
    """Print an error or a warning as one line to standard error."""
    print_line(f"petkeras: {text}", error=True)


def print_table(title, columns, rows):
    """Print a table under its title; every cell is shown in full and without markup.

    A long first column continues on the next line. Where even that does not leave enough room for
    the other columns, each row becomes a paragraph.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    columns = [printable(column) for column in columns]
    rows = [[printable(cell) for cell in row] for row in rows]
    console = make_console()
    widths = [max(map(cell_len, column)) for column in zip(columns, *rows, strict=True)]
    print_line(title)
    if min(widths[0], NARROWEST) + sum(GAP + width for width in widths[1:]) > console.width:
        _print_paragraphs(console, columns, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        numeric = all(row[i][:1].isdigit() for row in rows)
        table.add_column(
            Text(column),
            justify="right" if numeric else "left",
            overflow="fold",  # long file names continue on the next line; nothing is cut off
            no_wrap=i > 0,
        )
    for row in rows:
        table.add_row(*map(Text, row))  # [b]markup[/b] is not interpreted
    console.print(table, highlight=False)


def _print_paragraphs(console, columns, rows):
    """Print the first cell of each row on a line of its own, and the others named below it."""
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    for row in rows:
        console.print(Text(row[0], overflow="fold"), highlight=False)
        others = ", ".join(
            f"{name} {cell}" for name, cell in zip(columns[1:], row[1:], strict=True)
        )
        console.print(
            Padding(Text(others, overflow="fold"), (0, 0, 0, 2), expand=False), highlight=False
        )
    console.print()


def print_data(data):
    """Print where pictures come from, how many there are, and which files had problems."""
    counts = [f"{len(data.train)} to train"]
    if data.validation:
        counts.append(f"{len(data.validation)} to validate")
    classes = describe_classes(data.class_names)
    print_line(f"{name_source(data)}: {classes}, {', '.join(counts)} and {len(data.test)} to test.")
    print_problems(data)


def print_problems(data):
    """Print notes on the source, and which files caused problems while they were loaded, if any."""
    from petkeras.data.pictures import summarize

    for note in data.notes:
        print_line(note)
    if data.problems:
        print_line(summarize(data.problems))


def name_source(data):
    """Return where pictures come from, as text."""
    source = data.origin["source"]
    return "Drawn pets (source sample)" if source == "sample" else f"Pictures from {source}"
