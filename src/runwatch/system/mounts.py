"""Which file system a path is on, by proc_pid_mountinfo(5)."""

from __future__ import annotations

import os
import re

import msgspec

from runwatch.domain.tree import is_below

SERVED = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "gpfs", "beegfs", "afs", "panfs"})
"""File systems of a server that several machines share."""
REMOTE = SERVED | {"9p", "virtiofs", "overlay"}
_MOUNTS = "/proc/self/mountinfo"
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mount(msgspec.Struct, frozen=True):
    """Where a path is mounted, and the file system's type ("" when it cannot be told); ``source``: the device
    or server, ``top``: the folder of it that is mounted there."""

    point: str
    kind: str
    source: str = ""
    top: str = "/"

    @property
    def remote(self) -> bool:
        """Whether inotify is silent about other hosts' (or layers') writes here."""
        return self.kind in REMOTE or self.kind.startswith(("nfs", "fuse."))


def mount_point(path: str) -> str:
    """The mount point that holds ``path`` (its nearest existing folder, where it does not exist yet). Asks
    the file system, not the table of mounts, which only Linux has."""
    at = os.path.realpath(path)
    while not os.path.ismount(at):
        parent = os.path.dirname(at)
        if parent == at:
            break
        at = parent
    return at


def mount_of(path: str, table: str | None = None) -> Mount:
    """The mount that holds ``path``: of those whose point is above it the deepest, and of these the last;
    ``table``: the text of mountinfo, for tests."""
    best = Mount("", "")
    for line in (_mounts() if table is None else table).splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or not kind:
            continue
        point = _plain(fields[4])
        if is_below(path, point) and len(point) >= len(best.point):
            best = Mount(point, kind[0], _plain(kind[1]) if len(kind) > 1 else "", _plain(fields[3]))
    return best


def _mounts() -> str:
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _plain(field: str) -> str:
    """A field with its octal escapes undone."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
