"""The columns that the runs' table can have: how a cell looks, and what orders the runs by it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from runwatch.domain.comparison import Comparison, MetricComparison
from runwatch.domain.finding import Severity
from runwatch.domain.main_metric import same_metric
from runwatch.domain.nested import flatten
from runwatch.domain.run import Metric, Run
from runwatch.show.screen.view import (
    SEVERITY_TONES,
    STATUS_TONES,
    VERDICT_TONES,
    Span,
    Tone,
    ViewColumn,
    Words,
    bar,
    difference,
    figure,
    spark,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import METRIC_SIGNS, SEVERITY_SIGNS, STATUS_SIGNS, STATUS_WORDS

_NOW_S = 10.0
_SETTING, _METRIC = "=", "@"
Sortable = tuple[float, str]


class RunRowFacts(NamedTuple):
    """What else decides how a run's row looks: the tone of its mark, whether it is the baseline, its root's
    name where there are several, the folder that all runs share, its worst finding, whether it is starred,
    how deep it stands under a group, and which machine it is on, where there are several, and whether that
    is lost; ``name``: what its framework calls it, told from others of that name."""

    tone: Tone | None
    is_baseline: bool
    root: str
    prefix: str
    worst: Severity | None
    starred: bool = False
    depth: int = 0
    host: str = ""
    lost: bool = False
    name: str = ""


class RowCase(NamedTuple):
    """One run as its cells see it. ``metric``: the one whose value is shown."""

    run: Run
    comparison: Comparison | None
    facts: RunRowFacts
    metric: Metric | None
    now: float


class RunColumn(NamedTuple):
    """A column: how it is laid out, drawn and ordered by (None: has no value, stands last)."""

    column: ViewColumn
    cell: Callable[[RowCase], Words]
    order: Callable[[RowCase], Sortable | None]
    about: str = ""


def metric_of(run: Run, chosen: str | None) -> Metric | None:
    """The metric whose value is shown: the chosen one, else the run's main metric."""
    if chosen is None:
        return run.main_metric
    tag = same_metric(run.metrics, chosen)
    return run.metrics[tag] if tag is not None else None


def kind(key: str) -> RunColumn:
    """A column by its key: a name of ``COLUMNS``, ``=NAME`` for a hyperparameter, ``@TAG`` for a metric."""
    if key.startswith(_SETTING):
        name = key[1:]
        column = ViewColumn(key, safe(name.rpartition(".")[2], 14), max(min(len(name), 12), 6), right=True)
        return RunColumn(column, lambda case: _setting(case, name), lambda case: _by_setting(case, name))
    if key.startswith(_METRIC):
        tag = key[1:]
        column = ViewColumn(key, safe(tag, 20), max(min(len(tag), 14), 8), right=True, keep_end=True)
        return RunColumn(
            column,
            lambda case: _value(case.run.metrics.get(tag)),
            lambda case: _by_value(case.run.metrics.get(tag)),
        )
    return COLUMNS[key]


def choices(runs: Iterable[Run]) -> list[tuple[str, str]]:
    """(key, words) of every column that these runs can have."""
    settings: dict[str, None] = {}
    tags: dict[str, None] = {}
    for run in runs:
        settings.update(dict.fromkeys(flatten(run.hparams)))
        tags.update({tag: None for tag, metric in run.metrics.items() if not metric.hidden})
    described = [(key, each.about) for key, each in COLUMNS.items()]
    described += [(_SETTING + name, f"hyperparameter {name}") for name in sorted(settings)]
    return described + [(_METRIC + tag, f"metric {tag}") for tag in sorted(tags)]


def age(run: Run, now: float) -> str:
    """How long ago it was written; "now" for a running run that wrote a few seconds ago, so that rows are not
    painted every second only because they grow older."""
    if run.status == "running" and run.updated is not None and 0 <= now - run.updated < _NOW_S:
        return "now"
    return units.ago(run.updated, now)


def eta(run: Run) -> str:
    """How long a running run still takes, in words; empty when unknown."""
    if run.status != "running" or run.progress.eta is None:
        return ""
    return units.duration(run.progress.eta[0])


