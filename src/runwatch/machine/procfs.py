"""Where the kernel tells of itself, in one object so that a test can put other folders in its place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

_MOST = 1 << 20


class ProcFs(msgspec.Struct, frozen=True):
    """Where the kernel tells of processes and devices."""

    proc: Path = Path("/proc")
    """The process file system."""
    cgroups: Path = Path("/sys/fs/cgroup")
    """Where control groups are mounted."""
    drm: Path = Path("/sys/class/drm")
    """Where graphics cards are."""

    @property
    def here(self) -> bool:
        """Whether they are this machine's own, of which others may be asked too."""
        return True

    def prepare(self, files: Iterable[Path]) -> None:
        """These are going to be read."""

    def read(self, file: Path) -> str | None:
        """A small kernel file's text; None where it cannot be read."""
        try:
            with open(file, "rb") as opened:
                return opened.read(_MOST).decode("utf-8", "replace")
        except OSError:
            return None

    def text(self, *parts: str) -> str | None:
        """The text of a file below ``proc``; None: there is none, or it may not be read."""
        return self.read(self.proc.joinpath(*parts))

    def number(self, file: Path) -> int | None:
        """Of a file that holds one whole number; None: none, "max", or something else."""
        text = (self.read(file) or "").strip()
        return int(text) if is_count(text) else None


def is_count(word: str) -> bool:
    """Whether it is a whole number of 64 bits as the kernel writes them, and nothing that another machine
    made up."""
    return len(word) < 20 and word.isascii() and word.isdigit()


def field_of(text: str | None, name: str) -> int | None:
    """The number after ``name`` in lines such as "name 12" or "name: 12 kB"."""
    for line in (text or "").splitlines():
        words = line.replace(":", " ").split()
        if len(words) > 1 and words[0] == name and is_count(words[1]):
            return int(words[1])
    return None
