"""Rows that a file adds one after another, as points by tag: shared by tables and JSON lines.

A parser makes blocks of rows with the same columns; here it is decided which step each row has (a counter
that begins again in each epoch goes on, epochs in fractions are counted, validation stands at its training
row), whose row it is, and what its tags are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Append, EpochAt, Length, Operation, Replace
from runwatch.domain.points import FloatArray, IntArray, Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Layout, Reading, Tail
from runwatch.readers.common.cells import BoolArray
from runwatch.readers.common.column_names import (
    WEAK_STEP_KEYS,
    index_key,
    length_column,
    metric_columns,
    plain,
    ranked,
    step_key,
    wall_key,
)
from runwatch.readers.common.epoch_steps import FRACTIONS, Epochs, Iterations
from runwatch.readers.common.lines import Frame, LineNotes
from runwatch.readers.common.row_prefixes import (
    FOLD,
    NOBODY,
    Ranks,
    RowPrefix,
    groups,
    name_column,
    owner_of,
    rank_column,
    rank_word,
    split_column,
)

_Number = TypeVar("_Number", np.int64, np.float64)


class Roles(msgspec.Struct):
    """What the columns of some rows are: places in ``names``."""

    names: Sequence[str]
    step: int | None
    epoch: int | None
    wall: int | None
    rank: int | None
    split: int | None
    named: int | None
    length: int | None
    metrics: list[int]

    @staticmethod
    def of(names: Sequence[str], by_rank: bool = True, layout: Layout | None = None) -> Roles:
        """By the usual names, or as ``layout`` says. ``by_rank``: a column may tell the rank (the file's own
        name does not)."""
        step, wall = step_key(names) or index_key(names), wall_key(names)
        metrics: list[int] | None = None
        if layout is not None:
            step = layout.step if layout.step in names else None if layout.step else step
            wall = layout.wall if layout.wall in names else None if layout.wall else wall
            if layout.metrics:
                metrics = [i for i, name in enumerate(names) if _is_named(name, layout.metrics)]
        return Roles(
            names,
            step=None if step is None else names.index(step),
            epoch=next((i for i, name in enumerate(names) if plain(name) == "epoch"), None),
            wall=None if wall is None else names.index(wall),
            rank=rank_column(names) if by_rank else None,
            split=split_column(names),
            named=name_column(names),
            length=length_column(names, step),
            metrics=metric_columns(names, step) if metrics is None else metrics,
        )


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


class RowBlock(Protocol):
    """Rows with the same columns."""

    roles: Roles
    lines: IntArray
    """The number of each row's line, rising."""
    steps: IntArray
    """As written."""
    placed: BoolArray
    """Which rows have one."""
    follows: BoolArray | None
    """Those whose counter is not the training's (None: none)."""

    def numbers(self, column: int) -> tuple[FloatArray, BoolArray]:
        """A column's numbers, and where there are any."""

    def words(self, column: int) -> Sequence[object]:
        """A column's words (and numbers)."""

    def clock(self, column: int) -> FloatArray:
        """A column's moments, in seconds since the epoch."""


class _RowPositions(NamedTuple):
    """Where the points of some rows stand; one object for all columns that are filled."""

    lines: IntArray
    steps: IntArray
    walls: FloatArray

    def where(self, rows: IntArray) -> _RowPositions:
        return _RowPositions(self.lines[rows], self.steps[rows], self.walls[rows])


