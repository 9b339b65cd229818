"""Media as W&B and Trackio put them into a row: objects with ``_type`` among the row's values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np

from runwatch.domain.borders import JsonMapping
from runwatch.domain.media import (
    Histogram,
    ImageFile,
    LoggedFile,
    LoggedTable,
    LoggedText,
    MediaContent,
    MediaItem,
    MediaKind,
    MediaSeries,
)
from runwatch.readers.common import bounded_json
from runwatch.runs.media.base import (
    MOST_BYTES,
    MOST_TEXT,
    FoundMedia,
    MediaPlace,
    MediaRefused,
    histogram,
    table,
    whole_file,
)

INLINE: dict[str, MediaKind] = {
    "histogram": "histogram",
    "trackio.histogram": "histogram",
    "trackio.table": "table",
    "trackio.markdown": "text",
    "table": "table",
}
FILES: dict[str, MediaKind] = {
    "image-file": "picture",
    "trackio.image": "picture",
    "table-file": "table",
    "audio-file": "audio",
    "trackio.audio": "audio",
    "video-file": "video",
    "trackio.video": "video",
    "object3D-file": "mesh",
    "molecule-file": "mesh",
    "trackio.object3d": "mesh",
    "html-file": "page",
    "plotly-file": "page",
    "bokeh-file": "page",
    "trackio.html": "page",
}
LISTS = {"audio": "audio", "videos": "videos", "html": "html", "object3D": "objects"}
"""Where W&B puts the files of a list of them."""
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_DEEPEST, _MOST_OF_A_BATCH = 6, 16


def media_in(tag: str, value: object, depth: int = 0) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The objects with a ``_type`` in a value, by tag; nested names join with ``/``."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    if isinstance(value.get("_type"), str):
        yield tag, value
        return
    for key, inner in value.items():
        yield from media_in(f"{tag}/{key}", inner, depth + 1)


def found(
    tag: str, value: JsonMapping, step: int | None, wall: float | None, at: MediaItem, folder: str
) -> Iterator[FoundMedia]:
    """What one object shows. ``at``: where its row lies; ``folder``: what its paths are relative to, itself
    relative to the root."""
    kind = value["_type"]
    if kind in INLINE:
        yield FoundMedia(
            INLINE[kind],
            tag,
            MediaItem(step, wall=wall, file=at.file, offset=at.offset, length=at.length, form=tag),
        )
        return
    for i, (which, name) in enumerate(_files(kind, value)):
        if not isinstance(name, str) or not name:
            continue
        if which != "picture" or name.lower().endswith(ENDINGS):
            path = os.path.normpath(os.path.join(folder, name))
            yield FoundMedia(which, f"{tag} #{i + 1}" if i else tag, MediaItem(step, wall, path))


def _files(kind: object, value: JsonMapping) -> Iterator[tuple[MediaKind, object]]:
    """The kind and the name of each file of an object."""
    inside = value.get(LISTS.get(str(kind), ""))
    if isinstance(inside, list):
        for one in inside[:_MOST_OF_A_BATCH]:
            if isinstance(one, dict):
                yield from _files(one.get("_type"), one)
    elif kind in FILES:
        yield FILES[str(kind)], value.get("path", value.get("file_path"))
    elif kind == "images/separated" and isinstance(value.get("filenames"), list):
        yield from (("picture", name) for name in value["filenames"][:_MOST_OF_A_BATCH])


def content(value: JsonMapping) -> MediaContent:
    """An object that holds what it shows. Raises MediaRefused, ValueError."""
    kind = INLINE.get(value["_type"])
    if kind == "histogram":
        return _histogram(value)
    if kind == "text":
        return LoggedText(str(value.get("_value", ""))[:MOST_TEXT])
    return _table(value.get("_value", value))


def _histogram(value: Mapping[str, object]) -> Histogram:
    """``bins`` or W&B's ``packedBins`` (first edge, width, number), and ``values``: the counts."""
    bins, counts = value.get("bins"), value.get("values")
    packed = value.get("packedBins")
    if isinstance(packed, dict) and isinstance(counts, list):
        low, width = float(packed["min"]), float(packed["size"])
        bins = (low + width * np.arange(len(counts) + 1)).tolist()
    if not isinstance(bins, list) or not isinstance(counts, list) or len(bins) > 100_000:
        raise MediaRefused("a histogram without bins")
    return histogram([float(edge) for edge in bins], [float(count) for count in counts])


def _table(value: object) -> LoggedTable:
    """Columns and rows (W&B), or rows with names (Trackio)."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        columns = value.get("columns")
        return table(columns if isinstance(columns, list) else [], value["data"])
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, dict)]
        columns = list(dict.fromkeys(name for row in rows[:500] for name in row))
        return table(columns, [[row.get(name) for name in columns] for row in rows])
    raise MediaRefused("not a table that can be shown")


def file_content(place: MediaPlace, series: MediaSeries, item: MediaItem, inside: str) -> MediaContent:
    """A file that a row named, from the folder ``inside``. Raises MediaRefused, OSError, ValueError."""
    if series.kind == "table":
        return table_file(place, item, inside)
    data = whole_file(place, inside, item.file)
    return ImageFile(data) if series.kind == "picture" else LoggedFile(data)


def table_file(place: MediaPlace, item: MediaItem, inside: str) -> LoggedTable:
    """A ``*.table.json``. Raises MediaRefused, OSError, ValueError."""
    return _table(bounded_json.parse(whole_file(place, inside, item.file, MOST_BYTES // 4)))
