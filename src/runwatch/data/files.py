"""Which files a path, folder, glob or URL stands for, and what tells one state of a file from another."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from runwatch.data.data_file import DataFile, is_url, opened_regular
from runwatch.data.errors import DataError, explained, explaining, without_secrets
from runwatch.data.formats import formats, suffix
from runwatch.data.remote import filesystem, whole_url
from runwatch.domain.borders import JsonDict

if TYPE_CHECKING:
    from runwatch.data.lakes import LiveFile

_PART = re.compile(r"part-\d{5}\b|data[-_]\d+(-of-\d+)?\.|\d{8}\.parquet")
_CALENDAR = re.compile(
    r"(dt|ds|date|day|month|year|hour|week|snapshot_date)=|[^=]+=\d{4}-\d\d-\d\d", re.IGNORECASE
)
_MAX_TABLE_FILE = 64 << 20
_LEVELS_ABOVE = 4
_MOST_ANY = 3
"""So many ``**`` that do not follow each other may be in a pattern: each one multiplies the ways to spread
folders over them, all of which are walked."""
_PATTERN_HINT = (
    f"check the pattern (at most {_MOST_ANY} ** in it), and quote it so that the shell leaves it alone"
)


def _known() -> str:
    from runwatch.data.formats.stream import PACKED

    return ", ".join(sorted(ending for ending in formats() if not ending.endswith(PACKED)))


def resolve(spec: str, base: str | None = None, chained: bool = False) -> list[DataFile]:
    """The data files of a file, folder, glob or fsspec URL, in natural name order. ``base``: names are made
    relative to it; ``chained``: URLs in URLs are allowed. DataError when there are none."""
    if is_url(spec):
        return _resolve_url(spec, chained)
    if os.path.isdir(spec):
        return _some(_in_folder(spec, base), spec, *_empty(spec))
    if not os.path.lexists(spec) and glob.has_magic(spec):
        return _resolve_glob(spec, base)
    file = _local(spec, base, None, strict=True)
    assert file is not None
    if suffix(spec) is None:
        raise DataError(spec, "is not in a supported data format", f"use one of {_known()}")
    return [file]


def _resolve_glob(spec: str, base: str | None) -> list[DataFile]:
    files: list[DataFile | None] = []
    live: dict[str, set[str] | None] = {}
    for path in matching(spec):
        if os.path.basename(path).startswith((".", "_")):
            continue
        if os.path.isdir(path):
            whole = os.path.relpath(path, base) if base else path
            parts = _in_folder(path, base)
            files.extend(replace(part, part_of=part.part_of or whole) for part in parts)
        elif suffix(path) and _is_live(path, live):
            files.append(_local(path, base, None))
    return _some(files, spec, "matches no data files", _PATTERN_HINT)


def matching(pattern: str) -> Iterator[str]:
    """The paths that match, ``**`` any folders between; none where more than ``_MOST_ANY`` of those are."""
    parts = [
        part for part, alike in groupby(pattern.split("/")) for part in ([part] if part == "**" else alike)
    ]
    if parts.count("**") <= _MOST_ANY:
        yield from glob.iglob("/".join(parts), recursive=True)


def _is_live(path: str, known: dict[str, set[str] | None]) -> bool:
    """Whether a file is a live one of the table folder that it lies in, if it lies in one. ``known``: the
    folders that were looked at before."""
    folder = os.path.dirname(path)
    for _ in range(_LEVELS_ABOVE):
        if folder not in known:
            live = _live(folder) if os.path.isdir(os.path.join(folder, "_delta_log")) else None
            known[folder] = None if live is None else {os.path.join(folder, one.path) for one in live}
        files = known[folder]
        if files is not None:
            return path in files
        folder = os.path.dirname(folder)
    return True


def _some(candidates: Iterable[DataFile | None], spec: str, what: str, hint: str) -> list[DataFile]:
    files = {file.uri: file for file in candidates if file is not None}
    if not files:
        raise DataError(spec, what, hint)
    return sorted(files.values(), key=lambda file: natural(file.name))


def natural(name: str) -> tuple[object, ...]:
    """Sorts batch_2 before batch_10."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _empty(folder: str) -> tuple[str, str]:
    """What is wrong with a folder that has no data files, and what to do."""
    names = os.listdir(folder)
    other = sorted(name for name in names if not name.startswith((".", "_")))
    if other and "_delta_log" not in names and os.path.isfile(os.path.join(folder, other[0])):
        return (
            f"holds no data file in a supported format (only {other[0]})",
            f"write files that end in one of {_known()}",
        )
    if "_SUCCESS" in names or "_delta_log" in names:
        return "is a table with no rows", "check why its job wrote none"
    return "holds no data files", f"put files there that end in one of {_known()}"


def _in_folder(folder: str, base: str | None) -> list[DataFile]:
    """The data files below a folder; of a table folder in it only the live ones. JSON documents beside data
    of another format are about the data."""
    files: list[DataFile] = []
    for directory, folders, names in os.walk(folder):
        live = _live(directory) if _table_like(folders, names) else None
        if live is not None:
            folders[:] = []
            for one in live:
                file = _local(os.path.join(directory, one.path), base, folder)
                if file is not None:
                    partitions = file.partitions if one.partitions is None else one.partitions
                    whole = os.path.relpath(directory, base) if base else directory
                    files.append(replace(file, partitions=partitions, part_of=whole))
            continue
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        paths = [os.path.join(directory, n) for n in names if suffix(n) and not n.startswith((".", "_"))]
        files.extend(file for path in paths if (file := _local(path, base, folder)) is not None)
    rows = [file for file in files if suffix(file.uri) != ".json"]
    known: dict[str, set[str] | None] = {}
    return [_grouped(file, base, folder) for file in rows or files if _is_live(file.uri, known)]


