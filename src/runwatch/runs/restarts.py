"""Restarts that one file of a run tells and that hold for its other files too: files of one claim, by their
clocks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from runwatch.domain.directions import is_bookkeeping
from runwatch.domain.points import EPOCHS, Points
from runwatch.domain.run import Attempt
from runwatch.runs.former import Former
from runwatch.runs.series import Series
from runwatch.runs.source_data import SourceData

MOST_FILES = 200


class _Restart(NamedTuple):
    """What the claim's files told before ``wall`` (None: those before the ``by``-th) at ``step`` or later is
    superseded."""

    step: int
    wall: float | None
    by: int
    top: int
    """How far the counter was."""
    ended: SourceData | None = None
    """The file that ended before this one began."""
    reached: int | None = None
    """A resumed training has got so far: what it did not write anew up to there still counts, as in
    TensorBoard, which takes points back tag by tag."""
    tag: str | None = None
    """A counter of its own, for which alone it holds."""


class Restarts:
    """The restarts of all claims of a run, as its sources stand now. Files that repeat each other (Hugging
    Face's checkpoints hold the whole history) do not follow on each other."""

    def __init__(self, sources: Iterable[SourceData]) -> None:
        claims: dict[str, list[SourceData]] = {}
        for data in sources:
            if not data.source.exclusive:
                claims.setdefault(data.source.claim, []).append(data)
        self._of = {claim: _restarts(files) for claim, files in claims.items() if len(files) > 1}

    @property
    def any(self) -> bool:
        """Whether there may be some."""
        return bool(self._of)

    def split(self, data: SourceData, tag: str) -> tuple[Points, Points]:
        """A source's points of a tag: those that count, and those that another file's restart superseded."""
        series = data.series[tag]
        points = Points.concat([data.attempts.passed(tag), series.points()])
        lost = np.zeros(len(points), dtype=np.bool_)
        for restart in self._of.get(data.source.claim, ()):
            if _reaches(restart, data, tag, series):
                before = points.steps >= restart.step
                if restart.wall is not None:
                    before &= ~(points.wall_times >= restart.wall)
                if restart.ended is None and not (points.steps[before] > restart.step).any():
                    continue  # the same restart, told later by a tag that is written less often
                lost |= before if restart.reached is None else before & (points.steps > restart.reached)
        return (points.where(~lost), points.where(lost)) if lost.any() else (points, Points.empty())

    @property
    def signature(self) -> frozenset[tuple[str, int, float | None, int, str | None]]:
        """What tells these restarts from others."""
        return frozenset(
            (claim, one.step, one.wall, one.by, one.tag)
            for claim, restarts in self._of.items()
            for one in restarts
        )

    def lost(self, data: SourceData, tag: str) -> int:
        """How many of a source's points of a tag another file's restart superseded."""
        return len(self.split(data, tag)[1]) if self._of.get(data.source.claim) else 0

    def changed(self, data: SourceData, tag: str, series: Series) -> bool:
        """Whether the points that count are others than the series: another file's restart took some back, or
        some of its own were taken back in vain."""
        if not data.attempts.former and not self._of:
            return False
        if len(data.attempts.passed(tag)):
            return True
        restarts = self._of.get(data.source.claim, ())
        reached = any(_reaches(restart, data, tag, series) for restart in restarts)
        return reached and len(self.split(data, tag)[1]) > 0

    def newest_epoch(self, data: SourceData) -> float | None:
        """The greatest epoch that a source tells of the newest attempt."""
        if EPOCHS not in data.series or not self._of.get(data.source.claim):
            return data.newest_epoch
        known = self.split(data, EPOCHS)[0].values
        epochs = known[np.isfinite(known)].tolist() + ([] if data.epoch is None else [data.epoch])
        return max(epochs, default=None)

    def attempts(self, visible: Sequence[SourceData]) -> tuple[Attempt, ...]:
        """The earlier attempts that the visible sources tell of, oldest first."""
        if not self._of and not any(data.attempts.former for data in visible):
            return ()
        known = [data for data in visible if data.series.keys() - {EPOCHS}]
        best = max(known, key=lambda data: sum(one.for_all for one in data.attempts.former), default=None)
        rows, number = list[tuple[float, Attempt]](), 0
        if best is not None:
            number = best.attempts.forgotten
            rows = [
                (branches[0].wall, _attempt_of(branches))
                for branches in _branches_by_attempt(best, [data for data in known if data is not best])
            ]
        for claim in dict.fromkeys(data.source.claim for data in visible):
            rows += [
                (r.wall or math.nan, self._attempt(r, r.ended))
                for r in self._of.get(claim, ())
                if r.ended and r.tag is None
            ]
        if not any(math.isnan(wall) for wall, _ in rows):
            rows.sort(key=lambda row: row[0])
        return tuple(
            Attempt(
                number + i,
                first_step=a.first_step,
                last_step=a.last_step,
                points=a.points,
                superseded=a.superseded,
                ended=a.ended,
                resumed_at=a.resumed_at,
            )
            for i, (_, a) in enumerate(rows, 1)
        )

    def _attempt(self, restart: _Restart, data: SourceData) -> Attempt:
        series = {tag: one for tag, one in data.series.items() if tag != EPOCHS and not is_bookkeeping(tag)}
        lost = sum(len(self.split(data, tag)[1]) for tag in series)
        written = sum(map(len, series.values()))
        first = min((one.bottom for one in series.values()), default=0)
        return Attempt(
            0,
            first_step=first,
            last_step=restart.top,
            points=written,
            superseded=lost,
            ended=_clock(data)[1],
            resumed_at=restart.step,
        )


def _branches_by_attempt(best: SourceData, others: Iterable[SourceData]) -> list[tuple[Former, ...]]:
    """The branches that a source tells, oldest first, each with those of its claim's other files (one a tag:
    MLflow, DVCLive) that tell as many."""
    mine = [one for one in best.attempts.former if one.for_all]
    theirs = [
        its
        for data in others
        if data.source.claim == best.source.claim
        and len(its := [one for one in data.attempts.former if one.for_all]) == len(mine)
    ]
    return list(zip(mine, *theirs, strict=True))


def _attempt_of(branches: Sequence[Former]) -> Attempt:
    ended = max((one.ended for one in branches if not math.isnan(one.ended)), default=None)
    return Attempt(
        0,
        first_step=min(one.first for one in branches),
        last_step=max(one.last for one in branches),
        points=sum(one.written for one in branches),
        superseded=sum(_points_in(one.counts) for one in branches),
        ended=ended,
        resumed_at=branches[0].step,
    )


def _reaches(restart: _Restart, data: SourceData, tag: str, series: Series) -> bool:
    if is_bookkeeping(tag) or series.top < restart.step or restart.tag not in (None, tag):
        return False
    if restart.wall is None:
        return data.source.order < restart.by
    if restart.wall == math.inf and any(one.for_all for one in data.attempts.former):
        return False
    return restart.by != data.source.order and (restart.ended is not None or series.top <= restart.top)


def _restarts(files: Sequence[SourceData]) -> list[_Restart]:
    restarts: list[_Restart] = []
    for data in files:
        place = data.source.order
        if data.purged is not None:
            restarts.append(_Restart(data.purged, None, place, 0))
        for one in data.attempts.former:
            if one.for_all and not math.isnan(one.wall):
                reached = None if one.whole else data.last_step
                restarts.append(_Restart(one.step, one.wall, place, one.last, reached=reached))
        restarts += _without_clock(data)
    return restarts + _between(files) + _in_turn(files)


def _without_clock(data: SourceData) -> list[_Restart]:
    """Of the older training is at least what lies past the place where the newest attempt is."""
    last = next((one for one in reversed(data.attempts.former) if one.for_all), None)
    reached = data.last_step
    if last is None or reached is None or not math.isnan(last.wall):
        return []
    return [_Restart(reached, math.inf, data.source.order, last.last, reached=reached)]


def _between(files: Sequence[SourceData]) -> list[_Restart]:
    """A file that begins after another ended, where that one's furthest tags go back."""
    clocked = sorted(
        ((*clock, data) for data in files if not math.isnan((clock := _clock(data))[0])),
        key=lambda row: (row[0], row[2].source.order),
    )
    restarts: list[_Restart] = []
    for i, (begun, _, data) in enumerate(clocked[:MOST_FILES]):
        for _, ended, earlier in reversed(clocked[:i]):
            step = _goes_back(earlier, data) if ended <= begun else None
            if step is not None:
                restarts.append(
                    _Restart(
                        step, wall=begun, by=data.source.order, top=earlier.last_step or 0, ended=earlier
                    )
                )
                restarts += _own_counters(earlier, data, step, begun)
                break
    return restarts


def _in_turn(files: Sequence[SourceData]) -> list[_Restart]:
    """A log's parts that were rotated away have no clock, but an order."""
    parts = sorted((data for data in files if data.source.format == "console"), key=lambda d: d.source.order)
    restarts: list[_Restart] = []
    for earlier, later in pairwise(parts):
        step = _goes_back(earlier, later) if earlier.source.order < later.source.order else None
        if step is not None:
            restarts.append(
                _Restart(step, wall=None, by=later.source.order, top=earlier.last_step or 0, ended=earlier)
            )
    return restarts


def _own_counters(earlier: SourceData, later: SourceData, step: int, begun: float) -> list[_Restart]:
    """Tags with a counter of their own (validation by epochs), which begins again below the training's."""
    bottoms = {tag: one.bottom for tag, one in later.series.items() if tag in earlier.series}
    return [
        _Restart(
            bottom, wall=begun, by=later.source.order, top=earlier.series[tag].top, ended=earlier, tag=tag
        )
        for tag, bottom in bottoms.items()
        if bottom < step and bottom < earlier.series[tag].top and tag != EPOCHS and not is_bookkeeping(tag)
    ]


def _goes_back(earlier: SourceData, later: SourceData) -> int | None:
    """The step where the later file sets in, if the furthest tags of the earlier one begin there again."""
    tops = {tag: one.top for tag, one in earlier.series.items() if tag != EPOCHS and not is_bookkeeping(tag)}
    furthest = max(tops.values(), default=0)
    steps = [
        later.series[tag].bottom
        for tag, top in tops.items()
        if top == furthest and tag in later.series and later.series[tag].bottom < top
    ]
    return min(steps, default=None)


def _clock(data: SourceData) -> tuple[float, float]:
    """The first and the last wall time of a source; NaN where it has none."""
    series = [one for tag, one in data.series.items() if tag != EPOCHS and not is_bookkeeping(tag)]
    firsts = [one.first_wall for one in series if not math.isnan(one.first_wall)]
    lasts = [one.last_wall for one in series if not math.isnan(one.last_wall)]
    return min(firsts, default=math.nan), max(lasts, default=math.nan)


def _points_in(counts: Counter[str]) -> int:
    return counts.total() - counts[EPOCHS]