class RowLog:
    """The rows of one file between two looks: give it blocks, then ask for ``operations``."""

    def __init__(self, notes: LineNotes, state: JsonMapping) -> None:
        self._notes = notes
        self._parts: dict[tuple[str, str], list[tuple[_RowPositions, FloatArray]]] = {}
        self._epochs: list[tuple[_RowPositions, FloatArray]] = []
        self._length: int | None = None
        self._places: JsonDict = dict(state.get("places", {}))
        self._too_many = False
        self.ranks = Ranks(state.get("ranks", {}))
        self._again: bool = state.get("again", False)

    def state(self) -> JsonDict:
        """What the cursor has to remember."""
        return {"places": dict(self._places), "ranks": self.ranks.state()}

    def take(self, blocks: Sequence[RowBlock]) -> None:
        """New rows, after all those before; the rows of the blocks may alternate."""
        placed = [block for block in blocks if block.placed.any()]
        self._go_on(placed)
        for block in placed:
            self._gather(block)

    def _go_on(self, blocks: Sequence[RowBlock]) -> None:
        """Change steps where the file's own counter is a fraction, or starts again with each epoch; rows of
        all blocks in the order of their lines."""
        counted = [block for block in blocks if block.roles.step == block.roles.epoch]
        with_epochs = [b for b in blocks if b.roles.epoch is not None and b.roles.step != b.roles.epoch]
        if with_epochs:
            rows = _InOrder(with_epochs)
            repeats = plain(with_epochs[0].roles.names[with_epochs[0].roles.step or 0]) in WEAK_STEP_KEYS
            iterations = Iterations(self._places.get("iterations", {}), repeats)
            rows.give(iterations.steps(rows.steps, rows.epochs))
            self._places["iterations"] = iterations.state()
        if counted:
            rows = _InOrder(counted)
            epochs = Epochs(self._places.get("epochs", {}))
            steps, first = epochs.steps(rows.epochs)
            rows.give(steps)
            self._places["epochs"] = epochs.state()
            if first is not None:
                self._notes.line(int(rows.lines[first]), *FRACTIONS)
        if "train" in self._places or any(block.follows is not None for block in blocks):
            self._follow(blocks)

    def _follow(self, blocks: Sequence[RowBlock]) -> None:
        """Rows of validation stand at the step of the training row before them."""
        nothing = np.empty(0, dtype=np.int64)
        own = [(block, _own(block)) for block in blocks]
        lines = np.concatenate([nothing, *(block.lines[rows] for block, rows in own)])
        steps = np.concatenate([nothing, *(block.steps[rows] for block, rows in own)])
        order = np.argsort(lines)
        lines, steps = lines[order], steps[order]
        for block, rows in own:
            for row in np.flatnonzero(block.placed & ~rows).tolist():
                at = int(np.searchsorted(lines, block.lines[row])) - 1
                block.steps[row] = steps[at] if at >= 0 else self._places.get("train", block.steps[row])
        if len(steps):
            self._places["train"] = int(steps[-1])

    def _gather(self, block: RowBlock) -> None:
        """The points of one block, column by column."""
        roles, placed = block.roles, block.placed
        walls = np.full(len(placed), np.nan) if roles.wall is None else block.clock(roles.wall)
        place = _RowPositions(block.lines, block.steps, walls)
        if roles.epoch is not None:
            epochs, known = block.numbers(roles.epoch)
            self._note_epochs(place, epochs, known & placed)
        if roles.length is not None:
            self._plan(block.numbers(roles.length)[0][placed], block.steps[placed])
        everything = bool(placed.all())
        for owner, rows in _owners(block):
            for column in roles.metrics:
                values, present = block.numbers(column)
                if rows is None and everything and present.all():
                    self._add(owner, roles.names[column], place, values)
                    continue
                mask = present & placed
                theirs = np.flatnonzero(mask) if rows is None else rows[mask[rows]]
                if len(theirs):
                    self._add(owner, roles.names[column], place.where(theirs), values[theirs])

    def _note_epochs(self, place: _RowPositions, epochs: FloatArray, known: BoolArray) -> None:
        """Of the rows of one epoch the first is enough, unless the step goes back."""
        rows = np.flatnonzero(known & np.isfinite(epochs))
        if not len(rows):
            return
        change = (np.diff(epochs[rows]) != 0) | (np.diff(place.steps[rows]) < 0)
        rows = rows[np.append(True, change)]
        self._epochs.append((place.where(rows), epochs[rows]))

    def _plan(self, lengths: FloatArray, steps: IntArray) -> None:
        """A number of steps that each row repeats, and that none is past, is the planned one."""
        first = lengths[0]
        if (lengths == first).all() and 0 < first < 2**53 and first >= steps.max():
            self._length = int(first)

    def _add(self, owner: RowPrefix, name: str, place: _RowPositions, values: FloatArray) -> None:
        rank, tag = owner.rank, owner.tag(name)
        if rank.startswith(FOLD):
            rank, tag = "", rank + tag
        if (rank, tag) in self._parts or len(self._parts) < limits.TAGS:
            self.ranks.note(rank, tag)
            self._parts.setdefault((rank, tag), []).append((place, values))
        elif not self._too_many:
            self._too_many = True
            self._notes.add(None, f"more than {limits.TAGS:,} tags, the rest is not read", "log fewer names")

    def operations(self, prefix: str) -> list[Operation]:
        """The new points by tag, each in the order of the file."""
        joined: dict[tuple[int, ...], _RowPositions] = {}
        operations: list[Operation] = [Replace()] if self._again else []
        for (rank, tag), parts in self._parts.items():
            place, values = _joined(parts, joined)
            name = prefix + self.ranks.name(rank, tag)
            operations.append(Append(name, Points(place.steps, place.walls, values), place.lines))
        if self._epochs:
            place, values = _joined(self._epochs, joined)
            operations.append(EpochAt(Points(place.steps, place.walls, values), place.lines))
        if self._length is not None:
            operations.append(Length(self._length))
        return operations


