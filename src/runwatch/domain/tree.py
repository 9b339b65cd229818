"""What lies below a root: folders and the stats of their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec


def is_below(path: str, folder: str) -> bool:
    """Whether a path is ``folder`` or lies in it, by its words alone; in ".", the root, lies all that is
    relative to it."""
    return folder == "." or path == folder or path.startswith(folder.rstrip("/") + "/")


class FileStat(NamedTuple):
    """What ``stat`` said. Two equal ones mean: nothing to read."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def mtime(self) -> float:
        return self.mtime_ns / 1e9


class Folder(msgspec.Struct, eq=False):
    """One directory."""

    path: str
    """Relative to the root, "." for the root itself."""
    parent: Folder | None = None
    files: dict[str, FileStat] = msgspec.field(default_factory=dict)
    """Regular files by name."""
    folders: dict[str, Folder] = msgspec.field(default_factory=dict)
    irregular: tuple[str, ...] = ()
    """Names of FIFOs, sockets and devices, which are never opened."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def join(self, name: str) -> str:
        """The path, relative to the root, of something in this folder."""
        return name if self.path == "." else f"{self.path}/{name}"

    def at(self, path: str) -> Folder | None:
        """The folder at a path relative to this one, which is the root's."""
        folder: Folder | None = self
        for name in path.split("/") if path != "." else ():
            folder = folder.folders.get(name) if folder is not None else None
        return folder

    def walk(self, depth: int | None = None) -> Iterator[Folder]:
        """This folder and those below it, at most ``depth`` levels down."""
        yield self
        if depth is None or depth > 0:
            for child in list(self.folders.values()):
                yield from child.walk(None if depth is None else depth - 1)


class TreeChanges(msgspec.Struct, eq=False):
    """Paths relative to the root."""

    files: set[str] = msgspec.field(default_factory=set)
    """New or with another stat."""
    removed: set[str] = msgspec.field(default_factory=set)
    """Files that are gone."""
    folders: set[str] = msgspec.field(default_factory=set)
    """Folders whose set of names changed (a new folder too)."""

    def __bool__(self) -> bool:
        return bool(self.files or self.removed or self.folders)
