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


def shown_names(runs: Sequence[Run]) -> dict[RunKey, str]:
    """By run: its own name; else the shortest ending of its path that says something and that no other run
    listed has. A name that several bear has such an ending after it."""
    named = Counter(run.name for run in runs if run.name)
    endings = _endings([run for run in runs if named.get(run.name, 0) != 1])
    return {
        run.key: run.name if named.get(run.name, 0) == 1 else _with(run, endings[run.key]) for run in runs
    }


def _with(run: Run, ending: str) -> str:
    return f"{run.name} ({ending})" if run.name else ending


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