def compared(comparison: Comparison | None, tag: str) -> MetricComparison | None:
    """A run's comparison for one tag."""
    return next((m for m in comparison.metrics if m.name == tag), None) if comparison else None


def status(run: Run, short: bool = False) -> Words:
    """A run's status as sign and word."""
    word = "" if short else f" {STATUS_WORDS[run.status]}"
    return text(STATUS_SIGNS[run.status] + word, STATUS_TONES[run.status])


def _name(case: RowCase) -> Words:
    run, facts = case.run, case.facts
    own = run.id[len(facts.prefix) :] if run.id != "." else run.root.rstrip("/").rpartition("/")[2] or "/"
    folder, slash, leaf = safe(facts.name or own).rpartition("/")
    root = safe(facts.root) + ":" if facts.root else ""
    star = text(" ★", "warn") if facts.starred else ()  # at the end, which a cut name keeps
    mark = text(" ●", facts.tone) if facts.tone else ()
    lead = Span("  " * facts.depth) if facts.depth else ""
    name = words(Span(root + folder + slash, "muted"), Span(leaf, "strong"))
    return words(lead, name, star, _trouble(case), mark)


def _trouble(case: RowCase) -> Words:
    """The sign of a run's worst finding, where its status does not say as much already."""
    worst = case.facts.worst
    if worst is None or case.run.status in ("crashed", "stalled"):
        return ()
    return text(f" {SEVERITY_SIGNS[worst]}", SEVERITY_TONES[worst])


def _progress(case: RowCase) -> Words:
    run, progress = case.run, case.run.progress
    if run.status in ("running", "stalled") and progress.fraction is not None:
        tone: Tone = "info" if run.status == "running" else "warn"
        return words(bar(progress.fraction, 5, tone), Span(f"{units.percent(progress.fraction):>5}", "muted"))
    if run.epoch is not None and run.epoch >= 1:
        return text(f"epoch {units.number(run.epoch, 3)}", "muted")
    return text(f"step {units.count(run.step)}", "muted") if run.step is not None else ()


def _value(metric: Metric | None) -> Words:
    if metric is None:
        return text("–", "muted")
    return text(figure(metric.last), "plain" if math.isfinite(metric.last) else "bad")


def _trend(case: RowCase) -> Words:
    busy = case.run.status == "running"
    return spark(case.metric.spark, 8, "accent" if busy else "muted") if case.metric else ()


def _delta(case: RowCase) -> Words:
    judged = compared(case.comparison, case.metric.tag) if case.metric else None
    return against_baseline(judged, case.facts.is_baseline)


def against_baseline(judged: MetricComparison | None, is_baseline: bool) -> Words:
    """How far a metric is from the baseline's, and what that means."""
    if is_baseline:
        return text("baseline", "baseline")
    if judged is None or judged.delta is None:
        return text("–", "faint")
    return text(f"{METRIC_SIGNS[judged.verdict]} {difference(judged.delta)}", VERDICT_TONES[judged.verdict])


def _setting(case: RowCase, name: str) -> Words:
    have = flatten(case.run.hparams).get(name)
    if isinstance(have, float):
        return text(units.number(have))
    return text("–", "faint") if have is None else text(str(have), width=40)


def _by_setting(case: RowCase, name: str) -> Sortable | None:
    have = flatten(case.run.hparams).get(name)
    if have is None:
        return None
    try:
        return float(str(have)), ""
    except ValueError:
        return math.inf, str(have).lower()


def _by_value(metric: Metric | None) -> Sortable | None:
    return None if metric is None or math.isnan(metric.last) else (metric.last, metric.tag)


def _by_delta(case: RowCase) -> Sortable | None:
    judged = compared(case.comparison, case.metric.tag) if case.metric else None
    return None if judged is None or judged.delta is None else (judged.delta, "")


def _number(value: float | None) -> Sortable | None:
    return None if value is None else (float(value), "")


def _muted(value: str) -> Words:
    return text(value, "muted")


