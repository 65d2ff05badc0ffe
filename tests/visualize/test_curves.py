"""Curves: smoothing against its published formula, scalars against the written ones."""

import dataclasses
import os

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data
from hypothesis import given
from hypothesis import strategies as st

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.recipes import MODERN
from petkeras.visualize import plot_curves, read_scalars, smooth


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
    run_dir, _ = run_dir
    figure = plot_curves({"a": run_dir, "b": run_dir}, weight=0.5)
    scalars = read_scalars(run_dir)
    lines = figure.axes[0].lines  # raw and smoothed, train and test, of a and then of b
    assert len(lines) == 8
    for pair, part in ((lines[0:2], "train"), (lines[2:4], "test")):
        steps, values = scalars[part]["Loss"]
        np.testing.assert_array_equal(pair[0].get_xdata(), steps)
        np.testing.assert_array_equal(pair[0].get_ydata(), values)
        np.testing.assert_allclose(pair[1].get_ydata(), smooth(values, 0.5))
    assert [line.get_label() for line in lines[1::2]] == ["a train", "a test", "b train", "b test"]


def test_runs_whose_losses_differ_a_hundredfold_get_a_log_axis(tmp_path, run_dir):
    other = tmp_path / "other"
    for part in ("train", "test"):
        with tf.summary.create_file_writer(str(other / "tensorboard" / part)).as_default():
            for step in (1, 2, 3):
                tf.summary.scalar("Loss", 1000.0, step=step)
                tf.summary.scalar("Accuracy", 0.5, step=step)
    assert plot_curves(run_dir[0]).axes[0].get_yscale() == "linear"
    assert plot_curves({"a": run_dir[0], "b": other}).axes[0].get_yscale() == "log"


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
