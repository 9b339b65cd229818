"""What kind of file system a path is on."""

from __future__ import annotations

from dataclasses import dataclass

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "lustre", "gpfs", "beegfs", "afs", "overlay"}
)
_MOUNTS = "/proc/self/mountinfo"


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
