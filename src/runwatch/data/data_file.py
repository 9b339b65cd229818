"""One data file: a regular file or a remote object, what tells its states apart, and its bytes."""

from __future__ import annotations

import os
import re
from datetime import date
from typing import IO, Any

import msgspec

from runwatch.data import crash_notes
from runwatch.data.errors import DataError, explaining
from runwatch.data.remote import filesystem
from runwatch.system.files import NotRegular, open_regular

_MAX_FETCHED = 4 << 30
_DAY = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")


class DataFile(msgspec.Struct, frozen=True):
    """One regular file or remote object."""

    uri: str
    name: str
    """As shown."""
    size: int
    mtime_ns: int = 0
    inode: int = 0
    etag: str = ""
    partitions: tuple[tuple[str, str], ...] = ()
    """Hive ``key=value`` pairs of its path below the folder that was asked for."""
    part_of: str = ""
    """The table or folder that it is only a part of."""

    @property
    def batch(self) -> str:
        """The name of the batch that it belongs to: itself, or what it is a part of."""
        return self.part_of or self.name

    @property
    def remote(self) -> bool:
        return is_url(self.uri)

    @property
    def stamp(self) -> str:
        """Changes whenever the content may have: size, mtime and inode, or size and etag."""
        return f"{self.size}:{self.etag}" if self.etag else f"{self.size}:{self.mtime_ns}:{self.inode}"

    @property
    def stateless(self) -> bool:
        """Whether nothing tells one state of it from another."""
        return self.remote and not self.etag and not self.mtime_ns

    @property
    def when(self) -> float | None:
        return self.mtime_ns / 1e9 if self.mtime_ns else None

    @property
    def day(self) -> int | None:
        """The date in its name or partitions as a proleptic ordinal, None when there is none."""
        own = () if self.part_of else (os.path.basename(self.name), self.name)
        for text in (*(value for _, value in self.partitions), *own, self.part_of):
            for match in _DAY.finditer(text):
                try:
                    return date(*(int(part) for part in match.groups())).toordinal()
                except ValueError:
                    continue
        return None


def is_url(path: str) -> bool:
    return "://" in path


def open_bytes(file: DataFile) -> IO[bytes]:
    """A seekable binary file object; a local one must still be a regular file when it is opened."""
    if file.remote:
        crash_notes.begin(file.uri, file.stamp, file.name)
        system, path = filesystem(file.uri)
        with explaining(file.name):
            return system.open(path, "rb") if file.size else _fetched(system, path, file)
    return opened_regular(file.uri, file.name)


def _fetched(system: Any, path: str, file: DataFile) -> IO[bytes]:
    """A file whose server does not say its size, which can only be read from its beginning, in a temporary
    file."""
    import tempfile

    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with system.open(path, "rb", block_size=0) as source:
        while block := source.read(1 << 20):
            copy.write(block)
            if copy.tell() > _MAX_FETCHED:
                copy.close()
                what = f"is more than {_MAX_FETCHED >> 30} GiB long, or its server does not report its size"
                raise DataError(file.name, what, "copy it here first")
    copy.seek(0)
    return copy


def opened_regular(path: str, name: str) -> IO[bytes]:
    """The same for a path. DataError for what is no regular file; OSError."""
    try:
        fd, stat = open_regular(path)
        handle = os.fdopen(fd, "rb")
        crash_notes.begin(path, f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}", name)
        return handle
    except NotRegular as error:
        raise DataError(name, "is not a regular file", "give a file or a folder of files") from error
