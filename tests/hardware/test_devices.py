"""What is computed on, and in which precision."""

import pytest

from petkeras.errors import PetkerasError
from petkeras.hardware import devices


def pretend_gpu(monkeypatch, capability):
    monkeypatch.setattr(devices.tf.config, "list_physical_devices", lambda kind: ["GPU:0"])
    monkeypatch.setattr(
        devices.tf.config.experimental,
        "get_device_details",
        lambda gpu: {"device_name": "Big", "compute_capability": capability},
    )


@pytest.mark.parametrize(
    ("flags", "policy"),
    [("fma avx512_bf16", "mixed_bfloat16"), ("amx_bf16", "mixed_bfloat16"), ("avx2", "float32")],
)
def test_auto_takes_bfloat16_where_the_cpu_has_it(monkeypatch, flags, policy):
    monkeypatch.setattr(devices.tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(devices, "_cpu_info", lambda: f"model name : Chip\nflags : {flags}\n")
    assert devices.dtype_policy("auto") == policy
    assert devices.dtype_policy("float32") == "float32"
    assert devices.dtype_policy("bfloat16") == "mixed_bfloat16"
    assert devices.describe().endswith("cores, Chip)")


@pytest.mark.parametrize(
    ("capability", "policy"), [((9, 0), "mixed_bfloat16"), ((7, 5), "float32")]
)
def test_auto_takes_bfloat16_where_the_gpu_has_it(monkeypatch, capability, policy):
    pretend_gpu(monkeypatch, capability)
    assert devices.dtype_policy("auto") == policy
    assert devices.describe() == "the GPU (Big)"


def test_gpus_get_memory_as_they_need_it(monkeypatch):
    pretend_gpu(monkeypatch, (9, 0))
    grown = []
    monkeypatch.setattr(
        devices.tf.config.experimental, "set_memory_growth", lambda *gpu: grown.append(gpu)
    )
    devices.prepare_gpus()
    assert grown == [("GPU:0", True)]


def test_an_unknown_precision_is_named():
    with pytest.raises(PetkerasError, match=r"float32, bfloat16, auto\. Received: 'half'"):
        devices.dtype_policy("half")


def test_deterministic_is_remembered(monkeypatch):
    called = []
    monkeypatch.setattr(
        devices.tf.config.experimental, "enable_op_determinism", lambda: called.append(True)
    )
    monkeypatch.setattr(devices, "_deterministic", False)
    assert not devices.is_deterministic()
    devices.make_deterministic()
    assert devices.is_deterministic()
    assert called


@pytest.mark.parametrize(
    ("flags", "gpus", "slow"),
    [
        ("sse avx2 fma", [], True),
        ("sse avx2 fma avx512f", [], False),
        ("sse avx2 fma", ["a card"], False),
        ("neon", [], False),
    ],
)
def test_convolutions_are_slow_backward_without_avx_512(flags, gpus, slow, monkeypatch):
    monkeypatch.setattr(devices.tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(devices, "_cpu_info", lambda: f"model name : Chip\nflags : {flags}\n")
    assert devices.convolves_slowly_backward() is slow


def test_xla_is_remembered(monkeypatch):
    monkeypatch.setattr(devices, "_xla", False)
    assert not devices.uses_xla()
    devices.use_xla()
    assert devices.uses_xla()
