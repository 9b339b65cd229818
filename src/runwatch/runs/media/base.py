"""What every media reader shares.

A media reader is a module with ``NAME`` and

``takes(file) -> bool``
    Whether it looks through this file of a run, by its path relative to the root.
``scan(place, source, cursor) -> Scan``
    What was logged in the file since ``cursor``: places of bytes, no content. A slice at a time.
``content(place, series, item) -> MediaContent``
    One logged thing, read now. Raises MediaRefused, OSError or ValueError for what cannot be shown.
"""

from __future__ import annotations

import itertools
import os
from typing import NamedTuple, Protocol

from runwatch.domain.media import Histogram, LoggedTable, MediaContent, MediaItem, MediaKind, MediaSeries
from runwatch.readers.base import Cursor, SourceFile
from runwatch.readers.limits import MIB
from runwatch.system.files import Opened, is_really_below, read_regular
from runwatch.text.safe import safe
from runwatch.text.units import size

MOST_BYTES = 32 * MIB
MOST_TEXT = 256 * 1024
MOST_BINS, MOST_ROWS, MOST_COLUMNS, MOST_CELL = 128, 500, 50, 2000
CHANGED = "its file has changed since it was found"


class MediaRefused(ValueError):
    """Why something is not shown, in words."""


class MediaPlace(NamedTuple):
    """A run on disk: its root, and its folder or file relative to it."""

    root: str
    run: str

    @property
    def folder(self) -> str:
        return os.path.normpath(os.path.join(self.root, self.run))

    def path(self, file: str) -> str:
        return os.path.join(self.root, file)


class FoundMedia(NamedTuple):
    """One thing that was seen in a file."""

    kind: MediaKind
    tag: str
    item: MediaItem


class Scan(NamedTuple):
    """``fresh``: the file is not the one that the cursor knew, what it said before is void; ``more``: there
    is more to look through."""

    found: list[FoundMedia]
    cursor: Cursor
    fresh: bool = False
    more: bool = False


class MediaReader(Protocol):
    NAME: str

    def takes(self, file: str) -> bool: ...
    def scan(self, place: MediaPlace, source: SourceFile, cursor: Cursor | None) -> Scan: ...
    def content(self, place: MediaPlace, series: MediaSeries, item: MediaItem) -> MediaContent: ...


def item_bytes(place: MediaPlace, item: MediaItem) -> bytes:
    """The bytes of an item. Raises MediaRefused, OSError."""
    if item.length > MOST_BYTES:
        raise MediaRefused(f"larger than {size(MOST_BYTES)}: not opened")
    with Opened(place.path(item.file)) as opened:
        data = opened.pread(item.length, item.offset)
    if len(data) < item.length:
        raise MediaRefused(CHANGED)
    return data


def whole_file(place: MediaPlace, inside: str, file: str, most: int = MOST_BYTES) -> bytes:
    """A file that another one names: it must lie in the folder ``inside``, links followed. ``most``: bytes.
    Raises MediaRefused, OSError (TooLarge too)."""
    path = place.path(file)
    if not is_really_below(path, inside):
        raise MediaRefused("it lies outside the run's folder: not opened")
    return read_regular(path, most)


def histogram(edges: list[float], counts: list[float]) -> Histogram:
    """With at most ``MOST_BINS`` bins: neighbours are taken together. Raises ValueError for what is none."""
    if len(edges) != len(counts) + 1 or not counts:
        raise ValueError("bins and counts do not fit together")
    if any(not low <= high for low, high in itertools.pairwise(edges)):
        raise ValueError("bins do not ascend")
    by = -(-len(counts) // MOST_BINS)
    starts = range(0, len(counts), by)
    return Histogram((*(edges[i] for i in starts), edges[-1]), tuple(sum(counts[i : i + by]) for i in starts))


def table(columns: list[object], rows: list[object]) -> LoggedTable:
    """A table whose cells are text, cut to what can be looked at."""
    cut = [row for row in rows[:MOST_ROWS] if isinstance(row, list)]
    return LoggedTable(
        tuple(cell(name) for name in columns[:MOST_COLUMNS]),
        tuple(tuple(cell(value) for value in row[:MOST_COLUMNS]) for row in cut),
        len(rows),
    )


def cell(value: object) -> str:
    """A cell's value in a line of text."""
    if isinstance(value, dict) and isinstance(value.get("_type"), str):
        return f"({safe(value['_type'], 60)})"
    if isinstance(value, float):
        return f"{value:.6g}"
    return safe("" if value is None else str(value)[: 2 * MOST_CELL], MOST_CELL)
