"""Which files a path, folder, glob or URL stands for, and what tells one state of a file from another."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec

from runwatch.data.errors import DataError, explained
from runwatch.system.files import NotRegular, open_regular

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
    """The known data suffix that ``path`` ends in, None when it has none."""
    from runwatch.data.formats import formats

    lower = path.lower()
    return max((s for s in formats() if lower.endswith(s)), key=len, default=None)


def _known() -> str:
    from runwatch.data.formats import formats

    return ", ".join(sorted(formats()))


def resolve(spec: str, base: str | None = None) -> list[DataFile]:
    """The data files of a file, folder, glob or fsspec URL, in natural name order. ``base``: names are made
    relative to it. DataError when there are none."""
    if is_url(spec):
        return _resolve_url(spec)
    if os.path.isdir(spec):
        found = [_local(path, base, spec) for path in _walk(spec)]
        hint = f"put files there that end in one of {_known()}"
        return _some(found, spec, "holds no data files", hint)
    if not os.path.lexists(spec) and glob.has_magic(spec):
        return _resolve_glob(spec, base)
    file = _local(spec, base, None, strict=True)
    assert file is not None
    if suffix(spec) is None:
        raise DataError(spec, "is of no known data format", f"use one of {_known()}")
    return [file]


def _resolve_glob(spec: str, base: str | None) -> list[DataFile]:
    found: list[DataFile | None] = []
    for path in glob.iglob(spec, recursive=True):
        if os.path.isdir(path):
            found.extend(_local(inner, base, path) for inner in _walk(path))
        elif suffix(path):
            found.append(_local(path, base, None))
    return _some(found, spec, "matches no data files", "check the pattern, and quote it from the shell")


def _some(found: Iterable[DataFile | None], spec: str, what: str, hint: str) -> list[DataFile]:
    files = {file.uri: file for file in found if file is not None}
    if not files:
        raise DataError(spec, what, hint)
    return sorted(files.values(), key=lambda file: natural(file.name))


def natural(name: str) -> tuple[object, ...]:
    """Sorts batch_2 before batch_10."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _walk(folder: str) -> Iterable[str]:
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        for name in names:
            if suffix(name) and not name.startswith((".", "_")):
                yield os.path.join(directory, name)


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
    inner = os.path.relpath(path, folder) if folder else path
    return DataFile(path, name, info.st_size, info.st_mtime_ns, info.st_ino, partitions=partitions_of(inner))


def partitions_of(path: str) -> tuple[tuple[str, str], ...]:
    """Hive ``key=value`` parts of a path."""
    parts = path.replace(os.sep, "/").split("/")[:-1]
    return tuple((k, v) for k, eq, v in (part.partition("=") for part in parts) if eq and k)


def filesystem(url: str) -> tuple[Any, str]:
    """(fsspec file system, path in it). DataError when fsspec or the protocol's package is missing."""
    try:
        import fsspec
    except ImportError as error:
        raise DataError(url, "needs fsspec", "pip install 'runwatch[remote]'") from error
    try:
        system, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise DataError(url, str(error).splitlines()[0], "install the file system's own package") from error
    return system, path


def _resolve_url(url: str) -> list[DataFile]:
    system, path = filesystem(url)
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
        return system.open(path, "rb")
    try:
        return os.fdopen(open_regular(file.uri)[0], "rb")
    except NotRegular as error:
        raise DataError(file.name, "is not a regular file", "give a file or a folder of files") from error
