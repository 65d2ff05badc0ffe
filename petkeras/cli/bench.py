"""`petkeras bench`: measure how fast training is."""

from __future__ import annotations

import json

import click

from petkeras.cli.command import Command, load_tensorflow
from petkeras.cli.options import (
    BREEDS,
    DATA_DIR,
    IMAGE_SIZE,
    JSON,
    PRECISION,
    add_options,
    given_options,
    quote_options,
)
from petkeras.cli.printing import print_line, print_table
from petkeras.errors import PetkerasError


@click.command(cls=Command)
@click.option("--rounds", default=5, show_default=True, help="Number of runs of each contender.")
@click.option("--steps", default=20, show_default=True, help="Training steps timed per round.")
@click.option("--batch-size", default=10, show_default=True, help="Pictures per step.")
@IMAGE_SIZE
@click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    help="Device that all contenders train on. [default: gpu if there is one]",
)
@click.option(
    "--contender",
    multiple=True,
    metavar="NAME",
    help="Contender to run; repeat the option for several. [default: all that can run here]",
)
@click.option("--profile", is_flag=True, help="Only show how long each operation of a step takes.")
@click.option(
    "--source",
    help="Time whole training runs instead, on these pictures (see 'petkeras train').",
)
@add_options(BREEDS, PRECISION)
@click.option(
    "--accuracy",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="With --source: the test accuracy to reach.",
)
@DATA_DIR
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a page for docs/.")
@JSON
@click.pass_context
def bench(context, as_markdown, as_json, **options):
    """Time a training step, and compare it with Keras, PyTorch and the article.

    With --source: time how long training takes to reach an accuracy, with one seed per round.
    """
    for name in ("rounds", "steps", "batch_size", "image_size"):
        if options[name] < 1:
            raise PetkerasError(
                f"{quote_options([name])} must be 1 or more. Received: {options[name]}"
            )
    from petkeras.bench.kinds import check, make_report

    check(options, given_options(context))
    load_tensorflow()
    report = make_report(options, lambda line: print_line(line, error=True))
    if as_json:
        click.echo(json.dumps(report.facts, indent=2))
    elif as_markdown:
        click.echo(report.markdown())
    else:
        _print_report(report)


def _print_report(report):
    for part in report.parts:
        if part.page_only:
            continue
        if part.columns:
            print_table(part.title, part.columns, part.rows)
        else:
            print_line(f"{part.title}:")
        for line in part.lines:
            print_line(line)
