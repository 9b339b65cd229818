"""The plain scalars of small stretches: one at a time, without parsing what was parsed before."""

from __future__ import annotations

import struct
from functools import cache

from google_crc32c import value as _crc32c

from runwatch.readers.tensorboard._event import Event
from runwatch.readers.tensorboard._record import HEADER, SHORT, masked_crc

_WALL_KEY, _STEP_KEY, _SUMMARY_KEY, _SIMPLE_KEY = 0x09, 0x10, 0x2A, 0x15
_WALL = struct.Struct("<d").unpack_from
_VALUE_AND_CRC = struct.Struct("<fI").unpack_from
_MOST_KNOWN = 10_000

_PLAIN: dict[bytes, str] = {}
"""Tags of ``simple_value`` events: those say in themselves what they are, so what one file told holds for
all. The tags of tensors depend on what their file said before."""

Scalar = tuple[str, int, int, float, float]
"""Tag, the record's offset, step, wall time, value."""


@cache
def short_headers() -> tuple[bytes, ...]:
    """The 12 header bytes of each record size below ``SHORT``."""
    sizes = (size.to_bytes(8, "little") for size in range(SHORT))
    return tuple(size + masked_crc(size).to_bytes(4, "little") for size in sizes)


class Quick:
    """Remembers the bytes between step and value of scalar events, by which their tag is known again."""

    __slots__ = ("_tags",)

    def __init__(self) -> None:
        self._tags: dict[bytes, str] = {}

    def sound_scalar(self, data: bytes, at: int, size: int) -> Scalar | None:
        """The record at ``at``, whose header was checked, if it is a scalar event of a known kind and its CRC
        fits."""
        start = at + HEADER
        if size < 21 or data[start] != _WALL_KEY:
            return None
        if data[start + 9] == _STEP_KEY and data[start + 10] < 0x80:
            step, middle = data[start + 10], start + 11
        else:
            step, middle = _step(data, start + 9)
            if middle < 0:
                return None
        end = start + size
        between = data[middle : end - 4]
        tag = _PLAIN.get(between) or self._tags.get(between)
        if tag is None:
            return None
        value, found = _VALUE_AND_CRC(data, end - 4)
        crc = _crc32c(data[start:end])
        if found != ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF:
            return None
        return tag, at, step, _WALL(data, start + 1)[0], value

    def learn(self, data: bytes, at: int, size: int, event: Event) -> None:
        """Know events like this one again, if it is one scalar whose value comes last."""
        start, end = at + HEADER, at + HEADER + size
        if len(event.values) != 1 or event.restart or event.wall_at != start + 1:
            return
        value = event.values[0]
        step, middle = _step(data, start + 9)
        last = value.kind == "scalar" and value.width == 4 and value.at == end - 4
        if last and middle >= 0 and step == event.step:
            known = _PLAIN if data[end - 5] == _SIMPLE_KEY else self._tags
            if len(known) < _MOST_KNOWN:
                known[data[middle : end - 4]] = value.tag


def _step(data: bytes, at: int) -> tuple[int, int]:
    """The step of up to three bytes at ``at`` and where the summary begins; (0, -1): anything else."""
    key = data[at]
    if key == _SUMMARY_KEY:
        return 0, at
    if key != _STEP_KEY:
        return 0, -1
    step = data[at + 1]
    at += 2
    if step >= 0x80:
        step = step & 0x7F | data[at] << 7
        at += 1
        if step >= 1 << 14:
            step = step & 0x3FFF | data[at] << 14
            at += 1
            if step >= 1 << 21:
                return 0, -1
    return (step, at) if data[at] == _SUMMARY_KEY else (0, -1)
