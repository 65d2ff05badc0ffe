"""Loss and accuracy by step, raw and smoothed: the article's figures 7 and 8."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.system.files import local_path
from petkeras.text import one_line
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import (
    RUN_COLORS,
    TEST_COLOR,
    TRAIN_COLOR,
    WIDTH,
    set_log_scale,
    styled,
)

MAX_DOTS = 60  # epochs; more have a line without dots


def smooth(values, weight=0.9):
    """Return a series smoothed as in TensorBoard: a bias-corrected exponential moving average.

    Value t becomes the mean of values 0 to t, weighted by `weight ** (t - i)`. Values that are not
    finite stay as they are and have no weight.

    Args:
        values: n numbers.
        weight: in [0, 1); 0 leaves the values unchanged.

    Returns:
        n float64.

    Raises:
        PetkerasError: `weight` is not in [0, 1).

    Example:

    >>> import petkeras as pk
    >>> pk.visualize.smooth([0.0, 3.0, 3.0], weight=0.5).round(3).tolist()
    [0.0, 2.0, 2.571]

    Reference: TensorBoard's scalar chart; D. P. Kingma and J. Ba, "Adam" (2015), section 3, for
        the same bias correction.
    """
    if not 0 <= weight < 1:
        raise PetkerasError(f"`weight` must be in [0, 1). Received: weight={weight!r}")
    smoothed = np.array(values, np.float64)
    average, total_weight = 0.0, 0.0
    for t, value in enumerate(smoothed):
        if np.isfinite(value):
            average = weight * average + (1 - weight) * value
            total_weight = weight * total_weight + (1 - weight)
            smoothed[t] = average / total_weight
    return smoothed


def read_scalars(run_dir, tags=("Loss", "Accuracy")):
    """Return a run's scalars, read from its TensorBoard files.

    Args:
        run_dir: the run folder.
        tags: names of the scalars.

    Returns:
        A dict: `scalars["train"]["Loss"]` is (steps, values), two arrays; `"test"` alike. They are
        empty for a tag that is in no file.

    Raises:
        PetkerasError: a file is damaged.
    """
    scalars: dict[str, dict[str, tuple]] = {}
    for part in ("train", "test"):
        found: dict[str, dict[int, float]] = {tag: {} for tag in tags}
        folder = local_path("run_dir", run_dir) / "tensorboard" / part
        files = sorted(file for file in folder.glob("events.out.*") if file.is_file())
        for file in files:  # a resumed run has several
            try:
                for event in EventFileLoader(str(file)).Load():
                    for value in event.summary.value:
                        if value.tag in found:
                            found[value.tag][event.step] = float(tf.make_ndarray(value.tensor))
            except (DecodeError, TypeError, ValueError) as error:
                raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
        scalars[part] = {
            tag: (np.array(sorted(by_step)), np.array([by_step[step] for step in sorted(by_step)]))
            for tag, by_step in found.items()
        }
    return scalars


@styled
def plot_curves(runs, weight=0.9):
    """Show loss and accuracy by step, in training and on the test part.

    Args:
        runs: a run folder, or a dict from names to the run folders to compare.
        weight: how much to smooth the training curve, in [0, 1), as in TensorBoard.

    Returns:
        A matplotlib `Figure`. Dashed lines are the training part: pale lines are single batches,
        strong ones the smoothed values. Solid lines are the whole test part after each epoch,
        neither sampled nor smoothed. Losses of very different sizes get a log axis.

    Raises:
        PetkerasError: a folder has no scalars, or `weight` is out of range.

    Reference: the article's figures 7 and 8.
    """
    named = runs if isinstance(runs, dict) else {"": runs}
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.6))
    shown = []  # the losses of each line
    ends_at = []  # the last values, in words
    for number, (name, run_dir) in enumerate(named.items()):
        scalars = read_scalars(run_dir, ("Loss", "Accuracy", "Epoch/Loss", "Epoch/Accuracy"))
        if not len(scalars["train"]["Loss"][0]):
            raise PetkerasError(f"{run_dir} has no loss by step in its folder 'tensorboard'.")
        run_color = RUN_COLORS[number % len(RUN_COLORS)]
        train_color, test_color = (run_color,) * 2 if name else (TRAIN_COLOR, TEST_COLOR)
        for panel, tag in zip(axes, ("Loss", "Accuracy"), strict=True):
            steps, values = scalars["train"][tag]
            smoothed = smooth(values, weight)
            panel.plot(steps, values, color=train_color, alpha=0.18, linewidth=0.8)
            train_label = label("{run} training" if name else "training", run=name)
            panel.plot(steps, smoothed, "--", color=train_color, label=train_label, linewidth=1.8)
            ends, exact = scalars["test"][f"Epoch/{tag}"]
            dots = "." if len(ends) <= MAX_DOTS else ""
            test_label = label("{run} test" if name else "test", run=name)
            style = {"marker": dots, "color": test_color, "label": test_label, "linewidth": 1.8}
            panel.plot(ends, exact, "-", **style)
            shown += [smoothed, exact] if tag == "Loss" else []
            if len(exact):
                last = translate(
                    "{line} loss {value:.2f}" if tag == "Loss" else "{line} accuracy {value:.2f}",
                    line=test_label,
                    value=exact[-1],
                )
                ends_at.append(last)
    loss, accuracy = axes
    loss.set(title=label("loss"), xlabel=label("step"))
    _scale_losses(loss, shown)
    accuracy.set(title=label("accuracy"), xlabel=label("step"), ylim=(0, 1.02))
    figure.legend(*loss.get_legend_handles_labels(), loc="outside upper left", ncols=4)
    text = translate(
        "Curves of loss and accuracy by step. At the end: {values}.", values=listed(ends_at)
    )
    return describe(figure, text)


def _scale_losses(axes, lines):
    """End the axis above the losses, or use a log axis if their sizes differ too much."""
    lines = [losses[len(losses) // 50 :] for losses in lines]  # without the start
    lines = [losses[np.isfinite(losses) & (losses > 0)] for losses in lines]
    lines = [losses for losses in lines if len(losses)]
    if not lines:
        return
    highest = max(losses.max() for losses in lines)
    if highest > 50 * min(np.median(losses) for losses in lines):
        set_log_scale(axes)
        axes.set_ylim(min(losses.min() for losses in lines) / 2, 2 * highest)
    else:
        axes.set_ylim(0, 1.1 * highest)
