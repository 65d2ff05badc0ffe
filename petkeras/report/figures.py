"""All figures of a run, with a caption that says how to read each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from petkeras import visualize as pkv
from petkeras.errors import PetkerasError
from petkeras.report.film import MAX_FRAMES
from petkeras.report.narrow import save_narrow
from petkeras.report.network_figures import (
    activation_maximization_figures,
    answer_figures,
    attribution_figures,
    filter_figures,
    network_figures,
)
from petkeras.report.report_figure import ReportFigure, in_file_name
from petkeras.report.wrong_pictures import plot_wrong, worst_first
from petkeras.runs.evaluation import compile_as_trained
from petkeras.visualize.evolution import list_frames
from petkeras.visualize.lettering import label


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
        written.append(_save(figure, drawn, folder))
    return written


def _save(figure, drawn, folder):
    """Write what was drawn, and return the `ReportFigure` with its alternative text."""
    if isinstance(drawn, pkv.Animation):
        drawn.save(folder / figure.file)
        return figure
    drawn.savefig(folder / figure.file)
    if figure.columns:
        save_narrow(drawn, folder / figure.narrow_file, figure.columns)
    return replace(figure, alt=pkv.description(drawn) or figure.alt)


def _list_figures(inputs):
    """Yield all figures that apply to a run."""
    for figures_of in (
        answer_figures,
        _test_figures,
        attribution_figures,
        _training_figures,
        _film_figures,
        filter_figures,
        activation_maximization_figures,
        network_figures,
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
            "The dashed line is training; the pale line behind it shows the single batches. The "
            "solid line is all test pictures after each epoch. Where training keeps getting "
            "better and the test does not, the network is learning its pictures by heart.",
            "Two line charts of loss and accuracy by step, in training and on the test pictures.",
            lambda: pkv.plot_curves(run.run_dir),
            columns=1,
        )


def _test_figures(inputs):
    if inputs.data is None:
        return
    test, names, section = inputs.data.test, inputs.run.class_names, "What it gets wrong"
    x = [inputs.run.preprocess(test.images[i : i + 20]) for i in range(0, len(test), 20)]
    forward = compile_as_trained(inputs.run)  # so that it agrees with history.csv
    logits = np.concatenate([forward(batch).numpy() for batch in x])
    matrix = pkv.confusion_matrix(test.labels, logits)
    right = int(np.trace(matrix))
    yield ReportFigure(
        section,
        "confusion.png",
        "Which breeds it confuses",
        "Each row is what the pictures show, each column what the network called them. "
        f"On the diagonal are the {right} of {len(test)} test pictures that it got right.",
        f"A confusion matrix of {len(matrix)} classes.",
        lambda: pkv.plot_confusion(matrix, names),
    )
    truth = test.labels.argmax(axis=1)
    probabilities = tf.nn.softmax(logits.astype(np.float32)).numpy()  # (n, classes)
    worst = worst_first(probabilities, truth)
    titles = [_verdict(names, probabilities[number], truth[number]) for number in worst]
    layer = (inputs.layers or [None])[-1]
    yield ReportFigure(
        section,
        "worst.png",
        "Wrong answers, and where it looked"
        if right < len(test)
        else "No wrong answers: the test pictures that it was least sure of",
        "Beside each picture is a heat map of what spoke for the answer: "
        f"{'Grad-CAM' if layer else 'saliency'}, bright where it mattered. The first picture got "
        "the lowest probability for what it shows. Did the network look at the animal? What do "
        "the pictures have in common?",
        "Test pictures, each beside a heat map of where the network looked.",
        lambda: plot_wrong(
            inputs.model,
            np.concatenate(x)[worst],
            test.images[worst],
            layer,
            titles,
            [Path(test.names[number]).name for number in worst],
        ),
        columns=2,
    )


def _verdict(names, probabilities, truth):
    """Return what the network answered for a picture, and what is true, in two lines."""
    best = probabilities.argmax()
    first = label("answer: {name}, {p:.0%}", name=names[best], p=probabilities[best])
    second = label("right")
    if best != truth:
        second = label("truth: {name}, {p:.0%}", name=names[truth], p=probabilities[truth])
    return f"{first}\n{second}".replace("_", " ")


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
            layer=layer,
        )
    if len(evolution.steps) > 1:
        yield ReportFigure(
            section,
            "movement.png",
            "How far each layer's kernel has moved",
            "How far the weights are from their random start, as a share of the start's own "
            "length. The lowest line is the layer that changed least.",
            "A line chart: for each layer the distance of its kernel from its start, by step.",
            lambda: pkv.plot_movement(run_dir),
        )
