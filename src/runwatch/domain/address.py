"""Roots on other machines: ``HOST:PATH``, as scp writes them."""

from __future__ import annotations

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
