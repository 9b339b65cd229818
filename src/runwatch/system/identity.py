"""What tells one root from all others: the machine it is on, or the file server that machines share."""

from __future__ import annotations

import os
import re
import sys

from runwatch.system.mounts import SERVED, mount_of

_SHARED = SERVED | {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.juicefs"}
_CONTAINER = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")
_POD = re.compile(r"-[0-9a-z]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_DIGITS = 16


def host_name() -> str:
    """This machine's name, as it calls itself."""
    return os.uname().nodename


def process_exists(pid: int) -> bool:
    """Whether a process of this number runs on this machine; one that may not be asked does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def user_name() -> str:
    """The user's name, for what they write."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this number, as in a container
        return str(os.getuid())


def root_identity(
    root: str, own_id: str | None = None, host: str | None = None, mounts: str | None = None
) -> str:
    """What names a root in the state: the ``id`` of its configuration, else a digest of where its files are:
    at an address (HOST:PATH), on a file server (one identity for all machines that mount it), else on this
    machine (two machines that share a home and have equal paths are two roots). ``host``, ``mounts``: as
    ``host_name`` and /proc/self/mountinfo say, for tests."""
    if own_id:
        return f"id:{own_id}"
    if ":" in root.partition("/")[0]:
        return digest(os.fsencode(root))
    path = os.path.realpath(root)
    place = _served(path, mounts)
    return digest(os.fsencode(place or f"{lasting_name(host or host_name())}:{path}"))


def earlier_identity(root: str) -> str:
    """What named a root in the state before machines were distinguished: a digest of its real path alone."""
    return digest(os.fsencode(os.path.realpath(root)))


def is_shared(root: str, own_id: str | None = None, mounts: str | None = None) -> bool:
    """Whether several machines may know this root as one."""
    return bool(own_id) or _served(os.path.realpath(root), mounts) is not None


def lasting_name(host: str) -> str:
    """A machine's name without what changes at each start: a container's random name is "container", a pod's
    is its deployment's; macOS takes its domain from the network it is on."""
    if _CONTAINER.fullmatch(host):
        return "container"
    if sys.platform == "darwin":
        return host.partition(".")[0].lower()
    return _POD.sub("", host)


def digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()[:_DIGITS]


def _served(path: str, mounts: str | None) -> str | None:
    """SERVER:PATH of a path that several machines mount; None on a disk of this machine."""
    mount = mount_of(path, mounts)
    if mount.kind not in _SHARED or not mount.source:
        return None
    below = os.path.normpath(f"{mount.top}/{path[len(mount.point) :]}")
    return f"{mount.kind} {mount.source}:{below}"
