"""Read the regular files of an untrusted tar archive in bounded memory and time.

Written out because `tarfile` is not safe here: for a GNU.sparse.size record it reads as many
gigabytes as the record claims, and Python before 3.11.10 and 3.12.6 takes hours over pax headers
of many digits.
"""

from __future__ import annotations

import re

from petkeras.text import one_line

BLOCK = 512  # bytes: a header is one block, and the data after it fills whole blocks
MAX_FILE_BYTES = 2**26  # the largest picture of the dataset has a twentieth of it
MAX_NAME_BYTES = 2**16  # of the blocks that hold a long name
MAX_TOTAL_BYTES = 2**32  # the pictures of the dataset have a fifth of it
MAX_MEMBERS = 100_000  # the annotations of the dataset have a fifth of it

FILES, FOLDER = (b"0", b"\0", b"7"), b"5"
LONG_NAME, PAX, GLOBAL_PAX = b"L", b"x", b"g"  # the first is GNU tar's, the others are POSIX's
REFUSED = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device",
           b"6": "a pipe"}  # fmt: skip


class RefusedError(ValueError):
    """Describe content that no archive of pictures has."""


def read_tar(stream):
    """Yield (name, bytes) of each file in an archive, in order.

    Args:
        stream: a binary file, decompressed.

    Raises:
        EOFError: the archive is truncated.
        ValueError: it is not a tar archive, or is damaged.
        RefusedError: it holds a link, a device, or more than the limits above.
    """
    total, long_name = 0, None
    for _ in range(MAX_MEMBERS):
        header = _read(stream, BLOCK)
        if not any(header):  # a block of zeros ends an archive
            if len(stream.read(MAX_FILE_BYTES + 1)) > MAX_FILE_BYTES:  # to gzip's checksum
                raise RefusedError(f"it has more than {MAX_FILE_BYTES} bytes after its end")
            return
        name, size, kind = _parse(header)
        name = long_name or name
        shown = f"'{one_line(name, 80)}'"
        total += size
        if kind not in (*FILES, FOLDER, LONG_NAME, PAX, GLOBAL_PAX):
            raise RefusedError(f"{shown} is {REFUSED.get(kind, 'neither a file nor a folder')}")
        if size > (MAX_FILE_BYTES if kind in FILES else MAX_NAME_BYTES):
            raise RefusedError(f"{shown} claims to have {size} bytes")
        if total > MAX_TOTAL_BYTES:
            raise RefusedError(f"it holds more than {MAX_TOTAL_BYTES} bytes")
        if kind == FOLDER:
            long_name = None
            continue
        data = _read(stream, size)
        _read(stream, -size % BLOCK)
        if kind == LONG_NAME:
            long_name = _text(data)
        elif kind == PAX:
            path = re.search(rb"^\d{1,9} path=(.*)$", data, re.MULTILINE)
            long_name = _text(path[1]) if path else long_name
        elif kind in FILES:
            if not name.endswith("/"):  # a folder in old archives
                yield name, data
            long_name = None
    raise RefusedError(f"it has more than {MAX_MEMBERS} members")


def _read(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("its end is missing")
    return data


def _parse(header):
    """Return the name, size and kind in a header, after verifying its checksum."""
    total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    if total != _number(header[148:156]):
        raise ValueError("not a tar archive, or damaged")
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345]:  # POSIX: the folder has its own field
        name = f"{_text(header[345:500])}/{name}"
    return name, _number(header[124:136]), header[156:157]


def _number(field):
    """Return an octal number, or a binary one if the first bit is set (above 8 GiB)."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]*", digits):
        raise ValueError("not a tar archive, or damaged")
    return int(digits or b"0", 8)


def _text(field):
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
