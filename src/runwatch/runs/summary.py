"""From what the sources told to a ``Run``: one line of the board."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from runwatch.domain.directions import is_bookkeeping
from runwatch.domain.operations import Evidence, Length
from runwatch.domain.points import EPOCHS, Points
from runwatch.domain.run import Attempt, Direction, Metric, Problem
from runwatch.runs.series import SPARK, Series
from runwatch.runs.source_data import SourceData
from runwatch.runs.sources import RunMemory

DirectionOf = Callable[[str, Direction], Direction]
_LOGS = ("console", "xgboost", "lightgbm")
_GRADIENT = re.compile(r"grad(?:ient)?s?[_/. -]?norm", re.IGNORECASE)


class RunSummary(msgspec.Struct, frozen=True, eq=False):
    """What the sources of a run tell together, but for how it stands now (time decides that)."""

    formats: tuple[str, ...]
    metrics: Mapping[str, Metric]
    step: int | None
    epoch: float | None
    hparams: Mapping[str, object]
    config: Mapping[str, object]
    environment: Mapping[str, object]
    labels: Mapping[str, str]
    problems: tuple[Problem, ...]
    evidence: tuple[Evidence, ...]
    length: Length | None
    started: float | None
    own_clock: float | None
    longest_gap: float
    attempts: tuple[Attempt, ...] = ()


NOTHING = RunSummary(
    (),
    metrics={},
    step=None,
    epoch=None,
    hparams={},
    config={},
    environment={},
    labels={},
    problems=(),
    evidence=(),
    length=None,
    started=None,
    own_clock=None,
    longest_gap=0.0,
)
"""Of a run that nothing was read of yet."""


class Summariser:
    """Builds metrics, remembering those of tags that did not change."""

    def __init__(self, direction_of: DirectionOf, hidden: Callable[[str], bool]) -> None:
        self._direction_of = direction_of
        self._hidden = hidden

    def summarise(self, memory: RunMemory, known: Mapping[str, Metric], dirty: set[str] | None) -> RunSummary:
        """The run in short. ``known``: metrics built before; ``dirty``: tags to build anew (None: all)."""
        if not memory.sources:
            return NOTHING
        visible = memory.visible()
        tag_sources = memory.sources_by_tag(visible)
        stated = {tag: way for data in reversed(visible) for tag, way in data.stated.items()}
        dirty = None if memory.restarts_changed() else dirty
        metrics: dict[str, Metric] = {}
        for tag, speaking in tag_sources.items():
            old = known.get(tag)
            if dirty is None or old is None or tag in dirty or old.format != speaking[0].source.format:
                old = self._metric(memory, tag, speaking, stated.get(tag))
            if old.count:
                metrics[tag] = old
        attempts = memory.attempts()
        shown = {id(data) for data in visible}
        settings = [data for data in memory.ranked() if id(data) in shown or data.source.format != "console"]
        clocks = [s.last_wall for t in visible for s in t.series.values() if not math.isnan(s.last_wall)]
        return RunSummary(
            formats=_formats(visible, tag_sources),
            metrics=metrics,
            step=_step(metrics.values(), visible),
            epoch=memory.newest_epoch(visible),
            hparams=_merged(settings, "hparams"),
            config=_merged(settings, "config"),
            environment=_merged(settings, "environment"),
            labels={key: value for data in reversed(visible) for key, value in data.labels.items()},
            problems=(*_problems(memory.sources.values(), visible), *_several(attempts, visible)),
            evidence=_evidence(memory.ranked()),
            length=_length(visible),
            started=_started(memory.sources.values()),
            own_clock=max(clocks, default=None),
            longest_gap=_usual_gap(visible),
            attempts=attempts,
        )

    def _metric(
        self, memory: RunMemory, tag: str, tag_sources: Sequence[SourceData], stated: Direction
    ) -> Metric:
        series = _one_series(memory, tag, tag_sources)
        direction = self._direction_of(tag, stated)
        finite = series.low <= series.high
        best = None if direction is None or not finite else series.low if direction == "min" else series.high
        best_step = None if best is None else series.min_at if direction == "min" else series.max_at
        if best == 0.0 and direction == "min":
            best, best_step = _best_with_finite_gradient(memory, tag, tag_sources) or (best, best_step)
        return Metric(
            tag=tag,
            last=series.last,
            last_step=series.last_step,
            last_time=None if math.isnan(series.last_wall) else series.last_wall,
            best=best,
            best_step=best_step,
            min=series.low if finite else None,
            max=series.high if finite else None,
            count=len(series),
            direction=direction,
            format=tag_sources[0].source.format,
            nonfinite=series.nonfinite,
            spark=series.spark(SPARK),
            hidden=self._hidden(tag),
            former=memory.lost(tag, tag_sources),
        )


def _one_series(memory: RunMemory, tag: str, tag_sources: Sequence[SourceData]) -> Series:
    alone = memory.alone(tag, tag_sources)
    if alone is not None:
        return alone
    merged: Points = memory.points(tag, tag_sources)
    series = Series()
    series.extend(merged)
    return series


def _evidence(sources: Iterable[SourceData]) -> tuple[Evidence, ...]:
    """What the files say of the run's end; of a claim's files, which follow on each other, the last one's
    word."""
    last: dict[tuple[str, str], tuple[int, Evidence]] = {}
    for data in sources:
        if data.evidence is None:
            continue
        key = (data.source.claim, "" if data.evidence.by == "framework" else data.source.file)
        if key not in last or data.source.order >= last[key][0]:
            last[key] = data.source.order, data.evidence
    return tuple(evidence for _, evidence in last.values())


def _step(metrics: Iterable[Metric], visible: Iterable[SourceData]) -> int | None:
    """How far the run is: the greatest last step, but for counters that are not the training's."""
    known = list(metrics)
    training = [metric for metric in known if not is_bookkeeping(metric.tag)]
    steps = [metric.last_step for metric in training or known]
    return max(steps + [data.reached for data in visible if data.reached is not None], default=None)


