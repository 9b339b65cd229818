"""One run in full."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from runwatch.domain.directions import is_system
from runwatch.domain.main_metric import by_importance
from runwatch.domain.nested import flatten
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.names import run_called
from runwatch.show.screen.curves import CurvesPlot, DrawnCurve, split_groups, split_plot
from runwatch.show.screen.forecast_words import about, checkpoint_words, forecast_sentence
from runwatch.show.screen.metrics import metric_table
from runwatch.show.screen.run_columns import status
from runwatch.show.screen.runs import is_baseline
from runwatch.show.screen.view import (
    SEVERITY_TONES,
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    badge,
    join,
    matches,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe

_NAMES = (ViewColumn("name", "name", 22, grow=1), ViewColumn("value", "value", 20, grow=3))
_PROBLEMS = (
    ViewColumn("sign", "", 1),
    ViewColumn("where", "where", 20, grow=1, keep_end=True),
    ViewColumn("what", "what", 30, grow=4),
    ViewColumn("hint", "what to do", 20, grow=2, drop=1),
)
_FILES = (
    ViewColumn("file", "file", 20, grow=3, keep_end=True),
    ViewColumn("what", "what", 12, drop=1),
    ViewColumn("size", "size", 10, right=True),
    ViewColumn("age", "age", 5, right=True),
)


class RunView(msgspec.Struct, frozen=True):
    """All of one run; ``gone``: it no longer exists. ``plots``: one a tag, the telling ones first."""

    head: Words
    reason: Words
    plots: tuple[CurvesPlot, ...]
    metrics: TableView
    settings: TableView
    health: TableView
    files: TableView
    consoles: tuple[str, ...]
    version: int
    gone: bool = False
    forecast: Words = ()
    checkpoints: Words = ()


class FileKey(NamedTuple):
    """Names a file of the run that can be read: its path relative to the root."""

    path: str


Sizes = Mapping[str, tuple[int, float]]


def run_view(
    snapshot: Snapshot,
    key: RunKey,
    marked: tuple[RunKey, ...],
    now: float,
    sizes: Sizes | None = None,
    charts: ChartChoice | None = None,
) -> RunView:
    """The run of this key as it stands. ``sizes``: bytes and time of change by file, where known; ``charts``:
    which are wanted."""
    run = snapshot.situation.run(key)
    if run is None:
        empty = TableView((), ())
        spans = words(Span("✗ ", "bad"), text(key.id, "strong"), " is no longer on disk")
        return RunView(
            spans,
            reason=(),
            plots=(),
            metrics=empty,
            settings=empty,
            health=empty,
            files=empty,
            consoles=(),
            version=0,
            gone=True,
        )
    tags = by_importance(
        {tag: m.direction for tag, m in run.metrics.items() if not m.hidden and not is_system(tag)}
    )
    return RunView(
        _head(snapshot, run, now),
        reason=_reason(run, now),
        plots=_plots(snapshot, run, marked, tags, charts or ChartChoice()),
        metrics=metric_table(run, snapshot.situation.comparisons.get(run.key)),
        settings=_settings(run),
        health=_health(snapshot, run),
        files=_files(run, now, sizes or {}),
        consoles=run.consoles,
        version=run.version,
        forecast=forecast_sentence(snapshot.situation.forecasts.get(run.key)),
        checkpoints=checkpoint_words(run, snapshot.situation.machine, now),
    )


class ChartChoice(NamedTuple):
    """Which charts of a run are shown, and how."""

    words: str = ""
    """What tags must hold."""
    pinned: tuple[str, ...] = ()
    """Tags that come first."""
    together: bool = False
    """Training, validation and test of one metric in one chart."""


def _plots(
    snapshot: Snapshot, run: Run, marked: tuple[RunKey, ...], tags: list[str], charts: ChartChoice
) -> tuple[CurvesPlot, ...]:
    shown = [tag for tag in tags if matches(charts.words, tag)]
    shown.sort(key=lambda tag: charts.pinned.index(tag) if tag in charts.pinned else len(charts.pinned))
    groups = split_groups(shown) if charts.together else [[tag] for tag in shown]
    return tuple(split_plot(snapshot, run, marked, group) for group in groups)


def system_plot(key: RunKey, tag: str, version: int) -> CurvesPlot:
    """One curve of the machine."""
    curve = DrawnCurve(
        key, tag=tag, name=safe(tag.partition("/")[2]), tone="series1", version=version, selected=True
    )
    return CurvesPlot(tag, (curve,))


def _head(snapshot: Snapshot, run: Run, now: float) -> Words:
    (state,) = status(run)
    parts: list[Words] = [
        words(
            state._replace(text=f"{state.text} "),
            Span("◆ " if is_baseline(snapshot, run) else "", "baseline"),
            Span(run_called(snapshot.situation, run.key), "strong"),
        )
    ]
    progress = run.progress
    if run.step is not None:
        total = f" of {units.count(progress.total_steps)}" if progress.total_steps else ""
        parts.append(text(f"step {units.count(run.step)}{total}"))
    if run.status == "running" and progress.eta:
        parts.append(text(f"{about(progress.eta)} left", "info"))
    parts.append(text(f"updated {units.since(run.updated, now)}", "muted"))
    if run.epoch is not None:
        epochs = f" of {units.number(progress.total_epochs, 3)}" if progress.total_epochs else ""
        parts.append(text(f"epoch {units.number(run.epoch, 3)}{epochs}"))
    if run.status == "running" and progress.speed:
        parts.append(text(f"{units.number(progress.speed, 3)} steps/s", "muted"))
    return join(parts)


def _reason(run: Run, now: float) -> Words:
    parts = [text(run.status_reason, "muted")]
    if run.started is not None:
        parts.append(text(f"started {units.moment(run.started, now)}", "muted"))
    parts.append(text(", ".join(run.formats), "muted"))
    if run.name:
        parts.append(text(run.id, "muted"))
    return join(parts)


def setting_texts(tree: Mapping[str, object]) -> dict[str, str]:
    """Nested settings as dotted names and texts."""
    return {name: f"{v:.6g}" if isinstance(v, float) else str(v) for name, v in flatten(tree).items()}


def _settings(run: Run) -> TableView:
    rows: list[ViewRow] = []
    sections = (
        ("hyperparameters", run.hparams),
        ("configuration", run.config),
        ("environment", run.environment),
        ("labels", run.labels),
    )
    for title, tree in sections:
        if tree:
            rows.append(ViewRow.of((title,), text(title, "accent"), ()))
            rows += [
                ViewRow.of((title, name), text(f"  {name}", "muted"), text(value, "strong", 400))
                for name, value in setting_texts(tree).items()
            ]
    return TableView(_NAMES, tuple(rows), (text("this run recorded no settings", "muted"),))


def _health(snapshot: Snapshot, run: Run) -> TableView:
    rows: list[ViewRow] = []
    told: set[str] = set()
    for finding in snapshot.findings:
        if finding.run == run.key:
            told.add(finding.summary)
            tone = SEVERITY_TONES[finding.severity]
            cells = (
                (badge(finding.severity),),
                text(finding.subject or finding.rule),
                text(finding.summary, tone),
            )
            rows.append(ViewRow.of(("finding", finding.fingerprint), *cells, text(finding.advice, "muted")))
    for i, sign in enumerate(snapshot.situation.health.get(run.key, ())):
        if any(summary.startswith(sign.summary) for summary in told):
            continue
        place = f"{sign.tag} step {sign.first_step}" if sign.first_step is not None else sign.tag
        tone = SEVERITY_TONES[sign.severity]
        rows.append(
            ViewRow.of(("sign", i), (badge(sign.severity),), text(place), text(sign.summary, tone), ())
        )
    rows += [_problem(problem, i) for i, problem in enumerate(run.problems)]
    return TableView(_PROBLEMS, tuple(rows), (words(Span("✓ ", "good"), "healthy, no problems reading it"),))


def _problem(problem: Problem, i: int) -> ViewRow:
    cells = (
        text("!", "warn"),
        text(problem.place),
        text(problem.message, "warn"),
        text(problem.hint, "muted"),
    )
    return ViewRow(("problem", i), cells)


def _files(run: Run, now: float, sizes: Sizes) -> TableView:
    saved = {checkpoint.path for checkpoint in run.checkpoints}
    rows = [
        ViewRow.of(
            c.path,
            text(c.path),
            text("checkpoint", "info"),
            text(units.size(c.size)),
            text(units.ago(c.mtime, now), "muted"),
        )
        for c in sorted(run.checkpoints, key=lambda c: -c.mtime)
    ]
    consoles = set(run.consoles)
    for name in run.files:
        if name not in saved:
            kind = "console" if name in consoles else "settings" if _holds_settings(name) else "metrics"
            rows.append(
                ViewRow.of(
                    FileKey(name),
                    text(name),
                    text(kind, "muted"),
                    text(units.size(sizes[name][0]) if name in sizes else ""),
                    text(units.ago(sizes[name][1], now) if name in sizes else "", "muted"),
                )
            )
    rows += [
        ViewRow.of(
            ("pid", p.pid), text(f"process {p.pid} on {p.host}"), text(_alive(p.alive), "info"), (), ()
        )
        for p in run.processes
    ]
    return TableView(_FILES, tuple(rows), (text("no files known", "muted"),))


def _holds_settings(path: str) -> bool:
    """As far as a name tells: what tools write their parameters and configuration into."""
    folder, name = posixpath.split(path)
    stem, ending = posixpath.splitext(name)
    return (
        ending in (".yaml", ".yml", ".toml", ".ini", ".cfg")
        or posixpath.basename(folder) in ("params", "tags")
        or (ending == ".json" and stem.endswith(("config", "params", "args", "settings", "metadata")))
    )


def _alive(alive: bool | None) -> str:
    return "alive" if alive else "ended" if alive is False else "unknown"
