"""One line for a status bar, from what was kept last. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runwatch.store.snapshot_facts import SnapshotFacts

BEATS = 3
_TIGHT = 85.0
_COLOURS = {"bad": "red", "warn": "yellow", "good": "green", "old": "brightblack"}


def status_line(kept: SnapshotFacts | None, now: float, tmux: bool = False) -> str:
    """ "rw 3 run 1! 2~ 5 open disk 8%": running runs, critical findings (!), warnings (~), open tasks, the
    free share of the fullest disk when it is tight; with its age once that is over three beats. Nothing was
    kept: "rw ?". ``tmux``: with tmux's colours."""
    if kept is None:
        return "rw ?"
    paint = _tmux if tmux else _plain
    facts, old = kept.facts, is_old(kept, now)
    runs, found = facts["run_counts"], facts["finding_counts"]
    parts = ["rw", f"{runs.get('running', 0)} run"]
    if found["critical"]:
        parts.append(paint(f"{found['critical']}!", "bad"))
    if found["warning"]:
        parts.append(paint(f"{found['warning']}~", "warn"))
    trouble = facts.get("trouble", "")
    if trouble:
        parts.append(paint("internal error", "bad"))
    elif not found["critical"] and not found["warning"] and not old:
        parts.append(paint("ok", "good"))
    if facts["tasks"]["open"]:
        parts.append(f"{facts['tasks']['open']} open")
    fullest = max((disk["percent"] for disk in facts["disks"]), default=0.0)
    if fullest >= _TIGHT:
        parts.append(paint(f"disk {100 - fullest:.0f}%", "bad" if fullest >= 95 else "warn"))
    if old:
        parts.append(paint(f"({_age(now - kept.at)} ago)", "old"))
    return " ".join(parts)


def status_json(kept: SnapshotFacts | None, now: float) -> dict[str, Any]:
    """The same as JSON."""
    from runwatch.text.units import iso

    if kept is None:
        return {"schema": 1, "at": None, "age_s": None, "old": True, "line": status_line(None, now)}
    facts: Mapping[str, Any] = kept.facts
    tasks = {name: facts["tasks"][name] for name in ("open", "overdue", "snoozed", "critical")}
    return {
        "schema": 1,
        "at": iso(kept.at),
        "age_s": max(now - kept.at, 0.0),
        "old": is_old(kept, now),
        "roots": facts["roots"],
        "runs": facts["run_counts"],
        "findings": facts["finding_counts"],
        "tasks": tasks,
        "disks": facts["disks"],
        "trouble": facts.get("trouble") or None,
        "line": status_line(kept, now),
    }


def is_old(kept: SnapshotFacts, now: float) -> bool:
    """Whether the facts are older than three beats of the process that keeps them."""
    return now - kept.at > BEATS * kept.beat


def _age(seconds: float) -> str:
    for limit, unit, letter in ((60, 1, "s"), (3600, 60, "m"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f}{letter}"
    return f"{seconds / 86400:.0f}d"


def _plain(words: str, tone: str) -> str:
    return words


def _tmux(words: str, tone: str) -> str:
    return f"#[fg={_COLOURS[tone]}]{words.replace('#', '##')}#[default]"
