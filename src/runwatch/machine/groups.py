"""The control groups (versions 1 and 2) that limit this process's memory."""

from __future__ import annotations

from pathlib import Path

from runwatch.machine.procfs import ProcFs

_SUBTREES = 64


def memory_groups(places: ProcFs) -> tuple[Path, ...]:
    """The folders of this process's memory group and of those above it, innermost first; a container that
    sees only its own part of the tree shows it at the top."""
    hierarchy, path = _membership(places)
    if hierarchy is None:
        return ()
    folder = hierarchy / path.strip("/") if path.strip("/") and ".." not in path else hierarchy
    while folder != hierarchy and not folder.is_dir():
        folder = folder.parent
    folders = [folder]
    while folder != hierarchy and len(folders) < _SUBTREES:
        folder = folder.parent
        folders.append(folder)
    return tuple(folders)


def _membership(places: ProcFs) -> tuple[Path | None, str]:
    """The mount of the memory hierarchy, and our path in it."""
    unified: tuple[Path, str] | None = None
    for line in (places.text("self", "cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            return places.cgroups / "memory", path
        if number == "0" and not controllers:
            unified = places.cgroups, path
    return unified if unified is not None else (None, "")
