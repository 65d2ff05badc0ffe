"""The contenders: each trains the same network for the requested number of steps."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from petkeras.bench import contenders, profile, tables, worker
from petkeras.bench.builtin import InputTimer, StepTimer
from petkeras.bench.steps import WARM_UP, Task, numpy_batches
from petkeras.hardware import devices
from petkeras.models import pet_net

TASK = Task(steps=2, batch_size=2, image_size=16)
HERE = [name for name in worker.CONTENDERS if "compiled" not in name and name != worker.JAX]


# Each way of training in each precision; these combine ways that the others go, too.
COMBINED = (
    "petkeras bfloat16, XLA",
    "petkeras bfloat16, logged",
    "Keras fit float32, same settings",
)
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name in COMBINED)) for name in HERE]


@pytest.mark.parametrize("name", NAMES)
def test_a_contender_times_each_step(name, monkeypatch):
    monkeypatch.setattr(devices, "_xla", False)  # some switch it on; restored after the test
    task = {"steps": 2, "batch_size": 2, "image_size": 16}
    if name.startswith("PyTorch"):
        if not importlib.util.find_spec("torch"):
            pytest.skip("PyTorch is not installed")
        # In a process of its own: TensorFlow, which is loaded here, can crash PyTorch's compiler.
        program = (
            "import json, sys; from petkeras.bench import worker; "
            f"clock = worker.train({name!r}, {task}); "
            "print(json.dumps([clock.begins, clock.ends, list(sys.modules)]))"
        )
        out = subprocess.check_output([sys.executable, "-c", program])
        begins, ends, modules = json.loads(out.splitlines()[-1])
        assert "torch" in modules
        assert not {"tensorflow", "keras"} & set(modules)
    else:
        timer = worker.train(name, task)
        begins, ends = timer.begins, timer.ends
    # Logged contenders have a multiple of 50 steps: 10 TensorBoard entries, a frame of the film.
    assert len(ends) == WARM_UP + (50 if name.endswith("logged") else 2)
    assert (np.diff(ends) > 0).all()
    assert len(begins) in (0, len(ends))
    assert bool(begins) == name.startswith("petkeras")
    assert devices.uses_xla() == name.endswith("XLA")


def test_each_contender_has_a_description():
    assert list(tables.DESCRIPTIONS) == list(worker.CONTENDERS)


def test_on_jax_the_images_are_the_same():
    theirs = list(numpy_batches(TASK))
    data = TASK.data()
    images = np.concatenate([images for images, _ in theirs])
    np.testing.assert_allclose(images, data.train.images - data.mean, atol=1e-4)
    np.testing.assert_array_equal(np.concatenate([y for _, y in theirs]), data.train.labels)
    assert len(theirs) == WARM_UP + 2


def test_keras_fit_runs_as_a_module_on_another_backend():
    backend = "jax" if importlib.util.find_spec("jax") else "tensorflow"
    asked = json.dumps({"steps": 2, "batch_size": 2, "image_size": 8})
    command = [sys.executable, "-m", "petkeras.bench.builtin", asked]
    out = subprocess.check_output(command, env={**os.environ, "KERAS_BACKEND": backend})
    figures = json.loads(out.splitlines()[-1])
    assert figures["seconds"] > 0
    assert figures["first_step"] > 1e9


def test_what_pytorch_and_jax_share_loads_no_tensorflow():
    program = (
        "import sys\n"
        "for module in ('tensorflow', 'keras'):\n"
        "    sys.modules[module] = None  # to import it would fail\n"
        "from petkeras.bench import worker\n"
        "from petkeras.bench.steps import StepClock, numpy_batches\n"
        "task = worker.Task(steps=2, batch_size=3, image_size=8)\n"
        "clock = StepClock()\n"
        "for step, (images, labels) in enumerate(numpy_batches(task)):\n"
        "    clock.on_train_batch_end(step)\n"
        "print(images.shape, labels.shape, len(clock.ends), clock.figures()['waiting'])\n"
    )
    out = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert out == f"(3, 8, 8, 3) (3, 2) {WARM_UP + 2} None\n"


def run_steps(timer, ends, begins=None):
    """Let a timer see steps that begin and end at these times."""
    with pytest.MonkeyPatch.context() as patch:
        for number, end in enumerate(ends):
            if begins:
                patch.setattr("time.perf_counter", lambda number=number: begins[number])
                timer.on_train_batch_begin(number)
            patch.setattr("time.perf_counter", lambda end=end: end)
            timer.on_train_batch_end(number)
    return timer


def test_the_warm_up_is_not_counted():
    slow = [100.0 * step for step in range(1, WARM_UP + 1)]
    ends = [*slow, slow[-1] + 2, slow[-1] + 6]
    begins = [*(end - 10 for end in slow), slow[-1] + 0.5, slow[-1] + 3]
    figures = run_steps(InputTimer(), ends, begins).figures()
    assert (figures["seconds"], figures["waiting"]) == (3.0, 0.25)  # of 6 s, 0.5 + 1 s
    assert figures["memory"] > 50e6  # Python with TensorFlow
    assert run_steps(StepTimer(), ends).figures()["waiting"] is None


def test_what_follows_the_last_step_is_not_counted():
    timer = run_steps(StepTimer(), range(WARM_UP + 2))
    before = timer.figures()
    assert before["seconds"] == 1.0
    _ = np.ones(50_000_000)  # more memory, as for a checkpoint
    assert timer.figures() == before


def test_a_profile_has_the_steps_after_the_warm_up(monkeypatch):
    calls = []
    for name in ("start", "stop"):
        monkeypatch.setattr(f"tensorflow.profiler.experimental.{name}", lambda *a: calls.append(a))
    profiler = profile.Profiler("folder", 2)
    begins = [10.0 * step for step in range(WARM_UP + 2)]
    run_steps(profiler, [begin + 3 for begin in begins[:-1]] + [begins[-1] + 6], begins)
    assert calls == [("folder",), ()]
    assert profiler.step_seconds() == 4.5  # not the 7 s between two steps


def test_kerass_network_is_petkerass():
    theirs = contenders.keras_net(16, "float32")
    ours = pet_net(image_size=16)
    assert [w.shape for w in theirs.weights if w.dtype == "float32"] == [
        w.shape for w in ours.weights if w.dtype == "float32"
    ]
    for our, their in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        their.assign(our)
    x = TASK.data().test.images.astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-3)


def test_an_epoch_is_as_long_as_the_steps():
    assert [len(batch[0]) for batch in TASK.batches()] == [2] * (WARM_UP + 2)
