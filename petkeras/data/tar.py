"""Read the files in a tar archive that may come from anywhere: nothing else, in bounded memory.

Python's own `tarfile` also makes links and devices, reads as much as a header claims, and in
versions that are still in use can be made to run for ever. What is needed of the format is this.
"""

from __future__ import annotations

import re

from petkeras.text import one_line

BLOCK = 512  # bytes: a header is one block, and what follows it fills whole blocks
MOST_IN_A_FILE = 2**26  # bytes; the largest picture of the dataset has a twentieth of it
MOST_IN_A_NAME = 2**16  # bytes of the blocks that hold a long name
MOST_IN_ALL = 2**32  # bytes; the dataset's pictures are a fifth of it
MOST_MEMBERS = 100_000  # the dataset's annotations are a fifth of it

FILES, FOLDER = (b"0", b"\0", b"7"), b"5"
LONG_NAME, RECORDS, RECORDS_OF_ALL = b"L", b"x", b"g"  # of GNU's tar; of POSIX's
OTHERS = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device",
          b"6": "a pipe"}  # fmt: skip


class Refused(ValueError):  # noqa: N818
    """Say what an archive holds that no archive of pictures does."""


def read_tar(stream):
    """Yield (name, bytes) of each file in an archive, in its order.

    Args:
        stream: a binary file, decompressed.

    Raises:
        EOFError: the archive is cut short.
        ValueError: it is no tar archive, or is damaged.
        Refused: it holds a link, a device, or more than the limits above.
    """
    left, long_name = MOST_IN_ALL, None
    for _ in range(MOST_MEMBERS):
        header = _read(stream, BLOCK)
        if not any(header):  # a block of zeros ends an archive
            if len(stream.read(MOST_IN_A_FILE + 1)) > MOST_IN_A_FILE:  # gzip's checksum is there
                raise Refused(f"it has more than {MOST_IN_A_FILE} bytes after its end")
            return
        name, size, kind = _parse(header)
        name = long_name or name
        left -= size
        if kind not in (*FILES, FOLDER, LONG_NAME, RECORDS, RECORDS_OF_ALL):
            what = OTHERS.get(kind, "neither a file nor a folder")
            raise Refused(f"'{one_line(name, 80)}' is {what}")
        if size > (MOST_IN_A_FILE if kind in FILES else MOST_IN_A_NAME):
            raise Refused(f"'{one_line(name, 80)}' claims to have {size} bytes")
        if left < 0:
            raise Refused(f"it holds more than {MOST_IN_ALL} bytes")
        if kind == FOLDER:
            long_name = None
            continue
        data = _read(stream, size)
        _read(stream, -size % BLOCK)
        if kind == LONG_NAME:
            long_name = _text(data)
        elif kind == RECORDS:
            path = re.search(rb"^\d{1,9} path=(.*)$", data, re.MULTILINE)
            long_name = _text(path[1]) if path else long_name
        elif kind in FILES:
            if not name.endswith("/"):  # so old archives write a folder
                yield name, data
            long_name = None
    raise Refused(f"it has more than {MOST_MEMBERS} members")


def _read(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("its end is missing")
    return data


def _parse(header):
    """Return a header's name, size and kind, once its checksum is found to be right."""
    total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    if total != _number(header[148:156]):
        raise ValueError("not a tar archive, or damaged")
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345]:  # POSIX: the folder is elsewhere
        name = f"{_text(header[345:500])}/{name}"
    return name, _number(header[124:136]), header[156:157]


def _number(field):
    """Read an octal number; one of more than 8 GiB is binary, with the first bit set."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]*", digits):
        raise ValueError("not a tar archive, or damaged")
    return int(digits or b"0", 8)


def _text(field):
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
