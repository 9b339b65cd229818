"""Runs in one table: a few side by side, or all ranked by one metric."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from runwatch.domain.comparison import HparamImportance
from runwatch.domain.directions import core_words, split_of
from runwatch.domain.main_metric import by_importance
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.judge.runs.comparing import shown_tags
from runwatch.judge.runs.hparam_importance import FEWEST
from runwatch.judge.runs.primary import match
from runwatch.show.names import in_root, run_called
from runwatch.show.screen.run import setting_texts
from runwatch.show.screen.run_columns import against_baseline, compared, status
from runwatch.show.screen.runs import common_folder, is_baseline, mark_tone, no_match
from runwatch.show.screen.view import (
    SERIES,
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    join,
    spark,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.run_filter import parse
from runwatch.text.safe import safe

Which = Literal["last", "best"]


class BoardAsk(msgspec.Struct, frozen=True):
    """Which metric ranks, by its last or best value, and a filter. ``metric`` None: the commonest leading
    one."""

    metric: str | None = None
    which: Which = "best"
    filter: str = ""
    marked: tuple[RunKey, ...] = ()


class Ranking(NamedTuple):
    """Runs ranked by ``metric``, however each spells it, and the metrics one may rank by. ``without``: how
    many runs have no such metric."""

    metric: str | None
    runs: tuple[Run, ...]
    choices: tuple[str, ...]
    without: int


class BoardView(msgspec.Struct, frozen=True):
    """The leaderboard, its metric, the metrics one may rank by, and who is in it (with a finite value)."""

    metric: str | None
    table: TableView
    choices: tuple[str, ...]
    head: Words
    members: tuple[RunKey, ...] = ()


def ranking(snapshot: Snapshot, ask: BoardAsk) -> Ranking:
    """All runs that pass the filter and have the metric, the best first; those whose value is not finite
    last."""
    holds, now = parse(ask.filter).holds, snapshot.situation.now
    runs = [run for run in snapshot.situation.runs if not ask.filter or holds(run, now)]
    choices = _tags(runs)
    metric = match(ask.metric, choices) if ask.metric else None
    metric = metric or _commonest(runs, choices)
    candidates = [
        (_place(own, ask.which), i) for i, run in enumerate(runs) if (own := _own_metric(run, metric))
    ]
    ranked = tuple(runs[i] for _, i in sorted(candidates))
    return Ranking(metric, ranked, choices, len(runs) - len(ranked))


def leaderboard(snapshot: Snapshot, ask: BoardAsk, now: float) -> BoardView:
    """The ranking as a table, with the hyperparameters that differ."""
    metric, ranked, choices, without = ranking(snapshot, ask)
    hparams = _varying(ranked)
    columns = (
        ViewColumn("rank", "#", 4, right=True),
        ViewColumn("mark", "", 1),
        ViewColumn("run", "run", 18, grow=3, keep_end=True),
        ViewColumn("value", ask.which, 9, right=True),
        ViewColumn("at", "at step", 8, right=True, drop=3),
        ViewColumn("delta", "± base", 9, right=True, drop=1),
        ViewColumn("trend", "trend", 12, drop=2),
        ViewColumn("status", "status", 10, drop=4),
        *(ViewColumn(f"h:{name}", safe(name)[-12:], 12, drop=5 + i) for i, name in enumerate(hparams)),
    )
    own = [metric_ for run in ranked if (metric_ := _own_metric(run, metric))]
    roots = snapshot.situation.roots
    prefix = common_folder([run.id for run in snapshot.situation.runs]) if len(roots) == 1 else ""
    names = [safe(run.name) or in_root(run.id, run.root, roots)[len(safe(prefix)) :] for run in ranked]
    rows = tuple(_ranked(snapshot, run, names[i], i, own[i], ask, hparams) for i, run in enumerate(ranked))
    by = (Span("ranked by ", "muted"), Span(safe(metric), "strong")) if metric else ()
    head = (
        *by,
        Span(f", {ask.which} value" if metric else "nothing to rank by yet", "muted"),
        *(text(f"  {without:,} without it", "muted") if metric and without else ()),
        *_filtered(snapshot, ranked, ask),
    )
    finite = tuple(
        run.key
        for run, found in zip(ranked, own, strict=True)
        if math.isfinite(value_of(found, ask.which)[0])
    )
    return BoardView(
        metric,
        table=TableView(columns, rows, _no_run(snapshot, ask)),
        choices=choices,
        head=head,
        members=finite,
    )


def _filtered(snapshot: Snapshot, ranked: Sequence[Run], ask: BoardAsk) -> Words:
    """ "  8 of 57 shown", and what of the filter means nothing."""
    if not ask.filter:
        return ()
    every, complaint = len(snapshot.situation.runs), parse(ask.filter).complaint
    note = Span(f"  {len(ranked):,} of {every:,} shown", "info")
    return (note, Span(f"  {safe(complaint, 80)}", "warn")) if complaint else (note,)


def _no_run(snapshot: Snapshot, ask: BoardAsk) -> tuple[Words, ...]:
    if ask.filter:
        return no_match(ask.filter, snapshot)
    return (text("no run has a metric yet; they appear as soon as a training writes one", "muted"),)


def _tags(runs: Sequence[Run]) -> tuple[str, ...]:
    """The metrics of runs, each once where runs spell it in different ways, as most of them do."""
    metrics = {m.tag: m for run in runs for m in run.metrics.values() if not m.hidden}
    counts = Counter(tag for run in runs for tag in run.metrics)
    spelled: dict[object, str] = {}
    for tag in sorted(metrics, key=lambda tag: (-counts[tag], tag)):
        spelled.setdefault((core_words(tag), split_of(tag)), tag)
    tags: list[str] = []
    for tag in by_importance({tag: metric.direction for tag, metric in metrics.items()}):
        same = spelled[core_words(tag), split_of(tag)]
        if same == tag or any(tag in run.metrics and same in run.metrics for run in runs):
            tags.append(tag)
    return tuple(tags)


def _own_metric(run: Run, tag: str | None) -> Metric | None:
    """What a run calls ``tag``, or what is the same metric in other words."""
    own = None if tag is None else tag if tag in run.metrics else match(tag, shown_tags(run))
    return None if own is None else run.metrics[own]


def _commonest(runs: Sequence[Run], choices: Sequence[str]) -> str | None:
    """Of the metrics that people choose from, the one that most runs lead with."""
    counts = Counter(main.tag for run in runs if (main := run.main_metric) is not None)
    spelled: Counter[str] = Counter()
    for tag, count in counts.items():
        spelled[match(tag, choices) or tag] += count
    return max(spelled, key=lambda tag: (spelled[tag], tag), default=None)


def value_of(metric: Metric, which: Which) -> tuple[float, int | None]:
    """The last or best value and its step; a metric without direction has only a last one."""
    if which == "best" and metric.best is not None:
        return metric.best, metric.best_step
    return metric.last, metric.last_step


def _place(metric: Metric, which: Which) -> tuple[bool, float]:
    value, _ = value_of(metric, which)
    if not math.isfinite(value):
        return True, 0.0
    return False, -value if metric.direction == "max" else value


def _varying(runs: Sequence[Run], most: int = 6) -> tuple[str, ...]:
    seen: dict[str, set[str]] = {}
    for run in runs[:500]:
        for name, value in setting_texts(run.hparams).items():
            seen.setdefault(name, set()).add(value)
    return tuple(name for name in sorted(seen) if len(seen[name]) > 1)[:most]


def _ranked(
    snapshot: Snapshot, run: Run, name: str, i: int, metric: Metric, ask: BoardAsk, hparams: tuple[str, ...]
) -> ViewRow:
    value, step = value_of(metric, ask.which)
    judged = compared(snapshot.situation.comparisons.get(run.key), metric.tag)
    tone = mark_tone(ask.marked, run.key)
    settings = setting_texts(run.hparams) if hparams else {}
    baseline = is_baseline(snapshot, run)
    return ViewRow.of(
        run.key,
        text(f"{i + 1}", "strong" if i < 3 else "muted"),
        text("●", tone) if tone else text("◆", "baseline") if baseline else (),
        text(name, "strong" if i < 3 else "plain"),
        text(units.number(value)),
        text(units.count(step) if step is not None else "–", "muted"),
        against_baseline(judged, baseline),
        spark(metric.spark, 12),
        status(run),
        *(text(settings.get(name, "–"), "muted") for name in hparams),
    )


def side_by_side(snapshot: Snapshot, keys: tuple[RunKey, ...]) -> TableView:
    """Runs as columns: hyperparameters that differ first, then every metric's last value, the best marked."""
    by_key = {run.key: run for run in snapshot.situation.runs}
    runs = [by_key[key] for key in keys if key in by_key]
    columns = [ViewColumn("name", "", 20, grow=1)]
    columns += [
        ViewColumn(str(i), name, 14, grow=1, right=True, drop=1 if i > 5 else 0, keep_end=True)
        for i, name in enumerate(run_called(snapshot.situation, run.key) for run in runs)
    ]
    rows = [ViewRow.of("status", text("status", "muted"), *(status(run) for run in runs))]
    rows += _differing(runs)
    rows.append(
        ViewRow.of("metrics", text("metrics, last value", "accent"), *(() for _ in runs), wide="name")
    )
    rows += [_metric_row(tag, runs) for tag in _tags(runs)]
    return TableView(tuple(columns), tuple(rows), (text("mark runs with space to compare them", "muted"),))


