"""Roots on other machines: ``HOST:PATH``, as scp writes them."""

from __future__ import annotations

import posixpath
import re

_ADDRESS = re.compile(
    r"(?P<host>(?:[^\s:/@\[\]]+@)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+)):(?P<path>.*)", re.S
)


def host_of(root: str) -> str | None:
    """The machine that a root, as records name it, is on; None: this one (its roots are absolute paths)."""
    if root.startswith("/"):
        return None
    match = _ADDRESS.fullmatch(root)
    return match["host"] if match else None


def split(text: str) -> tuple[str, str] | None:
    """(host, path) of ``HOST:PATH``; None when it is no such thing (a URL, a path, an option)."""
    match = _ADDRESS.fullmatch(text)
    if match is None or match["host"].startswith("-") or match["path"].startswith("//"):
        return None
    return match["host"], match["path"] or "."


def joined(host: str, path: str) -> str:
    return f"{host}:{path}"


def path_of(root: str) -> str:
    """A root's path on its own machine."""
    host = host_of(root)
    return root if host is None else root[len(host) + 1 :]


def is_address_of(root: str, host: str, path: str) -> bool:
    """Whether ``root``, as records name it, is what a person means by ``host`` and ``path``: a path that
    begins at a home (~ or no slash) is known by its end; "." is every root of the machine."""
    if host_of(root) != host:
        return False
    folder, there = posixpath.normpath(path.removeprefix("~/")), path_of(root)
    return folder in (".", "~", there) or (not folder.startswith("/") and there.endswith(f"/{folder}"))
