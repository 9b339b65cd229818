"""Which curves to draw over each other: the baseline's, the marked runs', the looked-at run's, with the
places where its health showed a sign and the cone of where it goes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.directions import core_words, split_of
from runwatch.domain.points import FloatArray
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.judge.health.monitor import mark_of
from runwatch.judge.runs.primary import match
from runwatch.show.names import run_called
from runwatch.show.screen.chart import ChartAsk, ChartBand, ChartLevel, ChartLine, ChartMark, ChartView, state
from runwatch.show.screen.runs import is_baseline, mark_tone
from runwatch.show.screen.view import SEVERITY_TONES, Tone
from runwatch.text.safe import safe

_STEP = re.compile(r"(?:step|checkpoint|ckpt|iter)[-_=]?(\d+)", re.IGNORECASE)
_MOST_CHECKPOINTS = 40
_MOST_FORMER = 8


class DrawnCurve(msgspec.Struct, frozen=True):
    """One curve to draw: whose, which tag, how it is called, and the run's version (a curve of the same
    version is the same curve)."""

    run: RunKey
    tag: str
    name: str
    tone: Tone
    version: int
    selected: bool = False
    former: int = 0
    """Up to how many superseded branches are drawn faint beneath it."""
    by_epoch: bool = False
    """Its steps are epochs."""


class CurvesPlot(msgspec.Struct, frozen=True):
    """All that is drawn for one tag, named but not yet fetched."""

    tag: str | None = None
    curves: tuple[DrawnCurve, ...] = ()
    band: tuple[DrawnCurve, ...] = ()
    """Curves of a baseline group, drawn as one band."""
    levels: tuple[ChartLevel, ...] = ()
    marks: tuple[ChartMark, ...] = ()
    cone: tuple[tuple[int, float, float, float], ...] = ()
    """(step, low, about, high)."""
    title: str = ""


_SPLIT_TONES: dict[str | None, Tone] = {"train": "series2", "validation": "series1", "test": "series3"}


def split_plot(snapshot: Snapshot, run: Run, marked: tuple[RunKey, ...], tags: list[str]) -> CurvesPlot:
    """One metric's parts of the data (training, validation, test) in one plot, the first on top."""
    chart = plot(snapshot, run, marked, tags[0])
    if len(tags) < 2:
        return chart
    curves = [curve for curve in chart.curves if curve.run != run.key]
    for tag in reversed(tags):
        split = split_of(tag) or "train"
        first = tag == tags[0]
        curves.append(
            DrawnCurve(
                run.key,
                tag=tag,
                name=split,
                tone=_SPLIT_TONES.get(split, "series4"),
                version=run.version,
                selected=first,
            )
        )
    title = f"{core_name(tags[0])}: {', '.join(split_of(tag) or 'train' for tag in tags)}"
    return replace(chart, curves=tuple(curves), title=title)


def split_groups(tags: Iterable[str]) -> list[list[str]]:
    """Tags that are one metric on different parts of the data, in the order of each group's first."""
    groups: dict[object, list[str]] = {}
    for tag in tags:
        key = core_words(tag)
        known = groups.setdefault(key, [])
        if any((split_of(other) or "train") == (split_of(tag) or "train") for other in known):
            groups[tag] = [tag]  # the same part twice: no pair
        else:
            known.append(tag)
    return [group for group in groups.values() if group]


def core_name(tag: str) -> str:
    """What a metric is called apart from the part of the data."""
    return " ".join(core_words(tag)) or tag


def plot(snapshot: Snapshot, run: Run, marked: tuple[RunKey, ...], tag: str | None) -> CurvesPlot:
    """What to draw for one tag of a run; the run's own curve comes last, on top."""
    if tag is None:
        return CurvesPlot()
    base = _baseline_runs(snapshot, run)
    single = base[0].key if len(base) == 1 else None
    drawn = dict.fromkeys([*([single] if single else []), *marked, run.key])
    runs = snapshot.situation.runs
    named = {other.key: other for other in runs if (other.root, other.id) in drawn}
    curves: list[DrawnCurve] = []
    for key in drawn:
        other = named.get(key)
        own = spelt(other, tag) if other is not None else None
        if other is None or own is None:
            continue
        tone: Tone = mark_tone(marked, key) or ("baseline" if key == single else _own_tone(marked))
        name = run_called(snapshot.situation, key)
        own_run = key == run.key
        former = min(len(run.attempts), _MOST_FORMER) if own_run and run.metrics[own].former else 0
        curves.append(
            DrawnCurve(
                key,
                tag=own,
                name=name,
                tone=tone,
                version=other.version,
                selected=own_run,
                former=former,
                by_epoch=counts_epochs(other),
            )
        )
    band = tuple(_curve(other, own) for other in base if (own := spelt(other, tag))) if len(base) > 1 else ()
    forecast = snapshot.situation.forecasts.get(run.key)
    return CurvesPlot(
        tag,
        curves=tuple(curves),
        band=band,
        levels=() if single or band else _level(snapshot, run, tag),
        marks=_marks(snapshot, run, tag),
        cone=forecast.cone if forecast and forecast.tag == tag else (),
    )


def spelt(run: Run, tag: str) -> str | None:
    """How a run spells a metric: the same tag, else the only one of the same words and the same split, as
    the comparison matches them."""
    return match(tag, tuple(run.metrics))


def _own_tone(marked: tuple[RunKey, ...]) -> Tone:
    return "plain" if any(key.id for key in marked) else "series1"


def _curve(run: Run, tag: str) -> DrawnCurve:
    return DrawnCurve(
        run.key, tag=tag, name=safe(run.id), tone="baseline", version=run.version, by_epoch=counts_epochs(run)
    )


