"""What each source has told about a run, and the one record that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.operations import (
    Append,
    Epoch,
    EpochAt,
    Evidence,
    HParams,
    Label,
    Length,
    Operation,
    PurgeFrom,
    Rank,
    Reached,
    Replace,
    Started,
    Stated,
    Writer,
)
from runwatch.domain.points import EPOCHS, IntArray, Points
from runwatch.domain.run import Attempt, Problem
from runwatch.readers.limits import EARLIEST, LATEST
from runwatch.runs.attempts import Attempts
from runwatch.runs.point_facts import FEW
from runwatch.runs.restarts import Restarts
from runwatch.runs.series import Series, merge
from runwatch.runs.source_data import Source, SourceData

MAX_TAGS = 10_000
MAX_PROBLEMS = 20


class RunChange(msgspec.Struct, frozen=True):
    """What an application of operations did: tags with new points, and those whose past changed."""

    grown: frozenset[str]
    rewritten: frozenset[str]


class RunMemory:
    """One run: its sources in memory. Not thread-safe: the store's lock guards it."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str], SourceData] = {}
        self.thinned = False
        self._nbytes: int | None = 0
        self._known_restarts: Restarts | None = None
        self._restarts_before: frozenset[object] = frozenset()

    def data_of(self, source: Source) -> SourceData:
        key = (source.claim, source.file)
        data = self.sources.get(key)
        if data is None:
            data = self.sources[key] = SourceData(source)
        elif data.source != source:
            data.source, self._known_restarts = source, None
        return data

    def forget(self, claim: str, file: str) -> bool:
        """Drop a source whose file is gone or claimed by someone else."""
        self._nbytes = self._known_restarts = None
        return self.sources.pop((claim, file), None) is not None

    def cured(self, claim: str, file: str, problems: Sequence[Problem]) -> None:
        """Drop problems of a source that have passed."""
        data = self.sources.get((claim, file))
        if data is not None:
            data.problems[:] = [problem for problem in data.problems if problem not in problems]

    def apply(
        self, source: Source, operations: Iterable[Operation], problems: Sequence[Problem] = ()
    ) -> RunChange:
        data = self.data_of(source)
        self._nbytes = self._known_restarts = None
        grown: set[str] = set()
        rewritten: set[str] = set()
        applied = list(operations)
        new: list[tuple[str, Points, IntArray | None]] = []
        for place, operation in enumerate(applied):
            match operation:
                case Append(tag, points, rows):
                    if len(points) and _has_room(data, tag, grown):
                        new.append((tag, _dated(data, points), rows))
                        grown.add(tag)
                case EpochAt(points, rows):
                    if len(points):
                        new.append((EPOCHS, points, rows))
                case Replace(keep_history):
                    rewritten |= data.attempts.extend(new)
                    new = []
                    rewritten |= _replace(data, keep_history, applied[place + 1 :])
                case PurgeFrom(step):
                    rewritten |= data.attempts.extend(new)
                    new = []
                    rewritten |= self._purge(data, step)
                case _:
                    _note(data, operation)
        rewritten |= data.attempts.extend(new)
        room = MAX_PROBLEMS - len(data.problems)
        data.problems.extend(problem for problem in problems[: max(room, 0)] if problem not in data.problems)
        return RunChange(frozenset(grown), frozenset(rewritten - {EPOCHS}))

    def _purge(self, data: SourceData, step: int) -> set[str]:
        data.purged = step if data.purged is None else min(step, data.purged)
        data.attempts.restart(step)
        return {tag for other in self._claim(data.source.claim) for tag in other.series}

    def _claim(self, claim: str) -> list[SourceData]:
        matching = [data for (name, _), data in self.sources.items() if name == claim]
        return sorted(matching, key=lambda data: data.source.order)

    def visible(self) -> list[SourceData]:
        """The sources whose points are shown, best source first: the greatest rank of an exclusive claim;
        no console numbers beside structured ones; nothing that a better claim repeats up to its end."""
        if len(self.sources) == 1:
            return list(self.sources.values())
        sources = self.ranked()
        structured = any(data.series for data in sources if data.source.format not in ("console", ""))
        if structured:
            sources = [data for data in sources if data.source.format != "console" or not data.series]
        hidden = self._superseded(sources)
        shown = [data for data in sources if not (data.series and data.source.format in hidden)]
        return sorted(shown, key=lambda data: (-data.source.priority, data.source.claim, data.source.order))

    def ranked(self) -> list[SourceData]:
        """The sources but for those of an exclusive claim that others of it have overtaken."""
        best: dict[str, SourceData] = {}
        for data in self.sources.values():
            if data.source.exclusive and data.rank is not None:
                rival = best.get(data.source.claim)
                if rival is None or data.beats(rival):
                    best[data.source.claim] = data
        return [
            data
            for data in self.sources.values()
            if not data.source.exclusive or best.get(data.source.claim, data) is data
        ]

    @staticmethod
    def _superseded(sources: list[SourceData]) -> set[str]:
        hidden: set[str] = set()
        for data in sources:
            if not data.source.supersedes or data.last_step is None:
                continue
            for format_ in data.source.supersedes:
                theirs = [
                    o.last_step for o in sources if o.source.format == format_ and o.last_step is not None
                ]
                if theirs and data.last_step >= max(theirs):
                    hidden.add(format_)
        return hidden

    def sources_by_tag(self, visible: Iterable[SourceData] | None = None) -> dict[str, list[SourceData]]:
        """Which sources each tag is taken from: those of the best claim that has it, in file order.
        ``visible``: what the method of that name has just given."""
        speaking: dict[str, list[SourceData]] = {}
        for data in self.visible() if visible is None else visible:
            for tag, series in data.series.items():
                if tag == EPOCHS or not len(series):
                    continue
                tag_sources = speaking.setdefault(tag, [])
                if not tag_sources or tag_sources[0].source.claim == data.source.claim:
                    tag_sources.append(data)
        return speaking

    def alone(self, tag: str, tag_sources: Sequence[SourceData]) -> Series | None:
        """The one series that holds all of the tag: one source, in step order, nothing taken back."""
        if len(tag_sources) != 1 or not tag_sources[0].series[tag].monotonic:
            return None
        series = tag_sources[0].series[tag]
        return None if self._restarts.changed(tag_sources[0], tag, series) else series

    def thin(self) -> None:
        """Keep an envelope of the older points of every series that is all there is of its tag."""
        self.thinned, self._nbytes = True, None
        for tag, tag_sources in self.sources_by_tag().items():
            series = self.alone(tag, tag_sources)
            if series is not None:
                series.thin()

    def torn(self) -> bool:
        """Whether what was thinned does not suffice any more: points were taken back, or a tag is now told
        by several sources or out of order."""
        tag_sources = self.sources_by_tag()
        return any(
            series.torn or (series.thinned and self.alone(tag, tag_sources.get(tag, ())) is not series)
            for data in self.sources.values()
            for tag, series in data.series.items()
        )

    def points(self, tag: str, tag_sources: Sequence[SourceData]) -> Points:
        """The merged series of a tag."""
        return merge([self._restarts.split(data, tag)[0] for data in tag_sources])

    def epochs(self) -> Points:
        """The epochs by step, of the first source that tells them."""
        with_epochs = (data for data in self.visible() if len(data.series.get(EPOCHS, ())))
        return next((self.points(EPOCHS, [data]) for data in with_epochs), Points.empty())

    def newest_epoch(self, visible: Iterable[SourceData]) -> float | None:
        """The greatest epoch of the newest attempt."""
        return max(
            (e for data in visible if (e := self._restarts.newest_epoch(data)) is not None), default=None
        )

    def former(self, tag: str, tag_sources: Sequence[SourceData]) -> list[Points]:
        """The branches of a tag that were superseded, oldest first, each in step order."""
        branches = [one.lost[tag] for data in tag_sources for one in data.attempts.former if tag in one.lost]
        branches += [self._restarts.split(data, tag)[1] for data in tag_sources]
        return [merge([branch]) for branch in branches if len(branch)]

    def lost(self, tag: str, tag_sources: Sequence[SourceData]) -> int:
        """How many points of a tag were superseded."""
        if not self._restarts.any and not any(data.attempts.lost for data in tag_sources):
            return 0
        own = sum(data.attempts.lost[tag] - len(data.attempts.passed(tag)) for data in tag_sources)
        return own + sum(self._restarts.lost(data, tag) for data in tag_sources)

    def attempts(self) -> tuple[Attempt, ...]:
        """The earlier attempts of what is shown, oldest first."""
        return self._restarts.attempts(self.visible())

    def restarts_changed(self) -> bool:
        """Whether another file's restart was found since last asked: the metric of any tag may change."""
        before, self._restarts_before = self._restarts_before, self._restarts.signature
        return before != self._restarts_before

    @property
    def _restarts(self) -> Restarts:
        if self._known_restarts is None:
            self._known_restarts = Restarts(self.sources.values())
        return self._known_restarts

    @property
    def nbytes(self) -> int:
        """The room that the series take; counted anew only after a change."""
        if self._nbytes is None:
            self._nbytes = sum(data.attempts.nbytes for data in self.sources.values())
        return self._nbytes


