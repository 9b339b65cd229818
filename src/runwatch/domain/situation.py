"""Everything known now, in one frozen piece: what rules read, and what screen and command line show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from runwatch.domain.comparison import Baseline, Comparison, PredictionsKey
from runwatch.domain.drift import DataSet
from runwatch.domain.finding import Finding
from runwatch.domain.health import CurveForecast, HealthSign
from runwatch.domain.machine import Machine
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.task import TaskList


class Situation(msgspec.Struct, frozen=True, eq=False):
    """The facts that rules judge."""

    now: float
    """Seconds since the epoch."""
    host: str
    roots: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    health: Mapping[RunKey, tuple[HealthSign, ...]] = msgspec.field(default_factory=dict)
    forecasts: Mapping[RunKey, CurveForecast] = msgspec.field(default_factory=dict)
    baselines: Mapping[str, Baseline] = msgspec.field(default_factory=dict)
    comparisons: Mapping[RunKey, Comparison] = msgspec.field(default_factory=dict)
    """Each run against its root's baseline."""
    predictions: Mapping[PredictionsKey, Comparison] = msgspec.field(default_factory=dict)
    """By root and name of their entry."""
    data: tuple[DataSet, ...] = ()
    machine: Machine | None = None
    problems: tuple[Problem, ...] = ()
    unreadable: Mapping[str, float] = msgspec.field(default_factory=dict)
    """Sources that cannot be read, with since when (seconds)."""
    unjudged: tuple[Problem, ...] = ()
    """What is configured but could not be judged."""
    options: Mapping[str, Mapping[str, object]] = msgspec.field(default_factory=dict)
    """``[rules.NAME]`` tables by rule name."""
    open_fingerprints: frozenset[str] = frozenset()
    """Findings whose task is open now, for rules that clear later than they fire."""
    machines: Mapping[str, Machine] = msgspec.field(default_factory=dict)
    """Other hosts by name."""

    def run(self, key: RunKey) -> Run | None:
        return next((run for run in self.runs if run.key == key), None)


Waiting = Literal["runs", "data", "models", "host"]


ROOT_GONE = "root is gone, waiting"
"""The mark of a root that is not there."""


class HostLink(msgspec.Struct, frozen=True):
    """How the link to another machine stands."""

    name: str
    state: Literal["connecting", "live", "lost"]
    heard: float | None = None
    """When something came from it last (seconds since the epoch), None: never."""
    message: str = ""
    """What is wrong and what helps, or what a person should know."""
    mirrored: bool = False
    """Nothing is installed there; its files are copied and read here."""
    version: str = ""
    """Of runwatch there."""
    clock: float = 0.0
    """Seconds that its clock is ahead."""


class WatchState(msgspec.Struct, frozen=True):
    """How the watching itself goes: ``mode`` native or polling per root, ``phase``, and marks for the screen
    ("polling", "root is gone, waiting", "read-only: PID 312 writes")."""

    phase: Literal["starting", "reading", "live"] = "starting"
    reading: tuple[int, int] = (0, 0)
    modes: Mapping[str, str] = msgspec.field(default_factory=dict)
    marks: tuple[str, ...] = ()
    scanned: float | None = None
    """When the last reconciliation ended."""
    trouble: str = ""
    degraded: tuple[str, ...] = ()
    """Those of the marks under which changes are seen late or not at all."""
    since: Mapping[str, float] = msgspec.field(default_factory=dict)
    """Since when each mark holds."""
    waiting: tuple[Waiting, ...] = ()
    """What has not been judged once yet."""
    hosts: tuple[HostLink, ...] = ()
    """The links to other machines."""
    walked: int = 0
    """Folders that the first walk has come past, while it goes on."""


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """What the screen renders: the situation, what the rules found in it, and the tasks."""

    version: int
    situation: Situation
    findings: tuple[Finding, ...]
    tasks: Mapping[str, TaskList]
    watch: WatchState = msgspec.field(default_factory=WatchState)
    looked: float | None = None
    """When the person last left the screen."""
    assumptions: tuple[str, ...] = ()
    """What was assumed without configuration."""
    bell: str = ""
    """Characters that ring the terminal, "" for none."""
    overlooked: tuple[Problem, ...] = ()
    """Data that was found and is not judged."""