def counts_epochs(run: Run) -> bool:
    """Whether the steps of a run are its epochs."""
    return run.epoch is not None and run.epoch == run.step


def incompatible_curves(plot: CurvesPlot) -> frozenset[DrawnCurve]:
    """Curves whose steps are of another kind than the run's in view: an axis of steps cannot hold both."""
    every = (*plot.curves, *plot.band)
    own = next((curve for curve in every if curve.selected), None)
    return frozenset(curve for curve in every if own is not None and curve.by_epoch != own.by_epoch)


def ends(curves: list[tuple[DrawnCurve, FloatArray]]) -> tuple[ChartLevel, ...]:
    """Where curves that cannot be drawn on the axis ended; those of a baseline group as their mean."""
    last = [
        (curve, float(values[np.isfinite(values)][-1]))
        for curve, values in curves
        if np.isfinite(values).any()
    ]
    group = [value for curve, value in last if curve.tone == "baseline"]
    levels = [ChartLevel(value, f"{curve.name} at its end", curve.tone) for curve, value in last]
    if len(group) > 1:
        levels = [level for level in levels if level.tone != "baseline"]
        levels.append(ChartLevel(float(np.mean(group)), f"baseline, {len(group)} runs, at their end"))
    return tuple(levels)


def _baseline_runs(snapshot: Snapshot, run: Run) -> list[Run]:
    if run.root not in snapshot.situation.baselines:
        return []
    mates = (other for other in snapshot.situation.runs if other.root == run.root)
    return [other for other in mates if is_baseline(snapshot, other)]


def _level(snapshot: Snapshot, run: Run, tag: str) -> tuple[ChartLevel, ...]:
    comparison = snapshot.situation.comparisons.get(run.key)
    judged = next((m for m in comparison.metrics if m.name == tag), None) if comparison else None
    return (ChartLevel(judged.baseline, "baseline"),) if judged and judged.baseline is not None else ()


def _marks(snapshot: Snapshot, run: Run, tag: str) -> tuple[ChartMark, ...]:
    saved = [step for c in run.checkpoints if (step := _step_of(c.path)) is not None][-_MOST_CHECKPOINTS:]
    marks = [ChartMark(float(step), "▿", "faint", "checkpoint") for step in saved]
    marks += [ChartMark(float(one.resumed_at), "↺", "info", "restart") for one in run.attempts]
    marks += [
        ChartMark(float(sign.first_step), mark, SEVERITY_TONES[sign.severity], word)
        for sign in snapshot.situation.health.get(run.key, ())
        if sign.tag == tag and sign.first_step is not None
        for mark, word in (mark_of(sign.kind),)
    ]
    return tuple(marks)


def _step_of(path: str) -> int | None:
    """The step in a checkpoint's name, where it tells one."""
    match = _STEP.search(path.rpartition("/")[2])
    return int(match[1]) if match else None


def chart(
    plot: CurvesPlot,
    lines: list[ChartLine],
    group: list[ChartLine],
    ask: ChartAsk,
    marks: tuple[ChartMark, ...] = (),
    levels: tuple[ChartLevel, ...] = (),
) -> ChartView:
    """The plot with its points: a baseline group as one band with its mean. ``marks``: the plot's, at
    their places on the x axis; ``levels``: more of them than the plot's."""
    shown = [one for one in lines if len(one.x)]
    bands: list[ChartBand] = []
    members = [one for one in group if len(one.x) > 1]
    if members:
        band, mean = prediction_band(members, f"baseline, {len(members)} runs")
        bands.append(band)
        shown.insert(0, mean)
    if plot.cone and ask.x_axis == "step":
        rows = np.array(plot.cone, dtype=np.float64)
        bands.append(ChartBand(rows[:, 0], rows[:, 1], rows[:, 3]))
        shown.append(ChartLine("forecast", "muted", rows[:, 0], rows[:, 2]))
    return ChartView(
        key=(plot, ask),
        lines=tuple(shown),
        bands=tuple(bands),
        marks=marks,
        levels=(*plot.levels, *levels),
        log=ask.log,
        x_axis=ask.x_axis,
        window=ask.window,
        empty=_nothing(plot, ask, [*lines, *group]),
        state=state(ask),
    )


def _nothing(plot: CurvesPlot, ask: ChartAsk, lines: list[ChartLine]) -> str:
    if plot.tag is None:
        return "no metric to draw yet"
    if ask.x_axis in ("time", "clock") and lines:
        return "these points have no timestamps; X switches to steps"
    if ask.x_axis == "epoch" and lines:
        return "no epochs are known at these steps; X switches to time"
    return "no points yet"


_T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def prediction_band(members: list[ChartLine], name: str) -> tuple[ChartBand, ChartLine]:
    """Where one more run of the group would lie with 95%: mean +- t * sd * sqrt(1 + 1/k), at 200 places
    between the steps that all have."""
    start, end = max(m.x[0] for m in members), min(m.x[-1] for m in members)
    grid = np.linspace(start, max(end, start), 200)
    values = np.stack([np.interp(grid, m.x[np.isfinite(m.y)], m.y[np.isfinite(m.y)]) for m in members])
    k = len(members)
    mean = values.mean(axis=0)
    spread = values.std(axis=0, ddof=1) if k > 1 else np.zeros_like(mean)
    floor = 0.0 if (values >= 0).all() else -np.inf
    half = _T975[min(k - 2, len(_T975) - 1)] * spread * np.sqrt(1 + 1 / k) if k > 1 else spread
    return ChartBand(grid, np.maximum(mean - half, floor), mean + half), ChartLine(
        name, "baseline", grid, mean
    )
