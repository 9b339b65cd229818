"""What a run is called where many are listed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from runwatch.domain.run import Run, RunKey

_SAYS_NOTHING = re.compile(
    r".{1,2}|[0-9a-f]{8,64}|v?(?:version)?[_-]?\d+|[\d_T:.-]{8,}|run|runs|logs?|train|output|out|results?|files|dvclive",
    re.IGNORECASE,
)
"""Folders that many trainings have: version_0, a hash, a time, ``train``, a letter."""

_HASH = re.compile(r"[0-9a-f]{16,64}", re.IGNORECASE)
_OF_A_HASH = 7
"""Characters of a hash that people read, as git's."""


def shown_names(runs: Sequence[Run]) -> dict[RunKey, str]:
    """By run: its own name; else the shortest ending of its path that says something and that no other run
    listed has. A name that several bear is followed by what only this one of them has in its path."""
    bearers: dict[str, list[Run]] = {}
    for run in runs:
        bearers.setdefault(run.name, []).append(run)
    names = _endings(bearers.pop("", []))
    for name, those in bearers.items():
        marks = [""] if len(those) == 1 else _marks(those)
        names |= {
            run.key: f"{name} ({mark})" if mark else name for run, mark in zip(those, marks, strict=True)
        }
    return {run.key: names[run.key] for run in runs}


def _marks(runs: Sequence[Run]) -> list[str]:
    """For each of some runs the shortest part of its path that no other has, a telling one before a hash, of
    which the beginning does; its whole ending where it has none."""
    parts = [dict.fromkeys(part for folder in _parts(run) for part in folder.split("#")) for run in runs]
    owners = Counter(part for own in parts for part in own)
    beginnings = Counter(part[:_OF_A_HASH] for part in owners)
    endings = _endings(runs)
    marks = []
    for run, own in zip(runs, parts, strict=True):
        unique = [part for part in own if owners[part] == 1]
        mark = min(unique, key=lambda part: (bool(_SAYS_NOTHING.fullmatch(part)), len(part)), default="")
        if _HASH.fullmatch(mark) and beginnings[mark[:_OF_A_HASH]] == 1:
            mark = mark[:_OF_A_HASH]
        marks.append(mark or endings[run.key])
    return marks


def _endings(runs: Sequence[Run]) -> dict[RunKey, str]:
    parts = {run.key: _parts(run) for run in runs}
    depths = {key: _meaningful(folders) for key, folders in parts.items()}
    while True:
        result = {key: "/".join(folders[-depths[key] :]) for key, folders in parts.items()}
        count = Counter(result.values())
        short = [key for key, name in result.items() if count[name] > 1 and depths[key] < len(parts[key])]
        if not short:
            return result
        for key in short:
            depths[key] += 1


def _parts(run: Run) -> list[str]:
    """The folders of a run's path; a run that is its root goes by the root's own folder, a row of a file by
    the file and the row."""
    if run.id == ".":
        return [run.root.rstrip("/").rpartition("/")[2] or "/"]
    return run.id.split("/")


def _meaningful(parts: Sequence[str]) -> int:
    """How many of the last folders it takes to say something."""
    for depth, part in enumerate(reversed(parts), 1):
        if not _SAYS_NOTHING.fullmatch(part.rpartition("#")[2]):
            return depth
    return len(parts)
