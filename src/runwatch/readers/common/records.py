"""JSON lines that grow as points by key: one object a line, nested ones flattened with ``/``.

Numbers (and the words nan and inf) are metrics; booleans, other words and lists are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from runwatch.domain.directions import split_of
from runwatch.domain.operations import Append, Epoch, Length, Operation, Replace
from runwatch.domain.points import FloatArray, IntArray, Points
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, failed, read_tail
from runwatch.readers.common import limits
from runwatch.readers.common.bounded_json import PastLimit, flatten, number, parse_line
from runwatch.readers.common.column_names import (
    STEP_OF_LENGTH,
    WEAK_STEP_KEYS,
    length_column,
    metric_columns,
    plain,
    ranked,
    step_key,
    wall_key,
)
from runwatch.readers.common.epoch_steps import FRACTIONS, Epochs, Iterations
from runwatch.readers.common.lines import Frame, LineNotes
from runwatch.readers.common.record_values import column, floor, numbers, walls, whole
from runwatch.readers.common.row_prefixes import (
    NOBODY,
    RowPrefix,
    groups,
    name_column,
    owner_of,
    rank_column,
    rank_word,
    split_column,
)


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
                flat = flatten(value)
                found.append(_spelled_out(flat) if STEP_OF_LENGTH in flat else flat)
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
    keys = tuple(record)
    return frozenset(keys[i] for i in metric_columns(keys, step) if number(record[keys[i]]) is not None)


class Shape(msgspec.Struct):
    """Records with the same keys: their rows, the lines they stood on, and what the keys are."""

    keys: tuple[str, ...]
    step: int | None
    wall: int | None
    epoch: int | None
    rank: int | None
    split: int | None
    named: int | None
    metrics: list[int]
    length: int | None
    iterates: bool
    rows: list[list[Any]] = msgspec.field(default_factory=list)
    lines: list[int] = msgspec.field(default_factory=list)
    columns: list[tuple[Any, ...]] = msgspec.field(default_factory=list)
    steps: IntArray = msgspec.field(default_factory=lambda: np.empty(0, dtype=np.int64))
    placed: Any = None
    own: Any = None

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
            metric_columns(keys, step),
            length_column(keys, step),
            "iter" in keys,
        )


class JsonRows:
    """One file's records between two looks. Feed it what is new; ``series()`` gives the points."""

    def __init__(self, file: str, state: Mapping[str, Any]) -> None:
        self.notes = LineNotes(file)
        self.frame = Frame.of(state)
        self.epoch: float | None = None
        self.length: int | None = None
        self._mmcv = file.endswith(".log.json")
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
            if STEP_OF_LENGTH in record:
                record = _spelled_out(record)
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
        written = shape.columns[shape.step]
        found = [(floor if shape.step == shape.epoch else whole)(value) for value in written]
        shape.placed = np.array([value is not None for value in found])
        for i in np.flatnonzero(~shape.placed).tolist():
            name = shape.keys[shape.step]
            self.notes.line(shape.lines[i], f"{name} is no whole number, skipped", "log an integer step")
        shape.steps = np.array([value or 0 for value in found], dtype=np.int64)
        shape.own = shape.placed & ~self._follow(shape)

    def _follow(self, shape: Shape) -> Any:
        """Which rows are of validation, whose counter is not the training's: mmcv counts its images there,
        MMEngine its epochs."""
        if shape.iterates and shape.epoch is not None and plain(shape.keys[shape.step or 0]) == "step":
            self._places["iterates"] = True
        if self._mmcv and shape.split is not None and shape.iterates:
            return np.array(
                [split_of(str(word)) not in (None, "train") for word in shape.columns[shape.split]]
            )
        later = not shape.iterates and shape.epoch is None and self._places.get("iterates", False)
        return np.full(len(shape.lines), later)

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
        self._go_along(shapes)

    def _go_along(self, shapes: list[Shape]) -> None:
        """Rows of validation stand at the step of the training row before them."""
        own = [shape for shape in shapes if shape.own.any()]
        lines = np.concatenate([np.array(shape.lines)[shape.own] for shape in own] or [np.empty(0, np.int64)])
        steps = np.concatenate([shape.steps[shape.own] for shape in own] or [np.empty(0, np.int64)])
        order = np.argsort(lines)
        lines, steps = lines[order], steps[order]
        for shape in shapes:
            rows = np.flatnonzero(shape.placed & ~shape.own)
            for row in rows.tolist():
                at = int(np.searchsorted(lines, shape.lines[row])) - 1
                shape.steps[row] = steps[at] if at >= 0 else self._places.get("train", shape.steps[row])
        if len(steps):
            self._places["train"] = int(steps[-1])

    def _gather(self, shape: Shape) -> None:
        """The rows of one shape, column by column."""
        columns, steps, placed = shape.columns, shape.steps, shape.placed
        if placed is None or not placed.any():
            return
        lines = np.array(shape.lines, dtype=np.int64)
        clock = walls(columns[shape.wall]) if shape.wall is not None else np.full(len(lines), np.nan)
        if shape.epoch is not None:
            epochs = column(columns[shape.epoch])[placed]
            if np.isfinite(epochs).any():
                greatest = float(epochs[np.isfinite(epochs)].max())
                self.epoch = greatest if self.epoch is None else max(self.epoch, greatest)
        if shape.length is not None:
            self._plan(column(columns[shape.length])[placed], steps[placed])
        whose = _owners(shape, columns)
        for index in shape.metrics:
            values, present = numbers(columns[index])
            points, there = Points(steps, clock, values), present & placed
            for owner, rows in whose:
                theirs = np.flatnonzero(there) if rows is None else rows[there[rows]]
                if len(theirs):
                    self._add(owner.tag(shape.keys[index]), lines, points, theirs)

    def _plan(self, lengths: FloatArray, steps: IntArray) -> None:
        """A number of steps that each row repeats, and that none is past, is the planned one."""
        first = lengths[0]
        if (lengths == first).all() and 0 < first < 2**53 and first >= steps.max():
            self.length = int(first)

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
        lines = np.concatenate([np.array(shape.lines)[shape.own] for shape in shapes])
        self._order = np.argsort(lines)
        self.lines: IntArray = lines[self._order]
        self.steps: IntArray = np.concatenate([shape.steps[shape.own] for shape in shapes])[self._order]
        epochs = [column(shape.columns[shape.epoch or 0])[shape.own] for shape in shapes]
        self.epochs: FloatArray = np.concatenate(epochs)[self._order]

    def give(self, steps: IntArray) -> None:
        """The steps of the rows, back to where they came from."""
        back = np.empty_like(steps)
        back[self._order] = steps
        at = 0
        for shape in self._shapes:
            shape.steps[shape.own] = back[at : at + int(shape.own.sum())]
            at += int(shape.own.sum())