def _has_room(data: SourceData, tag: str, new: set[str]) -> bool:
    """Whether a tag is known, or is not one too many."""
    if tag in data.series or tag in new or len(data.series) + len(new) < MAX_TAGS:
        return True
    data.skipped_tags += 1
    return False


def _is_time(data: SourceData, at: float) -> bool:
    """Whether a calendar has this moment; one that it has not is said, and left out."""
    if EARLIEST <= at < LATEST:
        return True
    _say_undated(data)
    return False


def _dated(data: SourceData, points: Points) -> Points:
    """The points, without the times that no calendar has."""
    walls = points.wall_times
    times = walls.tolist() if len(walls) <= FEW else (walls.min(), walls.max())
    if min(times) >= EARLIEST and max(times) < LATEST:
        return points
    wrong = (walls < EARLIEST) | (walls >= LATEST)
    if not wrong.any():
        return points
    _say_undated(data)
    return Points(points.steps, np.where(wrong, np.nan, walls), points.values)


def _say_undated(data: SourceData) -> None:
    problem = Problem(
        data.source.file, None, "times before 1970 or after 2200, left out", "log seconds since 1970"
    )
    if problem not in data.problems:
        data.problems.append(problem)


def _replace(data: SourceData, keep_history: bool, rest: Sequence[Operation]) -> set[str]:
    """The file was rewritten. With ``keep_history`` the points below its first new step stay, unless nothing
    new is there yet to say where that is."""
    tags = set(data.series) - {EPOCHS}
    firsts = [int(op.points.steps.min()) for op in rest if isinstance(op, Append) and len(op.points)]
    if keep_history and firsts:
        again = data.history_below == min(firsts)
        data.history_below = min(firsts)
        data.attempts.restart(data.history_below, branch=not again)
    elif not keep_history:
        data.attempts = Attempts()
    data.hparams.clear()
    data.problems.clear()
    data.evidence = data.length = data.epoch = data.rank = data.reached = data.purged = None
    return tags


def _note(data: SourceData, operation: Operation) -> None:
    match operation:
        case HParams(values, section):
            data.hparams.setdefault(section, {}).update(values)
        case Evidence(at=at):
            known = at is None or _is_time(data, at)
            data.evidence = operation if known else replace(operation, at=None)
        case Length(steps, epochs, first_epoch):
            before = data.length
            data.length = Length(
                (steps or None) if steps is not None or before is None else before.steps,
                epochs if epochs is not None or before is None else before.epochs,
                first_epoch,
            )
        case Epoch(value):
            data.epoch = value if data.epoch is None else max(value, data.epoch)
        case Stated(tag, direction):
            data.stated[tag] = direction
        case Rank():
            data.rank = operation
        case Reached(step):
            data.reached = step
        case Writer(started=at):
            known = at is None or _is_time(data, at)
            data.writer = operation if known else replace(operation, started=None)
        case Started(at):
            data.started = at if _is_time(data, at) else None
        case Label(key, value):
            data.labels[key] = value
