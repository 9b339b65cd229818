"""W&B: images, histograms and tables that the rows of a run file name; their files lie under ``files/``.

The step is the row's: the one in a file's name is that of the row before."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from runwatch.domain.borders import JsonDict
from runwatch.domain.media import MediaContent, MediaItem, MediaSeries
from runwatch.readers.base import Cursor, SourceFile, read_document, read_tail
from runwatch.readers.common import bounded_json
from runwatch.readers.common.leveldb import Log
from runwatch.readers.common.protobuf import BYTES, Malformed, fields, signed
from runwatch.readers.wandb._record import item as row_item
from runwatch.readers.wandb._record import put
from runwatch.runs.media import _logged_values as logged
from runwatch.runs.media.base import (
    CHANGED,
    MOST_BYTES,
    FoundMedia,
    MediaPlace,
    MediaRefused,
    Scan,
    item_bytes,
)

NAME = "wandb"
_HISTORY = 2
_TYPE = b"_type"
_SUFFIX, _SUMMARY = ".wandb", "wandb-summary.json"


def takes(file: str) -> bool:
    return file.endswith((_SUFFIX, _SUMMARY))


def scan(place: MediaPlace, source: SourceFile, cursor: Cursor | None) -> Scan:
    """The rows with media among the new records; without a run file the last row, by the summary."""
    if source.file.endswith(_SUMMARY):
        return _summary(source, cursor)
    tail = read_tail(source, cursor, MOST_BYTES)
    log = Log(tail.data, tail.start, MOST_BYTES // 2, bool(tail.state.get("dropping")))
    media: list[FoundMedia] = []
    waiting: tuple[int, bytes] | None = None
    for record in log.records():
        if waiting is not None:
            media += _of_row(source.file, log.start, waiting, log.used)
        waiting = (log.used, record) if _TYPE in record else None
    if waiting is not None:
        media += _of_row(source.file, log.start, waiting, log.used)
    state = {"dropping": True} if log.dropping else {}
    return Scan(media, tail.cursor(log.used, state), tail.rewritten, tail.more)


def _summary(source: SourceFile, cursor: Cursor | None) -> Scan:
    document = read_document(source, cursor)
    if document is None:
        return Scan([], replace(cursor or Cursor(), stat=source.stat))
    above = os.path.dirname(os.path.dirname(source.path))
    values = bounded_json.parse(document.data)
    if not isinstance(values, dict) or any(name.endswith(_SUFFIX) for name in os.listdir(above)):
        return Scan([], document.cursor, True)
    step = values.get("_step")
    at = MediaItem(None, wall=None, file=source.file, offset=0, length=document.cursor.offset)
    media = [
        one
        for tag, value in _media(values)
        for one in logged.found(
            tag, value, step if isinstance(step, int) else None, None, at, os.path.dirname(source.file)
        )
    ]
    return Scan(media, document.cursor, True)


def _of_row(file: str, base: int, record: tuple[int, bytes], end: int) -> Iterator[FoundMedia]:
    begin, data = record
    row = _row(data)
    if row is None:
        return
    step, wall = row.pop("_step", None), row.pop("_timestamp", None)
    at = MediaItem(None, wall=None, file=file, offset=base + begin, length=end - begin)
    folder = os.path.join(os.path.dirname(file), "files")
    for tag, value in _media(row):
        yield from logged.found(
            tag,
            value,
            step if isinstance(step, int) else None,
            wall if isinstance(wall, int | float) and math.isfinite(wall) else None,
            at,
            folder,
        )


def _media(row: dict[str, object]) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        yield from logged.media_in(key, value)


def _row(data: bytes) -> JsonDict | None:
    """The values of a history record, nested as they were logged; None for another record."""
    row: dict[str, object] = {}
    try:
        for number, wire, at, end in fields(data, 0, len(data)):
            if number != _HISTORY or wire != BYTES:
                continue
            for part, kind, low, high in fields(data, at, end):
                if part == 1 and kind == BYTES:
                    key, value = row_item(data, low, high)
                    put(row, key, value)
                elif part == 2 and kind == BYTES and "_step" not in row:
                    row.update(("_step", signed(n)) for p, _, n, _ in fields(data, low, high) if p == 1)
    except Malformed:
        return None
    return row or None


def content(place: MediaPlace, series: MediaSeries, item: MediaItem) -> MediaContent:
    """A file that a row named, or what stands in the row itself."""
    if not item.length:
        return logged.file_content(place, series, item, _files(place, item))
    data = item_bytes(place, item)
    if item.file.endswith(_SUMMARY):
        return _inline(_media(bounded_json.parse(data)), item)
    for record in Log(data, item.offset, MOST_BYTES, final=True).records():
        return _inline(_media(_row(record) or {}), item)
    raise MediaRefused(CHANGED)


def _inline(row: Iterator[tuple[str, JsonDict]], item: MediaItem) -> MediaContent:
    for tag, value in row:
        if tag == item.form:
            return logged.content(value)
    raise MediaRefused(CHANGED)


def _files(place: MediaPlace, item: MediaItem) -> str:
    """The folder that W&B keeps a run's files in."""
    inside, _, _ = item.file.partition("/files/")
    return os.path.join(place.root, inside, "files")
