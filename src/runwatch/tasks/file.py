"""The to-do file on disk: read whole, written whole or not at all, with other writers beside us.

A save is: lock (in the state directory), read again, edit by line, temporary file in the same directory,
mode and owner, fsync, a last look whether somebody else wrote meanwhile, ``os.replace``, fsync of the
directory. A symbolic link keeps pointing where it did."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from runwatch.domain.errors import UserError
from runwatch.domain.tree import is_below
from runwatch.system.files import NotRegular, Stamp, TooLarge, private_folder, read_with_stat, stamp_of
from runwatch.system.identity import digest
from runwatch.system.saving import save
from runwatch.tasks.document import Document, LineEdit
from runwatch.tasks.lock import LockBusy, locked
from runwatch.text.safe import safe

MAX_BYTES = 8 * 2**20
_TRIES = 3
_ARCHIVE = "done.txt"
_T = TypeVar("_T")
_DAY = 86400.0
_SUFFIX = ".runwatch-tmp"

Why = Literal["busy", "changed", "read-only", "full", "unreadable", "unlocked"]
_REASONS: dict[int, Why] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
}
_REMEDIES: dict[Why, str] = {
    "busy": "another program holds the lock; it will be retried",
    "changed": "another program keeps writing it; it will be retried",
    "read-only": "it cannot be written here; choose another with [tasks] file or --file",
    "full": "the disk is full; free some space",
    "unreadable": "check the path and its permissions",
    "unlocked": "set HOME or XDG_STATE_HOME to a folder that can be written",
}


class TodoError(UserError):
    """The file could not be read or saved; it is as it was before. ``why`` sorts it, the text says it."""

    def __init__(self, path: Path, why: Why, message: str) -> None:
        super().__init__(f"{safe(str(path))}: {message}; {_REMEDIES[why]}")
        self.why = why


class _FileChanged(Exception):
    pass


class TodoFile:
    """One to-do file. ``locks``: the directory of our lock files, None when there is no place for one (then
    nothing is saved); ``private``: the file lives in our own state directory, which is made when missing;
    ``host``: this machine's name where several may write to the file: its findings' lines bear it."""

    def __init__(
        self, path: Path, locks: Path | None, private: bool = False, timeout: float = 2.0, host: str = ""
    ) -> None:
        self.path = path
        self._locks = locks
        self._private = private
        self.host = host
        self._timeout = timeout
        self._archived: tuple[Stamp | None, Document] = (None, Document())

    def read(self) -> Document:
        """The file as it stands; a missing one is empty. Raises ``TodoError``."""
        return Document.decode(self._read(self.path)[0])

    def archive(self) -> Document:
        """``done.txt`` beside it, where other tools put finished lines; empty when there is none. It is read
        again only when it has changed."""
        path = self.path.with_name(_ARCHIVE)
        now = stamp_of(path)
        if now is None or now != self._archived[0]:
            data, stamp = self._read(path)
            self._archived = (stamp, Document.decode(data))
        return self._archived[1]

    def update(self, make: Callable[[Document], Sequence[LineEdit]]) -> Document:
        """Save the edits that ``make`` wants for the file as it stands under the lock, and return the file
        as it is then. ``make`` may be called again when another program wrote meanwhile. Raises
        ``TodoError``; the file is then as it was."""
        return self._alone(lambda: self._tries(make))

    def put_away(self, finished: Callable[[str], bool]) -> int:
        """Move the lines for which ``finished`` holds to the end of ``done.txt`` beside it; how many. They
        are saved there before they go here. Raises ``TodoError``."""
        return self._alone(lambda: self._move(finished))

    def _alone(self, work: Callable[[], _T]) -> _T:
        """Do ``work`` under the lock. Raises ``TodoError``."""
        if self._locks is None:
            raise TodoError(self.path, "unlocked", "not saved: there is no folder for its lock")
        try:
            if self._private:
                private_folder(self.path.parent)
            name = digest(os.fsencode(os.path.realpath(self.path)))
            with locked(self._locks / f"{name}.lock", self._timeout):
                return work()
        except LockBusy as error:
            raise TodoError(self.path, "busy", "is being changed") from error
        except OSError as error:
            reason = error.strerror or str(error)
            if is_below(str(self._locks), str(error.filename)) or is_below(
                str(error.filename), str(self._locks)
            ):
                raise TodoError(
                    self.path, "unlocked", f"not saved: no lock in {self._locks} ({reason})"
                ) from error
            why = _REASONS.get(error.errno or 0, "unreadable")
            raise TodoError(self.path, why, f"not saved ({reason})") from error

    def _tries(self, make: Callable[[Document], Sequence[LineEdit]]) -> Document:
        for _ in range(_TRIES):
            data, stamp = self._read(self.path)
            before = Document.decode(data)
            after = before.edited(make(before))
            if after == before:
                return before
            with contextlib.suppress(_FileChanged):
                _replace(self.path, after.encode(), stamp)
                return after
        raise TodoError(self.path, "changed", "was changed by another program during each of three tries")

    def _move(self, finished: Callable[[str], bool]) -> int:
        archive = TodoFile(self.path.with_name(_ARCHIVE), self._locks)
        done = [line for line in self.read().texts if finished(line)]
        archive._tries(lambda document: [LineEdit(None, line) for line in done])
        left, taken = Counter(done), Counter[str]()

        def gone(document: Document) -> list[LineEdit]:
            taken.clear()
            taken.update(Counter(document.texts) & left)
            return [LineEdit(line, None) for line in taken.elements()]

        try:
            self._tries(gone)
            left -= taken
        finally:  # what another program has changed since is in the list still, and is not put away
            archive._tries(lambda now: [LineEdit(line, None, len(now.lines)) for line in left.elements()])
        return taken.total()

    def _read(self, path: Path) -> tuple[bytes, Stamp | None]:
        try:
            data, info = read_with_stat(path, MAX_BYTES)
        except FileNotFoundError:
            return b"", None
        except NotRegular as error:
            raise TodoError(path, "unreadable", "is not a regular file") from error
        except TooLarge as error:
            raise TodoError(path, "unreadable", f"is larger than {MAX_BYTES >> 20} MiB") from error
        except OSError as error:
            raise TodoError(path, "unreadable", f"cannot be read ({error.strerror})") from error
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise TodoError(path, "unreadable", "is UTF-16; todo.txt is UTF-8")
        return data, Stamp.of(path, info)


def _replace(path: Path, data: bytes, read: Stamp | None) -> None:
    def unchanged() -> None:
        if stamp_of(path) != read:
            raise _FileChanged

    target = Path(os.path.realpath(path))
    new = 0o600 | (0o644 & target.parent.stat().st_mode)  # as open as its directory lets it be
    save(target, lambda file: file.write(data), new, unchanged, _SUFFIX)
    _tidy(target)


def _tidy(target: Path) -> None:
    """Remove what a process that was killed in the middle of a save left behind a day ago or earlier."""
    with contextlib.suppress(OSError):
        written = target.stat().st_mtime
        for stray in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
            if stray.lstat().st_mtime < written - _DAY:
                stray.unlink()


def move_into(own: TodoFile, private: TodoFile) -> None:
    """Add the lines of ``private`` that ``own`` does not have; the file of ``private`` is then renamed to
    ``todo.txt.moved``. Raises ``TodoError``; ``private`` is then as it was."""
    lines = private.read().texts
    if not lines:
        return

    def missing(document: Document) -> list[LineEdit]:
        return [LineEdit(None, line) for line in (Counter(lines) - Counter(document.texts)).elements()]

    own.update(missing)
    with contextlib.suppress(FileNotFoundError):
        private.path.rename(private.path.with_name("todo.txt.moved"))
