"""From an entry to a ``Run``: how it stands now, how far it is, what belongs to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

import msgspec
from msgspec.structs import replace

from runwatch.domain.health import HealthSign
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.operations import Length
from runwatch.domain.run import Process, Progress, Run, RunKey
from runwatch.judge.health.eta import progress
from runwatch.judge.health.rhythm import Quiet, Rhythm, stall_sign
from runwatch.monitor.health import RootHealth
from runwatch.monitor.read_run import ReadRun
from runwatch.monitor.reading import RootReader
from runwatch.runs.checkpoints import checkpoints
from runwatch.runs.planned import budget, planned
from runwatch.runs.status import StatusFacts, fresh_for, judge
from runwatch.runs.summary import RunSummary

CLOSE_AFTER_S = 60.0
_TRIALS = frozenset(("flaml", "sklearn"))
"""Formats of which each step is a trial, whose parameters are those of the best one."""


class RunObservations(msgspec.Struct):
    """What is remembered of runs beyond their files: the rhythm of those seen alive,
    their processes, the longest pauses of earlier runs of a group; ``moved``: runs whose process changed
    since they were built."""

    processes: Mapping[RunKey, Process] = msgspec.field(default_factory=dict)
    rhythms: dict[RunKey, Rhythm] = msgspec.field(default_factory=dict)
    pauses: dict[str, float] = msgspec.field(default_factory=dict)
    moved: set[RunKey] = msgspec.field(default_factory=set)

    def beat(self, key: RunKey, group: str, at: float) -> None:
        """A run that we watch wrote something at ``at``."""
        rhythm = self.rhythms.setdefault(key, Rhythm())
        rhythm.beat(at)
        self.pauses[group] = max(self.pauses.get(group, 0.0), rhythm.longest)

    def recall(self, key: RunKey, last: float, longest: float) -> None:
        """An earlier process saw the run being written: last at ``last``, its longest pause ``longest``."""
        rhythm = self.rhythms.setdefault(key, Rhythm())
        rhythm.beat(last - longest)
        rhythm.beat(last)

    def shift(self, by: float) -> None:
        """The clock jumped by so many seconds."""
        for rhythm in self.rhythms.values() if by else ():
            rhythm.shift(by)

    def forget(self, gone: Set[RunKey]) -> None:
        """These runs were deleted."""
        if not gone:
            return
        for key in gone:
            self.rhythms.pop(key, None)
        self.moved -= gone
        groups = {_group(key.id) for key in self.rhythms}
        self.pauses = {group: pause for group, pause in self.pauses.items() if group in groups}

    def stall(self, run: Run, now: float, fixed: float | None) -> HealthSign | None:
        """The sign of the silence of a run that counts as alive."""
        quiet = self.silence(run.key, _group(run.id), now, fixed)
        return None if quiet is None else stall_sign(quiet, run.step)

    def silence(self, key: RunKey, group: str, now: float, fixed: float | None) -> Quiet | None:
        """What the silence of a run that was seen alive is; None for one that never was."""
        rhythm = self.rhythms.get(key)
        if rhythm is None:
            return None
        process = self.processes.get(key)
        gone = process is not None and process.alive is False
        return rhythm.silence(now, earlier=self.pauses.get(group, 0.0), process_gone=gone, fixed=fixed)


class _Built(msgspec.Struct, frozen=True):
    """A run as it was built from a version of its entry. Until ``due`` (seconds since the epoch) time alone
    does not change how it stands."""

    version: int
    run: Run
    due: float


class RunBuilder:
    """Builds the runs of one root; an unchanged run that still stands as it did is the same object."""

    def __init__(self, reader: RootReader, observations: RunObservations, health: RootHealth) -> None:
        self._reader = reader
        self._observations = observations
        self._health = health
        self._built: dict[str, _Built] = {}

    def runs(self, now: float) -> list[Run]:
        """All runs of the root."""
        runs = []
        for entry in list(self._reader.entries.values()):
            built = self._built.get(entry.id)
            if entry.from_many and _is_void(entry):
                continue
            if built is None or entry.stale or not self._stands(built, entry, now):
                runs.append(self.run(entry, now))
            else:
                runs.append(built.run)
        self._forget(self._built.keys() - self._reader.entries.keys())
        return runs

    def _forget(self, gone: Set[str]) -> None:
        """Runs that were deleted: one of the same name is another."""
        for run_id in gone:
            del self._built[run_id]
            self._health.forget(run_id)
        self._observations.forget({RunKey(self._reader.root, run_id) for run_id in gone})

    def run(self, entry: ReadRun, now: float) -> Run:
        """One run."""
        summary = self._reader.summarise(entry)
        built = self._built.get(entry.id)
        if built is not None and self._stands(built, entry, now):
            return built.run
        new = built is None or built.version != entry.version or self._has_moved(entry)
        run = None if new or built is None else built.run
        facts = self._facts(entry, summary, now)
        status, reason = judge(facts, now)
        if run is None:
            self._observations.moved.discard(RunKey(self._reader.root, entry.id))
            run = self._fresh(entry, summary, status, reason, facts, now)
        elif (run.status, run.updated) != (status, facts.updated):
            run = replace(run, status=status, status_reason=reason, updated=facts.updated)
        self._built[entry.id] = _Built(entry.version, run, self._due(entry, run, facts, now))
        return run

    def is_over(self, entry: ReadRun, before: float) -> bool:
        """Whether a run was last written ``before`` (seconds since the epoch), and nothing says that it goes
        on."""
        built = self._built.get(entry.id)
        if built is None or built.run.status in ("running", "stalled"):
            return False
        return built.run.updated is None or built.run.updated < before

    def _stands(self, built: _Built, entry: ReadRun, now: float) -> bool:
        """Whether a run is still as it was built."""
        return built.version == entry.version and now < built.due and not self._has_moved(entry)

    def _has_moved(self, entry: ReadRun) -> bool:
        moved = self._observations.moved
        return bool(moved) and RunKey(self._reader.root, entry.id) in moved

    def _due(self, entry: ReadRun, run: Run, facts: StatusFacts, now: float) -> float:
        """When the run must be looked at again though nothing is written. One that is over and quiet for a
        minute is closed: its unterminated last lines are taken."""
        if run.status == "running":
            alive = facts.process is not None and facts.process.alive
            return math.inf if alive else (facts.updated or 0.0) + fresh_for(facts)
        close_at = math.inf if facts.updated is None else facts.updated + CLOSE_AFTER_S
        if now <= close_at < math.inf:
            return close_at
        if close_at < math.inf:
            self._reader.finish(entry)
        over = run.status in ("finished", "crashed")
        return math.inf if over or (run.status == "unknown" and not entry.live) else now

    def _fresh(
        self, entry: ReadRun, summary: RunSummary, status: str, reason: str, facts: StatusFacts, now: float
    ) -> Run:
        files = tuple(dict.fromkeys(file for _, file in _files(entry)))
        folder = self._reader.tree.folder(entry.id)
        process = facts.process
        run = Run(
            root=self._reader.root,
            id=entry.id,
            formats=summary.formats or tuple(dict.fromkeys(c.format for c in entry.claims if c.format)),
            status=status,  # type: ignore[arg-type]
            status_reason=reason,
            started=summary.started,
            updated=facts.updated,
            step=summary.step,
            epoch=summary.epoch,
            metrics=summary.metrics,
            hparams=summary.hparams,
            config=summary.config,
            environment=summary.environment,
            labels=summary.labels,
            problems=summary.problems,
            progress=self._progress(entry, summary, status),
            checkpoints=() if folder is None else checkpoints(folder, self._reader.entries),
            processes=(process,) if process is not None else (),
            consoles=tuple(dict.fromkeys(file for is_console, file in _files(entry) if is_console)),
            files=files,
            version=entry.version,
            attempts=summary.attempts,
            name=summary.labels.get("name", ""),
        )
        return with_main_metric(run, self._reader.settings.metrics.primary)

    def _facts(self, entry: ReadRun, summary: RunSummary, now: float) -> StatusFacts:
        key = RunKey(self._reader.root, entry.id)
        console: list[float] = []
        numbers: list[float] = []
        for is_console, file in _files(entry):
            stat = self._reader.tree.stat(file)
            if stat is not None:
                (console if is_console else numbers).append(stat.mtime)
        updated = max(console + numbers, default=None)
        group = _group(entry.id)
        if entry.live and updated is not None:
            self._observations.beat(key, group, updated)
        quiet = self._observations.silence(key, group, now, self._reader.settings.watch.stalled_after)
        return StatusFacts(
            evidence=summary.evidence,
            length=summary.length,
            last_step=summary.step,
            last_epoch=_last_epoch(summary),
            updated=updated,
            console_updated=self._crash_reported_at(entry) or max(console, default=None),
            numbers_updated=max(numbers, default=None),
            own_clock=summary.own_clock,
            longest_gap=summary.longest_gap,
            silence=None if quiet is None else (quiet.word, quiet.seconds),
            process=self._observations.processes.get(key),
        )

    def _crash_reported_at(self, entry: ReadRun) -> float | None:
        """When a console that tells of a crash was last written."""
        stats = [
            self._reader.tree.stat(file)
            for (_, file), data in entry.memory.sources.items()
            if data.evidence is not None
            and data.evidence.by == "console"
            and data.evidence.status == "crashed"
        ]
        return max((stat.mtime for stat in stats if stat is not None), default=None)

    def _progress(self, entry: ReadRun, summary: RunSummary, status: str) -> Progress:
        """How far the run is: by its framework's word, else by the length that its hyperparameters name."""
        length = summary.length or Length()
        steps, epochs = length.steps, length.epochs
        described = bool(summary.hparams or summary.config)
        if described and steps is None and epochs is None:
            rounds = bool(summary.step) and not _TRIALS.intersection(summary.formats)
            steps, epochs = planned(summary.hparams, summary.config, rounds=rounds)
        epoch = summary.epoch if summary.epoch is not None or steps is not None else summary.step
        made = progress(
            self._health.clock(entry.id) if status == "running" else None,
            summary.step,
            None if epoch is None else epoch - length.first_epoch + 1,
            steps,
            None if epochs is None else float(epochs),
        )
        allowed = budget(summary.hparams, summary.config) if described else None
        if allowed is not None and summary.started is not None:
            made = replace(made, budget_ends=summary.started + allowed)
        ended = status == "finished" and made.fraction is not None
        return replace(made, fraction=1.0) if ended else made


def _group(run_id: str) -> str:
    """The runs beside it, whose pauses tell of its own."""
    return run_id.rpartition("/")[0] or "."


def _is_void(entry: ReadRun) -> bool:
    """A database's run of which nothing is left (it was deleted there)."""
    return not any(
        data.series or data.hparams or data.evidence or data.labels for data in entry.memory.sources.values()
    )


def _files(entry: ReadRun) -> list[tuple[bool, str]]:
    """(is it a console's, file) of all that belongs to a run."""
    if entry.from_many:
        return [(False, file) for _, file in entry.memory.sources]
    return [(claim.reader == "console", file) for claim in entry.claims for file in claim.files]


def _last_epoch(summary: RunSummary) -> float | None:
    """The greatest epoch: as an attribute beside the step, or the step itself where epochs are the step."""
    if summary.epoch is not None:
        return summary.epoch
    epochs_are_steps = summary.length is not None and not summary.length.steps
    return float(summary.step) if summary.step is not None and epochs_are_steps else None
