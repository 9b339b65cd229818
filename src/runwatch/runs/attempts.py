"""Which of a file's points are the newest training's: the one place where a counter that goes back is judged.

TensorBoard's rule for preempted jobs, for every format: a record with step s supersedes what was written
before it at s or later. What is superseded stays as a ``Former`` branch. Not everything that goes back is a
restart:

- Rows that come a little late, and writers that interleave, soon go on where the counter was before. So a
  step that goes back only opens a *descent*; one from which the counter jumps back up is withdrawn.
- Tags with a counter of their own (validation by epochs beside training by iterations) answer for themselves:
  only a tag whose counter is the furthest decides for all.

Each decision looks at the rows written so far, in their order, so any split of a file ends the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
import numpy as np

from runwatch.domain.directions import is_bookkeeping
from runwatch.domain.points import EPOCHS, IntArray, Points
from runwatch.runs.former import Former
from runwatch.runs.point_facts import New, NewPoints, PointFacts, by_tag, facts_of
from runwatch.runs.series import Series

NEAR = 8
"""Distinct steps: a row that goes back no further may just be late. Also the rows within which a restart may
still turn out to be none."""

MOST_FORMER = 50
USED_TO_IT, MANY = 3, 1000


class _Descent(msgspec.Struct, eq=False):
    """A tag's step went back, and what that means is not certain yet."""

    tag: str
    bottom: int
    """Of its steps before, as ``top``."""
    top: int
    wall: float
    """Of the row that went back."""
    stride: int
    """The greatest usual step up."""
    confirming_rows: int
    """How many rows make it a restart."""
    affected: frozenset[str]
    """The tags that it speaks for (``for_all``: those of the training)."""
    for_all: bool
    sizes: dict[str, int]
    """How many points each tag had before, ``written`` all together."""
    written: int
    low: int
    """Since then, as ``previous`` and ``rows``."""
    previous: int
    lows: dict[str, int] = msgspec.field(default_factory=dict)
    """Of other tags that went back with it."""
    rows: int = 0
    former: Former | None = None
    """Once it counts as a restart."""


