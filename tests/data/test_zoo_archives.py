"""A zoo of bad archives: each gives one clear line, and none leaves its folder."""

import gzip
import os
import tarfile
from pathlib import Path

import pytest
from data.zoo import extracted, write_archives

from petkeras.data import tar
from petkeras.data.pets import load_pets
from petkeras.errors import PetkerasError


def member(name, **attributes):
    entry = tarfile.TarInfo(name)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    return entry


HOSTILE_MEMBERS = {
    "..": (member("images/../../../escaped.jpg"), "would lie outside of its folder"),
    "only ..": (member(".."), "would lie outside of its folder"),
    "absolute path": (member("/tmp/escaped.jpg"), "would lie outside of its folder"),
    "symbolic link": (
        member("images/a.jpg", type=tarfile.SYMTYPE, linkname="../../../secret.jpg"),
        "'images/a.jpg' is a symbolic link"),
    "symbolic link for a folder": (
        member("images", type=tarfile.SYMTYPE, linkname="/etc"), "'images' is a symbolic link"),
    "hard link": (
        member("images/a.jpg", type=tarfile.LNKTYPE, linkname="/etc/passwd"), "is a hard link"),
    "device": (member("images/a.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "a device"),
    "disk": (member("images/a.jpg", type=tarfile.BLKTYPE), "is a device"),
    "pipe": (member("images/a.jpg", type=tarfile.FIFOTYPE), "is a pipe"),
    "file with holes": (
        member("images/a.jpg", type=tarfile.GNUTYPE_SPARSE), "neither a file nor a folder"),
    "escape sequence in a name": (
        member("\x1b[2J\n", type=tarfile.SYMTYPE, linkname="x"), r"'\x1b[2J' is a symbolic"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE_MEMBERS)
def test_a_hostile_member_is_refused_in_one_line(work, published, kind):
    entry, message = HOSTILE_MEMBERS[kind]
    write_archives(work / "pets", published, [entry])
    with pytest.raises(PetkerasError) as raised:
        extracted(work)
    assert "images.tar.gz is refused: " in str(raised.value)
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert all(path.is_file() or path.is_dir() for path in (work / "out").rglob("*"))


def header(name, size, kind=b"0", field=None):
    """Return a tar header that claims a size, given as a number or as a raw field."""
    entry = tarfile.TarInfo(name)
    block = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = field or b"%011o\0" % size
    block[156:157] = kind
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


DIGITS = b"1" * 60_000  # Python's tarfile looks for a number's end from each of them
HOSTILE_BYTES = {
    "empty": (b"", "is damaged or truncated (its end is missing)"),
    "text": (b"<html>404</html>" * 99, "is damaged or truncated (not a tar archive, or damaged)"),
    "nothing in it": (bytes(10240), "images is in neither archive"),
    "no end": (header("images/a.jpg", 0), "is damaged or truncated (its end is missing)"),
    "cut short in a file": (header("images/a.jpg", 999) + bytes(600), "its end is missing"),
    "gzip cut short": (gzip.compress(bytes(10**6))[:100], "is damaged or truncated"),
    "gzip bomb after its end": (gzip.compress(bytes(10**8)), "more than 67108864 bytes after its"),
    "gzip of rubbish": (b"\x1f\x8b" + b"rubbish" * 99, "is damaged or truncated"),
    "gzip of a wrong checksum": (
        gzip.compress(header("images/a.jpg", 0) + bytes(1024))[:-8] + bytes(8),
        "is damaged or truncated (CRC check failed"),
    "gzip bomb": (
        gzip.compress(header("images/a.jpg", 2**26 + 1) + bytes(2**20)),
        "'images/a.jpg' claims to have 67108865 bytes"),
    "enormous size": (
        header("images/a.jpg", 0, field=b"\x80" + 11 * b"\xff"), "claims to have 3094850098"),
    "negative size": (
        header("images/a.jpg", 0, field=12 * b"\xff"), "claims to have 3094850098"),
    "signed size": (header("images/a.jpg", 0, field=b"-0000000001\0"), "not a tar archive"),
    "enormous name": (header("a", 2**30, b"L"), "'a' claims to have 1073741824 bytes"),
    "enormous records": (header("a", 2**30, b"x"), "'a' claims to have 1073741824 bytes"),
    "records that Python's tarfile is slow over": (
        200 * (header("a", 60_000, b"x") + DIGITS + bytes(-60_000 % 512)), "its end is missing"),
    "records upon records": (5000 * header("a", 0, b"x"), "its end is missing"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE_BYTES)
def test_a_bad_archive_is_one_line(work, published, kind):
    data, message = HOSTILE_BYTES[kind]
    (work / "pets" / "images.tar.gz").write_bytes(data)
    with pytest.raises(PetkerasError) as raised:
        extracted(work)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        ("MAX_TOTAL_BYTES", 3000, "it holds more than 3000 bytes"),
        ("MAX_MEMBERS", 5, "it has more than 5 members"),
    ],
)
def test_an_archive_has_limits_as_a_whole(work, published, monkeypatch, limit, most, message):
    monkeypatch.setattr(tar, limit, most)
    with pytest.raises(PetkerasError, match=message):
        extracted(work)


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to nowhere", "missing"])
def test_an_archive_that_is_no_file_is_never_waited_for(work, published, kind):
    file = work / "pets" / "annotations.tar.gz"
    file.unlink()
    if kind == "a pipe":
        os.mkfifo(file)
    elif kind == "a folder":
        file.mkdir()
    elif kind == "a link to nowhere":
        file.symlink_to("nowhere")
    with pytest.raises(PetkerasError, match=r"has no annotations\.tar\.gz"):
        load_pets(source=work / "pets", data_dir=work / "data")


def test_a_disk_full_while_unpacking_is_one_line(work, published, monkeypatch):
    def no_space(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(PetkerasError, match="the disk is full"):
        load_pets(source=work / "pets", data_dir=work / "data")
