"""JSON lines that grow as points by key: one object a line, nested ones flattened with ``/``.

Numbers (and the words nan and inf) are metrics; booleans, other words and lists are not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runwatch.domain.operations import Append, Epoch, Operation, Replace
from runwatch.domain.points import FloatArray, IntArray, Points
from runwatch.readers import limits
from runwatch.readers._json import PastLimit, flatten, number, parse_line
from runwatch.readers._lines import Frame, Notes
from runwatch.readers._owners import (
    NOBODY,
    Owner,
    groups,
    name_column,
    owner_of,
    rank_column,
    rank_word,
    split_column,
)
from runwatch.readers._places import FRACTIONS, Epochs, Iterations
from runwatch.readers._steps import (
    WEAK_STEP_KEYS,
    is_place,
    moment,
    plain,
    ranked,
    seconds,
    step_key,
    wall_key,
)
from runwatch.readers.base import Claim, Cursor, Reading, Source, failed, read_tail


def first_records(head: bytes, whole: bool) -> list[dict[str, Any]]:
    """The objects on the first complete lines (``whole``: the last line is complete too)."""
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    found: list[dict[str, Any]] = []
    for line in lines if whole else lines[:-1]:
        if not line.strip():
            continue
        try:
            value = parse_line(line)
            if isinstance(value, dict):
                found.append(flatten(value))
        except ValueError:
            continue
    return found


def first_keys(head: bytes) -> frozenset[str]:
    """The flattened keys of the first record; none if the first line is no object."""
    records = first_records(head, whole=False)
    return frozenset(records[0]) if records else frozenset()


def metric_names(record: Mapping[str, Any]) -> frozenset[str]:
    """The keys of a record that are metrics."""
    step = step_key(record)
    return frozenset(
        key
        for key, value in record.items()
        if key != step and not is_place(key) and number(value) is not None
    )


@dataclass(slots=True)
class Shape:
    """Records with the same keys: their rows, the lines they stood on, and what the keys are."""

    keys: tuple[str, ...]
    step: int | None
    wall: int | None
    epoch: int | None
    rank: int | None
    split: int | None
    named: int | None
    metrics: list[int]
    rows: list[list[Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    columns: list[tuple[Any, ...]] = field(default_factory=list)
    steps: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    placed: Any = None

    @staticmethod
    def of(keys: tuple[str, ...], by_rank: bool) -> Shape:
        step, wall = step_key(keys), wall_key(keys)
        return Shape(
            keys,
            None if step is None else keys.index(step),
            None if wall is None else keys.index(wall),
            next((i for i, key in enumerate(keys) if plain(key) == "epoch"), None),
            rank_column(keys) if by_rank else None,
            split_column(keys),
            name_column(keys),
            [i for i, key in enumerate(keys) if key != step and not is_place(key)],
        )


class Records:
    """One file's records between two looks. Feed it what is new; ``series()`` gives the points."""

    def __init__(self, file: str, state: Mapping[str, Any]) -> None:
        self.notes = Notes(file)
        self.frame = Frame.of(state)
        self.epoch: float | None = None
        self._by_rank = not ranked(file.rpartition("/")[2].rpartition(".")[0])
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._parts: dict[str, list[tuple[IntArray, Points]]] = {}
        self._places: dict[str, Any] = dict(state.get("places", {}))
        self._strange: list[int] = []
        self._placeless: list[int] = []

    def state(self) -> dict[str, Any]:
        """What the cursor has to remember."""
        return self.frame.state() | {"places": self._places}

    def feed(self, data: bytes, final: bool) -> int:
        """Read the whole lines of ``data`` (with ``final`` the last one too); how many bytes are done."""
        size = self.frame.consumable(data, self.notes)
        for before, block in self.frame.blocks(data[:size], self.notes):
            self._block(before, block)
        rest = self.frame.rest(data[size:], final)
        if rest:
            self._block(self.frame.line, rest, torn=True)
        self._say(self._strange, "not a JSON object", "write one object a line")
        self._say(self._placeless, "without a step", "log a step with each record")
        return size

    def _say(self, lines: list[int], what: str, hint: str) -> None:
        if lines:
            many = f"{len(lines):,} lines are" if len(lines) > 1 else "a line is"
            self.notes.line(lines[0], f"{many} {what}, skipped", hint)

    def _block(self, before: int, block: bytes, torn: bool = False) -> None:
        try:
            lines = block.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            lines = block.decode("utf-8", "backslashreplace").split("\n")
        for number_, line in enumerate(lines[:-1], before + 1):
            if not line or line.isspace():
                continue
            self._line(number_, line, torn)
        for shape in self._shapes.values():
            self._place(shape)
        self._go_on([shape for shape in self._shapes.values() if shape.placed is not None])
        for shape in self._shapes.values():
            self._gather(shape)
        self._shapes = {}

    def _line(self, line_number: int, line: str, torn: bool) -> None:
        try:
            record = parse_line(line)
            if type(record) is not dict:
                self._strange.append(line_number)
                return
            if line.find("{", 1) >= 0:
                record = flatten(record)
        except PastLimit as error:
            self.notes.line(line_number, f"{error}, skipped", "log numbers, not structures")
            return
        except ValueError:
            if not torn:
                self._strange.append(line_number)
            return
        keys = tuple(record)
        shape = self._shapes.get(keys)
        if shape is None:
            shape = self._shapes[keys] = Shape.of(keys, self._by_rank)
        shape.rows.append(list(record.values()))
        shape.lines.append(line_number)

    def _place(self, shape: Shape) -> None:
        """Each row's step as written, and which rows have one: an integer within 64 bits, or any epoch."""
        shape.columns = list(zip(*shape.rows, strict=True))
        if shape.step is None:
            if any(number(value) is not None for row in shape.rows for value in row):
                self._placeless.extend(shape.lines)
            return
        column = shape.columns[shape.step]
        found = (
            [_floor(value) for value in column] if shape.step == shape.epoch else list(map(_whole, column))
        )
        shape.placed = np.array([value is not None for value in found])
        for i in np.flatnonzero(~shape.placed).tolist():
            name = shape.keys[shape.step]
            self.notes.line(shape.lines[i], f"{name} is no whole number, skipped", "log an integer step")
        shape.steps = np.array([value or 0 for value in found], dtype=np.int64)

    def _go_on(self, shapes: list[Shape]) -> None:
        """Change steps where the file's own counter is a fraction, or starts again with each epoch; rows of
        all shapes in the order of their lines."""
        counted = [shape for shape in shapes if shape.step == shape.epoch]
        beside = [shape for shape in shapes if shape.step != shape.epoch and shape.epoch is not None]
        if beside:
            rows = _Rows(beside)
            repeats = plain(beside[0].keys[beside[0].step or 0]) in WEAK_STEP_KEYS
            iterations = Iterations(self._places.get("iterations", {}), repeats)
            rows.give(iterations.steps(rows.steps, rows.epochs))
            self._places["iterations"] = iterations.state()
        if counted:
            rows = _Rows(counted)
            epochs = Epochs(self._places.get("epochs", {}))
            steps, first = epochs.steps(rows.epochs)
            rows.give(steps)
            self._places["epochs"] = epochs.state()
            if first is not None:
                self.notes.line(int(rows.lines[first]), *FRACTIONS)

    def _gather(self, shape: Shape) -> None:
        """The rows of one shape, column by column."""
        columns, steps, placed = shape.columns, shape.steps, shape.placed
        if placed is None or not placed.any():
            return
        lines = np.array(shape.lines, dtype=np.int64)
        walls = _walls(columns[shape.wall]) if shape.wall is not None else np.full(len(lines), np.nan)
        if shape.epoch is not None:
            epochs = _column(columns[shape.epoch])[placed]
            if np.isfinite(epochs).any():
                greatest = float(epochs[np.isfinite(epochs)].max())
                self.epoch = greatest if self.epoch is None else max(self.epoch, greatest)
        whose = _owners(shape, columns)
        for index in shape.metrics:
            values, present = _numbers(columns[index])
            points, there = Points(steps, walls, values), present & placed
            for owner, rows in whose:
                theirs = np.flatnonzero(there) if rows is None else rows[there[rows]]
                if len(theirs):
                    self._add(owner.tag(shape.keys[index]), lines, points, theirs)

    def _add(self, tag: str, lines: IntArray, points: Points, rows: IntArray) -> None:
        if tag not in self._parts and len(self._parts) >= limits.TAGS:
            if len(self._parts) == limits.TAGS:
                self.notes.add(
                    None, f"more than {limits.TAGS:,} tags, the rest is not read", "log fewer names"
                )
            return
        part = (lines, points) if len(rows) == len(lines) else (lines[rows], points.where(rows))
        self._parts.setdefault(tag, []).append(part)

    def series(self) -> dict[str, Points]:
        """The new points by tag, each in the order of the file."""
        made: dict[str, Points] = {}
        for tag, parts in self._parts.items():
            points = Points.concat([points for _, points in parts])
            if len(parts) > 1:
                lines = np.concatenate([lines for lines, _ in parts])
                if (np.diff(lines) < 0).any():
                    points = points.where(np.argsort(lines, kind="stable"))
            made[tag] = points
        return made


