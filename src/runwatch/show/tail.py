"""What changes from one snapshot to the next, as records: new points, other states, findings that come and
go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.points import Points
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.findings import finding_json
from runwatch.store.snapshot_facts import finding_facts
from runwatch.text import units
from runwatch.text.jsonable import hparams, number
from runwatch.text.safe import run_name, safe

Record = JsonMapping


class SnapshotTail:
    """``wanted``: which runs are followed, None: not known yet; ``series``: a tag's points, in step order;
    ``past``: also what is there already."""

    def __init__(
        self,
        series: Callable[[RunKey, str], Points],
        past: bool = False,
        wanted: Callable[[Run], bool] | None = None,
    ) -> None:
        self.wanted = wanted
        self._series = series
        self._past = past
        self._versions: dict[RunKey, int] = {}
        self._status: dict[RunKey, str] = {}
        self._last: dict[tuple[RunKey, str], tuple[int, int]] = {}
        self._findings: dict[tuple[str, str], Record] = {}
        self._hosts: dict[str, tuple[str, str]] = {}

    def new_hosts(self, snapshot: Snapshot) -> list[Record]:
        """How the links to other machines changed."""
        result: list[Record] = []
        for link in snapshot.watch.hosts:
            now = (link.state, link.message)
            if link.state != "connecting" and self._hosts.get(link.name) != now:
                self._hosts[link.name] = now
                record = {"host": hparams(link.name), "state": link.state, "message": hparams(link.message)}
                result.append({"type": "host", **record})
        return result

    def new_records(self, snapshot: Snapshot, judged: bool) -> list[Record]:
        """The records since the last look. ``judged``: the findings of this snapshot are up to date."""
        selects = self.wanted or of_runs([])
        runs = [run for run in snapshot.situation.runs if selects(run)]
        self._forget({run.key for run in snapshot.situation.runs})
        result: list[Record] = []
        for run in runs:
            if self._versions.get(run.key) == run.version:
                continue
            known = run.key in self._versions
            self._versions[run.key] = run.version
            result += self._points(run, known or self._past)
            if self._status.get(run.key) != run.status:
                self._status[run.key] = run.status
                result.append(_status(run, snapshot.situation.now))
        if judged:
            result += self._finding_records(snapshot, {run.key for run in runs})
        return result

    def _forget(self, present: Set[RunKey]) -> None:
        """Runs that were deleted: one of the same name is another."""
        gone = self._versions.keys() - present
        for key in gone:
            del self._versions[key]
            self._status.pop(key, None)
        if gone:
            self._last = {(key, tag): end for (key, tag), end in self._last.items() if key not in gone}

    def _points(self, run: Run, tell: bool) -> Iterator[Record]:
        for tag, metric in run.metrics.items():
            before = self._last.get((run.key, tag), (0, -1))
            if not tell:
                self._last[run.key, tag] = (metric.count, metric.last_step)
                continue
            if (metric.count, metric.last_step) == before:
                continue
            points = self._series(run.key, tag)
            end = (len(points), int(points.steps[-1]) if len(points) else -1)
            if end == before:
                continue
            self._last[run.key, tag] = end
            if end[0] < before[0] or end[1] < before[1]:
                yield {"type": "rewound", **_of(run), "tag": run_name(tag), "step": end[1]}
                continue
            for index in range(min(before[0], end[0] - 1) if end[0] == before[0] else before[0], end[0]):
                yield _point(run, tag, points, index, metric.format)

    def _finding_records(self, snapshot: Snapshot, keys: set[RunKey]) -> Iterator[Record]:
        holds: dict[tuple[str, str], Record] = {
            finding.key: finding_json(finding_facts(finding), snapshot.situation.now)
            for finding in snapshot.findings
            if finding.run is None or finding.run in keys
        }
        for key, current in holds.items():
            before = self._findings.get(key)
            if before is None or before["severity"] != current["severity"]:
                yield {"type": "finding", "state": "new" if before is None else "changed", **current}
        for key, gone in self._findings.items():
            if key not in holds:
                yield {"type": "finding", "state": "over", **gone}
        self._findings = holds


def record_text(record: Record) -> str:
    """One record for people."""
    name = safe(str(record.get("run") or record.get("root") or ""))
    match record["type"]:
        case "point":
            value = record["value"] if record["value"] is not None else record["value_text"]
            shown = units.number(value) if isinstance(value, float | int) else value
            return f"{name}  step {record['step']:,}  {safe(record['tag'])} {shown}"
        case "status":
            return f"{name}  {record['status']}: {safe(record['reason'])}"
        case "host":
            return f"{safe(record['host'])}: {record['state']}{safe(_after_name(record))}"
        case "rewound":
            return f"{name}  {safe(record['tag'])} went back to step {record['step']:,}"
    return f"{record['severity']} {record['state']}: {safe(record['subject'])}: {safe(record['summary'])}"


def _after_name(record: Record) -> str:
    words = str(record["message"]).removeprefix(f"{record['host']}: ")
    return f": {words}" if words else ""


def of_runs(keys: Sequence[RunKey]) -> Callable[[Run], bool]:
    """Those runs; all of them when none is named."""
    chosen = set(keys)
    return lambda run: not chosen or run.key in chosen


def _of(run: Run) -> JsonDict:
    return {"root": run_name(run.root), "run": run_name(run.id)}


def _status(run: Run, now: float) -> Record:
    words = {
        "status": run.status,
        "reason": hparams(run.status_reason),
        "step": run.step,
        "at": units.iso(now),
    }
    return {"type": "status", **_of(run), **words}


def _point(run: Run, tag: str, points: Points, index: int, form: str) -> Record:
    wall = float(points.wall_times[index])
    return {
        "type": "point",
        **_of(run),
        "tag": run_name(tag),
        "step": int(points.steps[index]),
        **number("value", float(points.values[index])),
        "at": units.iso(wall if wall == wall else None),
        "format": form,
    }
