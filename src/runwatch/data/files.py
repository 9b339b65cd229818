"""Which files a path, folder, glob or URL stands for, and what tells one state of a file from another."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from runwatch.data.errors import DataError, explained
from runwatch.system.files import NotRegular, open_regular
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.data.lakes import Live

_MAX_TABLE_FILE = 256 << 20
_LEVELS_ABOVE = 4
PROTOCOLS = frozenset(
    {"http", "https", "ftp", "sftp", "ssh", "smb", "hdfs", "webhdfs", "s3", "s3a", "gs", "gcs", "az"}
    | {"abfs", "abfss", "adl", "oci", "oss", "hf", "memory"}
)
WRAPPERS = frozenset({"zip", "tar", "simplecache", "filecache", "blockcache"})
_DAY = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")


class DataFile(msgspec.Struct, frozen=True):
    """One regular file or remote object. ``name``: as shown; ``partitions``: hive ``key=value`` pairs of its
    path below the folder that was asked for."""

    uri: str
    name: str
    size: int
    mtime_ns: int = 0
    inode: int = 0
    etag: str = ""
    partitions: tuple[tuple[str, str], ...] = ()

    @property
    def remote(self) -> bool:
        return is_url(self.uri)

    @property
    def stamp(self) -> str:
        """Changes whenever the content may have: size, mtime and inode, or size and etag."""
        return f"{self.size}:{self.etag}" if self.etag else f"{self.size}:{self.mtime_ns}:{self.inode}"

    @property
    def when(self) -> float | None:
        return self.mtime_ns / 1e9 if self.mtime_ns else None

    @property
    def day(self) -> int | None:
        """The date in its name or partitions as a proleptic ordinal, None when there is none."""
        for text in (*(value for _, value in self.partitions), os.path.basename(self.name), self.name):
            for match in _DAY.finditer(text):
                try:
                    return date(*(int(part) for part in match.groups())).toordinal()
                except ValueError:
                    continue
        return None


def is_url(path: str) -> bool:
    return "://" in path


def suffix(path: str) -> str | None:
    """The known data suffix that ``path`` ends in (of a URL: without its query), None when it has none."""
    from runwatch.data.formats import formats

    lower = path.lower()
    if is_url(lower):
        lower = lower.partition("?")[0]
    return max((s for s in formats() if lower.endswith(s)), key=len, default=None)


def _known() -> str:
    from runwatch.data.formats import formats
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
        raise DataError(spec, "is of no known data format", f"use one of {_known()}")
    return [file]


def _resolve_glob(spec: str, base: str | None) -> list[DataFile]:
    found: list[DataFile | None] = []
    live: dict[str, set[str] | None] = {}
    for path in glob.iglob(spec, recursive=True):
        if os.path.isdir(path):
            found.extend(_in_folder(path, base))
        elif suffix(path) and _lives(path, live):
            found.append(_local(path, base, None))
    return _some(found, spec, "matches no data files", "check the pattern, and quote it from the shell")


def _lives(path: str, known: dict[str, set[str] | None]) -> bool:
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


def _some(found: Iterable[DataFile | None], spec: str, what: str, hint: str) -> list[DataFile]:
    files = {file.uri: file for file in found if file is not None}
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
    if "_SUCCESS" in names or "_delta_log" in names:
        return "is a table with no rows", "see why its job wrote none"
    return "holds no data files", f"put files there that end in one of {_known()}"


def _in_folder(folder: str, base: str | None) -> list[DataFile]:
    """The data files below a folder; of a table folder in it only those that live. JSON documents beside data
    of another format are about the data."""
    found: list[DataFile] = []
    for directory, folders, names in os.walk(folder):
        live = _live(directory) if _table_like(folders, names) else None
        if live is not None:
            folders[:] = []
            for one in live:
                file = _local(os.path.join(directory, one.path), base, folder)
                if file is not None:
                    beside = file.partitions if one.partitions is None else one.partitions
                    found.append(replace(file, partitions=beside))
            continue
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        paths = [os.path.join(directory, n) for n in names if suffix(n) and not n.startswith((".", "_"))]
        found.extend(file for path in paths if (file := _local(path, base, folder)) is not None)
    rows = [file for file in found if suffix(file.uri) != ".json"]
    return rows or found


def _table_like(folders: Sequence[str], names: Sequence[str]) -> bool:
    marks = {"_delta_log", "metadata", ".hoodie", "_versions"}
    return bool(marks & set(folders)) or any(n == "state.json" or n.startswith("cache-") for n in names)


def _live(folder: str) -> list[Live] | None:
    from runwatch.data.lakes import Folder, live_files

    paths = {
        os.path.relpath(os.path.join(directory, name), folder).replace(os.sep, "/")
        for directory, _, names in os.walk(folder)
        for name in names
    }
    return live_files(Folder(folder, paths, lambda path: _read_whole(os.path.join(folder, path))))


def _read_whole(path: str) -> bytes:
    if os.stat(path).st_size > _MAX_TABLE_FILE:
        raise DataError(path, f"is more than {_MAX_TABLE_FILE >> 20} MiB long", "export the table")
    with _opened_regular(path, path) as handle:
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
    return DataFile(path, name, info.st_size, info.st_mtime_ns, info.st_ino, partitions=partitions_of(inner))


def _above_partitions(folder: str) -> str:
    """The folder above the hive ``key=value`` folders that a path ends in."""
    while "=" in os.path.basename(os.path.normpath(folder)):
        folder = os.path.dirname(os.path.normpath(folder))
    return folder or "."


def partitions_of(path: str) -> tuple[tuple[str, str], ...]:
    """Hive ``key=value`` parts of a path."""
    parts = path.replace(os.sep, "/").split("/")[:-1]
    return tuple((k, v) for k, eq, v in (part.partition("=") for part in parts) if eq and k)


def filesystem(url: str, chained: bool = True) -> tuple[Any, str]:
    """(fsspec file system, path in it). DataError when the kind of URL is none that we open, when it holds
    another one and ``chained`` is off, or when fsspec or the protocol's package is missing."""
    _known_kind(url, chained)
    try:
        import fsspec
    except ImportError as error:
        raise DataError(url, "needs fsspec", "pip install 'runwatch[remote]'") from error
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise DataError(url, str(error).splitlines()[0], "install the file system's own package") from error
    except Exception as error:  # each file system has errors of its own: a host that is away, a bad login
        raise explained(url, error) from error
    return system, path