def _differing(runs: list[Run]) -> list[ViewRow]:
    settings = [setting_texts(run.hparams) for run in runs]
    names = sorted({name for one in settings for name in one})
    rows = []
    for name in names:
        values = [one.get(name, "–") for one in settings]
        if len(set(values)) > 1:
            cells = (text(f"  {name}", "muted"), *(text(value, "strong", 40) for value in values))
            rows.append(ViewRow(("h", name), cells))
    title = "hyperparameters that differ" if rows else "no hyperparameter differs"
    return [ViewRow.of("hparams", text(title, "accent"), *(() for _ in runs), wide="name"), *rows]


def _metric_row(tag: str, runs: list[Run]) -> ViewRow:
    metrics = [_own_metric(run, tag) for run in runs]
    steps = {metric.last_step for metric in metrics if metric is not None}
    candidates = [metric for metric in metrics if metric is not None and math.isfinite(metric.last)]
    best: float | None = None
    if len(candidates) > 1 and candidates[0].direction:
        best = (max if candidates[0].direction == "max" else min)(metric.last for metric in candidates)
    cells = []
    for metric in metrics:
        won = metric is not None and best is not None and metric.last == best
        value = units.number(metric.last) if metric else "–"
        at = f" @{units.count(metric.last_step)}" if metric is not None and len(steps) > 1 else ""
        cells.append((Span(f"{'★ ' if won else ''}{value}", "good" if won else "plain"), Span(at, "muted")))
    return ViewRow.of(("m", tag), text(f"  {tag}"), *cells)


