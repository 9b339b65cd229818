"""One file a format: each lists its ``SUFFIXES`` and offers ``schema``, ``pieces`` and ``read``."""

from __future__ import annotations

from functools import cache
from typing import cast

from runwatch.data.data_file import DataFile, is_url
from runwatch.data.errors import DataError, explaining
from runwatch.data.formats.base import Piece, TableFormat
from runwatch.data.formats.table import Table
from runwatch.domain.plugins import modules_in


@cache
def formats() -> dict[str, TableFormat]:
    """Every format in this package by the suffix that names it."""
    by_name: dict[str, TableFormat] = {}
    for loaded in modules_in(__name__):
        for ending in getattr(loaded, "SUFFIXES", ()):
            by_name[ending] = cast(TableFormat, loaded)
    return by_name


def suffix(path: str) -> str | None:
    """The known data suffix that ``path`` ends in (of a URL: without its query), None when it has none."""
    lower = path.lower()
    if is_url(lower):
        lower = lower.partition("?")[0]
    return max((s for s in formats() if lower.endswith(s)), key=len, default=None)


@cache
def _tables() -> dict[str, Table]:
    return {ending: Table(format_) for ending, format_ in formats().items()}


def format_of(file: DataFile) -> Table:
    """What reads ``file`` as a table. DataError when nothing does."""
    ending = suffix(file.uri)
    if ending is None:
        raise DataError(
            file.name, "is not in a supported data format", "use parquet, CSV, Arrow, ORC or JSONL"
        )
    return _tables()[ending]


def pieces_of(file: DataFile) -> list[Piece]:
    """What a file is read in. DataError when it cannot be read."""
    with explaining(file.name):
        return format_of(file).pieces(file)
