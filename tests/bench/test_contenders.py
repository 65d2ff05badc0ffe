"""Who is timed: each trains the same network for as many steps as were asked for."""

import importlib.util

import numpy as np
import pytest

from petkeras.bench import contenders, worker
from petkeras.bench.contenders import Task
from petkeras.models import pet_net

TASK = Task(steps=5, batch_size=2, image_size=16)


@pytest.mark.parametrize("name", [name for name in worker.CONTENDERS if "compiled" not in name])
def test_a_contender_tells_the_end_of_each_step(name):
    if name.startswith("PyTorch") and not importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is not installed")
    function, arguments = worker.CONTENDERS[name]
    stamps = getattr(contenders, function)(TASK, **arguments)
    assert len(stamps) == TASK.steps
    assert (np.diff(stamps) > 0).all()


def test_kerass_network_is_petkerass():
    theirs = contenders.keras_net(TASK, "float32")
    ours = pet_net(image_size=16)
    assert [w.shape for w in theirs.weights if w.dtype == "float32"] == [
        w.shape for w in ours.weights if w.dtype == "float32"
    ]
    for one, other in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        other.assign(one)
    x = TASK.data().test.images.astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-3)


def test_an_epoch_is_as_long_as_the_steps():
    assert [len(labels) for _, labels in TASK.batches()] == [2] * 5
