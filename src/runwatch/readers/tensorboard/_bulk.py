"""Many scalar events at once: vectorised parsing with both CRCs checked.

Scalar events of one writer differ in three places only: wall time, step and value. A *layout* says where
these lie. CRC-32C is linear over GF(2), so a record's CRC xor the share of its varying bytes (a table look-up
each) is one constant for all sound records of a tag: its *key*. Records of a chunk are grouped by key; one of
each group is parsed plainly, and the rest must agree with it byte for byte outside the varying places. What
does not fit is left to the plain parser, which also finds out why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import AnyArray
from runwatch.readers.common.protobuf import Malformed
from runwatch.readers.tensorboard._cycles import Ints, ScalarColumn, shares, unmasked
from runwatch.readers.tensorboard._event import STEP_KEY, SUMMARY_KEY, WALL_KEY, Plugins, TfEvent, parse
from runwatch.readers.tensorboard._record import HEADER, SHORT, data_is_sound, short_length_crcs, stepped_over

Words = NDArray[np.uint64]

FEWEST = 384
"""Below this many records it is faster to read them one at a time."""

_FEWEST_ROWS, _FEWEST_ALIKE = 48, 16
_PROBES, _STRIDE = 24, 7919
"""So many records of a chunk are parsed, spread over it, in search of layouts."""

_BEFORE, _ROW = 3, 32
"""A record's head is seen as 4 words of 8 bytes that begin 3 bytes before the record: word 0 holds the
low 5 bytes of the length, word 1 its high 3 bytes, its CRC and the event's first byte, word 2 the wall time,
word 3 the step's field number and up to 7 bytes of step (or the summary, when there is no step)."""
_MOST_STEP_BYTES = 7


class RecordLayout(NamedTuple):
    """Where the parts of a record lie."""

    step_size: int
    """Bytes of the step's varint, 0 when the event has none."""
    from_end: int
    """Bytes from the value's first byte to the record's end."""
    width: int
    """Of the value, 4 or 8."""


