"""Files are written whole or not at all: what reads them never sees a part."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def save(
    path: Path,
    write: Callable[[IO[bytes]], object],
    mode: int = 0o644,
    check: Callable[[], None] | None = None,
    suffix: str = "",
    mtime_ns: int = 0,
) -> None:
    """Let ``write`` fill a temporary file beside ``path`` (the file that a link means), sync it and give it
    the name. It gets mode and owner of the file that it replaces, a new one ``mode``. ``check`` is called
    just before the rename and may raise; ``mtime_ns``: its modification time. Raises ``OSError`` and what
    the two callables raise; the old file is then as it was."""
    target = path.resolve()
    fd, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=suffix, dir=target.parent)
    try:
        with open(fd, "wb") as file:
            write(file)
            file.flush()
            _like(fd, target, mode)
            os.fsync(fd)
        if mtime_ns:
            os.utime(name, ns=(mtime_ns, mtime_ns))
        if check:
            check()
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def save_text(path: Path, text: str, mode: int = 0o644) -> None:
    """``save`` of UTF-8 text; what UTF-8 cannot hold is written as ``\\udcff``."""
    save(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")), mode)


def _like(fd: int, target: Path, mode: int) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        os.fchmod(fd, mode)
        return
    os.fchmod(fd, stat.S_IMODE(old.st_mode))
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.fchown(fd, old.st_uid, old.st_gid)


def _sync_folder(folder: Path) -> None:
    """After the rename the save is done: what fails here takes nothing back."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
