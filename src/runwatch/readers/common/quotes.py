"""Quoted cells of a delimited table. One may go over several lines; a quote that somebody forgot to close
costs its own line alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from runwatch.readers.common import limits
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
    """A quoted cell that goes on in the next line. ``open``: the line where its row began and the text since,
    kept in the state, so that any split of a file gives the same rows."""

    def __init__(self, state: Mapping[str, Any], notes: LineNotes) -> None:
        known = state.get("open")
        self.open: tuple[int, bytes] | None = (
            None if known is None else (known[0], known[1].encode("latin-1"))
        )
        self._notes = notes

    def state(self) -> dict[str, Any]:
        return {} if self.open is None else {"open": [self.open[0], self.open[1].decode("latin-1")]}

    def cells(self, at: int, line: bytes, delimiter: str) -> list[str] | None:
        """The cells of the row that ends on this line, the ``at``-th; None while a quote is open, and for a
        row that can't be told."""
        start, cells = at, split_line(line, delimiter)
        if self.open is not None and cells is not None and self._is_row(self.open[1], line, cells, delimiter):
            self._not_closed(self.open[0])
        elif self.open is not None:
            closes = b'"' in line
            start, line = self.open[0], self.open[1] + b"\n" + line
            cells = split_line(line, delimiter) if closes else None
        self.open = None
        if cells is None and line.count(b'"') % 2 and len(line) <= _LONGEST:
            self.open = start, line
        elif cells is None:
            self._not_closed(start)
        return cells

    @staticmethod
    def _is_row(opened: bytes, line: bytes, cells: list[str], delimiter: str) -> bool:
        """Whether a line after an open quote is rather a row of its own: a number first, as many cells as
        stand before the quote, and no end of a quote."""
        began = opened.partition(b'"')[0].count(delimiter.encode())
        numbered = number(cells[0].encode("utf-8", "backslashreplace")) is not None
        return numbered and len(cells) > max(began, 1) and line.count(b'"') % 2 == 0

    def _not_closed(self, line: int) -> None:
        self._notes.line(line, "a quote is not closed, skipped", "close it, or double a quote inside a cell")