class _Rows:
    """The placed rows of several shapes, in the order of their lines."""

    def __init__(self, shapes: list[Shape]) -> None:
        self._shapes = shapes
        lines = np.concatenate([np.array(shape.lines)[shape.placed] for shape in shapes])
        self._order = np.argsort(lines)
        self.lines: IntArray = lines[self._order]
        self.steps: IntArray = np.concatenate([shape.steps[shape.placed] for shape in shapes])[self._order]
        epochs = [_column(shape.columns[shape.epoch or 0])[shape.placed] for shape in shapes]
        self.epochs: FloatArray = np.concatenate(epochs)[self._order]

    def give(self, steps: IntArray) -> None:
        """The steps of the rows, back to where they came from."""
        back = np.empty_like(steps)
        back[self._order] = steps
        at = 0
        for shape in self._shapes:
            shape.steps[shape.placed] = back[at : at + int(shape.placed.sum())]
            at += int(shape.placed.sum())


def _owners(shape: Shape, columns: Sequence[Sequence[Any]]) -> list[tuple[Owner, Any]]:
    """Whose rows these are; None: all of them."""
    places = (shape.rank, shape.split, shape.named)
    if places == (None, None, None):
        return [(NOBODY, None)]
    nothing = [None] * len(shape.rows)
    told = zip(*(nothing if place is None else columns[place] for place in places), strict=True)
    word = "" if shape.rank is None else rank_word(shape.keys[shape.rank])
    return list(groups([owner_of(rank, split, name, word) for rank, split, name in told]))


