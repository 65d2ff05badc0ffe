"""Several devices, several processes: the losses of one, and a clear end."""

import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import petkeras as pk
from petkeras.data.pipeline import shared_batches
from petkeras.errors import PetkerasError
from petkeras.hardware import strategies
from petkeras.hardware.strategies import (
    check_scope,
    is_chief,
    make_strategy,
    prefetch_to,
    read_cluster,
)

# Trains a small network with dropout and augmentation; prints a loss a step. TensorFlow takes its
# devices when it starts, so each way of training needs a process of its own.
PROGRAM = """
import contextlib, dataclasses, json, sys, time
import petkeras as pk
from petkeras.hardware.strategies import make_strategy
import keras
from petkeras.runs.folder import is_run
kind, devices, run_dir, pause = json.loads(sys.argv[1])
strategy = make_strategy(kind, devices) if kind else None
sys.path.insert(0, {tests!r})
from conftest import halves_data
class Pause(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(pause)
recipe = dataclasses.replace(
    pk.MODERN, epochs=4, warmup=0, learning_rate=1e-4, stop_loss=0.0, checkpoint_every=3
)
data = halves_data(43)  # batches of 10, and one of 3
with strategy.scope() if strategy else contextlib.nullcontext():
    model = pk.pet_net(image_size=16, recipe=recipe, seed=1)
model.get_layer("drop1").noise_shape = (None, 1, 1, None)
kernel = model.get_layer("conv1_2").kernel
kernel.regularizer, kernel.constraint = keras.regularizers.L2(1.0), keras.constraints.NonNeg()
resume = bool(run_dir) and is_run(run_dir)
try:
    history = pk.train(
        model, data, recipe, run_dir, seed=3, resume=resume, verbose=False, strategy=strategy,
        callbacks=[Pause()],
    )
except pk.PetkerasError as error:
    sys.exit("petkeras: " + str(error))
print(json.dumps(history.step_losses))
"""
TESTS = os.path.dirname(os.path.dirname(__file__))