class Chunk:
    """Records of one stretch of bytes, ``starts`` being their offsets, ascending.

    ``broken``: the offset of the first whose length does not have its CRC (or needs a closer look), and with
    which the chunk ends; ``left``: the offsets of those that the plain parser must read."""

    def __init__(self, data: bytes, starts: Ints) -> None:
        self._data = data
        inside = (starts >= _BEFORE) & (starts <= len(data) - (_ROW - _BEFORE))
        self._outside: list[int] = starts[~inside].tolist()
        self._starts = starts[inside]
        heads = _windows(data, f"V{_ROW}")[self._starts - _BEFORE]
        self._bytes = heads.view(np.uint8).reshape(-1, _ROW)
        self._words = heads.view("<u8").reshape(-1, _ROW // 8)
        self._sizes = (self._words[:, 0] >> np.uint64(24)).astype(np.int64)
        self._open = self._sizes < SHORT
        self.broken = self._first_broken()
        if self.broken is not None:
            self._open &= self._starts < self.broken
        end = len(data) if self.broken is None else self.broken
        left = np.concatenate((self._starts[self._sizes >= SHORT], self._outside))
        self.left = left[left < end].astype(np.int64)

    def _first_broken(self) -> int | None:
        """Records of ``SHORT`` bytes and more were checked when they were found, unless the second byte of
        their length is 0."""
        short = self._sizes < SHORT
        expected = short_length_crcs()[np.where(short, self._sizes, 0)] << np.uint64(24)
        fits = (self._words[:, 1] & np.uint64(0x00FFFFFFFFFFFFFF)) == expected
        odd = self._starts[np.where(short, ~fits, self._bytes[:, 4] == 0)]
        broken = [start for start in self._outside if not stepped_over(self._data, start)]
        return min((*broken, *odd[:1].tolist()), default=None)

    def columns(self, plugins: Plugins) -> Iterator[ScalarColumn]:
        """The scalars that could be read at once; the rest is in ``left`` afterwards."""
        tried: set[RecordLayout] = set()
        rows = np.flatnonzero(self._open)
        for probe in range(_PROBES):
            if len(rows) < _FEWEST_ROWS:
                break
            row = int(rows[probe * _STRIDE % len(rows)])
            event = self._parse(row, plugins)
            layout = None if event is None else _layout_of(event, self._end(row))
            if layout is not None and layout not in tried:
                tried.add(layout)
                yield from self._apply(layout, plugins)
                rows = np.flatnonzero(self._open)
        self.left = np.concatenate((self.left, self._starts[rows]))

    def _end(self, row: int) -> int:
        return int(self._starts[row]) + HEADER + int(self._sizes[row])

    def _parse(self, row: int, plugins: Plugins) -> TfEvent | None:
        start, size = int(self._starts[row]), int(self._sizes[row])
        if not data_is_sound(self._data, start, size):
            return None
        try:
            return parse(self._data, start + HEADER, start + HEADER + size, plugins)
        except Malformed:
            return None

    def _apply(self, layout: RecordLayout, plugins: Plugins) -> Iterator[ScalarColumn]:
        rows = np.flatnonzero(self._fits(layout))
        keys = self._keys(layout, rows)
        order = np.sort((keys.astype(np.uint64) << np.uint64(32)) | np.arange(len(rows), dtype=np.uint64))
        sorted_rows = rows[(order & np.uint64(0xFFFFFFFF)).astype(np.int64)]
        edges = np.flatnonzero(np.diff(order >> np.uint64(32))) + 1
        firsts, lasts = np.append(0, edges), np.append(edges, len(rows))
        large = lasts - firsts >= _FEWEST_ALIKE
        for first, last in zip(firsts[large].tolist(), lasts[large].tolist(), strict=True):
            group = sorted_rows[first:last]
            event = self._parse(int(group[0]), plugins)
            if event is None or _layout_of(event, self._end(int(group[0]))) != layout:
                continue
            alike = self._alike(group, layout)
            self._open[alike] = False
            yield self._column(event.values[0].tag, alike, layout)

    def _fits(self, layout: RecordLayout) -> NDArray[np.bool_]:
        """Records whose first bytes and size are those of ``layout``."""
        size = layout.step_size
        if size == 0:
            mask, expected = 0xFF, SUMMARY_KEY
        else:
            ends = sum(0x80 << (8 * i) for i in range(1, size + 1))
            mask, expected = ends | 0xFF, (ends ^ (0x80 << (8 * size))) | STEP_KEY
        least = 9 + (size + 1 if size else 0) + layout.from_end
        fits: NDArray[np.bool_] = (
            self._open
            & ((self._words[:, 3] & np.uint64(mask)) == np.uint64(expected))
            & (self._bytes[:, 15] == WALL_KEY)
            & (self._sizes >= least)
        )
        return fits

    def _keys(self, layout: RecordLayout, rows: Ints) -> NDArray[np.uint32]:
        """Each record's CRC without the share of its varying bytes, mixed with its size."""
        table, head, size = shares(), self._bytes[rows], self._sizes[rows]
        ends = self._starts[rows] + HEADER + size
        key = unmasked(_windows(self._data, "<u4")[ends])
        after = (size - 2) * 256
        columns = [*range(16, 24), *range(25, 25 + layout.step_size)]
        for column in columns:
            key ^= table[after - 256 * (column - 16) + head[:, column]]
        value = _windows(self._data, f"V{layout.width}")[ends - layout.from_end].view(np.uint8)
        value = value.reshape(-1, layout.width)
        for i in range(layout.width):
            behind = 256 * (layout.from_end - 1 - i)
            key ^= table[behind : behind + 256][value[:, i]]
        mixed: NDArray[np.uint32] = key ^ (size.astype(np.uint32) * np.uint32(0x9E3779B1))
        return mixed

    def _alike(self, group: Ints, layout: RecordLayout) -> Ints:
        """Those of ``group`` that agree with its first in size and in every byte outside the varying ones."""
        size = int(self._sizes[group[0]])
        good = self._sizes[group] == size
        starts = self._starts[group]
        varying = 10 + layout.step_size if layout.step_size else 9
        value_end = size - layout.from_end + layout.width
        for low, high in ((varying, size - layout.from_end), (value_end, size)):
            if high > low:
                window = _windows(self._data, f"V{high - low}")
                at = np.minimum(starts + HEADER + low, len(window) - 1)
                good &= window[at] == window[int(starts[0]) + HEADER + low]
        return group if good.all() else group[good]

    def _column(self, tag: str, rows: Ints, layout: RecordLayout) -> ScalarColumn:
        starts = self._starts[rows]
        words = self._words[rows]
        steps = np.zeros(len(rows), dtype=np.uint64)
        for i in range(layout.step_size):
            steps |= ((words[:, 3] >> np.uint64(8 + 8 * i)) & np.uint64(0x7F)) << np.uint64(7 * i)
        at = starts + (HEADER + int(self._sizes[rows[0]]) - layout.from_end)
        values = _windows(self._data, f"<f{layout.width}")[at].astype(np.float64)
        return ScalarColumn(
            tag, starts=starts, steps=steps.view(np.int64), walls=words[:, 2].view(np.float64), values=values
        )


def _windows(data: bytes, dtype: str) -> AnyArray:
    """Every stretch of ``data`` as long as one ``dtype``, by its offset."""
    width = np.dtype(dtype).itemsize
    return np.ndarray((max(len(data) - width + 1, 0),), dtype, data, strides=(1,))


def _layout_of(event: TfEvent, end: int) -> RecordLayout | None:
    """Where the varying bytes of an event of one scalar lie; None if it is anything else."""
    if len(event.values) != 1 or event.restart:
        return None
    value = event.values[0]
    if value.kind != "scalar" or value.at < 0 or event.wall_at < 0:
        return None
    if event.step_at < 0:
        return RecordLayout(0, end - value.at, value.width) if value.at > event.wall_at + 8 else None
    size = _varint_size(event.step)
    placed = event.step_at == event.wall_at + 9 and value.at > event.step_at
    if not placed or not 0 <= event.step < 1 << (7 * _MOST_STEP_BYTES):
        return None
    return RecordLayout(size, end - value.at, value.width)


def _varint_size(value: int) -> int:
    return max(1, (value.bit_length() + 6) // 7)
