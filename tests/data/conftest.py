"""A folder to do harm in, with archives, and a look at whether harm was done outside of it."""

import tarfile

import pytest
from conftest import picture_bytes, published_archives, two_breeds

from petkeras.data.archives import NAMES


@pytest.fixture
def work(tmp_path):
    """Give a folder, and see that what stands beside it is the same after the test as before."""
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.jpg").write_bytes(picture_bytes(99, kind="PNG"))  # would be "converted"
    (tmp_path / "secret.png").write_bytes(picture_bytes(98, kind="PNG"))
    before = _files_in(tmp_path)
    yield tmp_path / "work"
    assert _files_in(tmp_path) == before


def _files_in(folder):
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


@pytest.fixture
def published(work):
    """Two good archives as files by name, to be made bad."""
    published_archives(work / "pets", two_breeds())
    files = {}
    for name in NAMES:
        with tarfile.open(work / "pets" / name) as archive:
            files[name] = {entry.name: archive.extractfile(entry).read() for entry in archive}
    return files