def start(kind=None, devices=None, run_dir=None, pause=0.0, **environment):
    """Start the program in a process of its own."""
    command = [sys.executable, "-c", PROGRAM.format(tests=TESTS)]
    command.append(json.dumps([kind, devices, run_dir, pause]))
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def start_two(run_dir, pause=0.0):
    """Start two workers on this machine."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    workers = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return [
        start("multiworker", None, run_dir, pause, TF_CONFIG=tf_config(workers, index))
        for index in range(2)
    ]


def tf_config(workers, index):
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})


def losses(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def alone():
    return losses(start())


@pytest.mark.parametrize("devices", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_several_devices_have_the_losses_of_one(alone, devices):
    together = losses(start("mirrored", devices))
    assert len(together) == 20
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_two_processes_have_the_losses_of_one_even_if_one_dies_and_all_go_on(alone, tmp_path):
    run_dir = tmp_path / "run"
    chief, other = start_two(str(run_dir), pause=0.3)
    while not (run_dir / "checkpoints" / "step_0000003").exists():
        assert chief.poll() is None, chief.communicate()
        time.sleep(0.05)
    other.kill()
    _, said = chief.communicate(timeout=120)
    assert chief.returncode == 1
    assert said.splitlines()[-1].startswith("petkeras: Another process of the cluster has died")
    other.communicate()

    steps = [int(place.name[5:]) for place in (run_dir / "checkpoints").glob("step_*")]
    both = [losses(process) for process in start_two(str(run_dir))]
    assert both[0] == both[1]  # a loss is that of the whole batch, in each process
    assert len(both[0]) == 20 - max(steps)
    np.testing.assert_allclose(both[0], alone[max(steps) :], rtol=0, atol=1e-5)
    assert (run_dir / "model.keras").exists()
    assert len(pk.Run(run_dir).history.epochs) == 4


def test_a_model_from_outside_the_strategy_is_refused(small_data):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with pytest.raises(PetkerasError, match="made outside the strategy"):
        pk.train(pk.pet_net(image_size=16), small_data, pk.MODERN, strategy=strategy)
    with strategy.scope():
        check_scope(strategy, pk.pet_net(image_size=16))


def test_xla_is_for_one_device(monkeypatch):
    monkeypatch.setattr(strategies.devices, "_xla", True)
    several = tf.distribute.MirroredStrategy(["CPU:0"])
    with several.scope():
        model = pk.pet_net(image_size=16)
    check_scope(several, model)
    monkeypatch.setattr(type(several), "num_replicas_in_sync", 2)
    with pytest.raises(PetkerasError, match=r"`devices.use_xla\(\)` is for one device"):
        check_scope(several, model)


def test_batches_that_wait_on_the_device_are_the_same(small_data):
    batches = shared_batches(small_data.train, small_data.mean, pk.MODERN)
    ahead = prefetch_to("CPU:0", batches)
    assert ahead.element_spec == batches.element_spec
    for one, other in zip(batches.take(7), ahead, strict=False):
        for theirs, ours in zip(one, other, strict=True):
            np.testing.assert_array_equal(theirs, ours)


def test_one_process_is_the_one_that_writes():
    assert is_chief(None)
    assert is_chief(tf.distribute.get_strategy())


WORKERS = ["one:12355", "two:12355"]


def test_the_cluster_is_read_from_tf_config():
    cluster, task = read_cluster({"TF_CONFIG": tf_config(WORKERS, 1)})
    assert (cluster, task) == ({"worker": WORKERS}, {"type": "worker", "index": 1})


@pytest.mark.parametrize(
    ("nodes", "counts", "process", "wanted", "index"),
    [
        ("n[1-2]", "1(x2)", "1", ["n1:12355", "n2:12355"], 1),
        ("g[08,11]", "2(x2)", "3", [f"g{n}:{p}" for n in ("08", "11") for p in (12355, 12356)], 3),
        ("a,b", "2,1", "0", ["a:12355", "a:12356", "b:12355"], 0),
    ],
)  # fmt: skip
def test_the_cluster_is_read_from_slurm(nodes, counts, process, wanted, index):
    slurm = {"SLURM_STEP_NODELIST": nodes, "SLURM_STEP_TASKS_PER_NODE": counts}
    cluster, task = read_cluster({**slurm, "SLURM_PROCID": process})
    assert (cluster["worker"], task["index"]) == (wanted, index)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "finds no other machines"),
        ({"TF_CONFIG": "{"}, "TF_CONFIG is not valid"),
        ({"TF_CONFIG": "[]"}, "TF_CONFIG is not valid"),
        ({"TF_CONFIG": tf_config(WORKERS, 2)}, "TF_CONFIG is not valid"),
        ({"TF_CONFIG": tf_config(["one", "two"], 0)}, "addresses such as one:12355"),
        ({"TF_CONFIG": tf_config(WORKERS, 0).replace("worker", "ps")}, "under 'worker'"),
        ({"SLURM_STEP_NODELIST": "n[1-2]"}, "Slurm's variables do not describe"),
    ],
)
def test_no_cluster_is_a_clear_line(environment, said):
    with pytest.raises(PetkerasError, match=said) as raised:
        read_cluster(environment)
    assert "\n" not in str(raised.value)


def test_what_a_strategy_cannot_be_is_a_clear_line(monkeypatch):
    with pytest.raises(PetkerasError, match="mirrored or multiworker"):
        make_strategy("parameter_server")
    with pytest.raises(PetkerasError, match="a worker uses all devices it has"):
        make_strategy("multiworker", 2)
    tf.constant(0)  # TensorFlow has started
    with pytest.raises(PetkerasError, match="before anything else uses TensorFlow"):
        make_strategy("mirrored", 8)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one GPU"])
    with pytest.raises(PetkerasError, match="Requested 2 GPUs, but only 1 are available"):
        make_strategy("mirrored", 2)
