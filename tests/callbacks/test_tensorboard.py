"""What TensorBoard is shown, read back from the event files."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams.api_pb2 import STATUS_SUCCESS
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from petkeras.callbacks.graph import scoped_graph
from petkeras.callbacks.tensorboard import NUM_BINS, count_bins, drop_entries_after
from petkeras.inspection import MAX_SAMPLES, sampled_kernels
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE, MODERN
from petkeras.runs.train import train

KERNELS = {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1", "softmax"}
SCOPES = [
    "conv1_1", "conv1_2", "pool1", "drop1", "conv2_1", "conv2_2", "pool2", "drop2", "flatten",
    "fc1", "drop3", "softmax",
]  # fmt: skip


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """The event files of a run of 25 steps, read by TensorBoard's own reader."""
    data = halves_data()
    run_dir = tmp_path_factory.mktemp("runs") / "run"
    recipe = dataclasses.replace(MODERN, epochs=5, summary_every=2)  # of 5 steps each
    history = train(pet_net(image_size=16, recipe=recipe), data, recipe, run_dir, verbose=False)
    read = {}
    for name in ("train", "test", "."):
        read[name] = EventAccumulator(str(run_dir / "tensorboard" / name), {"tensors": 0})
        read[name].Reload()
    return read, history


def scalars(events, tag):
    return {event.step: float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)}


def test_both_writers_get_loss_accuracy_and_every_kernel_every_few_steps(events):
    read, history = events
    for part, every in (("train", 2), ("test", 10)):
        for tag in ("Loss", "Accuracy", *(f"kernels/{name}" for name in KERNELS)):
            steps = [event.step for event in read[part].Tensors(tag)]
            assert steps == list(range(every, 26, every))
    losses = scalars(read["train"], "Loss")
    for step, loss in losses.items():
        assert loss == pytest.approx(history.step_losses[step - 1], rel=1e-5)
    assert all(0 <= accuracy <= 1 for accuracy in scalars(read["test"], "Accuracy").values())


def test_each_epoch_is_over_whole_parts(events):
    read, history = events
    for part, prefix in (("train", ""), ("test", "test_")):
        for tag in ("loss", "accuracy"):
            written = scalars(read[part], f"Epoch/{tag.capitalize()}")
            assert list(written) == [5, 10, 15, 20, 25]
            np.testing.assert_allclose(
                list(written.values()), history.column(prefix + tag), rtol=1e-5
            )


def test_the_hparams_tab_gets_the_settings_the_final_accuracy_and_a_status(events):
    contents = events[0]["."].PluginTagToContent("hparams")
    data = {tag: HParamsPluginData.FromString(content) for tag, content in contents.items()}
    values = data["_hparams_/session_start_info"].session_start_info.hparams
    assert values["seed"].number_value == 0
    assert values["image_size"].number_value == 16
    assert values["precision"].string_value == "float32"
    assert values["backbone"].string_value == "none"
    assert values["learning_rate"].number_value == pytest.approx(MODERN.learning_rate)
    (metric,) = data["_hparams_/experiment"].experiment.metric_infos
    assert (metric.name.group, metric.name.tag) == ("test", "Epoch/Accuracy")
    assert data["_hparams_/session_end_info"].session_end_info.status == STATUS_SUCCESS


@pytest.mark.parametrize("values", [[], [3.0] * 5, [1.0, 2.0, 2.5, np.nan]])
def test_histograms_are_binned_as_tensorboard_bins_them(values):
    finite = [value for value in values if np.isfinite(value)]
    expected = histogram_pb("tag", finite, buckets=NUM_BINS).value[0].tensor
    if finite:
        np.testing.assert_allclose(count_bins(values), tf.make_ndarray(expected))
    else:
        assert count_bins(values)[:, 2].sum() == 0


def test_the_graph_is_written_once_and_its_top_level_is_the_articles(events):
    read, _ = events
    assert not read["test"].Tags()["graph"]
    graph = GraphDef.FromString(read["train"].Graph().SerializeToString())
    top = list(dict.fromkeys(node.name.split("/")[0] for node in graph.node))
    assert top == ["images", "labels", *SCOPES, "loss", "accuracy", "train"]


@pytest.mark.parametrize("recipe", [ARTICLE, MODERN], ids=["article", "modern"])
def test_each_scope_takes_what_the_one_before_it_gives(recipe):
    graph = scoped_graph(pet_net(image_size=16, recipe=recipe)).as_graph_def()
    joined = {}
    for node in graph.node:
        scope = node.name.split("/")[0]
        sources = {name.split("/")[0].split(":")[0].lstrip("^") for name in node.input}
        joined.setdefault(scope, set()).update(sources - {scope})
    for before, after in zip(["images", *SCOPES], SCOPES, strict=False):
        assert joined[after] == {before}
    assert joined["loss"] == joined["accuracy"] == {"labels", "softmax"}


def test_the_scopes_hold_the_operations_of_the_article():
    graph = scoped_graph(pet_net(image_size=16))
    kinds = {}
    for operation in graph.get_operations():
        kinds.setdefault(operation.name.split("/")[0], set()).add(operation.type)
    assert {"Conv2D", "BiasAdd", "Relu"} <= kinds["conv1_1"]
    assert "MaxPool" in kinds["pool1"]
    assert "StatelessRandomUniformV2" in kinds["drop1"]
    assert {"MatMul", "BiasAdd", "Relu"} <= kinds["fc1"]
    assert "SoftmaxCrossEntropyWithLogits" in kinds["loss"]


def test_a_large_kernel_is_sampled_evenly_and_a_small_one_whole():
    model = pet_net(image_size=32)  # fc1 has 4096 * 512 weights
    values = dict(sampled_kernels(model))
    assert set(values) == KERNELS
    small = model.get_layer("conv1_1").kernel.numpy()
    np.testing.assert_array_equal(values["conv1_1"], small.ravel())
    large = model.get_layer("fc1").kernel.numpy()
    assert MAX_SAMPLES / 2 < len(values["fc1"]) <= MAX_SAMPLES
    np.testing.assert_allclose(np.std(values["fc1"]), large.std(), rtol=0.02)


def test_entries_up_to_the_first_damaged_one_are_kept(tmp_path):
    folder = tmp_path / "tensorboard" / "train"
    folder.mkdir(parents=True)
    file = folder / "events.out.tfevents.1"
    with tf.io.TFRecordWriter(str(file)) as written:
        for step in (1, 2):
            written.write(event_pb2.Event(step=step).SerializeToString())
        written.write(b"\xff\xff\xff")  # a whole record, but no entry
    drop_entries_after(tmp_path, 5)
    entries = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    assert [event_pb2.Event.FromString(entry).step for entry in entries] == [1, 2]
