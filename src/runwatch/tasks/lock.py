"""A lock between processes: flock on a file of ours, or an exclusive file where there is no flock."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runwatch.system.files import private_folder
from runwatch.system.identity import host_name, process_exists

_NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
_STALE_AFTER = 60.0
_PAUSE = 0.01


class LockBusy(OSError):
    """Another process held the lock for all of the time given."""


@contextmanager
def locked(path: Path, timeout: float = 2.0) -> Iterator[None]:
    """Hold the lock ``path`` (made when missing, mode 0600), waiting at most ``timeout`` seconds.

    Raises ``LockBusy``, or the ``OSError`` of making the file."""
    private_folder(path.parent)
    deadline = time.monotonic() + timeout
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _flock(fd, deadline):
            yield
            return
    finally:
        os.close(fd)
    with _exclusive(path.with_name(path.name + ".held"), deadline):
        yield


def _flock(fd: int, deadline: float) -> bool:
    """True once the lock is ours, False when this file system knows no flock."""
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(deadline)
        except OSError as error:
            if error.errno not in _NO_FLOCK:
                raise
            return False
        else:
            return True


@contextmanager
def _exclusive(path: Path, deadline: float) -> Iterator[None]:
    owner = f"{host_name()} {os.getpid()}\n".encode()
    while True:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            break
        except FileExistsError:
            if _stale(path):
                path.unlink(missing_ok=True)
            else:
                _wait(deadline)
    try:
        os.write(fd, owner)
        os.close(fd)
        yield
    finally:
        path.unlink(missing_ok=True)


def _stale(path: Path) -> bool:
    """Whether it was left behind: a minute ago, or by a process of this machine that has ended."""
    try:
        if time.time() - path.stat().st_mtime > _STALE_AFTER:
            return True
        host, pid = path.read_text().split()
        return host == host_name() and not process_exists(int(pid))
    except (OSError, ValueError, OverflowError):  # gone by now, or its owner is just writing into it
        return False


def _wait(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise LockBusy(errno.EAGAIN, "held by another process")
    time.sleep(_PAUSE)