def legend(snapshot: Snapshot, keys: tuple[RunKey, ...]) -> Words:
    """The marked runs in the colours of their curves."""
    out: list[Span] = []
    for i, key in enumerate(keys):
        name = run_called(snapshot.situation, key)
        out += [Span("  " if i else ""), Span("● ", SERIES[i % len(SERIES)]), Span(name)]
    return tuple(out)


_SHOWN = 3
_CLEAR, _PERHAPS = 2.0, 1.0


def enough_runs(runs: int) -> bool:
    """Whether there are runs enough to ask."""
    return runs >= FEWEST


def importance_words(importance: HparamImportance | None, runs: int) -> Words:
    """The hint above the leaderboard; ``importance`` None: being worked out, or ``runs`` are too few."""
    if not enough_runs(runs):
        return text(f"what matters: {FEWEST} runs with a value are needed, there are {runs}", "muted")
    if importance is None:
        return text("what matters: computing …", "muted")
    if not importance.hparams:
        return words(Span("what matters: ", "muted"), text(importance.reason, "muted"))
    explained = f"{units.percent(max(importance.score or 0.0, 0.0))} of the differences explained"
    if importance.reason:
        return words(Span("what matters: ", "muted"), text(f"{importance.reason} ({explained})", "muted"))
    parts = [_one(*one) for one in importance.hparams[:_SHOWN]]
    tail = Span(f" · {explained} over {units.plural(importance.runs, 'run')}; not proof of cause", "muted")
    return words(Span("what matters: ", "muted"), join(parts, ", "), tail)


def _one(name: str, importance: float, spread: float) -> Words:
    sure = importance / spread if spread > 0 else (_CLEAR if importance > 0 else 0.0)
    message, tone = _surely(sure)
    figures = f" {max(importance, 0.0):.2f} ± {spread:.2f}"
    return words(text(name, tone, 24), Span(f"{figures} ({message})", "muted"))


def _surely(sure: float) -> tuple[str, Tone]:
    if sure >= _CLEAR:
        return "clear", "strong"
    return ("perhaps", "plain") if sure >= _PERHAPS else ("may be chance", "muted")
