"""What the kernel lets this user watch: the limits that count, what is taken, and whether it works at all."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

_SYSTEM = "/proc/sys/fs/inotify/max_user_{}"
_NAMESPACE = "/proc/sys/user/max_inotify_{}"


class Taken(msgspec.Struct, frozen=True):
    """inotify instances and watches that processes of this user hold now (those whose /proc we may read)."""

    instances: int
    watches: int


def limit(name: str) -> int | None:
    """The user's limit of "instances" or "watches": the smaller of the system's and the user name space's.
    None where the kernel has no inotify."""
    limits = [
        value for pattern in (_SYSTEM, _NAMESPACE) if (value := _number(pattern.format(name))) is not None
    ]
    return min(limits, default=None)


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def refusal() -> str:
    """Why the kernel gives no inotify instance now, "" when it does; it is asked, and the answer closed."""
    import ctypes

    try:
        library = ctypes.CDLL(None, use_errno=True)
        fd = library.inotify_init1(os.O_CLOEXEC)
    except (OSError, AttributeError):
        return "this system has no inotify"
    if fd < 0:
        return os.strerror(ctypes.get_errno())
    os.close(fd)
    return ""


def taken() -> Taken:
    """What all processes of this user hold."""
    instances = watches = 0
    for process in _processes():
        for count in _instances(process):
            instances, watches = instances + 1, watches + count
    return Taken(instances, watches)


def watches_held() -> int | None:
    """How many watches this process holds; None where the kernel doesn't say (macOS)."""
    if not os.path.isdir("/proc/self/fdinfo"):
        return None
    return sum(_instances("self"))


def _processes() -> Iterator[str]:
    me = os.geteuid()
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in filter(str.isdecimal, names):
        try:
            if os.stat(f"/proc/{name}").st_uid == me:
                yield name
        except OSError:
            continue


def _instances(process: str) -> Iterator[int]:
    """The watches of each inotify instance of a process."""
    try:
        names = os.listdir(f"/proc/{process}/fd")
    except OSError:
        return
    for fd in names:
        try:
            if os.readlink(f"/proc/{process}/fd/{fd}") != "anon_inode:inotify":
                continue
            with open(f"/proc/{process}/fdinfo/{fd}", encoding="ascii", errors="replace") as file:
                yield sum(line.startswith("inotify ") for line in file)
        except OSError:
            continue
