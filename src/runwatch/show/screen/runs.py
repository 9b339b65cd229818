"""The runs as a table: how each stands, how far it is, and how it does against the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

import msgspec

from runwatch.domain.comparison import Comparison, MetricComparison
from runwatch.domain.finding import SEVERITIES, Severity
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import Snapshot
from runwatch.show.roots import root_names
from runwatch.show.screen.view import (
    SERIES,
    SEVERITY_TONES,
    STATUS_TONES,
    VERDICT_TONES,
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    bar,
    difference,
    figure,
    matches,
    spark,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import METRIC_SIGNS, SEVERITY_SIGNS, STATUS_SIGNS

Order = Literal["attention", "newest", "name", "metric"]
ORDERS: tuple[Order, ...] = ("attention", "newest", "name", "metric")

_COLUMNS = (
    ViewColumn("status", "status", 10),
    ViewColumn("run", "run", 16, grow=3, keep_end=True),
    ViewColumn("progress", "progress", 10, drop=2),
    ViewColumn("eta", "left", 8, right=True, drop=6),
    ViewColumn("metric", "metric", 12, grow=1, drop=5),
    ViewColumn("value", "value", 7, right=True),
    ViewColumn("trend", "trend", 8, drop=3),
    ViewColumn("delta", "± base", 9, right=True, drop=1),
    ViewColumn("age", "age", 4, right=True),
)
_NOW_S = 10.0
_URGENCY: dict[Severity | None, int] = {"critical": 0, "warning": 1, None: 2}
_ATTENTION = {"running": 3, "stalled": 2, "crashed": 4, "unknown": 5, "finished": 4}


class RunsAsk(msgspec.Struct, frozen=True):
    """What a person wants to see of the runs: a filter, an order, and the marked ones."""

    filter: str = ""
    order: Order = "attention"
    marked: tuple[RunKey, ...] = ()


def compared(comparison: Comparison | None, tag: str) -> MetricComparison | None:
    """A run's comparison for one tag."""
    return next((m for m in comparison.metrics if m.name == tag), None) if comparison else None


Kept = dict[RunKey, tuple["_Made", ViewRow]]
"""Rows of the last view with what they were made of; a row of the same parts is taken over."""


def runs(snapshot: Snapshot, ask: RunsAsk, now: float, kept: Kept | None = None) -> TableView:
    """All runs that pass the filter, those that need a person first on top. ``kept`` is brought up to date:
    the next view makes only the rows that changed."""
    situation = snapshot.situation
    chosen = [run for run in situation.runs if not ask.filter or matches(ask.filter, *_hay(run))]
    chosen.sort(key=_sorting(snapshot, ask.order))
    several = len(situation.roots) > 1
    roots = root_names(situation.roots) if several else {}
    names = board_names(situation.runs)
    worst = worst_severities(snapshot)
    old = kept or {}
    new: Kept = {}
    for run in chosen:
        comparison = situation.comparisons.get(run.key)
        look = _Look(
            mark_tone(ask.marked, run.key),
            is_baseline(snapshot, run),
            roots.get(run.root, ""),
            names[run.key],
            worst.get(run.key),
        )
        made = _Made(run, comparison, look, _age(run, now))
        have = old.get(run.key)
        new[run.key] = have if have and have[0].same_as(made) else (made, _row(run, comparison, look, now))
    if kept is not None:
        kept.clear()
        kept.update(new)
    return TableView(_COLUMNS, tuple(row for _, row in new.values()), _nothing(snapshot, ask))


class _Look(NamedTuple):
    """What else decides how a run's row looks."""

    tone: Tone | None
    is_baseline: bool
    root: str
    name: str
    worst: Severity | None


class _Made(NamedTuple):
    """What a row was made of; it holds run and comparison, so that no other can take their place."""

    run: Run
    comparison: Comparison | None
    look: _Look
    age: str

    def same_as(self, other: _Made) -> bool:
        """Whether the same row comes of it."""
        parts = self.run is other.run and self.comparison is other.comparison
        return parts and (self.look, self.age) == (other.look, other.age)


def _hay(run: Run) -> tuple[str, ...]:
    return (safe(run.id), safe(run.name), run.status, *run.formats)


def _sorting(snapshot: Snapshot, order: Order):  # type: ignore[no-untyped-def]
    if order == "name":
        return lambda run: (run.root, run.id)
    if order == "newest":
        return lambda run: -(run.updated or 0)
    if order == "metric":
        return lambda run: _by_metric(snapshot, run)
    worst = worst_severities(snapshot)
    return lambda run: (_URGENCY[worst.get(run.key)], _ATTENTION[run.status], -_moment(run), run.id)


def _moment(run: Run) -> float:
    """What orders runs alike: their last write, but for running ones their start, so that rows stay where
    they are while the runs are being written."""
    return (run.started if run.status == "running" else run.updated) or 0.0


def worst_severities(snapshot: Snapshot) -> dict[RunKey, Severity]:
    """The worst severity of each run's findings, infos left out."""
    out: dict[RunKey, Severity] = {}
    for finding in sorted(snapshot.findings, key=lambda found: SEVERITIES.index(found.severity)):
        if finding.run is not None and finding.severity != "info":
            out[finding.run] = finding.severity
    return out


def _by_metric(snapshot: Snapshot, run: Run) -> tuple[str, float]:
    metric = run.main_metric
    if metric is None:
        return "\uffff", 0.0
    return metric.tag, -metric.last if metric.direction == "max" else metric.last


