"""Loss and accuracy by step, raw and smoothed: the article's figures 7 and 8."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from petkeras.errors import PetkerasError
from petkeras.text import one_line
from petkeras.visualize.style import BLUE, GREEN, ORANGE, PINK, SKY, WIDTH, YELLOW, styled

RUN_COLORS = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY)
PANELS = (("Loss", "loss of a batch"), ("Accuracy", "accuracy of a batch"))


def smooth(values, weight=0.9):
    """Smooth a series as TensorBoard does: an exponential moving average without its bias to 0.

    Value t becomes the mean of values 0 to t, in which value i counts `weight ** (t - i)`. Values
    that are not finite stay as they are, and do not count.

    Args:
        values: n numbers.
        weight: in [0, 1); 0 leaves the values as they are.

    Returns:
        n float64.

    Raises:
        PetkerasError: `weight` is not in [0, 1).

    Example:

    >>> from petkeras.visualize import smooth
    >>> smooth([0.0, 3.0, 3.0], weight=0.5).round(3).tolist()
    [0.0, 2.0, 2.571]

    Reference: TensorBoard's scalar chart; D. P. Kingma and J. Ba, "Adam" (2015), section 3, for
        the same correction of the bias.
    """
    if not 0 <= weight < 1:
        raise PetkerasError(f"`weight` must be in [0, 1). Received: weight={weight!r}")
    smoothed = np.array(values, np.float64)
    average, share = 0.0, 0.0  # share: how much of the average is made of values
    for t, value in enumerate(smoothed):
        if np.isfinite(value):
            average = weight * average + (1 - weight) * value
            share = weight * share + (1 - weight)
            smoothed[t] = average / share
    return smoothed


def read_scalars(run_dir, tags=("Loss", "Accuracy")):
    """Read a run's scalars from what was written for TensorBoard.

    Args:
        run_dir: the run folder.
        tags: which scalars.

    Returns:
        A dict: `scalars["train"]["Loss"]` is (steps, values), two arrays; `"test"` alike. A tag
        that is in no file has two empty arrays.
    """
    scalars: dict[str, dict[str, tuple]] = {}
    for part in ("train", "test"):
        found: dict[str, dict[int, float]] = {tag: {} for tag in tags}
        folder = Path(run_dir) / "tensorboard" / part
        files = sorted(file for file in folder.glob("events.out.*") if file.is_file())
        for file in files:  # a run that was stopped and resumed has several
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
        runs: a run folder, or a dict from names to run folders that shall be compared.
        weight: how much to smooth, in [0, 1), as in TensorBoard.

    Returns:
        A matplotlib `Figure`: pale lines are single batches, strong ones the smoothed values;
        solid is the test part, dashed the training part.

    Raises:
        PetkerasError: a folder holds no scalars, or `weight` is out of range.

    Reference: the article's figures 7 and 8.
    """
    named = runs if isinstance(runs, dict) else {"": runs}
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.6))
    for place, (name, run_dir) in enumerate(named.items()):
        scalars = read_scalars(run_dir)
        if not len(scalars["train"]["Loss"][0]):
            raise PetkerasError(f"{run_dir} has no loss by step in its folder 'tensorboard'.")
        colors = (RUN_COLORS[place % len(RUN_COLORS)],) * 2 if name else (BLUE, ORANGE)
        for part, dashes, color in zip(("train", "test"), ("--", "-"), colors, strict=True):
            for panel, (tag, _) in zip(axes, PANELS, strict=True):
                steps, values = scalars[part][tag]
                panel.plot(steps, values, color=color, alpha=0.18, linewidth=0.8)
                smoothed, label = smooth(values, weight), f"{name} {part}".strip()
                panel.plot(steps, smoothed, dashes, color=color, label=label, linewidth=1.8)
    for panel, (tag, title) in zip(axes, PANELS, strict=True):
        panel.set(title=title, xlabel="step")
        if tag == "Accuracy":
            panel.set_ylim(0, 1.02)
        else:
            _scale_losses(panel, [line.get_ydata() for line in panel.lines[1::2]])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return figure


def _scale_losses(axes, smoothed):
    """Let the axis end above the smoothed losses; a log axis where runs differ too much."""
    tops = [np.nanmax(losses[len(losses) // 50 :]) for losses in smoothed]  # without the start
    if max(tops) > 50 * min(tops):
        axes.set_yscale("log")
        axes.set_ylim(bottom=min(np.nanmin(losses) for losses in smoothed) / 2)
    else:
        axes.set_ylim(0, 1.1 * max(tops))
