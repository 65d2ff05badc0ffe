"""`petkeras explore`: one page in which a trained network can be touched."""

from __future__ import annotations

import click

from petkeras.cli.command import Command, load_tensorflow
from petkeras.cli.options import DATA_DIR, LANG
from petkeras.cli.printing import print_line
from petkeras.language import translate, use


@click.command(cls=Command)
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, type=click.Path())
@DATA_DIR
@LANG
@click.option(
    "--output",
    type=click.Path(),
    help="The page to write. [default: RUN_DIR/explorer.html]",
)
def explore(run_dir, photographs, data_dir, lang, output):
    """Make a page in which a run's network can be touched.

    It shows each map and each sum, and what happens if kernels, strides or the photograph change.
    It is one file, and opens in a browser without a server. The photographs are those named, or
    some of the test part that the network gets right and some that it gets wrong.
    """
    use(lang)
    load_tensorflow()
    from petkeras.explorer.contents import make_contents
    from petkeras.explorer.explored import open_explored
    from petkeras.explorer.page import write_page
    from petkeras.runs.run import Run

    run = Run(run_dir)
    run.model, run.mean  # noqa: B018 -- errors of the run are reported before those of photographs
    contents = make_contents(open_explored(run, photographs or None, data_dir=data_dir))
    page = write_page(contents, output or run.run_dir / "explorer.html")
    for note in contents.manifest["notes"]:
        print_line(note)
    print_line(_describe(contents.manifest))
    size = page.stat().st_size / 1e6
    print_line(translate("Open it in a browser ({size:.1f} MB): {page}", size=size, page=page))


def _describe(manifest):
    """Return a line on how exact the page's probabilities are."""
    dense = manifest["dense"]
    if dense["kind"] == "none":
        return translate(
            "The page shows no probabilities, since the network cannot be followed to its end."
        )
    if dense["kind"] == "exact":
        return translate("The page has all weights: its probabilities are exact.")
    half, most, largest = (_largest_error(dense["errors"], share) for share in (0.5, 0.9, 1))
    return translate(
        "The large kernel of layer '{name}' is compressed. Untouched photographs have no error. Of "
        "{count} changes that were measured, the smaller half put a probability off by at most "
        "{half:.4f}, the smallest 90% by {most:.4f}, and the largest by {largest:.4f}; another "
        "change may do worse. The page shows no probability where it was off by more than {limit}.",
        name=manifest["layers"][dense["layer"]]["name"],
        count=dense["errors"][-1]["count"],
        half=half,
        most=most,
        largest=largest,
        limit=dense["limit"],
    )


def _largest_error(errors, share):
    """Return the largest error of a probability in a share of the measured changes."""
    from petkeras.explorer.dense import probability_error

    row = next(row for row in errors if row["count"] >= share * errors[-1]["count"])
    return probability_error(row["error"])