def _took(run: Run) -> float | None:
    return None if run.started is None or run.updated is None else run.updated - run.started


_STATUS_ORDER = {"crashed": 0.0, "stalled": 1.0, "running": 2.0, "unknown": 3.0, "finished": 4.0}
COLUMNS: Mapping[str, RunColumn] = {
    "status": RunColumn(
        ViewColumn("status", "status", 10),
        lambda case: status(case.run),
        lambda case: (_STATUS_ORDER[case.run.status], ""),
        "its status",
    ),
    "run": RunColumn(
        ViewColumn("run", "run", 16, grow=3, keep_end=True),
        _name,
        lambda case: (0.0, (case.run.name or case.run.id).lower()),
        "its name",
    ),
    "progress": RunColumn(
        ViewColumn("progress", "progress", 10, drop=2),
        _progress,
        lambda case: _number(case.run.progress.fraction),
        "its progress",
    ),
    "eta": RunColumn(
        ViewColumn("eta", "left", 8, right=True, drop=6),
        lambda case: _muted(eta(case.run)),
        lambda case: _number(case.run.progress.eta[0] if case.run.progress.eta else None),
        "time left",
    ),
    "metric": RunColumn(
        ViewColumn("metric", "metric", 8, grow=1, keep_end=True),
        lambda case: text(case.metric.tag, "muted") if case.metric else (),
        lambda case: (0.0, case.metric.tag) if case.metric else None,
        "the name of its main metric",
    ),
    "value": RunColumn(
        ViewColumn("value", "value", 7, right=True),
        lambda case: _value(case.metric),
        lambda case: _by_value(case.metric),
        "the newest value of its main metric",
    ),
    "best": RunColumn(
        ViewColumn("best", "best", 7, right=True, drop=3),
        lambda case: text(figure(case.metric.best if case.metric else None)),
        lambda case: _number(case.metric.best if case.metric else None),
        "the best value of its main metric",
    ),
    "trend": RunColumn(
        ViewColumn("trend", "trend", 8, drop=3),
        _trend,
        lambda case: _by_value(case.metric),
        "a small curve of its main metric",
    ),
    "delta": RunColumn(
        ViewColumn("delta", "± base", 9, right=True, drop=1), _delta, _by_delta, "against the baseline"
    ),
    "step": RunColumn(
        ViewColumn("step", "step", 7, right=True, drop=4),
        lambda case: _muted("–" if case.run.step is None else units.count(case.run.step)),
        lambda case: _number(case.run.step),
        "its newest step",
    ),
    "took": RunColumn(
        ViewColumn("took", "took", 8, right=True, drop=4),
        lambda case: _muted(units.duration(_took(case.run))),
        lambda case: _number(_took(case.run)),
        "from its start to its last write",
    ),
    "started": RunColumn(
        ViewColumn("started", "started", 15, drop=4),
        lambda case: _muted(units.moment(case.run.started, case.now)),
        lambda case: _number(case.run.started),
        "when it started",
    ),
    "formats": RunColumn(
        ViewColumn("formats", "formats", 12, drop=5),
        lambda case: _muted(" ".join(case.run.formats)),
        lambda case: (0.0, " ".join(case.run.formats)),
        "the tool that wrote it",
    ),
    "group": RunColumn(
        ViewColumn("group", "group", 12, drop=5, keep_end=True),
        lambda case: text(case.run.group, "muted"),
        lambda case: (0.0, case.run.group.lower()),
        "its project or folder",
    ),
    "host": RunColumn(
        ViewColumn("host", "host", 8, drop=4),
        lambda case: text(case.facts.host, "muted", 20),
        lambda case: (0.0, case.facts.host),
        "the machine it is on",
    ),
    "age": RunColumn(
        ViewColumn("age", "age", 4, right=True),
        lambda case: _muted(age(case.run, case.now)),
        lambda case: _number(None if case.run.updated is None else -case.run.updated),
        "when it was last written",
    ),
}
DEFAULT = ("status", "run", "progress", "eta", "metric", "value", "trend", "delta", "age")
