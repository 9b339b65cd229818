"""Reports about drift that other tools write, by the names of their files."""

from __future__ import annotations

import re

_REPORT = re.compile(r"(?:.{0,100}[_-])?(?:report|drift|evidently|snapshot)(?:[_-].{0,100})?\.json")


def may_be_drift_report(file: str) -> bool:
    """Whether a file may be a snapshot or a report of Evidently's."""
    folder, _, name = file.rpartition("/")
    if not name.endswith(".json"):
        return False
    return folder.rpartition("/")[2] == "snapshots" or _REPORT.fullmatch(name) is not None
