"""The walk: what lies below a root now, and what changed since the last look."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch

from runwatch.domain.run import Problem
from runwatch.domain.tree import FileStat, Folder, TreeChanges
from runwatch.system.files import is_really_below

SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints", ".trash"}
)
MAX_DEPTH = 40
_MANY = 50


class Tree:
    """The folders and file stats below one root. Directory links are never followed; a file link is, when
    its target is a regular file inside the root (or anywhere, with ``follow``)."""

    def __init__(self, root: str, ignore: Iterable[str] = (), follow: bool = False) -> None:
        self.root = root
        self.top = Folder(".")
        self.problems: dict[str, Problem] = {}
        self._ignore = tuple(ignore)
        self._follow = follow
        self._pulse: Callable[[], None] = _nobody
        self._walking: set[str] = set()

    def folder(self, path: str) -> Folder | None:
        """The known folder at a relative path."""
        return self.top.at(path)

    def stat(self, file: str) -> FileStat | None:
        """The known stat of a file at a relative path."""
        above, _, name = file.rpartition("/")
        folder = self.folder(above or ".")
        return folder.files.get(name) if folder else None

    def scan(self, pulse: Callable[[], None] | None = None) -> TreeChanges:
        """Walk everything; raises OSError only when the root itself cannot be listed. ``pulse`` is called
        after each folder."""
        changes = TreeChanges()
        os.scandir(self.root).close()
        self._pulse = pulse or _nobody
        try:
            self._scan(self.top, changes, 0, deep=True)
        finally:
            self._pulse = _nobody
            self._walking.clear()
        return changes

    def walked(self) -> Iterator[Folder]:
        """While a scan goes on: the folders that it is done with, neighbours included, so that a run's
        neighbours are known. Of a folder with many in it some are enough."""
        for folder in self.top.walk():
            above = folder.parent
            if above is None or folder.path in self._walking:
                continue
            if above.path not in self._walking or len(above.folders) > _MANY:
                yield folder

    def refresh(self, paths: Iterable[str]) -> TreeChanges:
        """Look at these relative paths only (files or folders); a path that nothing is known about makes
        its nearest known folder be listed."""
        changes = TreeChanges()
        listed: set[str] = set()
        for path in paths:
            self._refresh(path, changes, listed)
        return changes

    def _refresh(self, path: str, changes: TreeChanges, listed: set[str]) -> None:
        above, _, name = path.rpartition("/")
        folder = self.folder(above or ".") if path != "." else self.top
        if folder is not None and path != "." and name in folder.files:
            info = self._stat(path)
            if info is not None and stat.S_ISREG(info.st_mode):
                known = _known(info)
                if folder.files[name] != known:
                    folder.files[name] = known
                    changes.files.add(path)
                return
        target = self.folder(path)
        if target is None:
            target = folder
            while target is None:
                above = above.rpartition("/")[0]
                target = self.folder(above or ".")
        if target.path not in listed:
            listed.add(target.path)
            self._scan(target, changes, target.path.count("/"), deep=False)

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(os.path.join(self.root, path))
        except OSError:
            return None

    def _scan(self, folder: Folder, changes: TreeChanges, depth: int, deep: bool) -> None:
        try:
            entries = list(os.scandir(self._absolute(folder.path)))
            self.problems.pop(folder.path, None)
        except FileNotFoundError:
            self._vanish(folder, changes)
            return
        except OSError as error:
            self.problems[folder.path] = Problem(
                folder.path, None, f"folder cannot be listed: {error.strerror}", "check its permissions"
            )
            return
        files, folders, irregular = self._sort(folder, entries)
        self._take_files(folder, files, irregular, changes)
        self._walking.add(folder.path)
        self._take_folders(folder, folders, changes, depth, deep)
        self._walking.discard(folder.path)
        self._pulse()

    def _absolute(self, path: str) -> str:
        return self.root if path == "." else os.path.join(self.root, path)

    def _sort(
        self, folder: Folder, entries: list[os.DirEntry[str]]
    ) -> tuple[dict[str, FileStat], list[str], tuple[str, ...]]:
        files: dict[str, FileStat] = {}
        folders: list[str] = []
        irregular: list[str] = []
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in SKIPPED and not self._ignored(folder.join(entry.name) + "/"):
                        folders.append(entry.name)
                    continue
                info = entry.stat()
                if stat.S_ISDIR(info.st_mode) or (entry.is_symlink() and not self._inside(entry.path)):
                    continue
            except OSError:
                continue
            if stat.S_ISREG(info.st_mode):
                if not self._ignored(folder.join(entry.name)):
                    files[entry.name] = _known(info)
            else:
                irregular.append(entry.name)
        return files, folders, tuple(sorted(irregular))

    def _inside(self, path: str) -> bool:
        return self._follow or is_really_below(path, self.root)

    def _ignored(self, path: str) -> bool:
        return bool(self._ignore) and any(
            fnmatch(path, pattern) or fnmatch("/" + path, pattern) for pattern in self._ignore
        )

    @staticmethod
    def _take_files(
        folder: Folder, files: dict[str, FileStat], irregular: tuple[str, ...], changes: TreeChanges
    ) -> None:
        before = folder.files
        for name, known in files.items():
            if before.get(name) != known:
                changes.files.add(folder.join(name))
        gone = before.keys() - files.keys()
        changes.removed.update(folder.join(name) for name in gone)
        if gone or len(files) != len(before) or irregular != folder.irregular:
            changes.folders.add(folder.path)
        folder.files = files
        folder.irregular = irregular

    def _take_folders(
        self, folder: Folder, names: list[str], changes: TreeChanges, depth: int, deep: bool
    ) -> None:
        for gone in folder.folders.keys() - set(names):
            self._vanish(folder.folders[gone], changes)
            changes.folders.add(folder.path)
        for name in names:
            child = folder.folders.get(name)
            new = child is None
            if child is None:
                child = folder.folders[name] = Folder(folder.join(name), folder)
                changes.folders.update((folder.path, child.path))
            if depth >= MAX_DEPTH:
                message = f"more than {MAX_DEPTH} folders deep, not searched"
                self.problems[child.path] = Problem(child.path, None, message, "give a folder nearer to it")
            elif deep or new:
                self._scan(child, changes, depth + 1, deep)

    def _vanish(self, folder: Folder, changes: TreeChanges) -> None:
        for below in folder.walk():
            self.problems.pop(below.path, None)
            changes.removed.update(below.join(name) for name in below.files)
            changes.folders.add(below.path)
        if folder.parent is not None:
            folder.parent.folders.pop(folder.name, None)
        else:
            folder.files, folder.folders = {}, {}


def _known(info: os.stat_result) -> FileStat:
    return FileStat(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _nobody() -> None:
    """Nobody wants to know how far a scan is."""