def _known_kind(url: str, chained: bool) -> None:
    """DataError for a URL that would be opened by more than its own words say: fsspec has kinds that run
    other programs, read this machine, or wrap one another."""
    links = url.split("::")
    if len(links) > 1 and not chained:
        raise DataError(url, "holds another URL", "name the file itself; only the command line takes both")
    for number, link in enumerate(links, 1):
        kind, sign, _ = link.partition("://")
        here = not sign and number == len(links) > 1  # a file of this machine, by its path
        if not here and kind.lower() not in (PROTOCOLS if len(links) == 1 else PROTOCOLS | WRAPPERS):
            known = ", ".join(sorted(PROTOCOLS - {"memory"}))
            raise DataError(url, f"is of a kind that is not opened ({safe(kind, 40)})", f"use one of {known}")


def _resolve_url(url: str, chained: bool) -> list[DataFile]:
    system, path = filesystem(url, chained)
    scheme = url.split("://", 1)[0]
    try:
        if glob.has_magic(path):
            entries = list(system.glob(path, detail=True).values())
        elif system.isdir(path):
            entries = list(system.find(path, detail=True).values())
        else:
            entries = [system.info(path)]
    except Exception as error:
        raise explained(url, error) from error
    found = [
        _remote(scheme, system, entry, url, path) for entry in entries if entry.get("type", "file") == "file"
    ]
    return _some(found, url, "holds no data files", "check the URL")


def _remote(scheme: str, system: Any, entry: dict[str, Any], url: str, path: str) -> DataFile | None:
    inner = str(entry["name"])
    whole = inner if is_url(inner) else system.unstrip_protocol(inner)
    if suffix(inner) is None:
        return None
    etag = str(entry.get("ETag") or entry.get("etag") or entry.get("md5Hash") or "")
    changed = entry.get("mtime") or entry.get("LastModified") or entry.get("last_modified")
    seconds: Any = changed.timestamp() if isinstance(changed, datetime) else changed
    mtime = int(float(seconds) * 1e9) if isinstance(seconds, int | float) else 0
    etag = etag or (str(entry.get("created", "")) if not mtime else "")
    below = inner[len(path) :] if inner.startswith(path) else inner
    return DataFile(whole, whole, int(entry.get("size") or 0), mtime, 0, etag, partitions_of(below))


def open_bytes(file: DataFile) -> Any:
    """A seekable binary file object; a local one must still be a regular file when it is opened."""
    if file.remote:
        system, path = filesystem(file.uri)
        try:
            return system.open(path, "rb")
        except Exception as error:
            raise explained(file.name, error) from error
    return _opened_regular(file.uri, file.name)


def _opened_regular(path: str, name: str) -> Any:
    try:
        return os.fdopen(open_regular(path)[0], "rb")
    except NotRegular as error:
        raise DataError(name, "is not a regular file", "give a file or a folder of files") from error
