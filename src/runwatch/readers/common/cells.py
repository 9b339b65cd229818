"""A block of delimited lines as numbers, without a Python object a cell.

Cells made of ``0-9 + - . e E`` and blanks are parsed by numpy all at once; the few *odd* ones (words, dates)
one by one; should a cell of the first kind be no number after all (``1-2``), all of the block are."""

from __future__ import annotations

import io
import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

PLAIN = b"0123456789+-.eE "
_SURE = b"0123456789.\n"
_NUMERIC = np.zeros(256, dtype=np.bool_)
_NUMERIC[list(PLAIN)] = True
_WORDS = {
    b"nan": math.nan,
    b"+nan": math.nan,
    b"-nan": math.nan,
    b"inf": math.inf,
    b"+inf": math.inf,
    b"-inf": -math.inf,
    b"infinity": math.inf,
    b"+infinity": math.inf,
    b"-infinity": -math.inf,
}
ABSENT = frozenset({b"", b"na", b"n/a", b"null", b"none", b"-", b"<na>"})
_FEW, _MANY = 64, 2048
_EXACT_DIGITS, _LONGEST_DECIMAL = 15, 17
_POWERS = np.array([10.0**i for i in range(_LONGEST_DECIMAL + 1)])
_NEWLINE = 10


def number(cell: bytes) -> float | None:
    """The number in a cell, or None when it is text (``1_000`` and hexadecimal are text)."""
    if cell.translate(None, PLAIN):
        return _WORDS.get(cell.strip().lower())
    try:
        return float(cell)
    except ValueError:
        return None


class CellMatrix(msgspec.Struct, eq=False):
    """Numbers by column."""

    values: FloatArray
    """(columns, rows), as ``present``."""
    present: BoolArray
    lines: IntArray
    """Each row's line within the block, from 0."""
    texts: list[tuple[int, int, bytes]]
    """(column, row, cell) of the cells that are words."""