class Attempts:
    """The series of the newest attempt in one file, and what earlier ones left there."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.former: list[Former] = []
        self.forgotten = 0
        self.lost: Counter[str] = Counter()
        self._open: _Descent | None = None
        self._written = self._told = 0
        self._late = self._withdrawn = self._slack = 0
        self._taken: set[str] = set()
        """Tags whose point of the row in hand is in its series: it belongs to what begins there."""

    def extend(self, new: New) -> set[str]:
        """Take new points, by tag in the order of writing. The tags whose past changed."""
        if not new:
            return set()
        if self._open is None:
            known = [facts_of(points) for _, points, _ in new]
            if not any(map(self._goes_back, [tag for tag, _, _ in new], known)):
                for (tag, points, _), facts in zip(new, known, strict=True):
                    self._append(tag, points, facts)
                return set()
        self._taken = set()
        parts = by_tag(new)
        return self._skip(parts) | self._by_row(parts)

    def _skip(self, parts: dict[str, NewPoints]) -> set[str]:
        """A counter that has begun again a thousand times (each epoch, with no epoch beside it): of many new
        rows only those since it last did are looked at."""
        tag = max(parts, key=lambda name: len(parts[name].rows))
        steps, series = parts[tag].points.steps, self.series.get(tag)
        if len(steps) < MANY:
            return set()
        bottom = series.bottom if series is not None and len(series) else int(steps[0])
        begins = np.flatnonzero((steps[1:] < steps[:-1]) & (steps[1:] <= bottom)) + 1
        if not len(begins) or self.forgotten + len(begins) <= MANY:
            return set()
        row = parts[tag].rows[begins[-1]]
        self.forgotten += len(self.former) + len(begins)
        self._open, self.former = None, []
        for name, part in parts.items():
            cut = int(np.searchsorted(part.rows, row))
            self.lost[name] += cut
            parts[name] = NewPoints(part.points.where(slice(cut, None)), part.rows[cut:])
        for name, one in self.series.items():
            self.lost[name] += len(one)
        changed, self.series = set(self.series), {}
        self._told = self._written
        return changed

    def passed(self, tag: str) -> Points:
        """Superseded points of a tag that count after all: a resumed training has gone well past them and did
        not write the tag anew there (TensorBoard, too, takes points back tag by tag)."""
        last = self.former[-1] if self.former else None
        if last is None or last.whole or not last.for_all or tag == last.tag or tag not in last.lost:
            return Points.empty()
        lost = last.lost[tag]
        anew = self.series[tag].steps(last.kept[tag])
        stride = int(np.diff(lost.steps).max()) if len(lost) > 1 else 1
        counts = lost.steps + stride <= self._top
        return lost.where(counts & (lost.steps < anew.min()) if len(anew) else counts)

    def restart(self, step: int, branch: bool = True) -> set[str]:
        """The file itself says that what it told at ``step`` or later is void (without ``branch``: it is only
        told once more). The tags whose past changed."""
        self._open, self._taken = None, set()
        tops = {tag: series.top for tag, series in self.series.items()}
        if not tops or max(tops.values()) < step:
            return set()
        tag = max(tops, key=lambda name: tops[name])
        self._open = self._descent(tag, step, np.nan, frozenset(tops), for_all=True)
        changed = self._supersede(self._open)
        former = self._open.former
        self._open = None
        if former is not None and not branch:
            self.former.remove(former)
            self.lost -= former.counts
        return changed

    @property
    def nbytes(self) -> int:
        held = sum(series.nbytes for series in self.series.values())
        return held + 24 * sum(len(points) for one in self.former for points in one.lost.values())

    def _goes_back(self, tag: str, facts: PointFacts) -> bool:
        series = self.series.get(tag)
        return facts.steps.falls or (series is not None and facts.steps.first < series.top)

    def _append(self, tag: str, points: Points, facts: PointFacts | None = None) -> None:
        series = self.series.get(tag)
        if series is None:
            series = self.series[tag] = Series()
        series.extend(points, facts)
        self._written += len(points) if tag != EPOCHS else 0

    def _by_row(self, parts: Mapping[str, NewPoints]) -> set[str]:
        """Row by row around where a counter goes back, in one go between."""
        done = dict.fromkeys(parts, 0)
        descents: dict[str, int | None] = {}
        changed: set[str] = set()
        at_row: int | None = None
        while True:
            for tag in parts.keys() - descents.keys():
                descents[tag] = self._next_descent(tag, parts[tag].points.steps, done[tag])
            row, tags = self._next_row(parts, done, descents)
            for name, part in parts.items():
                stop = len(part.rows) if row is None else int(np.searchsorted(part.rows, row))
                if stop > done[name]:
                    self._append(name, part.points.where(slice(done[name], stop)))
                    done[name] = stop
            if row is None:
                return changed
            if row != at_row:
                at_row, self._taken = row, set()
            tag = min(tags, key=self._decisive_order)
            at = done[tag]
            done[tag] += 1
            point = parts[tag].points.where(slice(at, at + 1))
            if tag == EPOCHS and self._open is None and len(self.series) > 1:
                self._append(tag, point)  # another fold or seed begins: no metric goes back with it
                del descents[tag]
                continue
            new = self._take(tag, point)
            self._taken.add(tag)
            changed |= new
            descents = {n: i for n, i in descents.items() if n != tag and n not in new}

    def _next_row(
        self, parts: Mapping[str, NewPoints], done: Mapping[str, int], descents: Mapping[str, int | None]
    ) -> tuple[int | None, list[str]]:
        """The next row that must be looked at, and the tags in it: those that go back, and the one that has
        just gone back."""
        rows = {tag: int(parts[tag].rows[at]) for tag, at in descents.items() if at is not None}
        watched = "" if self._open is None else self._open.tag
        if watched in parts and done[watched] < len(parts[watched].rows):
            rows[watched] = int(parts[watched].rows[done[watched]])
        row = min(rows.values(), default=None)
        return row, [tag for tag, its in rows.items() if its == row]

    def _decisive_order(self, tag: str) -> tuple[bool, bool, int, str]:
        """Of the tags in a row the one that is watched, else the furthest, a metric before the epoch. The
        series must have all that is before the row."""
        watched = self._open is not None and self._open.tag == tag
        return not watched, tag == EPOCHS, -self._top_of(tag), tag

    def _top_of(self, tag: str) -> int:
        series = self.series.get(tag)
        return -(2**63) if series is None else series.top

    def _next_descent(self, tag: str, steps: IntArray, start: int) -> int | None:
        """The first point from ``start`` on that lies below one before it."""
        top, length = self._top_of(tag), 64
        while start < len(steps):
            some = steps[start : start + length]
            tops = np.maximum.accumulate(np.append(np.int64(top), some))
            below = np.flatnonzero(some < tops[:-1] - self._slack)
            if len(below):
                return start + int(below[0])
            start, length, top = start + length, length * 4, int(tops[-1])
        return None

    def _take(self, tag: str, point: Points) -> set[str]:
        """One point that goes back, or that may settle what went back before."""
        step, changed = int(point.steps[0]), set[str]()
        if self._open is not None and self._open.tag == tag:
            changed = self._watch(self._open, step)
        elif self._open is not None and step < self._top_of(tag) - self._slack:
            changed = self._join(self._open, tag, point)
        if self._open is None and step < self._top_of(tag) - self._slack:
            self._open = self._descend(tag, self.series[tag], point)
        self._append(tag, point)
        descent = self._open
        if descent is not None and descent.tag == tag:
            descent.rows += 1
            descent.low, descent.previous = min(descent.low, step), step
            if descent.former is None and descent.rows >= descent.confirming_rows:
                changed |= self._supersede(descent)
            elif descent.rows > max(NEAR, descent.confirming_rows):
                self._open = None
        return changed

    def _watch(self, descent: _Descent, step: int) -> set[str]:
        """The next step of the tag that went back: does it go on where it was before?"""
        if step <= descent.top:
            if descent.former is not None and self._is_anew(descent, step):
                self._open = None
            else:
                descent.stride = max(descent.stride, step - descent.previous if descent.rows > 1 else 0)
            return set()
        if descent.former is not None and step - descent.previous <= descent.stride:
            self._open = None
            return set()
        self._late = max(self._late, descent.rows)
        self._withdrawn += 1
        if self._withdrawn >= USED_TO_IT:
            self._slack = max(self._slack, descent.top - descent.low)
        self._open = None
        return set() if descent.former is None else self._withdraw(descent.former)

    def _join(self, descent: _Descent, tag: str, point: Points) -> set[str]:
        """Another tag goes back too: a counter of its own begins again with the training, or the training
        follows the validation that a resumed job makes first."""
        if descent.for_all:
            if tag not in descent.affected or tag in descent.lows:
                return set()
            descent.lows[tag] = int(point.steps[0])
            return set() if descent.former is None else self._cut(descent, descent.former, tag)
        series = self.series[tag]
        if tag in descent.affected or series.top < self._top or is_bookkeeping(tag):
            return set()
        changed = set() if descent.former is None else self._withdraw(descent.former)
        whole = self._descend(tag, series, point)
        for name in descent.affected & whole.affected:
            whole.written -= whole.sizes[name] - descent.sizes[name]
            whole.sizes[name], whole.lows[name] = descent.sizes[name], descent.low
        self._open = whole
        return changed

    def _is_anew(self, descent: _Descent, step: int) -> bool:
        """Whether the counter went back once more, and does not just come in a little disorder: it goes below
        where this branch began (which is a descent of its own, to be withdrawn like any other), or writes a
        step of it anew."""
        newest = self.series[descent.tag].tail(descent.rows)
        back = step < descent.previous and (descent.rows > NEAR or bool((newest == step).any()))
        return step < descent.low or back

    def _descend(self, tag: str, series: Series, point: Points) -> _Descent:
        """How much it takes to believe that this is a restart: one row, if it goes far back or writes a step
        anew; more, where rows were late before, or each step is written by several."""
        step = int(point.steps[0])
        newest = series.tail(4 * NEAR)
        near = np.unique(newest)
        deep = len(near) >= NEAR and step < int(near[-NEAR])
        several = 2 * len(near) <= len(newest)
        if deep:
            confirming_rows = 1
        else:
            confirming_rows = NEAR if several else 1 if bool((near == step).any()) else 2
            confirming_rows = max(confirming_rows, 2 + self._late if self._late else 0)
        aside = is_bookkeeping(tag)
        for_all = series.top >= self._top and not aside
        affected = frozenset(
            name
            for name, one in self.series.items()
            if (for_all or one.top == series.top) and is_bookkeeping(name) == aside
        )
        descent = self._descent(tag, step, float(point.wall_times[0]), affected, for_all)
        strides = np.diff(near[-NEAR:])
        descent.stride = int(strides.max()) if len(strides) else 0
        descent.confirming_rows = min(confirming_rows, 4 * NEAR)
        return descent

    def _descent(self, tag: str, step: int, wall: float, affected: frozenset[str], for_all: bool) -> _Descent:
        series = self.series[tag]
        return _Descent(
            tag,
            bottom=series.bottom,
            top=series.top,
            wall=wall,
            stride=0,
            confirming_rows=1,
            affected=affected,
            for_all=for_all,
            sizes={name: len(one) - (name in self._taken) for name, one in self.series.items()},
            written=self._written - len(self._taken - {EPOCHS}),
            low=step,
            previous=step,
        )

    @property
    def _top(self) -> int:
        """How far the file is."""
        tops = (series.top for tag, series in self.series.items() if not is_bookkeeping(tag))
        return max(tops, default=-(2**63))

    def _supersede(self, descent: _Descent) -> set[str]:
        """The descent is a restart: what was written before it, at its step or later, is a branch now."""
        before = [one.step for one in self.former if one.for_all]
        former = Former(
            descent.tag,
            step=descent.low,
            wall=descent.wall,
            first=before[-1] if before else descent.bottom,
            last=descent.top,
            written=descent.written - self._told,
            for_all=descent.for_all,
        )
        if self.former:
            self._close(self.former[-1], descent)
        for name in descent.affected:
            self._cut(descent, former, name)
        self._told += former.written
        self.former.append(former)
        descent.former = former
        if len(self.former) > MOST_FORMER:
            del self.former[0]
            self.forgotten += 1
        return set(former.lost)

    def _cut(self, descent: _Descent, former: Former, tag: str) -> set[str]:
        """Take from a tag what it wrote before the descent, at its step or later."""
        size = former.kept.get(tag, descent.sizes[tag])
        low = min(descent.low, descent.lows.get(tag, descent.low))
        lost, left = self.series[tag].cut(size, low)
        former.kept[tag] = size - len(lost)
        if tag == descent.tag:
            former.whole = not left
        if not len(lost):
            return set()
        self.lost[tag] += len(lost)
        former.take(tag, Points.concat([lost, former.lost.get(tag, Points.empty())]))
        return {tag}

    def _close(self, former: Former, descent: _Descent) -> None:
        """Another attempt begins: what was passed of the branch before stays for good, the rest is for
        charts."""
        for tag in list(former.lost):
            passed = self.passed(tag)
            if len(passed):
                self.series[tag].put_back(passed)
                descent.sizes[tag] += len(passed)
                former.take(tag, former.lost[tag].where(~np.isin(former.lost[tag].steps, passed.steps)))
                self.lost[tag] -= len(passed)
        former.settle()

    def _withdraw(self, former: Former) -> set[str]:
        """It was no restart: the branch goes back to where it came from."""
        self.former.remove(former)
        self._told -= former.written
        self.lost -= former.counts
        for tag, points in former.lost.items():
            self.series[tag].put_back(points)
        return set(former.lost)
