"""`petkeras evaluate`, `predict` and `visualize`: use a trained run."""

from __future__ import annotations

import json

import click

from petkeras.cli.command import Command, load_tensorflow
from petkeras.cli.messages import translate
from petkeras.cli.options import DATA_DIR, JSON, add_options
from petkeras.cli.printing import name_source, print_error, print_line, print_table
from petkeras.errors import PetkerasError
from petkeras.system.terminal import make_console

MAX_BREEDS = 10  # that `evaluate` lists without --all


@click.command(cls=Command)
@click.argument("run_dir", type=click.Path())
@add_options(DATA_DIR, JSON)
@click.option(
    "--all", "every", is_flag=True, help="List all breeds, not only the worst and the best."
)
def evaluate(run_dir, data_dir, as_json, every):
    """Measure a run on its training and test parts, without dropout."""
    load_tensorflow()
    from petkeras.runs.evaluation import evaluate_run
    from petkeras.runs.intervals import find_caveats
    from petkeras.runs.repeat import has_same_pictures, load_pictures
    from petkeras.runs.run import Run

    run = Run(run_dir)
    run.model, run.mean  # noqa: B018 -- errors of the run are reported before those of the pictures
    data = load_pictures(run, data_dir)
    if not has_same_pictures(run, data):
        print_error(
            f"The pictures in {data.origin['source']} are not those that {run_dir} was trained on: "
            "it may have been trained on some of these test pictures."
        )
    measured = evaluate_run(run, data)
    if as_json:
        click.echo(json.dumps(measured, indent=2))
        return
    rows = [
        (
            part,
            str(m["pictures"]),
            f"{m['loss']:.4f}",
            f"{m['accuracy']:.3f}",
            "{:.3f} to {:.3f}".format(*m["interval"]),
        )
        for part, m in measured.items()
    ]
    columns = ("part", "pictures", "loss", "accuracy", "95% interval")
    print_table(f"{run_dir} on {name_source(data)}", columns, rows)
    _print_breeds(measured, every)
    for caveat in find_caveats(measured["test"]["accuracy"], data.test.labels, data.class_names):
        print_line(caveat)


def _print_breeds(measured, every):
    """Print right predictions by breed; of many breeds, only the worst and best."""
    test = measured["test"]["breeds"]
    breeds = list(test)
    title = "Right predictions by breed"
    if len(breeds) > MAX_BREEDS and not every:
        breeds.sort(key=lambda breed: test[breed]["right"] / max(1, test[breed]["pictures"]))
        half = MAX_BREEDS // 2
        breeds = [*breeds[:half], *breeds[-half:]]
        title += (
            f": the {half} worst and the {half} best of {len(test)} on the test part. "
            "List all: --all or --json"
        )
    rows = [
        (breed, *("{right}/{pictures}".format(**m["breeds"][breed]) for m in measured.values()))
        for breed in breeds
    ]
    print_table(title, ("breed", *measured), rows)


@click.command(cls=Command)
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, required=True, type=click.Path())
@JSON
def predict(run_dir, photographs, as_json):
    """Predict the breeds in photographs, with their probabilities."""
    load_tensorflow()
    from petkeras.runs.run import Run

    run = Run(run_dir)
    run.model, run.mean  # noqa: B018 -- errors of the run are reported before those of photographs
    answers, failed = [], []
    for photograph in photographs:
        try:
            probabilities = run.predict([photograph])[0].tolist()  # (classes,)
        except PetkerasError as error:
            failed.append({"photograph": photograph, "error": str(error)})
            answers.append(failed[-1])
            continue
        answers.append(
            {
                "photograph": photograph,
                "breed": run.class_names[probabilities.index(max(probabilities))],
                "probabilities": dict(zip(run.class_names, probabilities, strict=True)),
            }
        )
    if as_json:
        click.echo(json.dumps(answers, indent=2))
    else:
        _print_answers(run, [answer for answer in answers if answer not in failed])
        for answer in failed:
            print_error(answer["error"])
    return 2 if failed else 0


def _print_answers(run, answers):
    if not answers:
        return
    columns = run.class_names
    shown = [answer["probabilities"].values() for answer in answers]
    if len(columns) > 4:  # too many for a column each
        columns, shown = ("probability",), [[max(values)] for values in shown]
    rows = [
        (answer["photograph"], answer["breed"], *(f"{value:.4f}" for value in values))
        for answer, values in zip(answers, shown, strict=True)
    ]
    print_table(f"Breeds predicted by {run.run_dir}", ("photograph", "breed", *columns), rows)


@click.command(cls=Command)
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, type=click.Path())
@click.option(
    "--layer",
    "layers",
    multiple=True,
    help="Layer whose feature maps to show; repeat the option for several. Grad-CAM uses the last "
    "one. [default: each convolution]",
)
@DATA_DIR
@click.pass_context
def visualize(context, run_dir, photographs, layers, data_dir):
    """Draw all figures of a run, and make a page that shows them.

    They are written to RUN_DIR/figures/ and RUN_DIR/report.html.
    """
    import matplotlib

    matplotlib.use("Agg")  # figures go into files; no display is needed
    load_tensorflow()
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from petkeras.report.figures import write_figures
    from petkeras.report.inputs import choose_inputs
    from petkeras.report.page import write_report
    from petkeras.runs.repeat import load_pictures
    from petkeras.runs.run import Run

    run = Run(run_dir)
    run.model  # noqa: B018 -- errors of the run are reported before those of photographs
    try:
        data = load_pictures(run, data_dir)
    except PetkerasError as error:
        data = None
        print_line(f"Drawing without the run's pictures: {translate(str(error), context.command)}")
    inputs = choose_inputs(run, data, photographs, layers)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, transient=True, console=make_console()) as progress:
        task = progress.add_task("", total=None)
        figures = write_figures(
            inputs, progress=lambda title: progress.update(task, description=title)
        )
    for title, reason in inputs.left_out:
        print_line(translate(f"Left out: {title}. {reason}", context.command))
    report = write_report(inputs, figures)
    print_line(f"{len(figures)} figures are in {run_dir}/figures. All on one page: {report}")
