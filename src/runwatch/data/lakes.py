"""Which files of a table folder live: Delta and Iceberg tables keep replaced rows on disk, Hugging Face
datasets their mapped copies. A table whose rows are not simply the rows of its files is refused in words."""

from __future__ import annotations

import io
import posixpath
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from runwatch.data.avro import AvroError, records
from runwatch.data.errors import DataError
from runwatch.data.formats.parquet import checked, unpacked_bytes
from runwatch.domain.borders import JsonDict
from runwatch.readers.common.bounded_json import parse
from runwatch.text.safe import safe

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_MAX_BYTES = 64 << 20
_MAX_CHECKPOINT = 64 << 20
_COMMIT = re.compile(r"_delta_log/(\d{20})\.json")
_CHECKPOINT = re.compile(r"_delta_log/(\d{20})\.checkpoint(\.\d{10}\.(\d{10}))?\.parquet")
_OTHER_CHECKPOINT = re.compile(r"_delta_log/\d{20}\.checkpoint\.[0-9a-f-]{36}\.(json|parquet)")
_METADATA = re.compile(r"metadata/(v?)(\d+)[^/]*\.metadata\.json")
_SHOWN = 80
_WHOLE_TABLE = "export the table with its own tool, and name the exported files"


# reader features of Delta that leave rows what the files say, or that are told where they are used
_HARMLESS = frozenset(
    {"columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
    | {"typeWidening", "typeWidening-preview"}
    | {"variantType", "variantType-preview", "variantShredding-preview"}
)


class TableFolder(NamedTuple):
    """A folder as these tables see it."""

    name: str
    """As shown."""
    paths: Collection[str]
    """All files below it, relative, with ``/``."""
    read: Callable[[str], bytes]
    """The bytes of one."""

    def refused(self, what: str, hint: str = _WHOLE_TABLE) -> DataError:
        return DataError(self.name, what, hint)


class LiveFile(NamedTuple):
    """A live file: its path relative to the folder, and its partition values as Hive would write them into
    a path (None: as its own path says)."""

    path: str
    partitions: tuple[tuple[str, str], ...] | None = None


def live_files(folder: TableFolder) -> list[LiveFile] | None:
    """The files that hold the table's rows; None for a folder that is no table but files. DataError for a
    table that cannot be read as the sum of its files, and for metadata that makes no sense."""
    try:
        return _live_files(folder)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        what = f"is a table whose metadata is invalid ({type(error).__name__}: {safe(str(error), _SHOWN)})"
        raise folder.refused(what, "write it again, or export it with its own tool") from error


def _live_files(folder: TableFolder) -> list[LiveFile] | None:
    tops = {path.partition("/")[0] for path in folder.paths}
    if "_delta_log" in tops:
        return _delta(folder)
    if "metadata" in tops and any(_METADATA.fullmatch(path) for path in folder.paths):
        return _iceberg(folder)
    if ".hoodie" in tops:
        raise folder.refused("is a Hudi table, which is not supported")
    if "_versions" in tops and any(path.endswith(".manifest") for path in folder.paths):
        raise folder.refused("is a Lance dataset, which is not supported")
    return _hugging_face(folder)


def _json(folder: TableFolder, path: str) -> Any:
    body = folder.read(path)
    if path.endswith(".gz.metadata.json"):
        body = zlib.decompressobj(31).decompress(body, _MAX_BYTES)
    return _parsed(folder, path, body)


def _parsed(folder: TableFolder, path: str, body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError as error:
        what, hint = f"is not valid JSON ({error})", "wait for it, or write it again"
        raise DataError(posixpath.join(folder.name, path), what, hint) from error


def _delta(folder: TableFolder) -> list[LiveFile]:
    """Delta's log replayed: the newest checkpoint, then every commit after it.
    https://github.com/delta-io/delta/blob/master/PROTOCOL.md"""
    commits = {int(m[1]): path for path in folder.paths if (m := _COMMIT.fullmatch(path))}
    version, checkpoint = _checkpoint(folder)
    numbers = sorted(number for number in commits if number > version)
    if (not numbers and version < 0) or numbers != list(range(version + 1, version + 1 + len(numbers))):
        hint = "check whether all of _delta_log is there"
        raise folder.refused("is a Delta table whose log has gaps", hint)
    live: dict[str, dict[str, object]] = {}
    for action in (*checkpoint, *_actions(folder, [commits[number] for number in numbers])):
        _refuse_delta(folder, action)
        for kind in ("add", "remove"):
            entry = action.get(kind)
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                live.pop(entry["path"], None)
                if kind == "add":
                    live[entry["path"]] = entry
    return [_added(folder, entry) for entry in live.values()]


def _checkpoint(folder: TableFolder) -> tuple[int, list[JsonDict]]:
    """(version of the newest whole checkpoint, its actions); -1 where there is none."""
    parts: dict[int, list[str]] = {}
    sizes: dict[int, int] = {}
    for path in folder.paths:
        if match := _CHECKPOINT.fullmatch(path):
            parts.setdefault(int(match[1]), []).append(path)
            sizes[int(match[1])] = int(match[3] or 1)
    whole = [version for version, paths in parts.items() if len(paths) == sizes[version]]
    if not whole:
        if any(_OTHER_CHECKPOINT.fullmatch(path) for path in folder.paths):
            raise folder.refused("is a Delta table with checkpoints of version 2, which are not supported")
        return -1, []
    rows: list[JsonDict] = []
    for path in sorted(parts[max(whole)]):
        name = posixpath.join(folder.name, path)
        parquet = checked(io.BytesIO(folder.read(path)), name)
        columns = [
            name for name in ("add", "metaData", "protocol") if name in set(parquet.schema_arrow.names)
        ]
        size = sum(unpacked_bytes(parquet, at, columns, name) for at in range(parquet.num_row_groups))
        if size > _MAX_CHECKPOINT:
            raise DataError(name, f"unpacks to more than {_MAX_CHECKPOINT >> 20} MiB", _WHOLE_TABLE)
        table = parquet.read(columns=columns, use_threads=False)
        rows.extend(row for row in table.to_pylist() if any(row.values()))
    for row in rows:
        values = (row.get("add") or {}).get("partitionValues")
        if isinstance(values, list):
            row["add"]["partitionValues"] = dict(values)
    return max(whole), rows


def _actions(folder: TableFolder, paths: list[str]) -> Iterator[dict[str, object]]:
    for path in paths:
        for line in folder.read(path).splitlines():
            action = _parsed(folder, path, line) if line.strip() else {}
            if isinstance(action, dict):
                yield action


def _refuse_delta(folder: TableFolder, action: dict[str, object]) -> None:
    entry = action.get("add")
    if isinstance(entry, dict) and entry.get("deletionVector"):
        what = "is a Delta table with deletion vectors (_delta_log says so), which are not supported"
        raise folder.refused(what, "run REORG TABLE … APPLY (PURGE), or export it")
    protocol = action.get("protocol")
    if isinstance(protocol, dict) and (unknown := set(protocol.get("readerFeatures") or ()) - _HARMLESS):
        names = ", ".join(sorted(map(str, unknown)))
        raise folder.refused(f"is a Delta table with features that are not supported ({names})")
    metadata = action.get("metaData")
    if isinstance(metadata, dict):
        configuration = metadata.get("configuration") or {}
        mode = dict(configuration).get("delta.columnMapping.mode", "none")
        if mode != "none":
            raise folder.refused(
                "is a Delta table with column mapping (_delta_log says so), which is not supported"
            )


def _added(folder: TableFolder, entry: JsonDict) -> LiveFile:
    path = unquote(entry["path"])
    values = entry.get("partitionValues") or {}
    partitions = tuple(
        (quote(k), HIVE_NULL if v in (None, "") else quote(str(v))) for k, v in dict(values).items()
    )
    return LiveFile(_inside(folder, path), partitions)


def _inside(folder: TableFolder, path: str) -> str:
    whole = posixpath.normpath(path)
    if "://" in path or whole.startswith(("/", "..")) or "file:" in path:
        raise folder.refused(f"is a table that names a file outside its folder ({path})")
    if whole not in folder.paths:
        raise folder.refused(f"is a table whose file {whole} is gone", "restore it, or export the table")
    return whole


def _iceberg(folder: TableFolder) -> list[LiveFile]:
    """The data files of the current snapshot. https://iceberg.apache.org/spec"""
    metadata = _json(folder, _newest_metadata(folder))
    current = metadata.get("current-snapshot-id")
    snapshot = next((s for s in metadata.get("snapshots") or () if s.get("snapshot-id") == current), None)
    if snapshot is None:
        return []
    location = str(metadata.get("location", ""))
    live: list[LiveFile] = []
    try:
        for manifest in _manifests(folder, snapshot, location):
            for entry in records(folder.read(manifest["path"])):
                live.extend(_iceberg_file(folder, entry, bool(manifest["deletes"]), location))
    except AvroError as error:
        raise folder.refused(f"is an Iceberg table with a damaged manifest ({error})", "") from error
    return live


def _newest_metadata(folder: TableFolder) -> str:
    """The greatest version; ``version-hint.text`` names it in tables without a catalogue."""
    versions = [(int(m[2]), path) for path in folder.paths if (m := _METADATA.fullmatch(path))]
    if "metadata/version-hint.text" in folder.paths:
        hint = folder.read("metadata/version-hint.text").decode("utf-8", "replace").strip()
        named = [path for number, path in versions if str(number) == hint]
        if named:
            return named[0]
    newest = max(number for number, _ in versions)
    paths = [path for number, path in versions if number == newest]
    return max(paths, key=lambda path: int(_json(folder, path).get("last-updated-ms", 0)))


def _manifests(folder: TableFolder, snapshot: JsonDict, location: str) -> Iterator[JsonDict]:
    listed = snapshot.get("manifest-list")
    if not listed:
        for path in snapshot.get("manifests") or ():
            yield {"path": _beneath(folder, str(path), location), "deletes": False}
        return
    for entry in records(folder.read(_beneath(folder, str(listed), location))):
        yield {
            "path": _beneath(folder, entry["manifest_path"], location),
            "deletes": entry.get("content") == 1,
        }


def _iceberg_file(folder: TableFolder, entry: JsonDict, deletes: bool, location: str) -> Iterator[LiveFile]:
    if entry.get("status") == 2:
        return
    file = entry["data_file"]
    if deletes or file.get("content"):
        what = "is an Iceberg table with delete files, which are not supported"
        raise folder.refused(what, "rewrite its data files (compaction), or export it")
    yield LiveFile(_beneath(folder, file["file_path"], location), ())


def _beneath(folder: TableFolder, path: str, location: str) -> str:
    """A path of the metadata, relative to the table's folder, wherever that has been moved."""
    base = location.rstrip("/") + "/"
    if path.startswith(base):
        return _inside(folder, unquote(path[len(base) :]) if "://" not in base else path[len(base) :])
    return _inside(folder, path)


def _hugging_face(folder: TableFolder) -> list[LiveFile] | None:
    """A saved dataset's files, or a cache's original without its mapped copies and index tables."""
    if "state.json" in folder.paths:
        listed = _json(folder, "state.json")
        files = listed.get("_data_files") if isinstance(listed, dict) else None
        if isinstance(files, list) and files:
            return [LiveFile(_inside(folder, str(file.get("filename")))) for file in files]
    own = [path for path in folder.paths if path.endswith(".arrow")]
    copies = [path for path in own if posixpath.basename(path).startswith("cache-")]
    if copies and len(copies) < len(own):
        return [LiveFile(path) for path in own if path not in copies]
    return None
