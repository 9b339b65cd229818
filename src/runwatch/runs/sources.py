"""What each source has told about a run, and the one story that they make together."""

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
from runwatch.domain.points import IntArray, Points
from runwatch.domain.run import Attempt, Problem
from runwatch.runs.attempts import EPOCH, Attempts
from runwatch.runs.restarts import Restarts
from runwatch.runs.series import Series, merge
from runwatch.runs.source_data import Source, SourceData

EARLIEST, LATEST = 0.0, 7258118400.0
"""Moments that are believed: 1970 to 2200, in seconds since the epoch."""

MAX_TAGS = 10_000
MAX_PROBLEMS = 20


class RunChange(msgspec.Struct, frozen=True):
    """What an application of operations did: tags with new points, and those whose past changed."""

    grown: frozenset[str]
    rewritten: frozenset[str]


class RunMemory:
    """One run: its sources in memory. Not thread-safe: the store's lock guards it."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], SourceData] = {}
        self.thinned = False
        self._nbytes: int | None = 0
        self._known_restarts: Restarts | None = None

    def source(self, speaker: Source) -> SourceData:
        key = (speaker.claim, speaker.file)
        found = self.told.get(key)
        if found is None:
            found = self.told[key] = SourceData(speaker)
        elif found.speaker != speaker:
            found.speaker, self._known_restarts = speaker, None
        return found

    def forget(self, claim: str, file: str) -> bool:
        """Drop a source whose file is gone or claimed by someone else."""
        self._nbytes = self._known_restarts = None
        return self.told.pop((claim, file), None) is not None

    def apply(
        self, speaker: Source, operations: Iterable[Operation], problems: Sequence[Problem] = ()
    ) -> RunChange:
        told = self.source(speaker)
        self._nbytes = self._known_restarts = None
        grown: set[str] = set()
        rewritten: set[str] = set()
        said = list(operations)
        new: list[tuple[str, Points, IntArray | None]] = []
        for place, operation in enumerate(said):
            match operation:
                case Append(tag, points, rows):
                    if len(points) and _has_room(told, tag, grown):
                        new.append((tag, _dated(told, points), rows))
                        grown.add(tag)
                case EpochAt(points, rows):
                    if len(points):
                        new.append((EPOCH, points, rows))
                case Replace(keep_history):
                    rewritten |= told.attempts.extend(new)
                    new = []
                    rewritten |= _replace(told, keep_history, said[place + 1 :])
                case PurgeFrom(step):
                    rewritten |= told.attempts.extend(new)
                    new = []
                    rewritten |= self._purge(told, step)
                case _:
                    _note(told, operation)
        rewritten |= told.attempts.extend(new)
        room = MAX_PROBLEMS - len(told.problems)
        told.problems.extend(problem for problem in problems[: max(room, 0)] if problem not in told.problems)
        return RunChange(frozenset(grown), frozenset(rewritten - {EPOCH}))

    def _purge(self, told: SourceData, step: int) -> set[str]:
        told.purged = step if told.purged is None else min(step, told.purged)
        told.attempts.restart(step)
        return {tag for other in self._claim(told.speaker.claim) for tag in other.series}

    def _claim(self, claim: str) -> list[SourceData]:
        found = [told for (name, _), told in self.told.items() if name == claim]
        return sorted(found, key=lambda told: told.speaker.order)

    def visible(self) -> list[SourceData]:
        """The sources whose points are shown, best speaker first: the greatest rank of an exclusive claim;
        no console numbers beside structured ones; nothing that a better claim repeats up to its end."""
        sources = self.ranked()
        structured = any(told.series for told in sources if told.speaker.format not in ("console", ""))
        if structured:
            sources = [told for told in sources if told.speaker.format != "console" or not told.series]
        hidden = self._superseded(sources)
        shown = [told for told in sources if not (told.series and told.speaker.format in hidden)]
        return sorted(
            shown, key=lambda told: (-told.speaker.priority, told.speaker.claim, told.speaker.order)
        )

    def ranked(self) -> list[SourceData]:
        """The sources but for those of an exclusive claim that others of it have overtaken."""
        best: dict[str, SourceData] = {}
        for told in self.told.values():
            if told.speaker.exclusive and told.rank is not None:
                rival = best.get(told.speaker.claim)
                if rival is None or (told.rank, -told.speaker.order) > (
                    rival.rank or 0.0,
                    -rival.speaker.order,
                ):
                    best[told.speaker.claim] = told
        return [
            told
            for told in self.told.values()
            if not told.speaker.exclusive or best.get(told.speaker.claim, told) is told
        ]

    @staticmethod
    def _superseded(sources: list[SourceData]) -> set[str]:
        hidden: set[str] = set()
        for told in sources:
            if not told.speaker.supersedes or told.last_step is None:
                continue
            for format_ in told.speaker.supersedes:
                theirs = [
                    o.last_step for o in sources if o.speaker.format == format_ and o.last_step is not None
                ]
                if theirs and told.last_step >= max(theirs):
                    hidden.add(format_)
        return hidden

    def voices(self) -> dict[str, list[SourceData]]:
        """Who speaks for each tag: the sources of the best claim that has it, in file order."""
        speaking: dict[str, list[SourceData]] = {}
        for told in self.visible():
            for tag, series in told.series.items():
                if tag == EPOCH or not len(series):
                    continue
                voices = speaking.setdefault(tag, [])
                if not voices or voices[0].speaker.claim == told.speaker.claim:
                    voices.append(told)
        return speaking

    def alone(self, tag: str, voices: Sequence[SourceData]) -> Series | None:
        """The one series that is the tag's whole story: of one source, in step order, nothing taken back."""
        if len(voices) != 1 or not voices[0].series[tag].monotonic:
            return None
        series = voices[0].series[tag]
        return None if self._restarts.changed(voices[0], tag, series) else series

    def thin(self) -> None:
        """Keep an envelope of the older points of every series that is its tag's whole story."""
        self.thinned, self._nbytes = True, None
        for tag, voices in self.voices().items():
            series = self.alone(tag, voices)
            if series is not None:
                series.thin()

    def torn(self) -> bool:
        """Whether what was thinned does not suffice any more: points were taken back, or a tag is now told
        by several sources or out of order."""
        voices = self.voices()
        return any(
            series.torn or (series.thinned and self.alone(tag, voices.get(tag, ())) is not series)
            for told in self.told.values()
            for tag, series in told.series.items()
        )

    def points(self, tag: str, voices: Sequence[SourceData]) -> Points:
        """The merged series of a tag."""
        return merge([self._restarts.split(told, tag)[0] for told in voices])

    def former(self, tag: str, voices: Sequence[SourceData]) -> list[Points]:
        """The branches of a tag that were superseded, oldest first, each in step order."""
        branches = [one.lost[tag] for told in voices for one in told.attempts.former if tag in one.lost]
        branches += [self._restarts.split(told, tag)[1] for told in voices]
        return [merge([branch]) for branch in branches if len(branch)]

    def lost(self, tag: str, voices: Sequence[SourceData]) -> int:
        """How many points of a tag were superseded."""
        own = sum(told.attempts.lost[tag] - len(told.attempts.passed(tag)) for told in voices)
        return own + sum(self._restarts.lost(told, tag) for told in voices)

    def attempts(self) -> tuple[Attempt, ...]:
        """The earlier attempts of what is shown, oldest first."""
        return self._restarts.attempts(self.visible())

    @property
    def _restarts(self) -> Restarts:
        if self._known_restarts is None:
            self._known_restarts = Restarts(self.told.values())
        return self._known_restarts

    @property
    def nbytes(self) -> int:
        """The room that the series take; counted anew only after a change."""
        if self._nbytes is None:
            self._nbytes = sum(told.attempts.nbytes for told in self.told.values())
        return self._nbytes


