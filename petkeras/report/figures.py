"""All figures of a run, with a caption that says how to read each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from petkeras import visualize as pkv
from petkeras.errors import PetkerasError
from petkeras.report.network_figures import (
    activation_maximization_figures,
    attribution_figures,
    filter_figures,
    network_figures,
)
from petkeras.report.report_figure import ReportFigure, in_file_name
from petkeras.runs.evaluation import compile_as_trained
from petkeras.visualize.evolution import list_frames

MAX_FRAMES = 30  # of a film: more would make the page too large to mail


def write_figures(inputs, progress=lambda title: None):
    """Draw every figure that applies to a run, and write it to `RUN/figures/`.

    Args:
        inputs: the `FigureInputs` that `choose_inputs` returns.
        progress: a function that is called with each figure's title before it is drawn.

    Returns:
        A list of `ReportFigure`, in the order of the page. What could not be drawn is left out, and
        named with its reason in `inputs.left_out`.
    """
    folder = inputs.run.run_dir / "figures"
    if folder.is_symlink():
        raise PetkerasError(f"{folder} is a link: figures are written into the run folder only.")
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.is_symlink():  # in someone else's run folder it could point to any file
            file.unlink()
    written = []
    inputs.left_out.clear()
    for figure in list(_list_figures(inputs)):
        progress(figure.title)
        try:
            drawn = figure.draw()
        except PetkerasError as error:
            inputs.left_out.append((figure.title, str(error)))
            continue
        if isinstance(drawn, pkv.Animation):
            figure = replace(figure, still=figure.file.replace(".gif", ".png"))
            drawn.save(folder / figure.file)
            drawn.save(folder / figure.still)
        else:
            drawn.savefig(folder / figure.file)
        written.append(figure)
    return written


def _list_figures(inputs):
    """Yield all figures that apply to a run."""
    for figures_of in (
        _training_figures,
        _test_figures,
        network_figures,
        filter_figures,
        _film_figures,
        attribution_figures,
        activation_maximization_figures,
    ):
        section = ""
        try:
            for figure in figures_of(inputs):
                section = figure.section
                yield figure
        except PetkerasError as error:
            inputs.left_out.append((f"further figures of '{section}'", str(error)))


def _training_figures(inputs):
    run = inputs.run
    if (run.run_dir / "tensorboard" / "train").is_dir() and run.history.epochs:
        yield ReportFigure(
            "How it learned",
            "curves.png",
            "Loss and accuracy, step by step",
            "Dashed: training, smoothed over the pale line's single batches. Solid: the whole test "
            "part after each epoch. If the training curve keeps improving and the test curve does "
            "not, the network is memorizing its pictures.",
            "Two line charts of loss and accuracy by step, in training and on the test part.",
            lambda: pkv.plot_curves(run.run_dir),
        )


def _test_figures(inputs):
    if inputs.data is None:
        return
    test, names = inputs.data.test, inputs.run.class_names
    x = (inputs.run.preprocess(test.images[i : i + 20]) for i in range(0, len(test), 20))
    forward = compile_as_trained(inputs.run)  # so that it agrees with history.csv
    logits = np.concatenate([forward(batch).numpy() for batch in x])
    matrix = pkv.confusion_matrix(test.labels, logits)
    yield ReportFigure(
        "What it gets wrong",
        "confusion.png",
        "Which breeds are confused",
        "A row is the true class of a test picture, a column the predicted class. "
        f"{int(np.trace(matrix))} of {len(test)} pictures are on the diagonal: their prediction "
        "is right.",
        f"A confusion matrix of {len(matrix)} classes.",
        lambda: pkv.plot_confusion(matrix, names),
    )
    yield ReportFigure(
        "What it gets wrong",
        "worst.png",
        "The test photographs with the worst predictions",
        "The first ones got the lowest probability for their true class. What do they have in "
        "common?",
        "Test photographs with the probabilities that the network predicted.",
        lambda: pkv.plot_worst(test.images, test.labels, logits, names, test.names, count=8),
    )


def _film_figures(inputs):
    run_dir, section = inputs.run.run_dir, "How its filters developed"
    if not list_frames(run_dir / "evolution"):
        return
    evolution = pkv.Evolution(run_dir)
    for layer in evolution.filters:
        yield ReportFigure(
            section,
            f"evolution-{in_file_name(layer)}.gif",
            f"Filters of {layer} during training",
            "The step is at the top. A color means the same value on every frame.",
            f"An animation of feature maps of {layer} over {evolution.steps[-1]:,} steps.",
            lambda layer=layer: pkv.animate_evolution(run_dir, layer, max_frames=MAX_FRAMES),
        )
    if len(evolution.steps) > 1:
        yield ReportFigure(
            section,
            "movement.png",
            "How far each layer's kernel has moved",
            "The distance from the random start, as a share of the start's own length. The layer "
            "with the lowest line changed least.",
            "A line chart: for each layer the distance of its kernel from its start, by step.",
            lambda: pkv.plot_movement(run_dir),
        )
