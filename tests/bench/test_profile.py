"""The operations of a step, and the time that each takes."""

import pytest
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from petkeras.bench import profile
from petkeras.bench.steps import Task

TASK = {"steps": 2, "batch_size": 2, "image_size": 32}


@pytest.fixture(scope="module")
def measured():
    return profile.measure(Task(**TASK))


def test_the_gradients_of_the_kernels_are_among_them(measured):
    spent = list(measured["milliseconds"].values())
    of_kernels = [name for name in measured["milliseconds"] if "Conv2DBackpropFilter" in name]
    assert sum(measured["milliseconds"][name] for name in of_kernels) > 0  # or oneDNN's
    assert "ResourceApplyAdam" in measured["milliseconds"]
    assert spent == sorted(spent, reverse=True)
    assert 0 < sum(spent) < 10 * measured["step"]  # few run at the same time


def test_shares_add_up_to_one(measured, monkeypatch):
    monkeypatch.setattr(profile, "MAX_ROWS", 1000)
    (part,) = profile.report(measured, TASK).parts
    shares = [float(share.rstrip("%")) for _, share, _ in part.rows]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


def test_only_the_largest_are_listed(measured):
    report = profile.report(measured, TASK)
    assert len(report.parts[0].rows) == 15
    assert report.facts["milliseconds"] == measured["milliseconds"]


def test_only_operations_of_the_step_are_counted():
    space = xplane_pb2.XSpace()
    plane = space.planes.add()
    names = ("fc1/MatMul:MatMul", "Relu:_FusedConv2D", "KernelAndDeviceFunc::Run", "a: b", "step")
    for number, name in enumerate(names):
        plane.event_metadata[number].name = name
    threads = [plane.lines.add(), plane.lines.add(), plane.lines.add()]
    threads[2].name = "tf_data_private_threadpool/1"  # of the input pipeline: not counted
    for thread in threads:
        for number in range(len(names)):
            thread.events.add(metadata_id=number, duration_ps=(number + 1) * 10**9)
    assert profile.sum_operations(space) == {"MatMul": 2.0, "_FusedConv2D": 4.0}
