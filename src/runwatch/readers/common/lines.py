"""Lines of a growing file: framed in blocks, numbered, the torn tail left for the next look."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, Tail, read_tail
from runwatch.readers.common.bounded_json import parse_line
from runwatch.text.units import plural

BLOCK = limits.LINE


class LineNotes(msgspec.Struct):
    """The problems of one file and read: at most ``limits.PROBLEMS``, and one that counts the rest."""

    file: str
    found: list[Problem] = msgspec.field(default_factory=list)
    more: int = 0

    def line(self, number: int, message: str, hint: str = "") -> None:
        self.add(f"line {number}", message, hint)

    def add(self, where: str | None, message: str, hint: str = "") -> None:
        if len(self.found) < limits.PROBLEMS:
            self.found.append(Problem(self.file, where, message, hint))
        else:
            self.more += 1

    def problems(self) -> tuple[Problem, ...]:
        if not self.more:
            return tuple(self.found)
        hint = "fix the problems above first"
        return (*self.found, Problem(self.file, None, plural(self.more, "further problem"), hint))


class Frame(msgspec.Struct):
    """How far the lines of a file were taken."""

    line: int = 0
    """Complete lines so far."""
    skipping: bool = False
    """Inside a line past the limit."""
    taken: int | None = None
    """The CRC-32 of an unterminated last line that was read all the same."""

    @staticmethod
    def of(state: JsonMapping) -> Frame:
        return Frame(state.get("line", 0), state.get("skipping", False), state.get("taken"))

    def state(self) -> JsonDict:
        return {"line": self.line, "skipping": self.skipping, "taken": self.taken}

    def consumable(self, data: bytes, notes: LineNotes) -> int:
        """How many bytes of ``data`` can be taken for good: up to the last newline, or all of a line that is
        already past the limit."""
        end = data.rfind(b"\n") + 1
        if len(data) - end <= limits.LINE and not (self.skipping and end == 0):
            return end
        if not (self.skipping and end == 0):
            newlines = data.count(b"\n", 0, end)
            notes.line(self.line + newlines + 1, _LONG, _LONG_HINT)
        return len(data)

    def blocks(self, data: bytes, notes: LineNotes) -> Iterator[tuple[int, bytes]]:
        """Blocks of whole lines of ``data[:consumable]`` with the number of lines before each; a line past
        the limit is left out, with a problem."""
        at = 0
        while at < len(data):
            stop = data.rfind(b"\n", at, at + BLOCK) + 1
            if self.skipping or stop == 0:
                stop = data.find(b"\n", at) + 1
                if stop == 0:
                    self.skipping = True
                    return
                if not self.skipping:
                    notes.line(self.line + 1, _LONG, _LONG_HINT)
                self.skipping = False
                self.line += 1
            else:
                block = data[at:stop]
                before = self.line
                self.line += block.count(b"\n")
                yield before, block
            at = stop

    def rest(self, data: bytes, final: bool) -> bytes:
        """The unterminated last line, ended, when it is to be read now and was not read before."""
        if not final or not data or self.skipping:
            self.taken = None if not final else self.taken
            return b""
        crc = zlib.crc32(data)
        if crc == self.taken:
            return b""
        self.taken = crc
        return data + b"\n"


class NewRows(msgspec.Struct, eq=False):
    """The new lines of a file that grows, for readers whose lines are few. ``rewritten``: what the file said
    before is void; ``state``: the reader's own memory, kept in the cursor beside the frame's."""

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


def read_rows(source: SourceFile, cursor: Cursor | None, final: bool) -> NewRows:
    """The lines of ``source`` since ``cursor``; with ``final`` an unterminated last one. Raises OSError."""
    tail = read_tail(source, cursor)
    frame, notes = Frame.of(tail.state.get("frame", {})), LineNotes(source.file)
    consumed = frame.consumable(tail.data, notes)
    blocks = list(frame.blocks(tail.data[:consumed], notes))
    rest = frame.rest(tail.data[consumed:], final and not tail.more)
    if rest:
        blocks.append((frame.line, rest))
    state = {key: value for key, value in tail.state.items() if key != "frame"}
    return NewRows(
        tail.rewritten,
        more=tail.more and consumed > 0,
        notes=notes,
        state=state,
        _tail=tail,
        _frame=frame,
        _blocks=blocks,
        _consumed=consumed,
    )


def take_json(
    lines: Iterable[tuple[int, bytes]],
    notes: LineNotes,
    take: Callable[[Any], None],
    message: str,
    hint: str = "it may be half written",
) -> None:
    """Hand the values of numbered lines of JSON to ``take``; one that is none, or whose fields are missing or
    strange to ``take``, is a problem."""
    for number, line in lines:
        if line.strip():
            try:
                take(parse_line(line.decode("utf-8", "backslashreplace")))
            except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
                notes.line(number, message, hint)


_LONG = f"line longer than {limits.LINE // limits.MIB} MiB, skipped"
_LONG_HINT = "log numbers, not blobs"
