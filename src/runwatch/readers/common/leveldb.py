"""Log files in the block format of LevelDB, as W&B writes them, read piece by piece.

Blocks of 32,768 bytes hold fragments ``uint32 crc, uint16 length, uint8 type, data``, little endian; the CRC
is CRC-32 (IEEE) over type and data. Source: LevelDB's log_format.md; wandb core/pkg/leveldb/record.go."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, read_tail
from runwatch.text.units import plural

BLOCK, HEADER = 32768, 7
FULL, FIRST, LAST = 1, 2, 4
START = 7
"""The bytes before the first record in the files of W&B and SwanLab: a mark, a number, a version."""
_HEAD = struct.Struct("<IHB").unpack_from
_LARGEST = limits.RECORD - 256 * limits.KIB
_DAMAGED = "the disk or a copy may have damaged the file; the records around it were read"


class Log(msgspec.Struct):
    """Whole records of a file. ``used``, ``dropping`` and ``faults`` hold once ``records()`` is used up."""

    data: bytes
    start: int
    """The byte of its file at which ``data`` begins (at its very top after ``START`` bytes)."""
    largest: int
    dropping: bool = False
    """Inside a record above ``largest`` bytes, whose rest must be dropped."""
    final: bool = False
    """Nothing more will come, so damage at the very end is told too."""
    used: int = 0
    """Bytes that are understood; a record whose end is not here yet is not among them."""
    faults: list[tuple[int, str]] = msgspec.field(default_factory=list)
    """(offset in ``data``, message)."""
    zeros: int = 0
    """Up to where nothing but zero bytes was passed last."""

    def records(self) -> Iterator[bytes]:
        at = self.used = 0 if self.start else START
        first, parts, size = 0, list[bytes](), 0
        while True:
            fragment = self._fragment(at)
            if fragment is None:
                self._pass_zeros(first if parts else at)
                break
            kind, low, at = fragment
            if kind == 0:
                parts, size, self.dropping = [], 0, False
            elif kind in (FULL, FIRST):
                first, parts, size, self.dropping = low - HEADER, [self.data[low:at]], at - low, False
            elif not self.dropping and parts:
                parts.append(self.data[low:at])
                size += at - low
            if size > self.largest:
                self.faults.append((first, f"a record is above {self.largest >> 20} MiB, skipped"))
                parts, size, self.dropping = [], 0, True
            if kind in (FULL, LAST):
                if parts:
                    yield b"".join(parts)
                parts, size, self.dropping = [], 0, False
            self.used = first if parts else at

    def _pass_zeros(self, start: int) -> None:
        """So many zero bytes from ``start`` on that no record will ever end in them are done with."""
        if self.zeros - start > self.largest:
            self.faults.append((start, "zero bytes where records should be, skipped"))
            self.used, self.dropping = self.zeros, True

    def _fragment(self, at: int) -> tuple[int, int, int] | None:
        """The fragment at or after ``at``: its type, where its data begins and where it ends; type 0 when
        damaged bytes were passed over. None: its end is not here yet."""
        while True:
            left = BLOCK - (self.start + at) % BLOCK
            if left >= HEADER and self.data[at : at + HEADER] != bytes(HEADER):
                break
            if at + left > len(self.data):
                return None
            at += left
            self.zeros = at
        if at + HEADER > len(self.data):
            return None
        crc, length, kind = _HEAD(self.data, at)
        end = at + HEADER + length
        if length > left - HEADER or not FULL <= kind <= LAST:
            return self._damaged(at, at + left)
        if end > len(self.data):
            return None
        if zlib.crc32(self.data[at + HEADER - 1 : end]) != crc:
            return self._damaged(at, end if self._sound(end) else at + left)
        return kind, at + HEADER, end

    def _damaged(self, at: int, onward: int) -> tuple[int, int, int] | None:
        if onward > len(self.data):
            if not self.final:
                return None
            onward = len(self.data)
        self.faults.append((at, "a record is damaged (wrong checksum), skipped"))
        return 0, onward, onward

    def _sound(self, at: int) -> bool:
        """Whether a whole fragment with the right checksum lies at ``at``."""
        left = BLOCK - (self.start + at) % BLOCK
        if left < HEADER:
            return True
        if at + HEADER > len(self.data):
            return False
        crc, length, kind = _HEAD(self.data, at)
        end = at + HEADER + length
        inside = length <= left - HEADER and FULL <= kind <= LAST and end <= len(self.data)
        return bool(inside and zlib.crc32(self.data[at + HEADER - 1 : end]) == crc)


class Content(Protocol):
    """What the records of a log mean. ``record`` raises ValueError for bytes that are none."""

    def record(self, data: bytes) -> None: ...

    def operations(self, prefix: str) -> list[Operation]: ...

    def state(self) -> JsonDict: ...


def read_log(
    claim: Claim,
    source: SourceFile,
    cursor: Cursor | None,
    final: bool,
    magic: bytes,
    foreign: tuple[str, str],
    make: Callable[[JsonMapping | None], Content],
) -> Reading:
    """What is new in a log whose first bytes are ``magic``. ``foreign``: message and remedy, said once, for a
    file that begins otherwise; ``make``: the content, with the state that the cursor remembers."""
    tail = read_tail(source, cursor)
    operations: list[Operation] = [Replace()] if tail.rewritten else []
    before = dict(tail.state)
    if tail.start == 0 and not tail.data.startswith(magic[: len(tail.data)]):
        problems = () if before.get("foreign") else (Problem(source.file, "byte 0", *foreign),)
        return Reading.of(claim, operations, tail.cursor(0, {"foreign": True}), problems)
    if tail.start == 0 and len(tail.data) < START:
        return Reading.of(claim, operations, tail.cursor(0))
    log = Log(
        tail.data, start=tail.start, largest=_LARGEST, dropping=bool(before.get("dropping")), final=final
    )
    content = make(before.get("content"))
    faults = []
    for record in log.records():
        try:
            content.record(record)
        except ValueError as error:
            faults.append(Problem(source.file, f"byte {log.start + log.used}", f"not a record: {error}"))
    faults += [Problem(source.file, f"byte {log.start + at}", words, _DAMAGED) for at, words in log.faults]
    operations += content.operations(claim.tag_prefix)
    state: JsonDict = {"dropping": True} if log.dropping else {}
    if after := content.state():
        state["content"] = after
    return Reading.of(claim, operations, tail.cursor(log.used, state), _few(source.file, faults), tail.more)


def _few(file: str, problems: list[Problem]) -> list[Problem]:
    rest = len(problems) - limits.PROBLEMS
    if rest <= 0:
        return problems
    more = Problem(file, None, f"{plural(rest, 'more record')} skipped", _DAMAGED)
    return [*problems[: limits.PROBLEMS], more]
