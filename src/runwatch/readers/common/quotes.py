"""Quoted cells of a delimited table. One may go over several lines; a quote that somebody forgot to close
costs its own line alone."""

from __future__ import annotations

import csv

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.readers import limits
from runwatch.readers.common.cells import number
from runwatch.readers.common.lines import LineNotes

_LONGEST = 64 * limits.KIB


def split_line(line: bytes, delimiter: str) -> list[str] | None:
    """The cells of one line as text, unquoted and stripped; None when its quotes are not closed."""
    text = line.decode("utf-8", "backslashreplace")
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    csv.field_size_limit(limits.LINE)
    try:
        row = next(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True), [])
    except csv.Error:
        return None
    return [cell.strip() for cell in row]


class Quotes:
    """A quoted cell that goes on in the next lines: where its row began and the lines since, kept in the
    state, so that any split of a file gives the same rows. A row is put together once, when the number of its
    quotes is even again: a quote that is never closed costs each line once."""

    def __init__(self, state: JsonMapping, notes: LineNotes) -> None:
        start, text = state.get("open", (0, None))
        self._start: int = start
        self._lines: list[bytes] = [] if text is None else text.encode("latin-1").split(b"\n")
        self._size = sum(map(len, self._lines)) + len(self._lines)
        self._notes = notes

    @property
    def open(self) -> bool:
        """Whether a quote is open."""
        return bool(self._lines)

    def state(self) -> JsonDict:
        return {"open": [self._start, b"\n".join(self._lines).decode("latin-1")]} if self._lines else {}

    def cells(self, at: int, line: bytes, delimiter: str) -> list[str] | None:
        """The cells of the row that ends on this line, the ``at``-th; None while a quote is open, and for a
        row that cannot be told."""
        odd = line.count(b'"') % 2 == 1
        if not self._lines:
            cells = split_line(line, delimiter)
            if cells is None and odd and len(line) <= _LONGEST:
                self._start, self._lines, self._size = at, [line], len(line) + 1
                return None
            return self._reported(at, cells)
        if not odd and self._is_row(self._lines[0], line, delimiter):
            self._not_closed(self._start)
            self._lines = []
            return split_line(line, delimiter)
        self._lines.append(line)
        self._size += len(line) + 1
        if not odd and self._size <= _LONGEST:
            return None
        whole, self._lines = b"\n".join(self._lines), []
        return self._reported(self._start, split_line(whole, delimiter) if odd else None)

    def _reported(self, at: int, cells: list[str] | None) -> list[str] | None:
        if cells is None:
            self._not_closed(at)
        return cells

    @staticmethod
    def _is_row(opened: bytes, line: bytes, delimiter: str) -> bool:
        """Whether a line after an open quote is rather a row of its own: a number first, and more cells than
        stand before the quote."""
        began = opened.partition(b'"')[0].count(delimiter.encode())
        cells = split_line(line, delimiter)
        if cells is None or len(cells) <= max(began, 1):
            return False
        return number(cells[0].encode("utf-8", "backslashreplace")) is not None

    def _not_closed(self, line: int) -> None:
        self._notes.line(line, "a quote is not closed, skipped", "close it, or double a quote inside a cell")
