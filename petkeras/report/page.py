"""One page that a person can mail: what was trained, and every figure with how to read it."""

from __future__ import annotations

import base64
import html
from dataclasses import asdict
from pathlib import Path
from string import Template

import petkeras

TEMPLATE = Path(__file__).with_name("report.html")


def write_report(scene, exhibits):
    """Write `RUN/report.html`: self-contained, to be read on a screen or printed.

    Args:
        scene: the `Scene` that was drawn.
        exhibits: the list of `Exhibit`s that `write_figures` returned.

    Returns:
        The file's path.
    """
    run = scene.run
    sections = list(dict.fromkeys(exhibit.section for exhibit in exhibits))
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(" or ".join(name.replace("_", " ") for name in run.class_names) + "?"),
        summary=html.escape(_summary(run)),
        tables=_answers(scene) + _recipe(run),
        links=" ".join(f'<a href="#s{i}">{html.escape(s)}</a>' for i, s in enumerate(sections)),
        sections="\n".join(
            f'<section id="s{i}"><h2>{html.escape(section)}</h2>'
            + "\n".join(_figure(run, each) for each in exhibits if each.section == section)
            + "</section>"
            for i, section in enumerate(sections)
        ),
        version=petkeras.__version__,
    )
    file = run.run_dir / "report.html"
    file.unlink(missing_ok=True)  # a stranger's might be a link to any file
    file.write_text(page, encoding="utf-8")
    return file


def _summary(run):
    """Say in a few sentences what was trained and how well it does."""
    config, epochs = run.config, run.history.epochs
    pictures = config["pictures"]
    what = "A network of four convolutions"
    if "backbone" in config:
        what = f"A new last layer on top of {Path(config['backbone']['backbone']).name}"
    text = (
        f"{what}, trained by the recipe '{run.recipe.name}' on "
        f"{pictures['train']} pictures of {', '.join(run.class_names)}; {pictures['test']} more "
        "were held back for the test."
    )
    if not epochs:
        return text
    last = epochs[-1]
    return text + (
        f" After {last.epoch} epochs ({last.step:,} steps, {last.seconds:,.0f} seconds) it got "
        f"{last.accuracy:.1%} of the training pictures right, and {last.test_accuracy:.1%} of the "
        "test pictures, which it had never seen."
    )


def _answers(scene):
    """Return a table of what the network says of the photographs that it was shown."""
    rows = [
        (name, *(f"{value:.1%}" for value in probabilities))
        for name, probabilities in zip(scene.names, scene.probabilities, strict=True)
    ]
    return "<h3>What it says of the photographs below</h3>" + _table(
        ("photograph", *scene.run.class_names), rows
    )


def _recipe(run):
    rows = [(name, str(value)) for name, value in asdict(run.recipe).items()]
    rows += [("seed", str(run.config["seed"])), ("computed in", run.config["dtype_policy"])]
    rows += [(name, version) for name, version in run.config["versions"].items()]
    table = _table(("field", "value"), rows)
    return f"<details><summary>The recipe, and the versions used</summary>{table}</details>"


def _table(columns, rows):
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(run, exhibit):
    """Return a figure with its caption; of an animation, a still picture for the printer too."""
    file = run.run_dir / "figures" / exhibit.file
    images = _image(file, exhibit.alt, "screen" if exhibit.still else "")
    if exhibit.still:
        images += _image(run.run_dir / "figures" / exhibit.still, exhibit.alt, "print")
    return (
        f"<figure><h3>{html.escape(exhibit.title)}</h3>"
        f"<figcaption>{html.escape(exhibit.text)}</figcaption>"
        f'<div class="frame">{images}</div></figure>'
    )


def _image(file, alt, kind):
    data = base64.b64encode(file.read_bytes()).decode()
    mime = {".png": "image/png", ".gif": "image/gif"}[file.suffix]
    return f'<img class="{kind}" src="data:{mime};base64,{data}" alt="{html.escape(alt)}">'
