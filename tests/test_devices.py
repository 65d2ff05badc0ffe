"""What is computed on, and in which precision."""

import pytest

from petkeras import devices
from petkeras.errors import PetkerasError


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
