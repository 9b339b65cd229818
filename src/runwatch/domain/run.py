"""A run as the board shows it, and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import msgspec

Status = Literal["running", "finished", "crashed", "stalled", "unknown"]
STATUSES: tuple[Status, ...] = get_args(Status)
Direction = Literal["min", "max"] | None


class RunKey(NamedTuple):
    """Names one run among all roots."""

    root: str
    """The root's real path."""
    id: str
    """The run's id in it."""


def newest_first(run: Run) -> tuple[float, str, str]:
    """Sorts runs: what was written last comes first."""
    return -(run.updated or 0.0), run.root, run.id


class Problem(msgspec.Struct, frozen=True):
    """What could not be read."""

    file: str
    """Path relative to the root."""
    where: str | None
    """"line 12", "byte 1034" or None."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What to do."""

    @property
    def place(self) -> str:
        """File and place in it, in words."""
        return f"{self.file} {self.where}" if self.where else self.file


class Metric(msgspec.Struct, frozen=True):
    """One tag's summary."""

    tag: str
    last: float
    last_step: int
    last_time: float | None
    best: float | None
    """None without a direction; it, ``min`` and ``max`` ignore non-finite values."""
    best_step: int | None
    min: float | None
    max: float | None
    count: int
    """Distinct steps, non-finite included."""
    direction: Direction
    format: str
    """The claim that speaks for the tag."""
    nonfinite: int = 0
    spark: tuple[float, ...] = ()
    """At most 32 values for a sparkline, NaN where nothing finite fell into the cell."""
    hidden: bool = False
    """A placeholder (``hp_metric``) or private name that the screen leaves out by default."""
    former: int = 0
    """How many points were superseded when the training was resumed or started again; they count in nothing
    else."""


class Attempt(msgspec.Struct, frozen=True):
    """An earlier training of the same run: it was resumed from a step before its end, or started again."""

    number: int
    """1 for the oldest."""
    first_step: int
    last_step: int
    """How far it came."""
    points: int
    """How many it wrote."""
    superseded: int
    """How many of those no longer count."""
    ended: float | None
    """Its last wall time (seconds since the epoch), None where the format has no clock."""
    resumed_at: int
    """The step where the next attempt set in."""


class Checkpoint(msgspec.Struct, frozen=True):
    """A saved model."""

    path: str
    """Relative to the root."""
    size: int
    """Bytes."""
    mtime: float
    """Seconds since the epoch."""


class Process(msgspec.Struct, frozen=True):
    """A process that belongs to a run: who (pid, start time), whether it lives, and how we know."""

    pid: int
    host: str
    started: float | None
    alive: bool | None
    evidence: str = ""


class Progress(msgspec.Struct, frozen=True):
    """How far a run is."""

    total_steps: int | None = None
    """Planned, where known; ``total_epochs`` likewise."""
    total_epochs: float | None = None
    fraction: float | None = None
    speed: float | None = None
    """Steps a second over the last tenth."""
    eta: tuple[float, float, float] | None = None
    """(about, low, high) seconds left, or None when the total is unknown."""
    budget_ends: float | None = None
    """When the time that the run may take is over (seconds since the epoch), where known."""


class Run(msgspec.Struct, frozen=True, eq=False):
    """One run. Times in seconds since the epoch. ``version`` grows with every change, so two equal versions
    of one key are the same run."""

    root: str
    id: str
    formats: tuple[str, ...]
    status: Status
    status_reason: str
    started: float | None
    updated: float | None
    """Newest mtime of its files."""
    step: int | None
    epoch: float | None
    metrics: Mapping[str, Metric]
    hparams: Mapping[str, object] = msgspec.field(default_factory=dict)
    config: Mapping[str, object] = msgspec.field(default_factory=dict)
    environment: Mapping[str, object] = msgspec.field(default_factory=dict)
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    progress: Progress = msgspec.field(default_factory=Progress)
    checkpoints: tuple[Checkpoint, ...] = ()
    processes: tuple[Process, ...] = ()
    consoles: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    version: int = 0
    main: str | None = None
    """The tag of its main metric (see ``domain.main_metric``); None: it has no metric to show."""
    attempts: tuple[Attempt, ...] = ()
    """The earlier ones, oldest first; everything else is the newest attempt's."""
    name: str = ""
    """What its framework calls it, "" without one."""

    @property
    def key(self) -> RunKey:
        return tuple.__new__(RunKey, (self.root, self.id))  # asked of every run at every frame

    @property
    def main_metric(self) -> Metric | None:
        """The summary of ``main``."""
        return None if self.main is None else self.metrics.get(self.main)

    @property
    def series_of_work(self) -> frozenset[tuple[str, str]]:
        """What a later run must share to count as another try of this one: the group or the name that the
        framework recorded, never a whole project; without any of them the folder above."""
        known = {("group", self.labels.get("group", "")), ("name", self.name)}
        named = frozenset(pair for pair in known if pair[1])
        if named or self.labels.get("project"):
            return named
        return frozenset({("folder", self.id.rpartition("/")[0] or ".")})

    @property
    def title(self) -> str:
        """What people call it: its name, else its id; of a run that is its root, the folder."""
        return self.name or (self.root.rstrip("/").rpartition("/")[2] if self.id == "." else "") or self.id

    @property
    def points(self) -> int:
        """All points: the sum of every metric's distinct steps."""
        return sum(metric.count for metric in self.metrics.values())

    @property
    def group(self) -> str:
        """The run's project: what the framework recorded, else the folder above it ("." at the top)."""
        recorded = self.labels.get("project") or self.labels.get("group")
        return recorded or self.id.rpartition("/")[0] or "."
