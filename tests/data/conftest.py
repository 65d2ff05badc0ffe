"""A folder for hostile input, with archives, and a check that nothing outside it changes."""

import tarfile

import pytest
from conftest import picture_bytes, published_archives, two_breeds

from petkeras.data.archives import ARCHIVE_NAMES


@pytest.fixture
def work(tmp_path):
    """Return a folder, and check after the test that its neighbors are unchanged."""
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
    """Return the files of two good archives by name, to be damaged."""
    published_archives(work / "pets", two_breeds())
    files = {}
    for name in ARCHIVE_NAMES:
        with tarfile.open(work / "pets" / name) as archive:
            files[name] = {entry.name: archive.extractfile(entry).read() for entry in archive}
    return files
