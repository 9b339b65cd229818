"""What kind of file system a path is on, and what the kernel lets us watch."""

from __future__ import annotations

import os
from dataclasses import dataclass

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "lustre", "gpfs", "beegfs", "afs", "overlay"}
)
_MOUNTS = "/proc/self/mountinfo"
_INOTIFY = "/proc/sys/fs/inotify"


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a path is mounted, and the file system's type ("" when it can't be told)."""

    point: str
    kind: str

    @property
    def remote(self) -> bool:
        """Whether inotify is silent about other hosts' (or layers') writes here."""
        return self.kind in REMOTE or self.kind.startswith(("nfs", "fuse."))


def mount_of(path: str, table: str | None = None) -> Mount:
    """The mount that holds ``path`` (longest prefix); ``table``: the text of mountinfo, for tests."""
    if table is None:
        try:
            with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
                table = file.read()
        except OSError:
            return Mount("", "")
    best = Mount("", "")
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = fields[4].replace("\\040", " ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best.point):
            best = Mount(point, right.split()[0])
    return best


def inotify_limit(name: str) -> int | None:
    """A kernel limit: ``max_user_watches``, ``max_user_instances`` or ``max_queued_events``."""
    try:
        with open(os.path.join(_INOTIFY, name), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def watches_held() -> int | None:
    """How many inotify watches this process holds; None where the kernel doesn't say (macOS)."""
    folder = "/proc/self/fdinfo"
    held = 0
    try:
        for fd in os.listdir(folder):
            try:
                with open(os.path.join(folder, fd), encoding="ascii", errors="replace") as file:
                    held += sum(1 for line in file if line.startswith("inotify "))
            except OSError:
                continue
    except OSError:
        return None
    return held
