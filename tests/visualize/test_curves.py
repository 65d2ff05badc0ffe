"""Curves: smoothing against its published formula, scalars against the written ones."""

import dataclasses
import math
import os

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.visualize import plot_curves, read_scalars, smooth
from petkeras.visualize.style import TEST_COLOR, TRAIN_COLOR


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30),
    st.floats(0, 0.99),
)
def test_smoothing_is_a_weighted_mean_of_all_values_so_far(values, weight):
    for t, smoothed in enumerate(smooth(values, weight)):
        weights = weight ** (t - np.arange(t + 1))
        expected = (weights * values[: t + 1]).sum() / weights.sum()
        assert smoothed == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_smoothing_follows_tensorboards_debiased_average():
    values, weight = [3.0, -1.0, 4.0, 1.0, 5.0], 0.6
    last, expected = 0.0, []
    for count, value in enumerate(values, start=1):  # as its chart computes it
        last = last * weight + (1 - weight) * value
        expected.append(last / (1 - weight**count))
    np.testing.assert_allclose(smooth(values, weight), expected)


def test_values_that_are_not_finite_stay_and_do_not_count():
    np.testing.assert_allclose(smooth([1.0, np.nan, 3.0], 0.5), [1.0, np.nan, 7 / 3])


@pytest.mark.parametrize("weight", [-0.1, 1.0])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(PetkerasError, match=r"`weight` must be in \[0, 1\)"):
        smooth([1.0], weight)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(MODERN, epochs=2, summary_every=2)
    model = pet_net(image_size=16, recipe=recipe, seed=0)
    history = pk.train(model, halves_data(), recipe, run_dir, verbose=False)
    return run_dir, history


def test_scalars_are_those_of_the_training(run_dir):
    run_dir, history = run_dir
    steps, losses = read_scalars(run_dir)["train"]["Loss"]
    assert steps.tolist() == [2, 4, 6, 8, 10]
    np.testing.assert_allclose(losses, np.array(history.step_losses)[steps - 1], rtol=1e-5)


def test_of_a_step_written_twice_the_later_value_counts(tmp_path):
    for values in ([1.0, 2.0], [20.0, 30.0]):  # the second run goes on from step 1
        with tf.summary.create_file_writer(str(tmp_path / "tensorboard" / "train")).as_default():
            for step, value in enumerate(values, start=1 if values[0] == 1 else 2):
                tf.summary.scalar("Loss", value, step=step)
    steps, values = read_scalars(tmp_path)["train"]["Loss"]
    assert steps.tolist() == [1, 2, 3]
    assert values.tolist() == [1.0, 20.0, 30.0]


def test_each_line_shows_the_scalars_of_its_run(run_dir):
    run_dir, history = run_dir
    figure = plot_curves({"a": run_dir, "b": run_dir}, weight=0.5)
    for axes, tag, column in zip(
        figure.axes, ("Loss", "Accuracy"), ("test_loss", "test_accuracy"), strict=True
    ):
        lines = axes.lines  # training raw and smoothed, and test, of a and then of b
        assert len(lines) == 6
        steps, values = read_scalars(run_dir)["train"][tag]
        np.testing.assert_array_equal(lines[0].get_xdata(), steps)
        np.testing.assert_array_equal(lines[0].get_ydata(), values)
        np.testing.assert_allclose(lines[1].get_ydata(), smooth(values, 0.5))
        # the test part is exact: what the history says of the whole part after each epoch
        assert lines[2].get_xdata().tolist() == history.column("step")
        np.testing.assert_allclose(lines[2].get_ydata(), history.column(column), rtol=1e-6)
    labels = [line.get_label() for line in figure.axes[0].lines if line.get_label()[0] != "_"]
    assert labels == ["a training", "a test", "b training", "b test"]


def test_a_color_means_one_part_or_one_run(run_dir):
    one = plot_curves(run_dir[0])
    colors = {line.get_label(): line.get_color() for line in one.axes[1].lines}
    assert (colors["training"], colors["test"]) == (TRAIN_COLOR, TEST_COLOR)
    runs = plot_curves({"a": run_dir[0], "b": run_dir[0]}).axes[1].lines
    colors = [{line.get_color() for line in runs[first : first + 3]} for first in (0, 3)]
    assert [len(each) for each in colors] == [1, 1]
    assert not (colors[0] | colors[1]) & {TRAIN_COLOR, TEST_COLOR}


def write_losses(run_dir, train, test, accuracy=0.5):
    """Write the scalars of a run of three epochs of one step."""
    for part, prefix, losses in (("train", "", train), ("test", "Epoch/", test)):
        folder = str(run_dir / "tensorboard" / part)
        with tf.summary.create_file_writer(folder).as_default():
            for step, loss in enumerate(losses, start=1):
                tf.summary.scalar(f"{prefix}Loss", loss, step=step)
                tf.summary.scalar(f"{prefix}Accuracy", accuracy, step=step)
    return run_dir


def test_losses_of_very_different_sizes_get_a_log_axis(tmp_path, run_dir):
    high = write_losses(tmp_path / "high", [1000.0] * 3, [1000.0] * 3)
    apart = write_losses(tmp_path / "apart", [0.5, 0.001, 0.001], [0.7, 0.9, 1.2])
    zero = write_losses(tmp_path / "zero", [0.0] * 3, [math.nan, 0.7, 0.8])
    assert plot_curves(run_dir[0]).axes[0].get_yscale() == "linear"
    assert plot_curves(zero).axes[0].get_yscale() == "linear"
    for runs in ({"a": run_dir[0], "b": high}, apart):
        axes = plot_curves(runs, weight=0).axes[0]
        assert axes.get_yscale() == "log"
        FigureCanvasAgg(axes.figure).draw()
        labels = [label.get_text() for label in axes.get_yticklabels(which="both")]
        assert any(labels)
        for label in filter(None, labels):
            float(label)  # a plain number, not "$10^{0}$"
        low, end = axes.get_ylim()
        for line in axes.lines:
            assert np.all((low <= line.get_ydata()) & (line.get_ydata() <= end))


def test_a_run_without_a_finished_epoch_has_a_training_curve_only(tmp_path):
    axes = plot_curves(write_losses(tmp_path, [1.0, 0.9, 0.8], [])).axes[1]
    assert [len(line.get_xdata()) for line in axes.lines] == [3, 3, 0]


def test_a_folder_without_scalars_is_refused(tmp_path):
    with pytest.raises(PetkerasError, match="has no loss by step"):
        plot_curves(tmp_path)


def test_a_damaged_file_of_scalars_is_named(tmp_path):
    folder = tmp_path / "tensorboard" / "train"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "events.out.tfevents.0")  # not waited for
    with tf.io.TFRecordWriter(str(folder / "events.out.tfevents.1")) as written:
        written.write(b"\xff\xff\xff")  # a whole record, but no entry
    with pytest.raises(PetkerasError, match=r"events\.out\.tfevents\.1 is damaged"):
        read_scalars(tmp_path)