def _joined(
    parts: Sequence[tuple[_RowPositions, FloatArray]], known: dict[tuple[int, ...], _RowPositions]
) -> tuple[_RowPositions, FloatArray]:
    """One place for all parts of a tag; the same for tags that stand in the same rows."""
    if len(parts) == 1:
        return parts[0]
    key = tuple(id(place) for place, _ in parts)
    place = known.get(key)
    if place is None:
        place = known[key] = _RowPositions(
            *(np.concatenate(column) for column in zip(*(p for p, _ in parts), strict=True))
        )
    values = np.concatenate([values for _, values in parts])
    if not (place.lines[1:] >= place.lines[:-1]).all():
        order = np.argsort(place.lines, kind="stable")
        return place.where(order), values[order]
    return place, values


def _own(block: RowBlock) -> BoolArray:
    """The placed rows whose counter is the training's."""
    return block.placed if block.follows is None else block.placed & ~block.follows


class _InOrder:
    """The rows of several blocks that have a counter of the training, in the order of their lines."""

    def __init__(self, blocks: Sequence[RowBlock]) -> None:
        self._rows = [(block, _own(block)) for block in blocks]
        self._order = slice(None) if len(blocks) == 1 else np.argsort(self._of(lambda block: block.lines))
        self.lines: IntArray = self._of(lambda block: block.lines)[self._order]
        self.steps: IntArray = self._of(lambda block: block.steps)[self._order]
        self.epochs: FloatArray = self._of(_epochs)[self._order]

    def _of(self, column: Callable[[RowBlock], NDArray[_Number]]) -> NDArray[_Number]:
        return np.concatenate([column(block)[rows] for block, rows in self._rows])

    def give(self, steps: IntArray) -> None:
        """The steps of the rows, back to where they came from."""
        back = np.empty_like(steps)
        back[self._order] = steps
        at = 0
        for block, rows in self._rows:
            many = int(rows.sum())
            block.steps[rows] = back[at : at + many]
            at += many


def _epochs(block: RowBlock) -> FloatArray:
    return block.numbers(block.roles.epoch or 0)[0]


def _owners(block: RowBlock) -> list[tuple[RowPrefix, IntArray | None]]:
    """Whose rows these are; None: all of them."""
    roles = block.roles
    places = (roles.rank, roles.split, roles.named)
    if places == (None, None, None):
        return [(NOBODY, None)]
    nothing = [None] * len(block.lines)
    cells = zip(*(nothing if place is None else block.words(place) for place in places), strict=True)
    word = "" if roles.rank is None else rank_word(roles.names[roles.rank])
    return list(groups([owner_of(rank, split, name, word) for rank, split, name in cells]))


class GrowingRows:
    """A parser of one growing file, between two reads. Feed it what is new; ``log`` holds the outcome."""

    def __init__(self, file: str, state: JsonMapping, layout: Layout | None) -> None:
        self.notes = LineNotes(file)
        self.frame = Frame.of(state)
        self.log = RowLog(self.notes, state)
        self._layout = layout
        self._by_rank = not ranked(file.rpartition("/")[2].rpartition(".")[0])
        """A column may tell the rank: the file's own name does not."""

    def state(self) -> JsonDict:
        """What the cursor has to remember."""
        return self.frame.state() | self.log.state()

    def feed(self, data: bytes, final: bool) -> tuple[int, JsonDict]:
        """Read the whole lines of ``data`` (with ``final`` the last one too); how many bytes are done, and
        what the cursor has to remember."""
        size = self.frame.consumable(data, self.notes)
        for before, block in self.frame.blocks(data[:size], self.notes):
            self._block(before, block, torn=False)
        rest = self.frame.rest(data[size:], final)
        state = self.state()
        if rest:
            self._block(self.frame.line, rest, torn=True)
        return size, state

    def _block(self, before: int, block: bytes, torn: bool) -> None:
        """Take whole lines; ``before``: how many came before; ``torn``: the last may lack its end."""
        raise NotImplementedError

    def reading(self, claim: Claim, tail: Tail, final: bool, keep_history: bool = False) -> Reading:
        """What is new in ``tail``. ``keep_history``: as of ``Replace``, when the file was written anew. A
        rank that shows too late starts the reading again from the top of the file, in place of what was
        told."""
        consumed, state = self.feed(tail.data, final and not tail.more)
        if self.log.ranks.too_late:
            again = {"ranks": self.log.ranks.again(), "again": True}
            return Reading({}, Cursor(state=again), more=True)
        operations: list[Operation] = [Replace(keep_history)] if tail.rewritten else []
        operations += self.log.operations(claim.tag_prefix)
        return Reading.of(claim, operations, tail.cursor(consumed, state), self.notes.problems(), tail.more)
