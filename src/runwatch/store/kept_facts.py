"""What was kept of several roots, at several moments by several processes, as one: each root's newest facts.

Imports nothing heavy: a tmux status line pays for every import."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from runwatch.domain.address import is_address_of, split
from runwatch.domain.borders import JsonMapping
from runwatch.store.snapshot_facts import VERSION, Facts, SnapshotFacts

FORGOTTEN_AFTER = 7 * 86400.0
_SUMMARY = (
    "version",
    "host",
    "now",
    "roots",
    "run_counts",
    "finding_counts",
    "tasks",
    "disks",
    "trouble",
    "by_root",
)
_COUNTED = ("open", "overdue", "due_today", "snoozed", "critical", "done_today", "beyond", "older")

RootKey = tuple[str, str]


def read_summaries(database: Path) -> list[SnapshotFacts]:
    """What ``status`` needs of everything that was kept, newest first; [] when there is nothing or it cannot
    be read. Writes nothing."""
    if not os.path.isfile(database):
        return []
    fields = ", ".join(f"json_extract(body, '$.{name}')" for name in _SUMMARY)
    uri = database.absolute().as_uri() + "?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as connection:
            rows = connection.execute(f"SELECT at, beat, {fields} FROM kept ORDER BY at DESC").fetchall()
    except (sqlite3.Error, ValueError):
        return []
    summaries = []
    for at, beat, *values in rows:
        facts = {
            name: _value(value) for name, value in zip(_SUMMARY, values, strict=True) if value is not None
        }
        if facts.get("version", VERSION) == VERSION:
            summaries.append(SnapshotFacts(at, beat, facts))
    return summaries


def newest_by_root(
    rows: Iterable[SnapshotFacts], since: float = float("-inf")
) -> dict[RootKey, SnapshotFacts]:
    """The newest facts of each (host, root). ``rows``: newest first; what is older than ``since`` is left
    out."""
    newest: dict[RootKey, SnapshotFacts] = {}
    for row in rows:
        if row.at < since:
            continue
        host, roots = str(row.facts.get("host", "")), row.facts["roots"]
        if "by_root" not in row.facts:
            newest.setdefault((host, " ".join(roots)), row)
            continue
        for root in roots:
            if (host, root) not in newest:
                newest[host, root] = SnapshotFacts(row.at, row.beat, only(row.facts, root))
    return newest


def of_root(rows: Iterable[SnapshotFacts], root: str) -> SnapshotFacts | None:
    """The newest facts of one root by its path, or as a person writes HOST:PATH; alone or among others."""
    address = split(root)
    for row in rows:
        for known in row.facts["roots"]:
            meant = known == root or (address is not None and is_address_of(known, *address))
            if meant and (len(row.facts["roots"]) == 1 or "by_root" in row.facts):
                return SnapshotFacts(row.at, row.beat, only(row.facts, known))
    return None


def only(facts: Facts, root: str) -> Facts:
    """The facts of one of several roots; what belongs to the machine stays with the first."""
    roots = facts["roots"]
    if len(roots) == 1:
        return facts
    first = root == roots[0]

    def mine(rows: Sequence[Mapping[str, object]]) -> list[JsonMapping]:
        return [row for row in rows if row["root"] == root or (first and row["root"] not in roots)]

    part = {name: mine(facts[name]) for name in ("runs", "findings", "data") if name in facts}
    by_root = {root: facts["by_root"][root]}
    return {**facts, **part, **by_root[root], "roots": [root], "by_root": by_root}


def merge_facts(parts: Sequence[SnapshotFacts]) -> SnapshotFacts | None:
    """Several roots' facts as one: counts added, lists joined, as old as the oldest. None of none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    from runwatch.domain.finding import rank

    facts = [part.facts for part in parts]
    result: Facts = {**facts[0]}
    for name in ("run_counts", "finding_counts"):
        result[name] = _added([one[name] for one in facts])
    for name in ("runs", "findings", "data", "roots", "marks"):
        if all(name in one for one in facts):
            result[name] = [row for one in facts for row in one[name]]
    result["findings"] = sorted(result.get("findings", []), key=lambda finding: -rank(finding["severity"]))
    result["by_root"] = {root: part for one in facts for root, part in one.get("by_root", {}).items()}
    result["tasks"] = _tasks([one["tasks"] for one in facts])
    result["disks"] = list({(one.get("host"), d["mount"]): d for one in facts for d in one["disks"]}.values())
    result["problems"] = sum(one.get("problems", 0) for one in facts)
    result["trouble"] = next((one["trouble"] for one in facts if one.get("trouble")), "")
    result["now"] = min(one.get("now", part.at) for one, part in zip(facts, parts, strict=True))
    return SnapshotFacts(min(p.at for p in parts), max(p.beat for p in parts), result)


def _tasks(parts: Sequence[Facts]) -> Facts:
    """A to-do file that several roots share counts once."""
    files: dict[object, Facts] = {}
    for number, part in enumerate(parts):
        files.setdefault(part.get("file") or number, part)
    added = _added([{name: one[name] for name in _COUNTED if name in one} for one in files.values()])
    lines = [line for one in files.values() for line in one.get("lines", ())]
    lines.sort(key=lambda line: (line["priority"] or "~", line["due"] or "~"))
    notices = sorted({notice for one in files.values() for notice in one.get("notices", ())})
    return {**added, "notices": notices, "lines": lines}


def _added(tables: Sequence[Mapping[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for table in tables for name in table)
    return {name: sum(table.get(name, 0) for table in tables) for name in names}


def _value(value: object) -> object:
    """``json_extract`` gives lists and tables as their text."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