def _owners(shape: Shape, columns: Sequence[Sequence[Any]]) -> list[tuple[RowPrefix, Any]]:
    """Whose rows these are; None: all of them."""
    places = (shape.rank, shape.split, shape.named)
    if places == (None, None, None):
        return [(NOBODY, None)]
    nothing = [None] * len(shape.rows)
    told = zip(*(nothing if place is None else columns[place] for place in places), strict=True)
    word = "" if shape.rank is None else rank_word(shape.keys[shape.rank])
    return list(groups([owner_of(rank, split, name, word) for rank, split, name in told]))


def _spelled_out(record: Mapping[str, Any]) -> dict[str, Any]:
    """ms-swift's ``"global_step/max_steps": "195/300"`` as two numbers."""
    done, _, planned = str(record[STEP_OF_LENGTH]).partition("/")
    rest = {key: value for key, value in record.items() if key != STEP_OF_LENGTH}
    if not (done.isdecimal() and planned.isdecimal()) or len(done) + len(planned) > 36:
        return rest
    return {"global_step": int(done), "max_steps": int(planned), **rest}


def read_records(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """What is new in a growing file of JSON lines, as points by key."""
    try:
        tail = read_tail(source, cursor)
    except OSError as error:
        return failed(source, cursor, error)
    records = JsonRows(source.file, tail.state)
    consumed = records.feed(tail.data, final and not tail.more)
    operations: list[Operation] = [Replace()] if tail.rewritten else []
    operations += [Append(claim.tag_prefix + tag, points) for tag, points in records.series().items()]
    if records.epoch is not None:
        operations.append(Epoch(records.epoch))
    if records.length is not None:
        operations.append(Length(records.length))
    return Reading(
        {claim.run_id: operations} if operations else {},
        tail.cursor(consumed, records.state()),
        records.notes.problems(),
        tail.more,
    )
