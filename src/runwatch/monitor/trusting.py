"""What lies in a root and wants its user's trust: its configuration, a to-do file that leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from runwatch.config.settings import Settings
from runwatch.config.trust import is_trusted
from runwatch.monitor.root_state import link_digest
from runwatch.system.files import is_really_below


class Ask(msgspec.Struct, frozen=True):
    """A file as it stands (``digest``) and what it ``wants`` to do that it may not yet do."""

    root: str
    file: str
    digest: str
    wants: tuple[str, ...]


def asks(settings: Mapping[str, Settings]) -> tuple[Ask, ...]:
    """What waits for trust below these roots, each file once."""
    questions = [ask for root, one in settings.items() for ask in (*_configuration(root, one), *_link(root))]
    return tuple({ask.file: ask for ask in questions}.values())


def _configuration(root: str, settings: Settings) -> Iterator[Ask]:
    if settings.file and settings.withheld:
        yield Ask(root, settings.file, settings.digest, settings.withheld)


def _link(root: str) -> Iterator[Ask]:
    own = Path(root) / "todo.txt"
    try:
        if not own.is_symlink() or is_really_below(str(own), root):
            return
        digest, target = link_digest(own), str(own.resolve())
    except (OSError, RuntimeError):
        return
    if not is_trusted(digest):
        yield Ask(root, str(own), digest, (f"read and write tasks in {target}",))
