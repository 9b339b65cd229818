"""From an entry to a ``Run``: how it stands now, how far it is, what belongs to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from runwatch.domain.run import Process, Progress, Run, RunKey
from runwatch.monitor.reading import Entry, RootReader
from runwatch.runs.checkpoints import checkpoints
from runwatch.runs.status import Facts, fresh_for, judge
from runwatch.store.summary import Story

RATE_SHARE = 0.1
RATE_BLOCKS = 10
MIN_RATE_POINTS = 10


@dataclass(slots=True)
class Lives:
    """What is remembered of runs beyond their files: who was seen alive, their processes, the longest
    pauses of earlier runs of a group."""

    seen_alive: set[RunKey] = field(default_factory=set)
    processes: Mapping[RunKey, Process] = field(default_factory=dict)
    patience: dict[RunKey, float] = field(default_factory=dict)


class RunBuilder:
    """Builds the runs of one root; an unchanged run that still stands as it did is the same object."""

    def __init__(self, reader: RootReader, lives: Lives) -> None:
        self._reader = reader
        self._lives = lives
        self._built: dict[str, tuple[int, Run]] = {}

    def runs(self, now: float) -> list[Run]:
        """All runs of the root, the newest first."""
        made = [self._run(entry, now) for entry in list(self._reader.entries.values())]
        for gone in self._built.keys() - self._reader.entries.keys():
            del self._built[gone]
        return sorted(made, key=lambda run: (-(run.updated or 0.0), run.id))

    def _run(self, entry: Entry, now: float) -> Run:
        story = self._reader.tell(entry)
        known = self._built.get(entry.id)
        facts = self._facts(entry, story)
        status, reason = judge(facts, now)
        if known is not None and known[0] == entry.version:
            run = known[1]
            if (run.status, run.updated) == (status, facts.updated) and (
                status != "running" or run.status_reason == reason or run.processes
            ):
                return run
            run = replace(run, status=status, status_reason=reason, updated=facts.updated)
        else:
            run = self._fresh(entry, story, status, reason, facts, now)
        self._built[entry.id] = (entry.version, run)
        self._close(entry, run, facts, now)
        return run

    def _close(self, entry: Entry, run: Run, facts: Facts, now: float) -> None:
        """A run that is over and quiet for a minute: take its unterminated last lines."""
        quiet = facts.updated is not None and now - facts.updated > 60
        if quiet and run.status != "running":
            self._reader.finish(entry)

    def _fresh(self, entry: Entry, story: Story, status: str, reason: str, facts: Facts, now: float) -> Run:
        files = tuple(dict.fromkeys(file for claim in entry.claims for file in claim.files))
        folder = self._reader.tree.folder(entry.id)
        process = facts.process
        return Run(
            root=self._reader.root,
            id=entry.id,
            formats=story.formats,
            status=status,  # type: ignore[arg-type]
            status_reason=reason,
            started=story.started,
            updated=facts.updated,
            step=story.step,
            epoch=story.epoch,
            metrics=story.metrics,
            hparams=story.hparams,
            config=story.config,
            environment=story.environment,
            labels=story.labels,
            problems=story.problems,
            progress=self._progress(entry, story, status),
            checkpoints=() if folder is None else checkpoints(folder, self._reader.entries),
            processes=(process,) if process is not None else (),
            consoles=tuple(f for c in entry.claims if c.reader == "console" for f in c.files),
            files=files or tuple(file for _, file in entry.memory.told),
            version=entry.version,
        )

    def _facts(self, entry: Entry, story: Story) -> Facts:
        key = RunKey(self._reader.root, entry.id)
        console: list[float] = []
        numbers: list[float] = []
        for identity, file in entry.memory.told:
            stat = self._reader.tree.stat(file)
            if stat is not None:
                (console if identity.startswith("console\0") else numbers).append(stat.mtime)
        step = story.step
        if entry.live:
            self._lives.seen_alive.add(key)
        stalled_after = self._reader.settings.watch.stalled_after
        return Facts(
            evidence=story.evidence,
            length=story.length,
            last_step=step,
            last_epoch=_last_epoch(story),
            updated=max(console + numbers, default=None),
            console_updated=max(console, default=None),
            numbers_updated=max(numbers, default=None),
            own_clock=story.own_clock,
            longest_gap=story.longest_gap,
            patience=stalled_after if stalled_after is not None else self._lives.patience.get(key),
            seen_alive=key in self._lives.seen_alive,
            process=self._lives.processes.get(key),
        )

    def _progress(self, entry: Entry, story: Story, status: str) -> Progress:
        length = story.length
        total_steps = length.steps if length else None
        total_epochs = length.epochs if length else None
        fraction = None
        if total_steps and story.step is not None:
            fraction = min(story.step / total_steps, 1.0)
        elif total_epochs and length is not None and (epoch := _last_epoch(story)) is not None:
            fraction = min((epoch - length.first_epoch + 1) / total_epochs, 1.0)
        if status == "finished":
            fraction = 1.0 if fraction is not None else None
        speed, low, high = self._rates(entry, story) if status == "running" else (None, None, None)
        eta = None
        if speed and low and high and fraction and story.step and fraction < 1.0:
            left = story.step / fraction - story.step
            eta = (left / speed, left / high, left / low)
        return Progress(total_steps, total_epochs, fraction, speed, eta)

    def _rates(self, entry: Entry, story: Story) -> tuple[float | None, float | None, float | None]:
        """Steps a second over the last tenth of the run, and the 10th and 90th percentile of ten blocks."""
        busiest = max(story.metrics.values(), key=lambda metric: metric.count, default=None)
        if busiest is None or busiest.count < MIN_RATE_POINTS:
            return None, None, None
        points = self._reader.points(entry.id, busiest.tag)
        timed = points.where(np.isfinite(points.wall_times))
        if len(timed) < MIN_RATE_POINTS:
            return None, None, None
        recent = timed.where(slice(-max(int(len(timed) * RATE_SHARE), MIN_RATE_POINTS), None))
        span = float(recent.wall_times[-1] - recent.wall_times[0])
        if span <= 0:
            return None, None, None
        speed = float(recent.steps[-1] - recent.steps[0]) / span
        cuts = np.linspace(0, len(recent) - 1, min(RATE_BLOCKS, len(recent) - 1) + 1).astype(int)
        walls, steps = np.diff(recent.wall_times[cuts]), np.diff(recent.steps[cuts]).astype(float)
        rates = steps[walls > 0] / walls[walls > 0]
        if not len(rates) or speed <= 0:
            return None, None, None
        low, high = np.quantile(rates, (0.1, 0.9))
        return speed, max(min(float(low), speed), speed * 0.1), max(float(high), speed)


def _last_epoch(story: Story) -> float | None:
    """The greatest epoch: as an attribute beside the step, or the step itself where epochs are the step."""
    if story.epoch is not None:
        return story.epoch
    return float(story.step) if story.step is not None and story.length and not story.length.steps else None


def host_name() -> str:
    return os.uname().nodename


__all__ = ["Lives", "RunBuilder", "fresh_for", "host_name"]
