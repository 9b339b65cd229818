"""Trackio: images (files below ``media/`` beside the database), histograms, tables, Markdown of rows."""

from __future__ import annotations

import contextlib
import os
import sqlite3

from runwatch.domain.media import MediaContent, MediaItem, MediaSeries
from runwatch.readers.base import Cursor, SourceFile
from runwatch.readers.common import bounded_json, sqlite
from runwatch.readers.common.column_names import moment
from runwatch.runs.media import _logged_values as logged
from runwatch.runs.media.base import CHANGED, FoundMedia, MediaPlace, MediaRefused, Scan

NAME = "trackio"
_ROWS = 20_000


def takes(file: str) -> bool:
    return file.endswith(sqlite.SUFFIXES)


def scan(place: MediaPlace, source: SourceFile, cursor: Cursor | None) -> Scan:
    """The rows with media of this run. The cursor remembers ``row``, the last that was looked at."""
    if cursor is not None and cursor.stat == source.stat:
        return Scan([], cursor)
    name = place.run.rpartition("#")[2]
    after = int(cursor.state["row"]) if cursor is not None else -(2**63)
    own = cursor.state.get("key") if cursor is not None else None
    media: list[FoundMedia] = []
    rows = sqlite.QueryRows([], after, 0)
    with contextlib.suppress(sqlite3.Error), sqlite.opened(source) as connection:
        known = sqlite.columns(connection, "metrics")
        if {"id", "run_name", "step", "metrics"} <= known:
            key = "run_id" if "run_id" in known else "run_name"
            select = (
                f"SELECT id, run_name, {key}, step, timestamp, metrics FROM metrics"
                " WHERE id > ? ORDER BY id LIMIT ?"
            )
            rows = sqlite.rows(connection, select, "metrics", after, _ROWS)
    for row, run, known_as, step, stamp, text in rows.found:
        if own is None and name in (run, f"{run}-{str(known_as)[:8]}", f"{run}-{known_as}"):
            own = known_as  # the first of a name bears it, later ones their key too
        if known_as == own:
            media += _of_row(source.file, row, step, stamp, text)
    state = {"row": rows.last, "key": own}
    return Scan(media, Cursor(stat=source.stat, state=state), False, len(rows.found) >= _ROWS)


def _of_row(file: str, row: int, step: object, stamp: object, text: object) -> list[FoundMedia]:
    if not isinstance(text, str | bytes) or not isinstance(step, int):
        return []
    marker = b'"_type"' if isinstance(text, bytes) else '"_type"'
    values = bounded_json.parse_object(text) if marker in text else {}  # type: ignore[operator]
    seconds = moment(stamp)
    at = MediaItem(None, wall=None, file=file, offset=row, length=1)
    folder = os.path.join(os.path.dirname(file), "media")
    return [
        one
        for key, value in values.items()
        for tag, inner in logged.media_in(key, value)
        for one in logged.found(tag, inner, step, seconds if seconds == seconds else None, at, folder)
    ]


def content(place: MediaPlace, series: MediaSeries, item: MediaItem) -> MediaContent:
    """A file that a row named, or what stands in the row itself."""
    if not item.length:
        inside = os.path.join(place.root, item.file.partition("media/")[0], "media")
        return logged.file_content(place, series, item, inside)
    try:
        with sqlite.opened(SourceFile.now(place.root, item.file)) as connection:
            row = connection.execute("SELECT metrics FROM metrics WHERE id = ?", (item.offset,)).fetchone()
    except sqlite3.Error as error:
        raise MediaRefused(f"the database cannot be read now: {error}") from None
    for key, value in bounded_json.parse_object(row[0]).items() if row else ():
        for tag, inner in logged.media_in(key, value):
            if tag == item.form:
                return logged.content(inner)
    raise MediaRefused(CHANGED)
