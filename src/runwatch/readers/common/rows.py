"""The new lines of an append-only file, for readers whose lines are few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Operation, Replace
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, Tail, read_tail
from runwatch.readers.common.lines import Frame, LineNotes


class RowsCursor(msgspec.Struct, eq=False):
    """``rewritten``: what the file said before is void; ``state``: the reader's own memory, kept in the
    cursor beside the frame's."""

    rewritten: bool
    more: bool
    notes: LineNotes
    state: JsonDict
    _tail: Tail
    _frame: Frame
    _blocks: list[tuple[int, bytes]]
    _consumed: int

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Line numbers from 1 and whole lines without their ends."""
        for before, block in self._blocks:
            for number, line in enumerate(block.split(b"\n")[:-1], before + 1):
                yield number, line.removesuffix(b"\r")

    def reading(self, claim: Claim, operations: Iterable[Operation]) -> Reading:
        """What these rows say, as operations; the lines must have been used up."""
        before: list[Operation] = [Replace()] if self.rewritten else []
        return Reading.of(claim, [*before, *operations], self.cursor(), self.notes.problems(), self.more)

    def cursor(self) -> Cursor:
        return self._tail.cursor(self._consumed, {**self.state, "frame": self._frame.state()})


def read_rows(source: SourceFile, cursor: Cursor | None, final: bool) -> RowsCursor:
    """The lines of ``source`` since ``cursor``; with ``final`` an unterminated last one. Raises OSError."""
    tail = read_tail(source, cursor)
    frame, notes = Frame.of(tail.state.get("frame", {})), LineNotes(source.file)
    consumed = frame.consumable(tail.data, notes)
    blocks = list(frame.blocks(tail.data[:consumed], notes))
    rest = frame.rest(tail.data[consumed:], final and not tail.more)
    if rest:
        blocks.append((frame.line, rest))
    state = {key: value for key, value in tail.state.items() if key != "frame"}
    return RowsCursor(tail.rewritten, tail.more and consumed > 0, notes, state, tail, frame, blocks, consumed)
