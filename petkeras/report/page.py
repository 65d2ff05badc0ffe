"""A self-contained HTML page: what was trained, and every figure with its caption."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import asdict
from pathlib import Path
from string import Template

from PIL import Image

import petkeras
from petkeras.report.film import read_strips
from petkeras.report.network_figures import ANSWER
from petkeras.runs.intervals import accuracy_interval, find_caveats
from petkeras.system.browser import page_policy
from petkeras.text import ask_which, describe_classes

MAX_NAMED = 4  # classes that are named in the heading and have a column each
PHONE = 450  # pixels: a narrower picture need not be enlarged on a phone
FOLDER = Path(__file__).parent
# A path that begins with / or a drive, such as /home/me/file: its last part tells enough.
ABSOLUTE_PATH = re.compile(r"(?<![\w./~])(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'\"]+)*[\\/]([^\s\\/:'\"]+)")


def write_report(inputs, figures):
    """Write `RUN/report.html`, a self-contained page for the screen and for printing.

    Args:
        inputs: the `FigureInputs` of the figures.
        figures: the list of `ReportFigure` that `write_figures` returned.

    Returns:
        The file's path.
    """
    run = inputs.run
    sections = [s for s in dict.fromkeys(figure.section for figure in figures) if s != ANSWER]
    script, style = ((FOLDER / f"report.{kind}").read_text("utf-8") for kind in ("js", "css"))
    page = Template((FOLDER / "report.html").read_text(encoding="utf-8")).substitute(
        policy=page_policy(script, style),
        title=html.escape(ask_which(run.class_names)),
        hero="\n".join(_hero(run, each) for each in figures if each.section == ANSWER),
        accuracy=_accuracy(inputs),
        summary=html.escape(_summary(run)),
        explorer=_explorer(run.run_dir),
        links=" ".join(f'<a href="#s{i}">{html.escape(s)}</a>' for i, s in enumerate(sections)),
        tables=_predictions(inputs) + _recipe(run),
        sections="\n".join(
            f'<section id="s{i}"><h2>{html.escape(section)}</h2>'
            + _section(run, [each for each in figures if each.section == section])
            + "</section>"
            for i, section in enumerate(sections)
        )
        + _left_out(inputs),
        version=petkeras.__version__,
        script=script,
        style=style,
    )
    file = run.run_dir / "report.html"
    file.unlink(missing_ok=True)  # in someone else's run folder it could be a link to any file
    file.write_text(page, encoding="utf-8", newline="\n")  # as the policy's hashes were made
    return file


def _accuracy(inputs):
    """Return the accuracy on the test pictures with its interval, and what to beware of."""
    epochs, count = inputs.run.history.epochs, inputs.run.config["pictures"]["test"]
    if not epochs or not count:
        return ""
    accuracy = epochs[-1].test_accuracy
    right = round(accuracy * count)
    low, high = accuracy_interval(right, count)
    text = (
        f"<strong>{accuracy:.1%} right <span>(95% interval: {low:.1%} to {high:.1%})</span>"
        f"</strong> It got {right} of {count} test pictures right, and was trained on none of "
        "them. Other test pictures would give another number; the interval says how far that "
        "could plausibly be off."
    )
    if inputs.data is not None:
        labels = inputs.data.test.labels
        caveats = find_caveats(accuracy, labels, inputs.run.class_names)
        text += "".join(f" {html.escape(caveat)}" for caveat in caveats)
    return f'<p class="accuracy">{text}</p>'


def _summary(run):
    """Return a few sentences on what was trained."""
    config, epochs = run.config, run.history.epochs
    what = f"The network '{run.model.name}'"
    if run.model.name == "pet_net":
        what = "A network of four convolutions"
    if "backbone" in config:
        what = f"A new last layer on top of {Path(config['backbone']['backbone']).name}"
    text = (
        f"{what}, trained with the recipe '{run.recipe.name}' on "
        f"{config['pictures']['train']} pictures of "
        f"{describe_classes(run.class_names, MAX_NAMED)}"
    )
    if not epochs:
        return f"{text}."
    last = epochs[-1]
    times = "epoch" if last.epoch == 1 else "epochs"
    return (
        f"{text}: {last.epoch} {times}, {last.step:,} steps, {last.seconds:,.0f} seconds. In the "
        f"last epoch it got {last.accuracy:.1%} of the training pictures right."
    )


def _explorer(run_dir):
    """Return a link to the explorer, or how to make one."""
    if (run_dir / "explorer.html").is_file():
        return (
            '<p><a href="explorer.html">Open the explorer</a> to touch this network. '
            "(It is the file explorer.html in the same folder.)</p>"
        )
    return "<p>To touch this network, run <code>petkeras explore</code> on its folder.</p>"


def _predictions(inputs):
    """Return a table of the probabilities predicted for the pictures.

    A few classes have a column each; of many, the most probable are listed.
    """
    names = inputs.run.class_names
    columns = names if len(names) <= MAX_NAMED else ("most probable", "second", "third")
    rows = []
    for number, probabilities in enumerate(inputs.probabilities):
        cells = [f"{value:.1%}" for value in probabilities]
        if columns is not names:
            best = (-probabilities).argsort(kind="stable")[: len(columns)]
            cells = [f"{names[label]} {cells[label]}" for label in best]
        rows.append((inputs.names[number], *inputs.truth[number : number + 1], *cells))
    head = ("picture", *(["truth"] if inputs.truth else []), *columns)
    title = "The answers for the pictures on this page"
    return f"<h2>{title}</h2>{_table(title, head, rows)}"


def _recipe(run):
    rows = [(name, str(value)) for name, value in asdict(run.recipe).items()]
    rows.append(("breeds", ", ".join(run.class_names)))
    rows += [("seed", str(run.config["seed"])), ("computed in", run.config["dtype_policy"])]
    rows += [(name, version) for name, version in run.config["versions"].items()]
    title = "The recipe and the versions used"
    table = _table(title, ("field", "value"), rows)
    return f"<details><summary>{title}</summary>{table}</details>"


def _left_out(inputs):
    """Return a list of the figures that could not be drawn, with their reasons."""
    if not inputs.left_out:
        return ""
    rows = [(title, _without_paths(why, inputs.run.run_dir)) for title, why in inputs.left_out]
    table = _table("Left out", ("figure", "reason"), rows)
    return f"<section><h2>Left out</h2>{table}</section>"


def _without_paths(text, run_dir):
    """Return a message without the machine's folders, as the page may be mailed to strangers.

    Example:

    >>> from petkeras.report.page import _without_paths
    >>> _without_paths("/home/me/runs/real/mean.npy is damaged, not a/b.", "/home/me/runs/real")
    'RUN/mean.npy is damaged, not a/b.'
    >>> _without_paths("/home/me/net.keras is missing.", "runs/real")
    'net.keras is missing.'
    """
    for folder, name in ((Path(run_dir).resolve(), "RUN"), (run_dir, "RUN"), (Path.home(), "~")):
        if len(str(folder)) > 1:  # not "." or "/"
            text = text.replace(str(folder), name)
    return ABSOLUTE_PATH.sub(r"\1", text)


def _table(title, columns, rows):
    """Return a table that can be scrolled sideways, with the keyboard as well."""
    head = "".join(f'<th scope="col">{_breakable(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_breakable(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    label = html.escape(title)
    return f'<div class="table" role="group" aria-label="{label}" tabindex="0">{table}</div>'


def _breakable(text):
    """Return text that may be broken after an underscore."""
    return html.escape(text).replace("_", "_<wbr>")


def _hero(run, figure):
    """Return the figure on the first screen."""
    caption = f"<figcaption>{html.escape(figure.text)}</figcaption>"
    return f'<figure class="hero">{_image(run, figure)}{caption}</figure>'


def _section(run, figures):
    """Return the figures of a section; its films are one figure with a slider."""
    films = [each for each in figures if each.layer]
    parts = [_film(run.run_dir, films)] if films else []
    return "\n".join(parts + [_figure(run, each) for each in figures if not each.layer])


def _figure(run, figure):
    """Return a figure with its caption."""
    return (
        f"<figure><h3>{html.escape(figure.title)}</h3>"
        f"<figcaption>{html.escape(figure.text)}</figcaption>{_image(run, figure)}</figure>"
    )


def _image(run, figure):
    """Return a figure's picture: for a phone another one, or a box to tick that enlarges it."""
    folder = run.run_dir / "figures"
    file = folder / figure.file
    image = f'<img src="{_data(file)}" alt="{html.escape(figure.alt)}">'
    if figure.columns:
        narrow = _data(folder / figure.narrow_file)
        source = f'<source media="(max-width: 45rem)" srcset="{narrow}">'
        return f'<div class="frame"><picture>{source}{image}</picture></div>'
    with Image.open(file) as picture:
        fits = picture.width <= PHONE
    box = "" if fits else '<label class="enlarge"><input type="checkbox"> Enlarge</label>'
    return f'<div class="frame">{box}{image}</div>'