def _grouped(file: DataFile, base: str | None, folder: str) -> DataFile:
    """A file that is only a part of a table (of Delta, Iceberg or Hugging Face, of a partitioned folder, of a
    Spark job) as a part of it: of one date of it, where the partitions tell dates."""
    if file.part_of:
        return file
    parts = [part for part in os.path.relpath(file.uri, folder).split(os.sep)[:-1] if "=" in part]
    if not parts and not _PART.match(os.path.basename(file.uri)):
        return file
    top = os.path.dirname(file.uri)
    while "=" in os.path.basename(top) and len(top) > len(folder):
        top = os.path.dirname(top)
    dated = [part for part in parts if _CALENDAR.match(part)]
    whole = os.path.join(top, *dated)
    return replace(file, part_of=os.path.relpath(whole, base) if base else whole)


def _table_like(folders: Sequence[str], names: Sequence[str]) -> bool:
    marks = {"_delta_log", "metadata", ".hoodie", "_versions"}
    return bool(marks & set(folders)) or any(n == "state.json" or n.startswith("cache-") for n in names)


def _live(folder: str) -> list[LiveFile] | None:
    from runwatch.data.lakes import TableFolder, live_files

    paths = {
        os.path.relpath(os.path.join(directory, name), folder).replace(os.sep, "/")
        for directory, _, names in os.walk(folder)
        for name in names
    }
    return live_files(TableFolder(folder, paths, lambda path: _read_whole(os.path.join(folder, path))))


def _read_whole(path: str) -> bytes:
    if os.stat(path).st_size > _MAX_TABLE_FILE:
        raise DataError(path, f"is more than {_MAX_TABLE_FILE >> 20} MiB long", "export the table")
    with opened_regular(path, path) as handle:
        return bytes(handle.read())


def _local(path: str, base: str | None, folder: str | None, strict: bool = False) -> DataFile | None:
    try:
        info = os.stat(path)
    except OSError as error:
        if strict:
            raise explained(path, error) from error
        return None
    if not stat.S_ISREG(info.st_mode):
        if strict:
            raise DataError(path, "is not a regular file", "give a file or a folder of files")
        return None
    name = os.path.relpath(path, base) if base else path
    inner = os.path.relpath(path, _above_partitions(folder)) if folder else path
    return DataFile(
        path,
        name=name,
        size=info.st_size,
        mtime_ns=info.st_mtime_ns,
        inode=info.st_ino,
        partitions=partitions_of(inner),
    )


def _above_partitions(folder: str) -> str:
    """The folder above the hive ``key=value`` folders that a path ends in."""
    while "=" in os.path.basename(os.path.normpath(folder)):
        folder = os.path.dirname(os.path.normpath(folder))
    return folder or "."


def partitions_of(path: str) -> tuple[tuple[str, str], ...]:
    """Hive ``key=value`` parts of a path."""
    parts = path.replace(os.sep, "/").split("/")[:-1]
    return tuple((k, v) for k, eq, v in (part.partition("=") for part in parts) if eq and k)


def _resolve_url(url: str, chained: bool) -> list[DataFile]:
    system, path = filesystem(url, chained)
    scheme = url.split("://", 1)[0]
    with explaining(url):
        system.invalidate_cache()  # a listing that is kept hides what has arrived since
        if glob.has_magic(path.partition("?")[0] if scheme.startswith("http") else path):
            entries = list(system.glob(path, detail=True).values())
        elif suffix(url) is None and system.isdir(path):
            entries = list(system.find(path, detail=True).values())
        else:
            entries = [system.info(path)]
        entries = [_with_state(system, entry) for entry in entries if entry.get("type", "file") == "file"]
    return _some(
        (_remote(scheme, system, e, url, path) for e in entries), url, "holds no data files", "check the URL"
    )


def _with_state(system: Any, entry: JsonDict) -> JsonDict:
    """The entry with what tells one state of the file from another, which listings of web servers lack."""
    known = {"ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "Last-Modified", "created"}
    if known & entry.keys() or suffix(str(entry["name"])) is None:
        return entry
    return {**entry, **system.info(entry["name"])}


def _remote(scheme: str, system: Any, entry: JsonDict, url: str, path: str) -> DataFile | None:
    inner = str(entry["name"])
    whole = whole_url(url, system, inner)
    if suffix(inner) is None:
        return None
    etag = str(entry.get("ETag") or entry.get("etag") or entry.get("md5Hash") or "")
    etag = etag or str(entry.get("Last-Modified") or "")
    changed = entry.get("mtime") or entry.get("LastModified") or entry.get("last_modified")
    seconds: object = changed.timestamp() if isinstance(changed, datetime) else changed
    mtime = int(float(seconds) * 1e9) if isinstance(seconds, int | float) else 0
    etag = etag or (str(entry.get("created", "")) if not mtime else "")
    top = path.split("*")[0]
    below = inner[len(top) :] if inner.startswith(top) else inner
    if any(part.startswith(("_", ".")) for part in below.split("/")):
        return None
    return DataFile(
        whole,
        name=without_secrets(whole),
        size=int(entry.get("size") or 0),
        mtime_ns=mtime,
        inode=0,
        etag=etag,
        partitions=partitions_of(below),
    )