class NumericCells:
    """Where the cells of a block of whole lines begin and end. ``data`` ends with a newline and holds no
    quotes; ``delimiter`` is one byte; ``much``: one of many blocks, worth the import of pyarrow."""

    __slots__ = ("_delimiter", "_ends", "_much", "_odd", "_starts", "data", "row_ends")

    def __init__(self, data: bytes, delimiter: int, much: bool = False) -> None:
        self.data = data
        self._much = much
        self._delimiter = delimiter
        buffer = np.frombuffer(data, np.uint8)
        self._ends: IntArray = np.flatnonzero((buffer == delimiter) | (buffer == _NEWLINE))
        self._starts: IntArray = np.empty_like(self._ends)
        self._starts[0] = 0
        self._starts[1:] = self._ends[:-1] + 1
        self.row_ends: IntArray = np.flatnonzero(buffer[self._ends] == _NEWLINE)
        self._odd = self._odd_cells(buffer)

    def _odd_cells(self, buffer: NDArray[np.uint8]) -> IntArray:
        """The cells that cannot be plain numbers, by their bytes: other characters, or a sign inside."""
        if not self.data.translate(None, _SURE + bytes([self._delimiter])):
            return np.empty(0, dtype=np.int64)
        fine = _NUMERIC[buffer]
        fine[self._ends] = True
        if self._delimiter == ord(";"):
            fine[buffer == ord(",")] = True
        odd = np.flatnonzero(~fine)
        signs = np.flatnonzero((buffer == ord("-")) | (buffer == ord("+")))
        if len(signs):
            before = buffer[np.maximum(signs - 1, 0)]
            inside = (before >= ord("0")) & (before <= ord("9")) & (signs > 0)
            odd = np.concatenate([odd, signs[inside]])
        if not len(odd):
            return odd
        return np.unique(np.searchsorted(self._ends, odd, side="right"))

    @property
    def rows(self) -> int:
        return len(self.row_ends)

    def counts(self) -> IntArray:
        """How many cells each line has."""
        return np.diff(self.row_ends, prepend=-1)

    def line(self, row: int) -> bytes:
        """The bytes of a line, without its newline."""
        start = 0 if row == 0 else int(self._ends[self.row_ends[row - 1]]) + 1
        return self.data[start : int(self._ends[self.row_ends[row]])]

    def wordy(self) -> list[int]:
        """The lines whose every filled cell is odd: repeated headers are among them."""
        if not len(self._odd):
            return []
        odd = np.bincount(np.searchsorted(self.row_ends, self._odd), minlength=self.rows)
        filled = np.concatenate([[0], np.cumsum(self._ends > self._starts)])
        first = np.concatenate([[0], self.row_ends[:-1] + 1])
        in_row = filled[self.row_ends + 1] - filled[first]
        return np.flatnonzero((odd > 0) & (odd == in_row)).tolist()

    def matrix(self, first: int, last: int, width: int) -> tuple[CellMatrix, list[int]]:
        """The lines ``first`` to ``last`` (exclusive) that have ``width`` cells (more are fine if they are
        empty), as numbers, and the other lines but for blank ones."""
        counts = self.counts()[first:last]
        begin = 0 if first == 0 else int(self.row_ends[first - 1]) + 1
        end = int(self.row_ends[last - 1]) + 1 if last > first else begin
        cells: IntArray = np.arange(begin, end)
        good = counts == width
        strange: list[int] = []
        if not good.all():
            extra, strange = self._long_but_empty(first, good, width)
            keep = good | extra
            place = cells - np.repeat(self.row_ends[first:last] + 1 - counts, counts)
            cells = cells[np.repeat(keep, counts) & (place < width)]
            good = keep
        lines: IntArray = np.flatnonzero(good) + first
        values, present, texts = self._numbers(cells)
        shape = (len(lines), width)
        columns = [(int(i % width), int(i // width), cell) for i, cell in texts] if width else []
        return (
            CellMatrix(
                np.ascontiguousarray(values.reshape(shape).T),
                np.ascontiguousarray(present.reshape(shape).T),
                lines,
                columns,
            ),
            strange,
        )

    def _long_but_empty(self, first: int, good: BoolArray, width: int) -> tuple[BoolArray, list[int]]:
        """Of the lines that are not ``good``: which have only empty cells past ``width``; those that are
        neither that nor blank."""
        extra = np.zeros(len(good), dtype=np.bool_)
        strange: list[int] = []
        counts = self.counts()
        for row in np.flatnonzero(~good).tolist():
            at = row + first
            last = int(self.row_ends[at])
            surplus = slice(last + 1 - int(counts[at]) + width, last + 1)
            if counts[at] > width and bool((self._ends[surplus] == self._starts[surplus]).all()):
                extra[row] = True
            elif self.line(at).strip():
                strange.append(at)
        return extra, strange

    def _numbers(self, cells: IntArray) -> tuple[FloatArray, BoolArray, list[tuple[int, bytes]]]:
        """The numbers of these cells, which of them are there, and the texts by place in ``cells``."""
        present = self._ends[cells] > self._starts[cells]
        values = np.full(len(cells), np.nan)
        texts: list[tuple[int, bytes]] = []
        odd = np.flatnonzero(self._is_odd(cells))
        plain = present.copy()
        plain[odd] = False
        parsed = self._parse(cells, plain)
        if parsed is None:
            odd = np.flatnonzero(present)
        else:
            values[plain] = parsed
        self._one_by_one(cells, odd, values, present, texts)
        return values, present, texts

    def _is_odd(self, cells: IntArray) -> BoolArray:
        if not len(self._odd) or not len(cells):
            return np.zeros(len(cells), dtype=np.bool_)
        place = np.minimum(np.searchsorted(self._odd, cells), len(self._odd) - 1)
        return np.asarray(self._odd[place] == cells)

    def _parse(self, cells: IntArray, plain: BoolArray) -> FloatArray | None:
        """All the plain cells at once, or None if one of them is not a number."""
        count = int(plain.sum())
        if count == 0:
            return np.empty(0)
        if count > _MANY:
            which = cells if count == len(cells) else cells[plain]
            values, known = decimals(self.data, self._starts[which], self._ends[which], self._point)
            if known.all():
                return values
            rest = plain.copy()
            rest[plain] = ~known
            others = self._others(cells, rest)
            if others is not None:
                values[~known] = others
            return values if others is not None else None
        return self._others(cells, plain)

    @property
    def _point(self) -> int:
        return ord("," if self._delimiter == ord(";") else ".")

    def _others(self, cells: IntArray, plain: BoolArray) -> FloatArray | None:
        """The cells that are no short decimals, or None if one of them is not a number."""
        count = int(plain.sum())
        compact = self._compact(cells, plain)
        if self._much and (numbers := _by_arrow(compact, count)) is not None:
            return numbers
        try:
            if count <= _FEW:
                parsed = np.array([float(cell) for cell in compact.split(b",")])
            else:
                parsed = np.loadtxt(io.BytesIO(compact), delimiter=",", comments=None, ndmin=1)
        except ValueError:
            return None
        return parsed if len(parsed) == count else None

    def _compact(self, cells: IntArray, plain: BoolArray) -> bytes:
        """The bytes of the plain cells alone, with commas between."""
        first, last = int(self._starts[cells[0]]), int(self._ends[cells[-1]]) + 1
        buffer = np.frombuffer(self.data, np.uint8, last - first, first)
        whole = len(cells) == cells[-1] - cells[0] + 1
        if not whole or not plain.all():
            flags = np.zeros(cells[-1] - cells[0] + 1, dtype=np.bool_)
            flags[cells[plain] - cells[0]] = True
            span = slice(int(cells[0]), int(cells[-1]) + 1)
            buffer = buffer[np.repeat(flags, self._ends[span] - self._starts[span] + 1)]
        text = buffer.tobytes()[:-1]
        if self._delimiter == ord(";"):
            text = text.replace(b",", b".").replace(b";", b",")
        elif self._delimiter != ord(","):
            text = text.replace(bytes([self._delimiter]), b",")
        return text.replace(b"\n", b",")

    def _one_by_one(
        self,
        cells: IntArray,
        which: IntArray,
        values: FloatArray,
        present: BoolArray,
        texts: list[tuple[int, bytes]],
    ) -> None:
        """Fill in the cells numbered ``which``: words for numbers, absent ones, and texts."""
        starts, ends = self._starts[cells[which]], self._ends[cells[which]]
        for i, start, end in zip(which.tolist(), starts.tolist(), ends.tolist(), strict=True):
            cell = self.data[start:end].strip()
            if self._delimiter == ord(";"):
                cell = cell.replace(b",", b".")
            value = number(cell.removesuffix(b"%"))
            if value is not None:
                values[i], present[i] = value, True
                continue
            present[i] = False
            if cell.lower() not in ABSENT:
                texts.append((i, cell))


def decimals(data: bytes, starts: IntArray, ends: IntArray, point: int) -> tuple[FloatArray, BoolArray]:
    """The numbers in cells that are plain decimals of at most 15 digits, and which cells are. Exact: digits
    and power of ten are exact floats, and one division rounds once (Clinger, "How to read floating point
    numbers accurately", 1990)."""
    values = np.zeros(len(starts))
    known = np.zeros(len(starts), dtype=np.bool_)
    lengths = ends - starts
    usual = np.bincount(np.minimum(lengths, _LONGEST_DECIMAL + 1), minlength=_LONGEST_DECIMAL + 2)
    for length in np.flatnonzero(usual[: _LONGEST_DECIMAL + 1]).tolist():
        rows = slice(None) if usual[length] == len(starts) else np.flatnonzero(lengths == length)
        if length == 0:
            continue
        window = np.ndarray((len(data) - length + 1,), f"V{length}", data, strides=(1,))
        text = window[starts[rows]].view(np.uint8).reshape(-1, length)
        values[rows], known[rows] = _of_length(np.ascontiguousarray(text.T), point)
    return values, known


def _of_length(columns: NDArray[np.uint8], point: int) -> tuple[FloatArray, BoolArray]:
    """Cells of one length, a row of bytes for each place."""
    length, many = columns.shape
    digits = columns - np.uint8(ord("0"))
    points = columns == np.uint8(point)
    negative = columns[0] == np.uint8(ord("-"))
    whole = np.zeros(many, dtype=np.int64)
    after = np.zeros(many, dtype=np.int64)
    seen = np.zeros(many, dtype=np.int64)
    good = np.ones(many, dtype=np.bool_)
    for place in range(length):
        digit, here = digits[place], points[place]
        is_digit = digit <= 9
        if is_digit.all():
            whole = whole * 10 + digit
            after += seen
            continue
        sign = negative if place == 0 else np.zeros(many, dtype=np.bool_)
        good &= is_digit | here | sign
        whole = np.where(is_digit, whole * 10 + digit, whole)
        after += np.where(is_digit, seen, 0)
        seen += here
    good &= (seen <= 1) & (length - seen - negative >= 1) & (length - seen - negative <= _EXACT_DIGITS)
    values = whole / _POWERS[np.minimum(after, len(_POWERS) - 1)]
    return np.where(negative, -values, values), good


def _by_arrow(compact: bytes, count: int) -> FloatArray | None:
    """As ``float`` of each cell between the commas, several times as fast; None if one is not a number."""
    import pyarrow

    buffer = np.frombuffer(compact + b",", np.uint8)
    comma = buffer == ord(",")
    offsets = np.zeros(count + 1, dtype=np.int32)
    offsets[1:] = np.flatnonzero(comma) - np.arange(count)
    text, places = pyarrow.py_buffer(buffer[~comma]), pyarrow.py_buffer(offsets)
    try:
        result = pyarrow.StringArray.from_buffers(count, places, text).cast(pyarrow.float64())
    except pyarrow.ArrowInvalid:
        return None
    return np.frombuffer(result.buffers()[1], np.float64, count)
