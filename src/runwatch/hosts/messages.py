"""The messages between the two sides. Here and there: this side asks, the other one watches."""

from __future__ import annotations

from typing import Any

import msgspec

from runwatch.config.settings import Metrics
from runwatch.domain.borders import JsonDict
from runwatch.domain.comparison import Baseline, Comparison, PredictionsKey
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.finding import Finding
from runwatch.domain.health import CurveForecast, HealthSign
from runwatch.domain.machine import Machine
from runwatch.domain.media import MediaContent, MediaList, MediaSeries
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.situation import WatchState
from runwatch.domain.task import Task, TaskEvent, TaskList
from runwatch.monitor.diagnostics import Diagnostic

Events = list[tuple[str, TaskEvent]]


class Hello(msgspec.Struct, tag="hello"):
    """The first message from there. ``clock``: its time (seconds since the epoch)."""

    protocol: int
    version: str
    python: str
    host: str
    user: str
    clock: float


class RootsOpened(msgspec.Struct, tag="opened"):
    """The roots, as real paths, and what their configuration says of metrics; ``alerting``: whether there
    alerts are sent."""

    roots: tuple[str, ...]
    metrics: dict[str, Metrics]
    alerting: bool = False


class RequestRefused(msgspec.Struct, tag="refused"):
    """What was asked for cannot be had; the end of the link."""

    message: str


class Pong(msgspec.Struct, tag="pong"):
    clock: float


class Reply(msgspec.Struct, tag="reply"):
    """The answer to a question: ``body`` is MessagePack of the kind that goes with it, unless ``error``."""

    number: int
    body: bytes = b""
    error: str = ""


class Rest(msgspec.Struct):
    """What of a snapshot is told as one."""

    now: float = 0.0
    host: str = ""
    roots: tuple[str, ...] = ()
    machine: Machine | None = None
    problems: tuple[Problem, ...] = ()
    unreadable: dict[str, float] = {}
    unjudged: tuple[Problem, ...] = ()
    open_fingerprints: frozenset[str] = frozenset()
    watch: WatchState = msgspec.field(default_factory=WatchState)
    looked: float | None = None
    assumptions: tuple[str, ...] = ()
    rings: bool = False
    overlooked: tuple[Problem, ...] = ()


class Update(msgspec.Struct, tag="update", omit_defaults=True):
    """What changed since the update before it. Parts map keys to records."""

    number: int
    rest: Rest | None = None
    runs: dict[RunKey, Run] = {}
    health: dict[RunKey, tuple[HealthSign, ...]] = {}
    outlooks: dict[RunKey, CurveForecast] = {}
    comparisons: dict[RunKey, Comparison] = {}
    baselines: dict[str, Baseline] = {}
    predictions: dict[PredictionsKey, Comparison] = {}
    data: dict[RunKey, DataSet] = {}
    findings: dict[int, Finding] = {}
    tasks: dict[str, TaskList] = {}
    gone: dict[str, tuple[RunKey | str | int, ...]] = {}
    """Keys that left, by part."""
    more: bool = False
    """The rest of this change comes in the next message."""
    judged: bool = False
    """All has been looked at."""


class Open(msgspec.Struct, tag="open"):
    """Look at ``roots``; what has no word here is as in ``monitor.wanted.Wanted``."""

    roots: tuple[str, ...]
    idle: bool = False
    """Look at none; only answer questions."""
    once: bool = False
    """One look, no watching."""
    keep: bool = False
    """Tasks may be opened, as a dashboard does."""
    data: bool = True
    judging: bool = True
    machine: bool = True


class UpdateReceived(msgspec.Struct, tag="seen"):
    """The update was taken; the next may come. There is never more than one on its way."""

    number: int


class Ping(msgspec.Struct, tag="ping"):
    pass


class _Ask(msgspec.Struct):
    """A question; its answer bears its ``number``."""

    number: int


class _AskOfRoot(_Ask):
    root: str


class _AskOfRun(_AskOfRoot):
    run: str


class AskSeries(_AskOfRun, tag="series"):
    """Points of a curve, only later ones where those known here still hold."""

    tag: str
    have: int = 0
    """How many are known here."""
    step: int = 0
    """Of the last of them, as ``value``."""
    value: float = 0.0
    most: int = 0
    """How many may come, thinned to their envelope; 0: all."""


class CurveUpdate(msgspec.Struct):
    """Points as arrays of 8 bytes a value, little endian."""

    start: int
    """How many points come before these."""
    total: int
    """How many are told with these."""
    steps: bytes
    wall_times: bytes
    values: bytes
    more: bool = False
    """There are later ones to be asked for."""


class AskColumn(_Ask, tag="column"):
    data_set: str
    root: str
    column: str
    batch: int | None


class AskConsole(_AskOfRun, tag="console"):
    path: str
    end: int | None
    size: int


class AskMedia(_AskOfRun, tag="media"):
    pass


class AskMediaContents(_AskOfRun, tag="media-contents"):
    """``wanted``: only with the items that are to be opened."""

    wanted: MediaSeries


class AskSystem(_AskOfRun, tag="system"):
    """Which curves of the machine a run has; they are then asked for as any other."""


class AskRows(_AskOfRoot, tag="rows"):
    predictions: str
    label: str


class RowsFound(msgspec.Struct):
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    problem: Problem | None = None


class AskHistory(_Ask, tag="history"):
    pass


class AskChampions(_AskOfRoot, tag="champions"):
    pass


class AskTasks(_AskOfRoot, tag="tasks"):
    pass


class Todo(msgspec.Struct):
    listed: TaskList
    silences: dict[str, float]


class Do(_Ask, tag="do"):
    """``intent``: its ``domain.intents.to_json``."""

    intent: str


class Did(msgspec.Struct):
    ok: bool
    message: str
    undo: str | None = None
    task: Task | None = None


class AskChecks(_Ask, tag="checks"):
    """What ``doctor`` says there."""


FromThere = Hello | RootsOpened | RequestRefused | Pong | Reply | Update
Question = (
    AskSeries
    | AskColumn
    | AskConsole
    | AskMedia
    | AskMediaContents
    | AskSystem
    | AskRows
    | AskHistory
    | AskChampions
    | AskTasks
    | Do
    | AskChecks
)
FromHere = Open | UpdateReceived | Ping | Question
BODIES: dict[type[Any], object] = {
    AskSeries: CurveUpdate,
    AskColumn: Distribution | None,
    AskConsole: tuple[bytes, int],
    AskMedia: MediaList,
    AskMediaContents: list[MediaContent],
    AskSystem: tuple[str, ...],
    AskRows: RowsFound,
    AskHistory: Events,
    AskChampions: list[JsonDict],
    AskTasks: Todo,
    Do: Did,
    AskChecks: list[Diagnostic],
}
