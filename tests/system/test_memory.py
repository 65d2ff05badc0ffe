"""The free memory: the machine's, or what a container may still use."""

from pathlib import Path

import pytest

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
