"""Who is timed: each trains the same network for as many steps as were asked for."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from petkeras.bench import builtin, contenders, worker
from petkeras.bench.builtin import WARM_UP, Steps, Waited
from petkeras.bench.contenders import Task
from petkeras.hardware import devices
from petkeras.models import pet_net

TASK = Task(steps=2, batch_size=2, image_size=16)
HERE = [name for name in worker.CONTENDERS if "compiled" not in name and name != worker.JAX]


@pytest.mark.parametrize("name", HERE)
def test_a_contender_tells_the_end_of_each_step(name, monkeypatch):
    monkeypatch.setattr(devices, "_xla", False)  # one of them switches it on; put back
    if name.startswith("PyTorch") and not importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is not installed")
    function, arguments, _ = worker.CONTENDERS[name]
    steps = getattr(contenders, function)(TASK, **arguments)
    # What is logged has whole times 50 steps: ten entries in TensorBoard, one frame of the film.
    assert len(steps.ends) == WARM_UP + (50 if name.endswith("logged") else 2)
    assert (np.diff(steps.ends) > 0).all()
    assert len(steps.waits) in (0, len(steps.ends))
    assert bool(steps.waits) == name.startswith("petkeras")
    assert devices.uses_xla() == name.endswith("XLA")


def test_on_jax_the_pictures_are_the_same():
    asked = {"steps": 2, "batch_size": 2, "image_size": 16, "device": "cpu"}
    theirs = list(builtin.numpy_batches(asked))
    data = TASK.data()
    images = np.concatenate([images for images, _ in theirs])
    np.testing.assert_allclose(images, data.train.images - data.mean, atol=1e-4)
    np.testing.assert_array_equal(np.concatenate([y for _, y in theirs]), data.train.labels)
    assert len(theirs) == WARM_UP + 2


def test_what_runs_on_jax_needs_nothing_of_petkeras():
    backend = "jax" if importlib.util.find_spec("jax") else "tensorflow"
    asked = json.dumps({"steps": 2, "batch_size": 2, "image_size": 8})
    program = (
        "import runpy, sys\n"
        "sys.modules['petkeras'] = None  # to import it would fail\n"
        f"sys.argv = ['builtin.py', {asked!r}]\n"
        f"runpy.run_path({builtin.__file__!r}, run_name='__main__')"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    out = subprocess.check_output([sys.executable, "-P", "-c", program], env=environment)
    figures = json.loads(out.splitlines()[-1])
    assert figures["seconds"] > 0
    assert figures["first_step"] > 1e9


def test_a_wait_is_counted_and_a_batch_goes_through_as_it_is(monkeypatch):
    clock = iter([0.0, 2.0, 10.0, 13.0, 20.0])
    batches = tf.data.Dataset.from_tensor_slices([7, 8])
    steps = Steps()
    waited = Waited(batches, steps)
    assert waited.element_spec == batches.element_spec
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert [int(batch) for batch in waited] == [7, 8]
    assert steps.waits == [2.0, 3.0]


def test_the_warm_up_is_not_counted():
    slow = [100.0 * step for step in range(1, WARM_UP + 1)]
    ends = [*slow, slow[-1] + 2, slow[-1] + 6]
    steps = Steps(ends, waits=[90.0] * WARM_UP + [0.5, 1.0])
    figures = steps.figures()
    assert (figures["seconds"], figures["waiting"]) == (3.0, 0.25)
    assert figures["memory"] > 50e6  # Python with TensorFlow
    assert Steps(ends=steps.ends).figures()["waiting"] is None


def test_kerass_network_is_petkerass():
    theirs = contenders.keras_net(16, "float32")
    ours = pet_net(image_size=16)
    assert [w.shape for w in theirs.weights if w.dtype == "float32"] == [
        w.shape for w in ours.weights if w.dtype == "float32"
    ]
    for one, other in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        other.assign(one)
    x = TASK.data().test.images.astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-3)


def test_an_epoch_is_as_long_as_the_steps():
    assert [len(batch[0]) for batch in TASK.batches()] == [2] * (WARM_UP + 2)