def _film(run_dir, figures):
    """Return the film of all layers as one figure: a slider, and a window onto each strip."""
    steps, strips = read_strips(run_dir, [figure.layer for figure in figures])
    last = len(steps) - 1
    windows = [_window(strip, last) for strip in strips]
    return (
        f'<figure class="film" data-steps="{",".join(map(str, steps))}">'
        "<h3>Filters during training</h3><figcaption>How a few filters of each layer respond to "
        "one and the same picture. Move the slider to see them learn, from the random start to the "
        "trained network. Dark is no response, and within a layer a color means the same value at "
        "every step.<noscript> Without JavaScript, you see the last step, "
        f"{steps[-1]:,}.</noscript></figcaption>"
        '<div class="controls" hidden><button type="button">Play</button><input type="range" '
        f'min="0" max="{last}" value="{last}" aria-label="Step of the training">'
        "<output></output></div>"
        f'<div class="strips">{"".join(windows)}</div></figure>'
    )


def _window(strip, last):
    """Return a window, one frame high, onto the strip of a layer: it shows the last frame."""
    data = base64.b64encode(strip.png).decode()
    layer, filters = html.escape(strip.layer), ", ".join(map(str, strip.filters))
    return (
        f"<div><h4>{layer}</h4><p>Filters {filters}. Yellow is {strip.largest:.2g}.</p>"
        f'<svg role="img" aria-label="Feature maps of {layer}: filters {filters}." '
        f'viewBox="0 0 {strip.width} {strip.height}"><image width="{strip.width}" '
        f'height="{strip.height * (last + 1)}" y="{-strip.height * last}" '
        f'href="data:image/png;base64,{data}"/></svg></div>'
    )


def _data(file):
    """Return a picture's file as a URL that holds all of it."""
    kind = {".png": "png", ".jpg": "jpeg"}[file.suffix]
    return f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