def _whole(value: Any) -> int | None:
    if type(value) is float:
        value = int(value) if value.is_integer() else None
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _floor(value: Any) -> int | None:
    return (
        _whole(float(math.floor(value))) if type(value) is float and math.isfinite(value) else _whole(value)
    )


def _column(column: Sequence[Any]) -> FloatArray:
    return _numbers(column)[0]


def _numbers(column: Sequence[Any]) -> tuple[FloatArray, Any]:
    """The numbers of a column, and where there are any."""
    if set(map(type, column)) <= {int, float}:
        try:
            return np.array(column, dtype=np.float64), np.ones(len(column), dtype=np.bool_)
        except OverflowError:
            pass
    found = [number(value) for value in column]
    present = np.array([value is not None for value in found])
    return np.array([math.nan if value is None else value for value in found]), present


def _walls(column: Sequence[Any]) -> FloatArray:
    clocks = seconds(np.array([math.nan if (n := number(v)) is None else n for v in column]))
    for i, value in enumerate(column):
        if type(value) is str:
            clocks[i] = moment(value)
    return clocks


def read_records(claim: Claim, source: Source, cursor: Cursor | None, final: bool = False) -> Reading:
    """What is new in a growing file of JSON lines, as points by key."""
    try:
        tail = read_tail(source, cursor)
    except OSError as error:
        return failed(source, cursor, error)
    records = Records(source.file, tail.state)
    consumed = records.feed(tail.data, final and not tail.more)
    operations: list[Operation] = [Replace()] if tail.rewritten else []
    operations += [Append(claim.tag_prefix + tag, points) for tag, points in records.series().items()]
    if records.epoch is not None:
        operations.append(Epoch(records.epoch))
    return Reading(
        {claim.run_id: operations} if operations else {},
        tail.cursor(consumed, records.state()),
        records.notes.problems(),
        tail.more,
    )
