"""The alphabet of view-models: words with tones, rows, tables. Pure; the same for panes and command line.

Every text in here is already ``safe``, and is drawn as it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, overload

from rich.cells import cell_len

from runwatch.domain.finding import Severity
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import SEVERITY_SIGNS

Tone = Literal[
    "plain",
    "strong",
    "muted",
    "faint",
    "good",
    "warn",
    "bad",
    "info",
    "accent",
    "key",
    "baseline",
    "series1",
    "series2",
    "series3",
    "series4",
    "series5",
    "series6",
    "heat0",
    "heat1",
    "heat2",
    "heat3",
    "heat4",
]
"""What a piece of text means; a theme says which colour that is. ``heat0`` (still) to ``heat4`` (far moved)
colour the ground below the text, all others the text itself."""

SERIES: tuple[Tone, ...] = ("series1", "series2", "series3", "series4", "series5", "series6")
SEVERITY_TONES: dict[str, Tone] = {"critical": "bad", "warning": "warn", "info": "info"}
STATUS_TONES: dict[str, Tone] = {
    "running": "info",
    "finished": "good",
    "crashed": "bad",
    "stalled": "warn",
    "unknown": "muted",
}
VERDICT_TONES: dict[str, Tone] = {
    "better": "good",
    "equivalent": "muted",
    "worse": "bad",
    "inconclusive": "warn",
    "unknown": "muted",
    "stable": "good",
    "warning": "warn",
    "drifted": "bad",
}
_SPARKS = "▁▂▃▄▅▆▇"


class Span(NamedTuple):
    """Text in one tone."""

    text: str
    tone: Tone = "plain"


Words = tuple[Span, ...]


class ViewColumn(NamedTuple):
    """A column of a table."""

    key: str
    title: str
    width: int
    """Cells."""
    grow: int = 0
    """Above 0: its share of the room left over."""
    right: bool = False
    drop: int = 0
    """The greatest goes first when there is no room; 0 never goes."""
    keep_end: bool = False
    """A text too long loses its beginning, not its end."""


class ViewRow(NamedTuple):
    """A row of a table."""

    key: Hashable
    """Names it among its table's rows and across refreshes."""
    cells: tuple[Words, ...]
    wide: str = ""
    """The column whose cell takes all the room to the right of its beginning."""

    @classmethod
    def of(cls, key: Hashable, *cells: Words, wide: str = "") -> ViewRow:
        """A row of these cells."""
        return cls(key, cells, wide)


class LazyRows(Sequence[ViewRow]):
    """Rows that are made when they are looked at: of thousands a screen shows a few. ``keys``: of all rows;
    ``make``: gives the row at a place."""

    __slots__ = ("_made", "_make", "keys")

    def __init__(self, keys: Sequence[Hashable], make: Callable[[int], ViewRow]) -> None:
        self.keys = keys
        self._make = make
        self._made: dict[int, ViewRow] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> ViewRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[ViewRow]: ...
    def __getitem__(self, at: int | slice) -> ViewRow | Sequence[ViewRow]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self.keys))))
        at = range(len(self.keys))[at]
        row = self._made.get(at)
        if row is None:
            row = self._made[at] = self._make(at)
        return row


def keys_of(rows: Sequence[ViewRow]) -> Sequence[Hashable]:
    """The keys of rows, without making any."""
    return rows.keys if isinstance(rows, LazyRows) else [row.key for row in rows]


_SEPARATED = re.compile("( · )")


class TableView(NamedTuple):
    """A table."""

    columns: tuple[ViewColumn, ...]
    rows: Sequence[ViewRow]
    empty: tuple[Words, ...] = ()
    """What to say, and do, when there is no row."""
    note: Words = ()
    """One line above the rows."""


def cells(line: Words) -> int:
    """How many cells the words take."""
    return sum(cell_len(span.text) for span in line)


def whole_parts(line: Words, width: int) -> Words:
    """The parts between " · " that fit into ``width`` cells, the first always: none is cut."""
    pieces = [Span(piece, span.tone) for span in line for piece in _SEPARATED.split(span.text) if piece]
    while cells(tuple(pieces)) > width:
        ends = [i for i, span in enumerate(pieces) if span.text == " · "]
        if not ends:
            break
        del pieces[ends[-1] :]
    return tuple(pieces)


def text(value: str, tone: Tone = "plain", width: int | None = None) -> Words:
    """Text from anywhere, made safe, in one tone."""
    return (Span(safe(value, width), tone),)


