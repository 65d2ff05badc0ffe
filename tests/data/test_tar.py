"""Tar archives of every format are read as Python's own tarfile reads them."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petkeras.data.tar import read_tar

FORMATS = {"V7 and POSIX": tarfile.USTAR_FORMAT, "GNU": tarfile.GNU_FORMAT,
           "PAX": tarfile.PAX_FORMAT}  # fmt: skip
LETTERS = st.characters(codec="utf-8", exclude_characters="/\0\n")
FILES = st.dictionaries(st.text(LETTERS, min_size=1, max_size=80), st.binary(max_size=1100))


def archive(files, kind, **attributes):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=kind) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for attribute, value in attributes.items():
                setattr(entry, attribute, value)
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


@given(FILES, st.sampled_from(["GNU", "PAX"]))
def test_what_tarfile_writes_is_read(files, kind):
    data = archive(files, FORMATS[kind])
    assert dict(read_tar(io.BytesIO(data))) == files


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "name", ["a", "images/" + "n" * 90, "p" * 120 + "/" + "n" * 90, "./images//a.jpg"]
)
def test_long_names_and_those_with_a_prefix_are_read(kind, name):
    data = archive({name: b"x", "next": b"y"}, FORMATS[kind])
    assert list(read_tar(io.BytesIO(data))) == [(name, b"x"), ("next", b"y")]


def test_times_and_owners_that_need_records_do_not_matter():
    data = archive({"a": b"x"}, tarfile.PAX_FORMAT, mtime=1.5, uname="ñ" * 50)
    assert dict(read_tar(io.BytesIO(data))) == {"a": b"x"}


def test_folders_are_passed_over():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind in (("images", b"5"), ("old/", b"\0"), ("f" * 150, b"5"), ("a", b"0")):
            entry = tarfile.TarInfo(name)
            entry.type = kind
            tar.addfile(entry, io.BytesIO())
    assert list(read_tar(io.BytesIO(data.getvalue()))) == [("a", b"")]


@given(FILES, st.binary(min_size=1, max_size=200), st.integers(0, 5000))
def test_damage_anywhere_gives_files_or_one_error(files, noise, place):
    data = archive(files, tarfile.GNU_FORMAT)
    place %= len(data)
    damaged = data[:place] + noise + data[place + len(noise) :]
    read, message = [], ""
    try:
        read += read_tar(io.BytesIO(damaged))
    except (ValueError, EOFError) as error:
        message = str(error)
    assert message.isprintable()
    assert sum(len(content) for _, content in read) <= len(damaged)


@given(FILES, st.integers(0, 10**6))
def test_an_archive_cut_short_is_never_taken_for_whole(files, place):
    data = archive(files, tarfile.GNU_FORMAT)
    end = len(data.rstrip(b"\0"))
    with pytest.raises(EOFError, match="its end is missing"):
        list(read_tar(io.BytesIO(data[: place % (end or 1)])))
