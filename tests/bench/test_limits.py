"""The machine's limit: counted by hand for a small network."""

import pytest

from petkeras.bench.limits import images_per_second, least_step_seconds, measure
from petkeras.models import pet_net
from petkeras.visualize.costs import LayerCost, costs

SLOW_MEMORY = {"float32": 1e15, "bfloat16": 1e15, "bandwidth": 1e6}
SLOW_MULTIPLYING = {"float32": 1e6, "bfloat16": 2e6, "bandwidth": 1e15}
# A convolution of 3 x 3 x 3 x 8 weights at 4 x 4 positions, then a dense layer.
NET = [
    LayerCost("conv", (4, 4, 8), 224, 3456, 896, 512),
    LayerCost("flatten", (128,), 0, 0, 0, 512),
    LayerCost("dense", (10,), 1290, 1280, 5160, 40),
]


def test_multiply_adds_go_forward_and_back():
    # Forward and to the kernel's gradient; the second layer also to its input's.
    wanted = 5 * (2 * 3456 + 3 * 1280) / 1e6
    assert least_step_seconds(NET, 5, SLOW_MULTIPLYING) == pytest.approx(wanted)
    half = least_step_seconds(NET, 5, SLOW_MULTIPLYING, "bfloat16")
    assert half == pytest.approx(wanted / 2)


def test_bytes_are_moved():
    conv = 4 * (5 * (48 + 128) + 224)  # a batch of inputs and outputs, and the weights
    dense = 4 * (5 * (128 + 10) + 1290)
    adam = 7 * 4 * (224 + 1290)
    wanted = (2 * conv + 3 * dense + adam) / 1e6
    assert least_step_seconds(NET, 5, SLOW_MEMORY) == pytest.approx(wanted)
    halved = (conv + 1.5 * dense + adam) / 1e6  # Adam stays in float32
    assert least_step_seconds(NET, 5, SLOW_MEMORY, "bfloat16") == pytest.approx(halved)


def test_the_articles_network_takes_longer_the_larger_its_pictures_are():
    small, large = (
        least_step_seconds(costs(pet_net(image_size=size)), 10, SLOW_MULTIPLYING)
        for size in (16, 32)
    )
    assert large / small == pytest.approx(4, rel=0.01)


def test_this_machine_has_limits(monkeypatch):
    monkeypatch.setattr("petkeras.bench.limits.ROUNDS", 1)
    rates = measure()
    assert set(rates) == {"float32", "bfloat16", "bandwidth"}
    assert all(1e6 < rate < 1e15 for rate in rates.values())
    assert images_per_second(16, 2, batches=8) > 1
