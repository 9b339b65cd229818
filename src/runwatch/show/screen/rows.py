"""Rows of a predictions file as a table: what one slice holds, and what its rows have in common."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runwatch.domain.run import Problem
from runwatch.show.screen.view import (
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    join,
    matches,
    no_match,
    text,
    words,
)
from runwatch.show.tabular import is_number
from runwatch.text import units
from runwatch.text.safe import safe

MOST_ROWS = 200
_WIDEST = 24
_FEWEST_IN_COMMON = 2

Names = tuple[str, ...]
Texts = tuple[tuple[str, ...], ...]


class RowsView(msgspec.Struct, frozen=True):
    """The rows that the filter leaves, how many there are, and what all of them share."""

    count: Words
    common: Words
    table: TableView


def rows_view(answer: tuple[Names, Texts] | Problem | None, filter: str = "") -> RowsView:
    """``answer``: column names and rows as text; None: they are being read."""
    if answer is None:
        return RowsView((), (), TableView((), (), (text("reading the rows …", "muted"),)))
    if isinstance(answer, Problem):
        message = (text(f"{answer.file}: {answer.message}", "warn"), text(answer.hint, "muted"))
        return RowsView((), (), TableView((), (), message))
    names, rows = answer
    shown = [(i, row) for i, row in enumerate(rows) if not filter or matches(filter, *row)]
    same = _in_common(names, [row for _, row in shown])
    columns = tuple(_column(name, i, rows, i in same) for i, name in enumerate(names))
    made = tuple(ViewRow(i, tuple(text(cell, width=_WIDEST * 2) for cell in row)) for i, row in shown)
    return RowsView(
        _count(len(shown), len(rows)), _caption(names, same), TableView(columns, made, _nothing(filter))
    )


def _in_common(names: Names, rows: Sequence[tuple[str, ...]]) -> dict[int, str]:
    """The columns in which all rows have one value."""
    if len(rows) < _FEWEST_IN_COMMON:
        return {}
    return {i: rows[0][i] for i in range(len(names)) if all(row[i] == rows[0][i] for row in rows)}


def _caption(names: Names, same: dict[int, str]) -> Words:
    if not same:
        return ()
    parts = [words(text(names[i], "muted"), " ", text(value, "strong", _WIDEST)) for i, value in same.items()]
    return words(Span("the same in all rows: ", "muted"), join(parts))


def _column(name: str, i: int, rows: Texts, is_same: bool) -> ViewColumn:
    """As wide as its values; where there is no room those that say nothing go first, then the last."""
    cells = [row[i] for row in rows]
    width = min(max((len(safe(cell)) for cell in (name, *cells)), default=1), _WIDEST)
    drop = 0 if i == 0 else (1000 + i if is_same else i)
    right = all(cell in ("", "–") or is_number(cell) for cell in cells)
    return ViewColumn(name, safe(name, width), width, right=right, drop=drop)


def _count(shown: int, all_rows: int) -> Words:
    if shown < all_rows:
        return text(f"{shown:,} of {units.plural(all_rows, 'row')}", "muted")
    message = f"the first {all_rows:,} rows" if all_rows >= MOST_ROWS else units.plural(all_rows, "row")
    return text(message, "muted")


def _nothing(filter: str) -> tuple[Words, ...]:
    if filter:
        return no_match("no row", filter)
    return (text("the slice has no rows in the newest predictions", "muted"),)
