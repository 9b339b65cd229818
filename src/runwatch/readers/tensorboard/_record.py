"""TFRecord framing: where records lie in a stretch of bytes, and their CRC-32Cs.

A record is ``uint64 length, uint32 masked CRC of the length, data, uint32 masked CRC of the data``, little
endian. Source: tensorflow/core/lib/io/record_writer.h."""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray

HEADER, FOOTER = 12, 4
FRAME = HEADER + FOOTER
SANE = 256 * 1024 * 1024
SHORT = 256
"""Records of fewer bytes than this have their length's CRC looked up in a table."""

_HEAD = struct.Struct("<QI").unpack_from
_CRC = struct.Struct("<I").unpack_from


class RecordHeader(NamedTuple):
    """``size`` of the record's data in bytes; ``sound``: its own CRC fits and the size is sane."""

    size: int
    sound: bool


def masked(crc: int) -> int:
    """A CRC as TFRecord stores it."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    crc: int = google_crc32c.value(data)
    return masked(crc)


def header(data: bytes, at: int) -> RecordHeader:
    """The header of the record at ``at``; ``data`` must hold its 12 bytes."""
    size, crc = _HEAD(data, at)
    return RecordHeader(size, crc == masked_crc(data[at : at + 8]) and size <= SANE)


def data_is_sound(data: bytes, at: int, size: int) -> bool:
    """Whether the CRC of the data of the record at ``at`` fits; ``data`` must hold the whole record."""
    end = at + HEADER + size
    crc: int = google_crc32c.value(data[at + HEADER : end])
    checksum: int = _CRC(data, end)[0]
    return checksum == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def short_length_crcs() -> NDArray[np.uint64]:
    """The masked CRC of each length below ``SHORT``, as stored."""
    return np.array([masked_crc(size.to_bytes(8, "little")) for size in range(SHORT)], dtype=np.uint64)


def stepped_over(data: bytes, at: int) -> bool:
    """Whether ``walk`` took the record at ``at`` for what it is: its header is sound and the size is that
    which the walk saw."""
    record = header(data, at)
    return record.sound and (record.size < SHORT or data[at + 1] != 0)


class RecordWalk(NamedTuple):
    """Records found one after another."""

    starts: list[int]
    """Where each begins."""
    next: int
    """Where the next would."""
    stop: str
    """Why the walk ended there ("": enough records)."""


def walk(data: bytes, at: int, most: int) -> RecordWalk:
    """At most ``most`` whole records from ``at`` on. The headers of those of ``SHORT`` bytes and more are
    checked here; the caller checks the others. ``stop``: "end" (no whole record is left), "length" (a
    header's CRC does not fit) or "" (``most`` reached)."""
    starts: list[int] = []
    add = starts.append
    last = len(data) - FRAME
    for _ in range(most):
        if at > last:
            break
        size = data[at]
        if data[at + 1]:
            record = header(data, at)
            if not record.sound:
                return RecordWalk(starts, at, "length")
            size = record.size
        add(at)
        at += size + FRAME
    else:
        return _trim(starts, at, len(data), "")
    return _trim(starts, at, len(data), "end")


def _trim(starts: list[int], at: int, end: int, stop: str) -> RecordWalk:
    if at > end:
        return RecordWalk(starts, starts.pop(), "end")
    return RecordWalk(starts, at, stop)
