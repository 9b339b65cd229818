"""The plain scalars of small stretches: one after another, without parsing what was parsed before."""

from __future__ import annotations

import struct
from collections import defaultdict
from functools import cache

import google_crc32c

from runwatch.readers.tensorboard import _cycles as cycles
from runwatch.readers.tensorboard._event import STEP_KEY, SUMMARY_KEY, WALL_KEY, TfEvent
from runwatch.readers.tensorboard._record import FRAME, HEADER, SHORT, masked_crc

_SIMPLE_VALUE = b"\x15"
_SHORTEST = 21
_MOST_KNOWN = 10_000
_SHARED: dict[bytes, str] = {}
"""What is known of all files: a simple value is a scalar whatever its file says of the tag."""

_WORTHWHILE, _FEW_ROUNDS, _LONGEST_ROUND = 4096, 8, 64
"""Bytes from which on a look for rounds pays; rounds that do not; records in a round."""

_LEAST_WAIT, _MOST_WAIT = 1024, 65536
"""After a look in vain so many bytes are read one record at a time: more after each one."""

Scalar = tuple[int, int, float, float]
"""The record's offset, step, wall time, value."""

Scalars = defaultdict[str, list[Scalar]]
Columns = defaultdict[str, list[cycles.ScalarColumn]]


@cache
def _headers() -> tuple[bytes, ...]:
    """The 12 header bytes of each record size below ``SHORT``."""
    sizes = (size.to_bytes(8, "little") for size in range(SHORT))
    return tuple(size + masked_crc(size).to_bytes(4, "little") for size in sizes)


@cache
def _shapes() -> tuple[struct.Struct, ...]:
    """By size: the key of the wall time and this, the next two bytes, what is between, value and CRC."""
    return tuple(struct.Struct(f"<BdBB{max(size - 15, 0)}sfI") for size in range(SHORT))


class Quick:
    """Remembers the bytes between step and value of scalar events, by which their tag is known again."""

    __slots__ = ("_look_at", "_tags", "_wait")

    def __init__(self) -> None:
        self._tags: dict[bytes, str] = {}
        self._look_at, self._wait = 0, _LEAST_WAIT

    def read(self, data: bytes, at: int, scalars: Scalars, columns: Columns) -> int:
        """Add the scalars of known kinds from ``at`` on to ``scalars``, those of many rounds to ``columns``;
        where the first record lies that is something else, damaged or torn."""
        while len(data) - at >= _WORTHWHILE:
            if at >= self._look_at:
                at = self._read_rounds(data, at, columns)
                if at >= self._look_at:
                    continue
            stop = self._read_each(data, at, min(self._look_at, len(data)), scalars)
            if stop < self._look_at:
                return stop
            at = stop
        return self._read_each(data, at, len(data), scalars)

    def _read_rounds(self, data: bytes, at: int, columns: Columns) -> int:
        """Read the rounds that begin at ``at``, if there are many; else look again only later."""
        rounds, tags = self._rounds(data, at)
        count, scalar_columns = cycles.read(data, at, rounds, tags) if tags else (0, [])
        width = sum(rounds.sizes) + FRAME * len(tags)
        if count < _FEW_ROUNDS:
            self._look_at, self._wait = at + self._wait, min(2 * self._wait, _MOST_WAIT)
            return at
        self._look_at, self._wait = 0, _LEAST_WAIT
        for column in scalar_columns:
            columns[column.tag].append(column)
        return at + count * width

    def _rounds(self, data: bytes, at: int) -> tuple[cycles.Cycles, list[str]]:
        """The records from ``at`` on until the first kind comes again, and their tags; none where one is not
        known, or their steps are not of one size."""
        sizes: list[int] = []
        tags: list[str] = []
        first, step_size = b"", 0
        while at + FRAME + _SHORTEST <= len(data) and len(tags) < _LONGEST_ROUND:
            size, start = data[at], at + HEADER
            if size < _SHORTEST or start + size > len(data) or data[at:start] != _headers()[size]:
                break
            _, middle_at = _step(data, start + 9)
            middle = data[middle_at : start + size - 4] if middle_at >= 0 else b""
            tag = self._tags.get(middle) or _SHARED.get(middle)
            if middle == first and tags:
                return cycles.Cycles(tuple(sizes), step_size), tags
            own_size = middle_at - start - 10
            if tag is None or data[start] != WALL_KEY or own_size < 1 or (tags and own_size != step_size):
                break
            first, step_size = first or middle, own_size
            sizes.append(size)
            tags.append(tag)
            at = start + size + 4
        return cycles.Cycles((), 0), []

    def _read_each(self, data: bytes, at: int, until: int, scalars: Scalars) -> int:
        """Add the scalars of known kinds that begin before ``until``, one after another."""
        headers, shapes, tags, crc_of = _headers(), _shapes(), self._tags, google_crc32c.value
        last = len(data) - FRAME
        while at <= last and at < until:
            size = data[at]
            start = at + HEADER
            end = start + size
            if size < _SHORTEST or end - HEADER > last or data[at:start] != headers[size]:
                break
            key, wall, step_key, step, middle, value, stored = shapes[size].unpack_from(data, start)
            if step_key != STEP_KEY or step >= 0x80:
                step, middle_at = _step(data, start + 9)
                middle = data[middle_at : end - 4] if middle_at >= 0 else b""
            tag = tags.get(middle) or _SHARED.get(middle)
            crc = crc_of(data[start:end])
            if (
                tag is None
                or key != WALL_KEY
                or stored != ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
            ):
                break
            scalars[tag].append((at, step, wall, value))
            at = end + 4
        return at

    def learn(self, data: bytes, at: int, size: int, event: TfEvent) -> None:
        """Know events like this one again, if it is one scalar whose value comes last."""
        start, end = at + HEADER, at + HEADER + size
        if len(event.values) != 1 or event.restart or event.wall_at != start + 1:
            return
        value = event.values[0]
        step, middle = _step(data, start + 9)
        last = value.kind == "scalar" and value.width == 4 and value.at == end - 4 and value.tag
        if last and middle >= 0 and step == event.step:
            between = data[middle : end - 4]
            known = _SHARED if between.endswith(_SIMPLE_VALUE) else self._tags
            if len(known) < _MOST_KNOWN:
                known[between] = value.tag


def _step(data: bytes, at: int) -> tuple[int, int]:
    """The step of up to three bytes at ``at`` and where the summary begins; (0, -1): anything else."""
    key = data[at]
    if key == SUMMARY_KEY:
        return 0, at
    if key != STEP_KEY:
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
    return (step, at) if data[at] == SUMMARY_KEY else (0, -1)
