"""One line for a status bar, from what was kept last. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from runwatch.domain.address import is_address_of, split
from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.store.kept_facts import FORGOTTEN_AFTER, merge_facts, newest_by_root
from runwatch.store.snapshot_facts import SnapshotFacts
from runwatch.system.threads import started

BEATS = 3
_TIGHT = 85.0
_ANSWER_TIMEOUT_S = 0.3
_COLOURS = {"bad": "red", "warn": "yellow", "good": "green", "old": "brightblack"}


def chosen(rows: Iterable[SnapshotFacts], roots: Sequence[str], host: str, now: float) -> list[SnapshotFacts]:
    """What was kept of ``roots`` (as a person writes them; none: of all that were looked at in the last
    week), a part a root. ``rows``: newest first; ``host``: this machine."""
    if not roots:
        newest = newest_by_root(rows, now - FORGOTTEN_AFTER)
        return [newest[key] for key in sorted(newest)]
    known = newest_by_root(rows)
    parts = []
    for name in roots:
        if (address := split(name)) and not os.path.lexists(name):
            parts += sorted(key for key in known if is_address_of(key[1], *address))
            continue
        names = {name, os.path.abspath(os.path.expanduser(name))}
        fitting = [key for key in known if key[1] in names] or [
            key for key in known if key[1] == os.path.realpath(os.path.expanduser(name))
        ]
        parts += sorted(fitting, key=lambda key: key[0] != host)[:1]
    return [known[key] for key in dict.fromkeys(parts)]


def still_there(parts: Sequence[SnapshotFacts], host: str, now: float) -> list[SnapshotFacts]:
    """The parts without old ones whose root was deleted on this machine. A root that can't be asked within a
    moment, as on a mount that stopped answering, counts as there."""
    old = [part for part in parts if part.facts.get("host") == host and is_old(part, now)]
    gone: list[SnapshotFacts] = []

    def look() -> None:
        gone.extend(part for part in old if not any(map(os.path.lexists, part.facts["roots"])))

    looking = started(look, "runwatch-roots")
    if looking is not None:
        looking.join(_ANSWER_TIMEOUT_S)
    return [part for part in parts if part not in gone]


def status_line(parts: Sequence[SnapshotFacts], now: float, tmux: bool = False) -> str:
    """ "rw 3 run 1! 2~ 5 open disk 8%": running runs ("idle" without any), critical findings (!),
    warnings (~), open tasks, the free share of the fullest disk when it is tight; with the age of what is
    over three beats old. Nothing was kept: "rw ?". ``tmux``: with tmux's colours."""
    merged = merge_facts(parts)
    if merged is None:
        return "rw ?"
    paint = _tmux if tmux else _plain
    facts = merged.facts
    late = [part for part in parts if is_old(part, now)]
    old = len(late) == len(parts)
    runs, findings = facts["run_counts"], facts["finding_counts"]
    running = runs.get("running", 0)
    words = ["rw", f"{running} run" if running else "idle"]
    if findings["critical"]:
        words.append(paint(f"{findings['critical']}!", "bad"))
    if findings["warning"]:
        words.append(paint(f"{findings['warning']}~", "warn"))
    trouble = facts.get("trouble", "")
    if trouble:
        words.append(paint("internal error", "bad"))
    elif not findings["critical"] and not findings["warning"] and not old:
        words.append(paint("ok", "good"))
    if facts["tasks"]["open"]:
        words.append(f"{facts['tasks']['open']} open")
    fullest = max((disk["percent"] for disk in facts["disks"]), default=0.0)
    if fullest >= _TIGHT:
        words.append(paint(f"disk {100 - fullest:.0f}%", "bad" if fullest >= 95 else "warn"))
    if late:
        age = _age(now - min(part.at for part in late))
        words.append(paint(f"({age} ago)" if old else f"({len(late)} of {len(parts)} {age} ago)", "old"))
    return " ".join(words)


def status_json(parts: Sequence[SnapshotFacts], now: float) -> dict[str, object]:
    """The same as JSON, with each root's part."""
    facts, line = merge_facts(parts), status_line(parts, now)
    if facts is None:
        return {"schema": 1, "at": None, "age_s": None, "old": True, "roots": [], "line": line}
    return {
        "schema": 1,
        **_counts(facts, now),
        "roots": facts.facts["roots"],
        "disks": facts.facts["disks"],
        "trouble": facts.facts.get("trouble") or None,
        "by_root": [
            {"root": root, "host": part.facts.get("host"), **_counts(part, now)}
            for part in parts
            for root in part.facts["roots"]
        ],
        "line": line,
    }


def _counts(row: SnapshotFacts, now: float) -> JsonDict:
    from runwatch.text.units import iso

    facts: JsonMapping = row.facts
    return {
        "at": iso(row.at),
        "age_s": max(now - row.at, 0.0),
        "old": is_old(row, now),
        "runs": facts["run_counts"],
        "findings": facts["finding_counts"],
        "tasks": {name: facts["tasks"][name] for name in ("open", "overdue", "snoozed", "critical")},
    }


def is_old(facts: SnapshotFacts, now: float) -> bool:
    """Whether the facts are older than three beats of the process that keeps them."""
    return now - facts.at > BEATS * facts.beat


def _age(seconds: float) -> str:
    for limit, unit, letter in ((60, 1, "s"), (3600, 60, "m"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f}{letter}"
    return f"{seconds / 86400:.0f}d"


def _plain(words: str, tone: str) -> str:
    return words


def _tmux(words: str, tone: str) -> str:
    return f"#[fg={_COLOURS[tone]}]{words.replace('#', '##')}#[default]"
