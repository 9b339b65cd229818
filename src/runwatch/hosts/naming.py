"""Which of the roots that a person names are on other machines."""

from __future__ import annotations

import os
from collections.abc import Sequence

from runwatch import config
from runwatch.domain.address import split
from runwatch.domain.errors import UserError
from runwatch.hosts.targets import Target, target


def split_by_host(
    roots: Sequence[str], config_file: str | None, all_hosts: bool = False
) -> tuple[tuple[str, ...], tuple[Target, ...]]:
    """(roots on this machine, other machines with theirs). A local path of that very name wins; ``HOST:``
    alone means the roots that the configuration gives HOST; ``all_hosts``: all configured ones too. Raises
    ConfigError, UserError."""
    named = [(root, _address(root)) for root in roots]
    if not all_hosts and not any(address for _, address in named):
        return tuple(roots), ()
    known = config.hosts(config_file)
    if all_hosts and not known:
        raise UserError(
            "--all: no hosts are configured; add [[hosts]] to your own configuration, see docs/hosts.md"
        )
    paths: dict[str, list[str]] = {}
    for root, address in named:
        if address is not None:
            host, path = address
            configured = known[host].roots if host in known and root == f"{host}:" else ()
            paths.setdefault(host, []).extend(configured or (path,))
    for name, settings in known.items() if all_hosts else ():
        paths.setdefault(name, []).extend(settings.roots)
    others = tuple(target(name, tuple(dict.fromkeys(folders)), known) for name, folders in paths.items())
    return tuple(root for root, address in named if address is None), others


def is_elsewhere(root: str) -> bool:
    """Whether a root as a person writes it is on another machine."""
    return _address(root) is not None


def _address(root: str) -> tuple[str, str] | None:
    """(host, path) of a root on another machine. The disk is asked about what looks like one only: it may
    hang."""
    address = split(root)
    return None if address is None or os.path.lexists(root) else address