def _best_with_finite_gradient(
    memory: RunMemory, tag: str, tag_sources: Sequence[SourceData]
) -> tuple[float, int] | None:
    """The least value at steps where the gradient's norm was a number: a loss of exactly 0 beside a norm of
    NaN is a training that broke (half precision). None: nothing says that it broke."""
    split = tag.rpartition("/")[0]
    norms = [
        name
        for data in tag_sources
        for name, series in data.series.items()
        if series.nonfinite and name.rpartition("/")[0] == split and _GRADIENT.search(name)
    ]
    points = memory.points(tag, tag_sources)
    for norm in norms[:1]:
        broken = memory.points(norm, [data for data in tag_sources if norm in data.series])
        dead = broken.steps[~np.isfinite(broken.values)]
        good = points.where(np.isfinite(points.values) & ~np.isin(points.steps, dead))
        if len(good) < len(points) and len(good):
            at = int(good.values.argmin())
            return float(good.values[at]), int(good.steps[at])
    return None


def _formats(visible: Iterable[SourceData], tag_sources: Mapping[str, list[SourceData]]) -> tuple[str, ...]:
    speaking = {data.source.format for matching in tag_sources.values() for data in matching}
    words = [
        data.source.format
        for data in visible
        if data.source.format and (data.source.format in speaking or data.hparams or not tag_sources)
    ]
    return tuple(dict.fromkeys(words))


def _merged(sources: Sequence[SourceData], section: str) -> dict[str, object]:
    """What the sources say together, those included whose points another one repeats. Event files count
    least: they hold each number as a double, and PyTorch's true is 1.0 there."""
    out: dict[str, object] = {}
    for data in sorted(sources, key=_say, reverse=True):
        out.update(data.hparams.get(section, {}))
    return out


def _say(data: SourceData) -> tuple[bool, int, str, int]:
    """Who is believed first about a setting."""
    source = data.source
    return source.format == "tensorboard", -source.priority, source.claim, source.order


def _problems(sources: Iterable[SourceData], visible: Sequence[SourceData]) -> Iterable[Problem]:
    """All problems, but for those of console numbers that are not shown anyway."""
    for data in sources:
        if data.source.format == "console" and data not in visible:
            continue
        yield from data.problems
        if data.skipped_tags:
            yield Problem(
                data.source.file,
                None,
                f"{data.skipped_tags} values of tags past the limit of 10,000 were left out",
                "log fewer tags, or per-layer values less often",
            )


def _several(attempts: Sequence[Attempt], visible: Sequence[SourceData]) -> Iterable[Problem]:
    """Trainings that a log holds one after another (folds, a warm-up): all but the newest are over."""
    began_anew = sum(one.resumed_at is not None and one.resumed_at <= one.first_step for one in attempts)
    logs = [data.source.file for data in visible if data.source.format in _LOGS]
    if began_anew and logs:
        message = f"{began_anew + 1} trainings in one log, only the newest is shown"
        yield Problem(logs[0], None, message, "give each training (fold) a log of its own to compare them")


def _length(visible: Iterable[SourceData]) -> Length | None:
    known = [data.length for data in visible if data.length is not None]
    if not known:
        return None
    return Length(
        next((length.steps for length in known if length.steps is not None), None),
        next((length.epochs for length in known if length.epochs is not None), None),
        known[0].first_epoch,
    )


def _started(sources: Iterable[SourceData]) -> float | None:
    starts: list[float] = []
    for data in sources:
        if data.started is not None:
            starts.append(data.started)
        if data.writer is not None and data.writer.started is not None:
            starts.append(data.writer.started)
        starts.extend(s.first_wall for s in data.series.values() if not math.isnan(s.first_wall))
    return min(starts, default=None)


def _usual_gap(visible: Iterable[SourceData]) -> float:
    """The longest gap between writes of the tag that is written most often."""
    most, gap = 0, 0.0
    for data in visible:
        for tag, series in data.series.items():
            if len(series) > most and tag != EPOCHS:
                most, gap = len(series), series.longest_gap
    return gap