def _row(run: Run, comparison: Comparison | None, look: _Look, now: float) -> ViewRow:
    metric = run.main_metric
    busy = run.status == "running"
    return ViewRow(
        run.key,
        (
            (Span(f"{STATUS_SIGNS[run.status]} {run.status}", STATUS_TONES[run.status]),),
            _name(run, look),
            _progress(run),
            (Span(eta(run), "muted"),),
            text(metric.tag, "muted") if metric else (),
            _value(metric),
            spark(metric.spark, 8, "accent" if busy else "muted") if metric else (),
            _delta(look, comparison, metric),
            (Span(_age(run, now), "muted"),),
        ),
    )


def _age(run: Run, now: float) -> str:
    """How long ago it was written; "now" for a running run that wrote a few seconds ago, so that rows are not
    painted every second only because they grow older."""
    if run.status == "running" and run.updated is not None and 0 <= now - run.updated < _NOW_S:
        return "now"
    return units.ago(run.updated, now)


def is_baseline(snapshot: Snapshot, run: Run) -> bool:
    """Whether a run is what its root is compared against, alone or in a group."""
    baseline = snapshot.situation.baselines.get(run.root)
    if baseline is None or baseline.kind not in ("run", "group"):
        return False
    return baseline.name == run.id if baseline.kind == "run" else fnmatchcase(run.id, baseline.name)


def mark_tone(marked: Iterable[RunKey], key: RunKey) -> Tone | None:
    """The colour of a marked run's curve, None when it is not marked."""
    for i, other in enumerate(marked):
        if other == key:
            return SERIES[i % len(SERIES)]
    return None


def board_names(runs: Sequence[Run]) -> dict[RunKey, str]:
    """By run: its name, else its path without the folders that all runs lie in (of one root)."""
    several = len({run.root for run in runs}) > 1
    prefix = "" if several else _common_folder([run.id for run in runs])
    paths = {
        run.key: run.id[len(prefix) :] if run.id != "." else run.root.rstrip("/").rpartition("/")[2] or "/"
        for run in runs
    }
    named = shown_names([run for run in runs if run.name])
    return {**paths, **named}


def _common_folder(ids: list[str]) -> str:
    """The folders that all runs lie in, with the last slash: what a table need not repeat."""
    if len(ids) < 2:
        return ""
    first, last = min(ids), max(ids)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[: first.rfind("/", 0, shared) + 1]


def run_name(key: RunKey, roots: Sequence[str]) -> str:
    """A run's id, with its root where there are several."""
    root = root_names(roots).get(key.root, key.root) + ":" if len(roots) > 1 else ""
    return safe(root + key.id)


def _name(run: Run, look: _Look) -> Words:
    folder, slash, leaf = ("", "", safe(look.name)) if run.name else safe(look.name).rpartition("/")
    root = safe(look.root) + ":" if look.root else ""
    mark = (Span(" ●", look.tone),) if look.tone else ()
    return words(Span(root + folder + slash, "muted"), Span(leaf, "strong"), _trouble(run, look), mark)


def _trouble(run: Run, look: _Look) -> Words:
    """The sign of a run's worst finding, where its status does not say as much already."""
    if look.worst is None or run.status in ("crashed", "stalled"):
        return ()
    return (Span(f" {SEVERITY_SIGNS[look.worst]}", SEVERITY_TONES[look.worst]),)


def _progress(run: Run) -> Words:
    progress = run.progress
    if run.status in ("running", "stalled") and progress.fraction is not None:
        tone: Tone = "info" if run.status == "running" else "warn"
        return words(bar(progress.fraction, 5, tone), Span(f"{units.percent(progress.fraction):>5}", "muted"))
    if run.epoch is not None and run.epoch >= 1:
        return (Span(f"epoch {units.number(run.epoch, 3)}", "muted"),)
    return (Span(f"step {units.count(run.step)}", "muted"),) if run.step is not None else ()


def eta(run: Run) -> str:
    """How long a running run still takes, in words; empty when nobody knows."""
    if run.status != "running" or run.progress.eta is None:
        return ""
    return units.duration(run.progress.eta[0])


def _value(metric: Metric | None) -> Words:
    if metric is None:
        return (Span("–", "muted"),)
    broken = metric.last != metric.last or metric.last in (float("inf"), float("-inf"))
    return (Span(figure(metric.last), "bad" if broken else "plain"),)


def _delta(look: _Look, comparison: Comparison | None, metric: Metric | None) -> Words:
    if look.is_baseline:
        return (Span("baseline", "baseline"),)
    judged = compared(comparison, metric.tag) if metric else None
    if judged is None or judged.delta is None:
        return (Span("–", "faint"),)
    return (
        Span(f"{METRIC_SIGNS[judged.verdict]} {difference(judged.delta)}", VERDICT_TONES[judged.verdict]),
    )


def _nothing(snapshot: Snapshot, ask: RunsAsk) -> tuple[Words, ...]:
    if ask.filter and snapshot.situation.runs:
        return (text(f"no run matches “{ask.filter}”"), (Span("escape shows all again", "muted"),))
    if snapshot.watch.phase != "live":
        return ((Span("looking for runs …", "muted"),),)
    return (
        (Span("no runs here yet"),),
        (Span("they appear by themselves as soon as a training writes its", "muted"),),
        (Span("first file below the watched roots; runwatch demo shows how", "muted"),),
    )


def summary(snapshot: Snapshot) -> Words:
    """Counts by status, those that matter first: "3 running · 1 crashed · 12 runs"."""
    counts: dict[str, int] = {}
    for run in snapshot.situation.runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    out: list[Span] = []
    for status in ("crashed", "stalled", "running"):
        if counts.get(status):
            out += [Span(f"{counts[status]} {status}", STATUS_TONES[status]), Span(" · ", "muted")]
    return (*out, Span(units.plural(len(snapshot.situation.runs), "run"), "muted"))
