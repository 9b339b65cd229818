"""Here: one other machine as its updates tell of it, with every root written HOST:PATH."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from runwatch.domain.address import joined
from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.drift import DataSet
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem, Run, RunKey, newest_first
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.domain.task import TaskList
from runwatch.hosts.messages import Rest, Update
from runwatch.hosts.snapshot_diff import Key
from runwatch.hosts.wire import WireError, encode

MOST_RUNS = 200_000
MOST_BYTES = 512 * 1024 * 1024
WEIGH_EVERY = 256 * 1024 * 1024
_BY_ROOT = ("baselines", "tasks")
_PARTS = ("runs", "health", "outlooks", "comparisons", "predictions", "data", "findings", *_BY_ROOT)


class RemoteSnapshot:
    """What is known of ``host``. A host is only believed about its own roots."""

    def __init__(self, host: str, names: Mapping[str, str] | None = None) -> None:
        """``names``: what roots are really called, where copies of them are watched."""
        self._host, self._names = host, names or {}
        self._parts: dict[str, dict[Key, Any]] = {name: {} for name in _PARTS}
        self._rest = Rest()
        self._makers: Mapping[str, Callable[[Any], Any]] = {
            "runs": self._run,
            "data": self._data,
            "findings": self._finding,
            "tasks": self._tasks,
        }
        self._came = 0
        self.judged = False
        self.whole = self.begun = False

    @property
    def rings(self) -> bool:
        return self._rest.rings

    def take(self, update: Update, size: int = 0) -> None:
        """Take what changed, of so many bytes. Records of more runs than anybody has are left out; more bytes
        than anybody's runs make are refused: WireError."""
        self._came += size
        if self._came > WEIGH_EVERY:
            self._came = 0
            held = (record for part in self._parts.values() for record in part.values())
            if sum(len(encode(record)) for record in held) > MOST_BYTES:
                raise WireError(f"{self._host} sends more than is allowed ({MOST_BYTES:,} bytes)")
        for name, keys in update.gone.items():
            part = self._parts.get(name, {})
            for at in keys:
                part.pop(self._key(name, at), None)
        for name, part in self._parts.items():
            make = self._makers.get(name)
            for at, record in getattr(update, name).items():
                if len(part) < MOST_RUNS:
                    part[self._key(name, at)] = record if make is None else make(record)
        if update.rest is not None:
            self._rest, self.begun = update.rest, True
        self.judged = self.judged or update.judged
        self.whole = self.whole or not update.more

    def snapshot(self, version: int, now: float) -> Snapshot:
        """All that is known, as the snapshot of a monitor."""
        parts = {name: dict(part) for name, part in self._parts.items()}
        runs, data, findings, tasks = (parts.pop(name) for name in ("runs", "data", "findings", "tasks"))
        rest = self._rest
        situation = Situation(
            now=now,
            host=self._host,
            roots=tuple(map(self._root, rest.roots)),
            runs=tuple(sorted(runs.values(), key=newest_first)),
            data=tuple(data.values()),
            machine=rest.machine,
            problems=tuple(map(self._problem, rest.problems)),
            unreadable={self._root(path): since for path, since in rest.unreadable.items()},
            unjudged=tuple(map(self._problem, rest.unjudged)),
            open_fingerprints=rest.open_fingerprints,
            forecasts=parts.pop("outlooks"),
            **parts,
        )
        return Snapshot(
            version=version,
            situation=situation,
            findings=tuple(findings[at] for at in sorted(findings)),
            tasks=tasks,
            watch=self._watch(rest.watch),
            assumptions=tuple(f"{self._host}: {one}" for one in rest.assumptions),
            overlooked=tuple(map(self._problem, rest.overlooked)),
        )

    def _watch(self, state: WatchState) -> WatchState:
        return replace(
            state,
            modes={self._root(root): mode for root, mode in state.modes.items()},
            marks=tuple(f"{self._host}: {mark}" for mark in state.marks),
            degraded=tuple(f"{self._host}: {mark}" for mark in state.degraded),
            since={f"{self._host}: {mark}": at for mark, at in state.since.items()},
        )

    def _root(self, root: str) -> str:
        return joined(self._host, self._names.get(root, root))

    def _key(self, name: str, at: Key) -> Key:
        if name in _BY_ROOT:
            return self._root(at) if isinstance(at, str) else at
        return at._replace(root=self._root(at.root)) if isinstance(at, RunKey | PredictionsKey) else at

    def _run(self, run: Run) -> Run:
        return replace(run, root=self._root(run.root))

    def _data(self, data: DataSet) -> DataSet:
        return replace(data, root=self._root(data.root))

    def _finding(self, finding: Finding) -> Finding:
        run = finding.run
        here = None if run is None else RunKey(self._root(run.root), run.id)
        return replace(finding, root=self._root(finding.root), run=here)

    def _tasks(self, listed: TaskList) -> TaskList:
        return replace(listed, file=self._root(listed.file))

    def _problem(self, problem: Problem) -> Problem:
        return replace(problem, file=self._root(problem.file))
