"""A self-contained HTML page: what was trained, and every figure with its caption."""

from __future__ import annotations

import base64
import html
from dataclasses import asdict
from pathlib import Path
from string import Template

import petkeras
from petkeras.text import ask_which, describe_classes

MAX_NAMED = 4  # classes that are named in the heading and have a column each
TEMPLATE = Path(__file__).with_name("report.html")


def write_report(inputs, figures):
    """Write `RUN/report.html`, a self-contained page for the screen and for printing.

    Args:
        inputs: the `FigureInputs` of the figures.
        figures: the list of `ReportFigure` that `write_figures` returned.

    Returns:
        The file's path.
    """
    run = inputs.run
    sections = list(dict.fromkeys(figure.section for figure in figures))
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(ask_which(run.class_names)),
        summary=html.escape(_summary(run)),
        tables=_predictions(inputs) + _recipe(run),
        links=" ".join(f'<a href="#s{i}">{html.escape(s)}</a>' for i, s in enumerate(sections)),
        sections="\n".join(
            f'<section id="s{i}"><h2>{html.escape(section)}</h2>'
            + "\n".join(_figure(run, each) for each in figures if each.section == section)
            + "</section>"
            for i, section in enumerate(sections)
        )
        + _left_out(inputs.left_out),
        version=petkeras.__version__,
    )
    file = run.run_dir / "report.html"
    file.unlink(missing_ok=True)  # in someone else's run folder it could be a link to any file
    file.write_text(page, encoding="utf-8")
    return file


def _summary(run):
    """Return a few sentences on what was trained and how accurate it is."""
    config, epochs = run.config, run.history.epochs
    pictures = config["pictures"]
    what = "A network of four convolutions"
    if "backbone" in config:
        what = f"A new last layer on top of {Path(config['backbone']['backbone']).name}"
    text = (
        f"{what}, trained with the recipe '{run.recipe.name}' on "
        f"{pictures['train']} pictures of {describe_classes(run.class_names, MAX_NAMED)}; "
        f"{pictures['test']} more "
        "were held out for testing."
    )
    if not epochs:
        return text
    last = epochs[-1]
    return text + (
        f" After {last.epoch} epochs ({last.step:,} steps, {last.seconds:,.0f} seconds) it "
        f"classified {last.accuracy:.1%} of the training pictures correctly, and "
        f"{last.test_accuracy:.1%} of the test pictures, which it had never seen."
    )


def _predictions(inputs):
    """Return a table of the probabilities predicted for the photographs.

    A few classes have a column each; of many, the most probable are listed.
    """
    names = inputs.run.class_names
    columns = names if len(names) <= MAX_NAMED else ("most probable", "second", "third")
    rows = []
    for photograph, probabilities in zip(inputs.names, inputs.probabilities, strict=True):
        cells = [f"{value:.1%}" for value in probabilities]
        if columns is not names:
            best = (-probabilities).argsort(kind="stable")[: len(columns)]
            cells = [f"{names[label]} {cells[label]}" for label in best]
        rows.append((photograph, *cells))
    table = _table(("photograph", *columns), rows)
    return f"<h3>Predictions for the photographs below</h3>{table}"


def _recipe(run):
    rows = [(name, str(value)) for name, value in asdict(run.recipe).items()]
    rows.append(("breeds", ", ".join(run.class_names)))
    rows += [("seed", str(run.config["seed"])), ("computed in", run.config["dtype_policy"])]
    rows += [(name, version) for name, version in run.config["versions"].items()]
    table = _table(("field", "value"), rows)
    return f"<details><summary>The recipe and the versions used</summary>{table}</details>"


def _left_out(figures):
    """Return a list of the figures that could not be drawn, with their reasons."""
    if not figures:
        return ""
    return f"<h3>Left out</h3>{_table(('figure', 'reason'), figures)}"


def _table(columns, rows):
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="frame">{table}</div>'


def _figure(run, figure):
    """Return a figure with its caption; an animation also gets a still image for printing."""
    file = run.run_dir / "figures" / figure.file
    images = _image(file, figure.alt, "screen" if figure.still else "")
    if figure.still:
        images += _image(run.run_dir / "figures" / figure.still, figure.alt, "print")
    return (
        f"<figure><h3>{html.escape(figure.title)}</h3>"
        f"<figcaption>{html.escape(figure.text)}</figcaption>"
        f'<div class="frame">{images}</div></figure>'
    )


def _image(file, alt, kind):
    data = base64.b64encode(file.read_bytes()).decode()
    mime = {".png": "image/png", ".gif": "image/gif"}[file.suffix]
    return f'<img class="{kind}" src="data:{mime};base64,{data}" alt="{html.escape(alt)}">'