def words(*parts: Span | str | Words) -> Words:
    """Parts put together; a plain ``str`` here is our own text, not one from disk."""
    out: list[Span] = []
    for part in parts:
        if isinstance(part, Span):
            out.append(part)
        elif isinstance(part, str):
            out.append(Span(part))
        else:
            out.extend(part)
    return tuple(out)


def plain(line: Iterable[Span]) -> str:
    """The words without their tones."""
    return "".join(span.text for span in line)


def as_wide_as_needed(
    columns: Sequence[ViewColumn], rows: Sequence[ViewRow], *keys: str
) -> tuple[ViewColumn, ...]:
    """The columns, those of ``keys`` as wide as the widest of what they hold, no less and no more."""
    return tuple(
        column._replace(width=max([len(column.title), *(cells(row.cells[at]) for row in rows)]))
        if column.key in keys
        else column
        for at, column in enumerate(columns)
    )


def difference(value: float | None) -> str:
    """A difference with its sign in at most seven cells, four decimals where that says enough, so that a
    column of them aligns."""
    if value is None or not math.isfinite(value) or abs(value) >= 10:
        return units.signed(value, 2)
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{abs(value):.0e}" if 0 < abs(value) < 5e-5 else f"{sign}{abs(value):.4f}"


def figure(value: float | None) -> str:
    """A value in at most seven cells, for columns of them."""
    digits = units.number(value)
    if value is None or len(digits) <= 7:
        return digits
    return (
        units.number(value, 2) if abs(value) >= 1e-4 and len(units.number(value, 2)) <= 7 else f"{value:.1e}"
    )


def join(parts: Sequence[Words], between: str = " · ") -> Words:
    """Several words in one line."""
    out: list[Span] = []
    for part in parts:
        if out:
            out.append(Span(between, "muted"))
        out.extend(part)
    return tuple(out)


def tally(states: Iterable[str], names: Sequence[str], tones: Mapping[str, Tone], total: str = "") -> Words:
    """ "1 crashed · 3 running · 12 runs": how many of ``states`` are each of ``names``, where one is at all,
    and the ``total`` in words."""
    counts = Counter(states)
    parts = [text(f"{counts[name]} {name}", tones[name]) for name in names if counts[name]]
    return join([*parts, text(total, "muted")] if total else parts)


def no_match(what: str, filter: str) -> tuple[Words, ...]:
    """What stands in place of the rows that a filter leaves out: ``what``: "no task"."""
    return text(f"{what} matches “{filter}”"), text("escape clears the filter", "muted")


def badge(severity: Severity) -> Span:
    """A severity's sign in its tone."""
    return Span(SEVERITY_SIGNS[severity], SEVERITY_TONES[severity])


def bar(share: float | None, width: int, tone: Tone = "accent") -> Words:
    """A share in 0..1 as a thin bar of ``width`` cells; full and empty differ in form, not only in tone."""
    if share is None or not math.isfinite(share):
        return text("┄" * width, "faint")
    halves = round(max(0.0, min(1.0, share)) * width * 2)
    full = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return (Span(full, tone), Span("─" * (width - len(full)), "faint"))


def spark(values: Sequence[float], width: int, tone: Tone = "accent") -> Words:
    """Values as a line of blocks of at most ``width`` cells, each the mean of its share; blank where
    nothing finite is, in the middle when they are all the same."""
    cells = [_mean(part) for part in _split(values, width)]
    finite = [cell for cell in cells if math.isfinite(cell)]
    if not finite:
        return text(" " * width, "faint")
    low, span = min(finite) / 2, max(finite) / 2 - min(finite) / 2
    out = "".join(
        " " if not math.isfinite(cell) else _SPARKS[round((cell / 2 - low) / span * 6) if span else 2]
        for cell in cells
    )
    return text(out.ljust(width), tone)


def _split(values: Sequence[float], width: int) -> list[Sequence[float]]:
    n = len(values)
    if n <= width:
        return [values[i : i + 1] for i in range(n)]
    return [values[i * n // width : (i + 1) * n // width] for i in range(width)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return math.nan
    half = math.fsum(value / len(finite) / 2 for value in finite)
    return max(min(2 * half, max(finite)), min(finite))


def matches(needle: str, *hay: str) -> bool:
    """Whether all words of ``needle`` are in the texts, whatever their case."""
    lower = " ".join(hay).lower()
    return all(word in lower for word in needle.lower().split())
