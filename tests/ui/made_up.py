"""A realistic snapshot made by hand, and something that watches it: for tests only."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec.structs import replace

from runwatch.domain.comparison import Baseline, Comparison, MetricComparison, PredictionsKey, SliceComparison
from runwatch.domain.drift import (
    Batch,
    ColumnDrift,
    ColumnTrend,
    DataSet,
    Distribution,
    DriftReport,
    Multivariate,
)
from runwatch.domain.finding import Finding, fingerprint
from runwatch.domain.intents import ClearBaseline, Intent, IntentAnswer, PinBaseline
from runwatch.domain.machine import Disk, Gpu, Machine
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.media import MediaContent, MediaList, MediaSeries
from runwatch.domain.points import Points
from runwatch.domain.run import Checkpoint, Metric, Problem, Progress, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.domain.task import Task, TaskEvent, TaskList
from runwatch.monitor.media import Media
from runwatch.show.brief import Brief, BriefLine

ROOT = "/home/ana/churn"
PREDICTIONS = PredictionsKey(ROOT, "screening")
NOW = 1_795_597_320.0
CRASHED = fingerprint("run-crashed", "nightly/exp-20", "")
DRIFTED = fingerprint("data-drifted", "features", "income")
TODAY = date(2026, 11, 25)


def key(name: str) -> RunKey:
    return RunKey(ROOT, name)


@lru_cache(maxsize=512)
def curve(name: str, tag: str, n: int = 400) -> Points:
    """The points of one of the made-up runs."""
    seed = sum(map(ord, name + tag))
    rng = np.random.default_rng(seed)
    steps = np.arange(n) * 10
    shape = 1 - np.exp(-steps / (500 + seed % 400))
    if "loss" in tag:
        values = 0.72 - 0.42 * shape + rng.normal(0, 0.008, n)
        if "diverg" in name:
            values[n // 2 :] += np.geomspace(0.01, 3, n - n // 2)
    else:
        values = 0.55 + (0.29 + (seed % 7) * 0.004) * shape + rng.normal(0, 0.003, n)
    return Points.of(steps, values, NOW - 7200 + steps * 1.5)


@lru_cache(maxsize=512)
def metric(name: str, tag: str, direction: str) -> Metric:
    values = curve(name, tag).values
    best = values.max() if direction == "max" else values.min()
    cells = tuple(float(part.mean()) for part in np.array_split(values, 32))
    return Metric(
        tag,
        float(values[-1]),
        3990,
        NOW - 40,
        float(best),
        3500,
        float(values.min()),
        float(values.max()),
        len(values),
        direction,
        "tensorboard",
        spark=cells,
    )  # type: ignore[arg-type]


def run(
    name: str,
    status: str,
    age: float,
    fraction: float | None = None,
    eta: float | None = None,
    reason: str = "",
    version: int = 1,
    **more: object,
) -> Run:
    tags = {"val/auc": "max", "val/loss": "min", "train/loss": "min", "val/f1": "max", "lr": None}
    metrics = {tag: metric(name, tag, direction or "min") for tag, direction in tags.items()}
    progress = Progress(4000, 20, fraction, 12.5, (eta, eta * 0.9, eta * 1.2) if eta else None)
    return with_main_metric(
        Run(
            ROOT,
            name,
            ("tensorboard", "csv"),
            status,
            reason or f"{status}: told by its files",
            NOW - 7200,  # type: ignore[arg-type]
            NOW - age,
            3990,
            19.0,
            metrics,
            hparams={"lr": 0.001, "depth": 6, "optimizer": {"name": "adam", "beta": 0.9}},
            environment={"python": "3.11.9", "gpu": "A100"},
            progress=progress,
            version=version,
            checkpoints=(Checkpoint(f"{name}/last.ckpt", 48_000_000, NOW - 100),),
            files=(f"{name}/events.out",),
            consoles=(f"{name}/console.log",),
            **more,
        )
    )  # type: ignore[arg-type]


def runs() -> tuple[Run, ...]:
    return (
        run("champion/2026-10", "finished", 26 * 86400),
        run("nightly/exp-21-wide", "running", 3, 0.62, 4800),
        run("nightly/exp-22-deep", "running", 9, 0.18, 15400),
        run(
            "nightly/exp-20",
            "crashed",
            7 * 3600,
            reason="CUDA out of memory at step 4,120 (console.log)",
            problems=(
                Problem(
                    "nightly/exp-20/metrics.csv", "line 412", "not a number: '0.3.1'", "the rest is read"
                ),
            ),
        ),
        run(
            "nightly/exp-19-diverging", "stalled", 3 * 3600, 0.44, reason="silent for 3 h, its rhythm is 12 s"
        ),
        run("nightly/exp-18", "finished", 9 * 3600),
        run("nightly/exp-17-lr3e-4", "finished", 11 * 3600),
        run("sweep/lr/0001", "finished", 2 * 86400),
        run("sweep/lr/0003", "finished", 2 * 86400),
        run("sweep/lr/acc[/b]", "unknown", 3 * 86400),
        run("old/baseline-2025", "finished", 190 * 86400),
    )


def comparison(name: str, delta: float, verdict: str) -> Comparison:
    def one(tag: str, d: float, base: float, word: str, primary: bool = False) -> MetricComparison:
        return MetricComparison(
            tag,
            "min" if "loss" in tag else "max",
            base,
            base + d,
            d,
            word,
            "told",
            primary,  # type: ignore[arg-type]
            (d - 0.006, d + 0.006),
            0.95,
            0.012,
            0.03,
            "delong",
            "delong",
            20_000,
            42_000,
            0.005,
            3990,
        )

    return Comparison(
        name,
        "champion/2026-10",
        verdict,
        "the primary metric decides",
        (  # type: ignore[arg-type]
            one("val/auc", delta, 0.861, verdict, True),
            one("val/f1", delta / 2, 0.642, "inconclusive"),
            one("val/loss", -delta * 1.4, 0.312, "equivalent"),
        ),
    )


SLICE = "scanner = 'Axio 2'"


def predicted() -> Comparison:
    """The comparison of one ``[[predictions]]``, with two slices."""
    told = comparison("screening", -0.02, "worse")
    parts = ("roc_auc", 0.91, 0.88, -0.03, (-0.05, -0.01), 0.004, "worse", 0.7)
    slices = tuple(SliceComparison(name, n, *parts) for name, n in ((SLICE, 412), ("sex = 'f'", 900)))  # type: ignore[arg-type]
    return replace(told, slices=slices)


COLUMNS = (
    ("income", "numeric", "drifted", 0.31, "the median rose by 0.4 IQR"),
    ("channel", "categorical", "drifted", 0.14, "“app” went from 22% to 41%"),
    ("tenure_months", "numeric", "warning", 0.06, "missing went from 1% to 8%"),
    ("region", "categorical", "stable", 0.01, "nothing that matters"),
    ("age", "numeric", "stable", 0.004, "nothing that matters"),
    ("balance", "numeric", "stable", 0.003, "nothing that matters"),
    ("n_products", "numeric", "stable", 0.0, "nothing that matters"),
    ("has_card", "boolean", "stable", 0.0, "nothing that matters"),
    ("rare_flag", "boolean", "unknown", None, "too few rows to see a shift below 0.13"),
)


def data() -> DataSet:
    batches = tuple(
        Batch(f"data/batches/2026-11-{day:02}.parquet", 4200, NOW - (25 - day) * 86400)
        for day in range(14, 26)
    )
    columns, trends = [], []
    for name, kind, verdict, effect, sentence in COLUMNS:
        columns.append(
            ColumnDrift(
                name,
                kind,
                verdict,
                sentence,
                "ks",
                effect,
                1e-9,
                1e-8,
                missing_reference=0.01,
                missing_current=0.08,
                reference_n=50_000,
                current_n=4200,
                sentence=sentence,
                measures={"psi": 0.2, "ks": 0.12},
            )
        )
        effects, verdicts = [], []
        for i in range(12):
            e = None if effect is None else effect * max(0.0, (i - 5) / 6) if effect > 0.02 else effect
            effects.append(e)
            verdicts.append(
                "unknown" if e is None else "drifted" if e >= 0.1 else "warning" if e >= 0.02 else "stable"
            )
        trends.append(ColumnTrend(name, tuple(verdicts), tuple(effects), 7 if (effect or 0) > 0.02 else None))  # type: ignore[arg-type]
    report = DriftReport(
        "drifted",
        0.22,
        1,
        50_000,
        1,
        4200,
        tuple(columns),
        Multivariate(
            "domain classifier", 0.67, 0.0004, 5000, 4200, "drifted", (("income", 0.4), ("channel", 0.2))
        ),
        batches[-1:],
    )
    return DataSet("features", ROOT, "data/reference.parquet", batches, tuple(trends), report, version=1)


def task(
    text: str,
    priority: str | None = None,
    due: date | None = None,
    done: bool = False,
    source: str = "manual",
    **tags: str,
) -> Task:
    words = text.split()
    return Task(
        tags.get("rw") or f"{zlib.crc32(text.encode()):08x}",
        text,
        text,
        priority,
        done,
        TODAY,
        TODAY if done else None,
        due,
        None,
        tuple(w[1:] for w in words if w[0] == "+"),
        tuple(w[1:] for w in words if w[0] == "@"),
        tags,
        source,  # type: ignore[arg-type]
        tags.get("rw"),
        "done" if done else "open",
    )


def tasks() -> dict[str, TaskList]:
    listed = (
        task(
            f"Run nightly/exp-20 crashed: CUDA out of memory +nightly @runs rw:{CRASHED} by:runwatch",
            "A",
            source="rule",
            rw=CRASHED,
        ),
        task(
            f"income drifted in features +features @data rw:{DRIFTED} by:runwatch",
            "A",
            source="rule",
            rw=DRIFTED,
        ),
        task("write the report for the board +q4", None, date(2026, 11, 25)),
        task("ask Ben about the new CRM export @ben", "C", date(2026, 11, 23)),
        task(
            "val/auc regressed against champion +nightly @models rw:77c1d2e4f0 by:runwatch",
            "B",
            source="rule",
            rw="77c1d2e4f0",
            n="2",
        ),
        task("try focal loss +nightly"),
        task("renew the cluster quota", done=True),
        task("clean /scratch", done=True),
    )
    return {ROOT: TaskList(f"{ROOT}/todo.txt", listed)}


def findings() -> tuple[Finding, ...]:
    return (
        Finding(
            "run-crashed",
            "critical",
            "nightly/exp-20",
            "",
            "nightly/exp-20 crashed: CUDA out of memory at step 4,120",
            "Run nightly/exp-20 crashed",
            "lower the batch size",
            root=ROOT,
            run=key("nightly/exp-20"),
            since=NOW - 7 * 3600,
        ),
        Finding(
            "data-drifted",
            "critical",
            "features",
            "income",
            "income drifted in features",
            "income drifted in features",
            "look at the source",
            root=ROOT,
            since=NOW - 9 * 3600,
        ),
        Finding(
            "run-stalled",
            "warning",
            "nightly/exp-19-diverging",
            "",
            "exp-19 is silent",
            "exp-19 stalled",
            "look",
            root=ROOT,
            run=key("nightly/exp-19-diverging"),
            since=NOW - 3 * 3600,
        ),
    )


def machine() -> Machine:
    gib = 2**30
    return Machine(
        "gpu-07",
        32,
        (3.2, 2.9, 2.5),
        0.38,
        41 * gib,
        128 * gib,
        False,
        (Disk("/", 70 * gib, 130 * gib), Disk("/data", 1840 * gib, 160 * gib, full_in=2.2 * 86400)),
        (
            Gpu(0, "A100", 0.93, 31 * gib, 40 * gib, 71, 290),
            Gpu(1, "A100", 0.02, 1 * gib, 40 * gib, 38, 60, idle_for=4000),
        ),
    )


def snapshot(version: int = 1, **changes: object) -> Snapshot:
    compared = {
        key("nightly/exp-21-wide"): comparison("nightly/exp-21-wide", 0.0124, "better"),
        key("nightly/exp-22-deep"): comparison("nightly/exp-22-deep", -0.003, "inconclusive"),
        key("nightly/exp-18"): comparison("nightly/exp-18", -0.021, "worse"),
        key("nightly/exp-17-lr3e-4"): comparison("nightly/exp-17-lr3e-4", 0.0008, "equivalent"),
    }
    parts: dict[str, object] = {
        "now": NOW,
        "host": "gpu-07",
        "roots": (ROOT,),
        "runs": runs(),
        "comparisons": compared,
        "data": (data(),),
        "machine": machine(),
        "baselines": {ROOT: Baseline("run", "champion/2026-10", "pinned 2026-10-30", NOW - 26 * 86400)},
    }
    parts.update({k: v for k, v in changes.items() if k in Situation.__struct_fields__})
    rest: dict[str, object] = {
        "findings": findings(),
        "tasks": tasks(),
        "watch": WatchState("live"),
        "bell": "",
    }
    rest.update({k: v for k, v in changes.items() if k in rest})
    return Snapshot(version, Situation(**parts), **rest)  # type: ignore[arg-type]


def empty() -> Snapshot:
    return snapshot(
        runs=(),
        comparisons={},
        data=(),
        machine=None,
        baselines={},
        findings=(),
        tasks={ROOT: TaskList("todo.txt", ())},
    )


def brief(headline: str) -> Brief:
    """What happened since yesterday, in one sentence."""
    lines = (BriefLine("crashed", "nightly/exp-20 (out of memory)"), BriefLine("tasks", "3 open"))
    span = "since you last looked, yesterday 18:04"
    return Brief(NOW - 50_000, NOW, span, headline, {}, (), {}, (), (), lines)


class FakeWatching:
    """Publishes what it is given, remembers what it is asked."""

    def __init__(self, first: Snapshot | None = None, brief: Brief | None = None) -> None:
        self.first = first if first is not None else snapshot()
        self.told = brief
        self.view = ""
        self.intents: list[Intent] = []
        self.system: tuple[str, ...] = ()
        self._media = Media(lambda key: (self.first.situation.run(key), ()))
        self.publish: Callable[[Snapshot], None] = lambda _: None
        self.stopped = False
        self.events: list[tuple[str, TaskEvent]] = []
        self.pins: list[dict[str, Any]] = []
        self.log = (
            b"epoch 1 loss 0.7\n\x1b[31mRuntimeError: CUDA out of memory\x1b[0m\n\x1b]52;c;aGk=\x07done\n"
        )

    def start(self, publish: Callable[[Snapshot], None]) -> None:
        self.publish = publish
        publish(self.first)

    def stop(self) -> None:
        self.stopped = True

    def submit(self, intent: Intent, answered: Callable[[IntentAnswer], None]) -> None:
        self.intents.append(intent)
        pinning = isinstance(intent, PinBaseline | ClearBaseline)
        said = "the baseline is pinned" if isinstance(intent, PinBaseline) else "done"
        answered(IntentAnswer(intent, True, said, None if pinning else f"undo-{len(self.intents)}"))

    def series(self, key: RunKey, tag: str) -> Points:
        return curve(key.id, tag)

    def distribution(self, data_set: str, root: str, column: str, batch: int | None) -> Distribution | None:
        if column in ("channel", "region"):
            return Distribution(
                column,
                "categorical",
                (),
                ("web", "app", "phone", "branch"),
                (0.5, 0.22, 0.18, 0.1),
                (0.35, 0.41, 0.16, 0.08),
                (("distinct", "4", "4"),),
            )
        edges = np.linspace(-3, 5, 41)
        mid = (edges[1:] + edges[:-1]) / 2
        ref, cur = np.exp(-(mid**2) / 2), np.exp(-((mid - 0.8) ** 2) / 2.4)
        q = tuple(
            (p, math.log(p / (1 - p)), 0.8 + math.log(p / (1 - p)) * 1.1)
            for p in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
        )
        return Distribution(
            column,
            "numeric",
            tuple(edges),
            (),
            tuple(ref / ref.sum()),
            tuple(cur / cur.sum()),
            (("mean", "0.00", "0.80"), ("median", "0.00", "0.81"), ("missing", "1%", "8%")),
            q,
        )

    def console(self, key: RunKey, path: str, end: int | None, size: int) -> tuple[bytes, int]:
        stop = len(self.log) if end is None else end
        start = max(0, stop - size)
        return self.log[start:stop], start

    def system_tags(self, key: RunKey) -> tuple[str, ...]:
        return self.system

    def media(self, key: RunKey) -> MediaList:
        return self._media.list_of(key)

    def media_contents(self, key: RunKey, wanted: MediaSeries) -> list[MediaContent]:
        return self._media.contents(key, wanted)

    def slice_rows(self, key: PredictionsKey, label: str) -> tuple[tuple[str, ...], Any] | Problem:
        if label != SLICE:
            return Problem(f"{key.name}.parquet", None, "no such slice any more", "open it again")
        names = ("patient", "scanner", "label", "score")
        rows = ((f"P-{n:04}", "Axio 2", str(n % 2), f"0.{n % 10}7") for n in range(200))
        return names, tuple(rows)

    def history(self) -> list[tuple[str, TaskEvent]]:
        return list(self.events)

    def saved_view(self, root: str) -> str:
        return self.view

    def champions(self, root: str) -> list[dict[str, Any]]:
        return list(self.pins)

    def briefs(self, given_up: object) -> list[tuple[str, Brief]]:
        return [(ROOT, self.told)] if self.told is not None else []
