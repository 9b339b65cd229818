"""Files, opened and written with care: what lies in a watched folder is whatever somebody put there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from runwatch.domain.tree import FileStat, is_below

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_MOST_WINDOW = 1024 * 1024


class NotRegular(OSError):
    """The path is a FIFO, a device, a socket or a directory."""


class TooLarge(OSError):
    """The file is larger than what may be read of it."""


def open_regular(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    """A descriptor of a regular file and what it is: the opening can neither block nor take the terminal.
    Raises NotRegular, OSError."""
    fd = os.open(path, _READ)
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise NotRegular(errno.EINVAL, "not a regular file", os.fspath(path))
    except BaseException:
        os.close(fd)
        raise
    return fd, info


class Opened:
    """A regular file, opened so that it can neither block nor take the terminal; a context manager."""

    __slots__ = ("_fd", "stat")

    def __init__(self, path: str) -> None:
        self._fd, info = open_regular(path)
        self.stat = FileStat(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def pread(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes at ``offset``, short only at the end of the file."""
        parts: list[bytes] = []
        while size > 0:
            part = os.pread(self._fd, size, offset)
            if not part:
                break
            parts.append(part)
            size -= len(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def past_hole(self, offset: int, least: int) -> int:
        """``offset``; or, if more than ``least`` bytes from there on were never written, where the next ones
        are that were (a sparse file: reading what it says it holds may take for ever)."""
        if self.stat.size - offset <= least:
            return offset
        try:
            written = os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            written = self.stat.size if error.errno == errno.ENXIO else offset
        return written if written - offset > least else offset


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """All of a regular file of at most ``most`` bytes. Raises TooLarge, NotRegular, OSError."""
    return read_with_stat(path, most)[0]


def read_with_stat(path: str | os.PathLike[str], most: int) -> tuple[bytes, os.stat_result]:
    """The same, and what the file is: asked of what was opened, not of a name that may mean something else
    by then."""
    fd, info = open_regular(path)
    with open(fd, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(errno.EFBIG, f"larger than {most >> 10} KiB", os.fspath(path))
    return data, info


def read_window(path: str, end: int | None, size: int) -> tuple[bytes, int]:
    """At most ``size`` bytes (and 1 MiB) of a regular file that end at offset ``end`` (None: the end of the
    file), and the offset at which they start. Raises NotRegular, OSError."""
    fd, info = open_regular(path)
    with open(fd, "rb") as file:
        stop = info.st_size if end is None else min(end, info.st_size)
        start = max(stop - min(size, _MOST_WINDOW), 0)
        file.seek(start)
        return file.read(max(stop - start, 0)), start


class Stamp(NamedTuple):
    """What tells that a file is still the one that was read."""

    path: str
    size: int
    mtime_ns: int
    inode: int

    @staticmethod
    def of(path: str | os.PathLike[str], info: os.stat_result) -> Stamp:
        return Stamp(os.fspath(path), info.st_size, info.st_mtime_ns, info.st_ino)


def stamp_of(path: str | os.PathLike[str]) -> Stamp | None:
    """What a file is now; None: there is none, or it cannot be looked at."""
    try:
        return Stamp.of(path, os.stat(path))
    except OSError:
        return None


def private_folder(path: Path) -> None:
    """Make a folder of our own, and those above it that are missing, closed to group and others whatever the
    umask. Raises OSError."""
    if not path.parent.exists():
        private_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o700)


def append_private(path: str | os.PathLike[str]) -> int:
    """A descriptor that appends to a file which only its user may read, whatever it was before. Raises
    OSError, for a link too."""
    fd = os.open(path, _APPEND, 0o600)
    os.fchmod(fd, 0o600)
    return fd


def write_all(fd: int, data: bytes) -> None:
    """All of it, however little is taken at once. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def is_really_below(path: str, folder: str) -> bool:
    """Whether what ``path`` means, links followed, lies in ``folder``."""
    return is_below(os.path.realpath(path), os.path.realpath(folder))
