"""The free memory: the machine's, or what a container may still use; what needs more."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.models import pet_net
from petkeras.system import memory


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, 4_096_000),
        ({"memory.max": "max", "memory.current": "7"}, 4_096_000),
        ({"memory.max": "900", "memory.current": "7"}, 893),
        ({"memory.limit_in_bytes": "900", "memory.usage_in_bytes": "1000"}, 0),
    ],
)
def test_a_containers_limit_counts(files, free, monkeypatch):
    files = {"meminfo": "MemAvailable:  4000 kB", **files}
    monkeypatch.setattr(memory, "read_text", lambda file: files.get(Path(file).name, ""))
    assert memory.free_memory() == free


def test_what_needs_more_memory_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2_000_000_000)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    memory.check_memory(2_000_000_000, "Training")
    with pytest.raises(
        PetkerasError, match=r"Training needs 2\.5 GB .* only 2\.0 GB are free"
    ) as raised:
        memory.check_memory(2_500_000_000, "Training")
    assert "`image_size`" in str(raised.value)
    assert "411 MB" in str(raised.value)
    with pytest.raises(PetkerasError, match=r"layer fc1 needs 8\.2 GB"):
        pet_net(image_size=1000)
    monkeypatch.setattr(memory, "free_memory", lambda: None)  # not known
    memory.check_memory(10**15, "Training")


@pytest.mark.parametrize(("cores", "single"), [(2, True), (4, True), (5, False), (None, True)])
def test_with_few_cores_one_operation_runs_at_a_time(monkeypatch, cores, single):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert memory.training_environment() == ({"TF_NUM_INTEROP_THREADS": "1"} if single else {})