def _has_room(told: SourceData, tag: str, new: set[str]) -> bool:
    """Whether a tag is known, or is not one too many."""
    if tag in told.series or tag in new or len(told.series) + len(new) < MAX_TAGS:
        return True
    told.skipped_tags += 1
    return False


def _is_time(told: SourceData, at: float) -> bool:
    """Whether a calendar has this moment; one that it has not is said, and left out."""
    if EARLIEST <= at < LATEST:
        return True
    _say_undated(told)
    return False


def _dated(told: SourceData, points: Points) -> Points:
    """The points, without the times that no calendar has."""
    walls = points.wall_times
    if walls.min() >= EARLIEST and walls.max() < LATEST:
        return points
    wrong = (walls < EARLIEST) | (walls >= LATEST)
    if not wrong.any():
        return points
    _say_undated(told)
    return Points(points.steps, np.where(wrong, np.nan, walls), points.values)


def _say_undated(told: SourceData) -> None:
    said = Problem(
        told.speaker.file, None, "times before 1970 or after 2200, left out", "log seconds since 1970"
    )
    if said not in told.problems:
        told.problems.append(said)


def _replace(told: SourceData, keep_history: bool, rest: Sequence[Operation]) -> set[str]:
    """The file was rewritten. With ``keep_history`` the points below its first new step stay, unless nothing
    new is there yet to say where that is."""
    tags = set(told.series) - {EPOCH}
    firsts = [int(op.points.steps.min()) for op in rest if isinstance(op, Append) and len(op.points)]
    if keep_history and firsts:
        again = told.history_below == min(firsts)
        told.history_below = min(firsts)
        told.attempts.restart(told.history_below, branch=not again)
    elif not keep_history:
        told.attempts = Attempts()
    told.hparams.clear()
    told.problems.clear()
    told.evidence = told.length = told.epoch = told.rank = told.reached = told.purged = None
    return tags


def _note(told: SourceData, operation: Operation) -> None:
    match operation:
        case HParams(values, section):
            told.hparams.setdefault(section, {}).update(values)
        case Evidence(at=at):
            known = at is None or _is_time(told, at)
            told.evidence = operation if known else replace(operation, at=None)
        case Length(steps, epochs, first_epoch):
            before = told.length
            told.length = Length(
                steps if steps is not None or before is None else before.steps,
                epochs if epochs is not None or before is None else before.epochs,
                first_epoch,
            )
        case Epoch(value):
            told.epoch = value if told.epoch is None else max(value, told.epoch)
        case Stated(tag, direction):
            told.stated[tag] = direction
        case Rank(value):
            told.rank = value
        case Reached(step):
            told.reached = step
        case Writer(started=at):
            known = at is None or _is_time(told, at)
            told.writer = operation if known else replace(operation, started=None)
        case Started(at):
            told.started = at if _is_time(told, at) else None
        case Label(key, value):
            told.labels[key] = value
