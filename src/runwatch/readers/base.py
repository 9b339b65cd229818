"""What every reader shares: the protocol, claims, the cursor, and safe opening of files.

A reader is a module (or an object) with ``NAME``, ``claim`` and ``read``:

``claim(listing) -> iterable of Claim``
    Which files of this folder it understands, for which run. Pure: looks at names, sizes and first bytes
    of this folder and its neighbours only. Called again whenever the folder or a neighbour changes. With a
    tuple ``LOOKS_FOR`` of lower-case names ("run.json", "*.csv", "results*") only where a file or folder of
    such a name (in any case) is in the folder.
``read(claim, source, cursor, final) -> Reading``
    What is new in one file of a claim since ``cursor`` (None: from the start), as operations by run id.
    Never raises for bad content: what cannot be read becomes a ``Problem`` and the rest is read. OSError,
    where the file itself cannot be opened, is put into words by the caller (``failed``).
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.operations import Operation
from runwatch.domain.run import Problem
from runwatch.domain.tree import FileStat, Folder
from runwatch.readers import limits
from runwatch.system.files import NotRegular, Opened, TooLarge

Role = Literal["run", "part", "lonely", "many", "unread"]


class Layout(msgspec.Struct, frozen=True):
    """What a person says of the columns of a log of their own; "" and (): as usual names tell."""

    step: str = ""
    """The name of the step's column."""
    wall: str = ""
    """The name of the clock's column."""
    metrics: tuple[str, ...] = ()
    """Names; ``*`` matches any part."""


class Claim(msgspec.Struct, frozen=True):
    """Files that one reader understands as (a part of) one run."""

    reader: str
    format: str
    """The word shown in ``formats``; "" for side files, which are not listed."""
    run_id: str
    files: tuple[str, ...]
    tag_prefix: str = ""
    priority: int = 50
    """A file claimed twice goes to the higher one (frameworks 50, plain CSV/JSONL 10, console 5)."""
    supersedes: frozenset[str] = frozenset()
    """Formats that repeat this claim's numbers, hidden once this claim has got as far as they."""
    exclusive: bool = False
    """Its files repeat each other: the greatest ``Rank`` counts."""
    role: Role = "run"
    """"run" makes a run; "part" joins one that others make; "lonely" makes one only where no other run is at
    or below the folder; "many": one file holds many runs, whose ids ``read`` gives; "unread": so does it, but
    all that ``read`` gives is a problem."""
    layout: Layout | None = None
    """What the configuration says of the columns."""

    @property
    def names_runs(self) -> bool:
        """Whether ``read`` tells which runs there are."""
        return self.role in ("many", "unread")

    @property
    def identity(self) -> str:
        """What stays the same while the claim's files grow in number."""
        layout = () if self.layout is None else (repr(self.layout),)
        return "\0".join((self.reader, self.format, self.run_id, self.tag_prefix, *layout))


class Cursor(msgspec.Struct, frozen=True):
    """Where reading stopped in one file, and by what we know the file again: the first ``head[0]`` bytes and
    the ``near[0]`` bytes before ``offset`` still have the CRC-32s that they had (the same inode is given
    again to new files)."""

    offset: int = 0
    head: tuple[int, int] = (0, 0)
    """(bytes, CRC-32)."""
    near: tuple[int, int] = (0, 0)
    """(bytes, CRC-32)."""
    stat: FileStat | None = None
    """What the file looked like then."""
    state: JsonMapping = msgspec.field(default_factory=dict)
    """The reader's own memory, JSON-able."""

    def to_json(self) -> JsonDict:
        values: JsonDict = to_plain(self)
        return values

    @staticmethod
    def from_json(data: JsonMapping) -> Cursor:
        return from_plain(Cursor, data)


class SourceFile(msgspec.Struct, frozen=True):
    """One file to read."""

    root: str
    """Absolute."""
    file: str
    """Relative to the root."""
    stat: FileStat
    """As the walk saw it."""

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.file)

    @staticmethod
    def now(root: str, file: str) -> SourceFile:
        """As it is now. Raises OSError."""
        with Opened(os.path.join(root, file)) as opened:
            return SourceFile(root, file, opened.stat)

    def beside(self, name: str) -> str:
        """The path, relative to the root, of another file in its folder."""
        return os.path.join(os.path.dirname(self.file), name)

    def other(self, file: str, most: int) -> bytes:
        """The first bytes of another file, given relative to the root; b"" where it cannot be read."""
        try:
            with Opened(os.path.join(self.root, file)) as opened:
                return opened.pread(most, 0)
        except OSError:
            return b""


class Reading(msgspec.Struct, frozen=True, eq=False):
    """What is new."""

    operations: Mapping[str, Sequence[Operation]]
    """By run id, in order."""
    cursor: Cursor
    problems: tuple[Problem, ...] = ()
    more: bool = False
    """Call again: a slice limit was reached."""
    again: bool = False
    """The system gave an error that may pass: try once more though the file does not change."""

    @staticmethod
    def of(
        claim: Claim,
        operations: Sequence[Operation],
        cursor: Cursor,
        problems: Iterable[Problem] = (),
        more: bool = False,
    ) -> Reading:
        """What is new of a claim that is (a part of) one run."""
        return Reading({claim.run_id: operations} if operations else {}, cursor, tuple(problems), more)


class Reader(Protocol):
    NAME: str

    def claim(self, listing: Listing) -> Iterable[Claim]: ...

    def read(
        self, claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False
    ) -> Reading: ...


class Listing:
    """A folder as ``claim`` sees it: names, sizes, neighbours and first bytes.

    ``head`` reads are remembered for one pass only. ``refused``: the files that may not be read, and why."""

    __slots__ = ("_folder", "_heads", "_root", "refused")

    def __init__(
        self,
        folder: Folder,
        root: str,
        heads: dict[str, bytes] | None = None,
        refused: dict[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._root = root
        self._heads = {} if heads is None else heads
        self.refused: dict[str, str] = {} if refused is None else refused

    @property
    def path(self) -> str:
        """Relative to the root; "." for the root itself."""
        return self._folder.path

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def files(self) -> Mapping[str, FileStat]:
        return self._folder.files

    @property
    def folders(self) -> Iterable[str]:
        return self._folder.folders.keys()

    @property
    def parent(self) -> Listing | None:
        above = self._folder.parent
        return None if above is None else Listing(above, self._root, self._heads, self.refused)

    def child(self, name: str) -> Listing | None:
        below = self._folder.folders.get(name)
        return None if below is None else Listing(below, self._root, self._heads, self.refused)

    def numbered(self, pattern: re.Pattern[str]) -> list[tuple[int, Listing]]:
        """The folders in here whose whole names match, by the number that is the pattern's first group."""
        pairs = ((match, self.child(name)) for name in self.folders if (match := pattern.fullmatch(name)))
        found = [(int(match[1]), child) for match, child in pairs if child is not None]
        return sorted(found, key=lambda pair: pair[0])

    def join(self, name: str) -> str:
        """The path, relative to the root, of something in this folder."""
        return self._folder.join(name)

    def head(self, name: str, size: int = limits.HEAD) -> bytes:
        """The first bytes of a file here; b"" if it cannot be read, or is none that the walk has seen."""
        if name not in self._folder.files:
            return b""
        most = max(size, limits.HEAD)
        return self._bytes(name if most == limits.HEAD else f"{name}\0{-most}", name, most, 0)[:size]

    def tail(self, name: str) -> bytes:
        """The last bytes of a file here; b"" if it cannot be read. For the few files whose end decides."""
        return self._bytes(f"{name}\0", name, limits.TAIL, -limits.TAIL)

    def _bytes(self, key: str, name: str, size: int, at: int) -> bytes:
        """What is remembered as ``key``, or ``size`` bytes ``at`` there (below 0: from the end)."""
        key, file = self.join(key), self.join(name)
        if key not in self._heads:
            try:
                with Opened(os.path.join(self._root, file)) as opened:
                    self._heads[key] = opened.pread(size, at if at >= 0 else max(opened.stat.size + at, 0))
            except OSError as error:
                self._heads[key] = b""
                if not isinstance(error, (FileNotFoundError, NotRegular)):
                    self.refused[file] = error.strerror or str(error)
        return self._heads[key]

    def below(self, path: str, ending: str = "", depth: int = 16) -> Iterator[str]:
        """The files in this folder and those below it, under ``path``."""
        yield from (path + name for name in sorted(self.files) if name.endswith(ending))
        for name in sorted(self.folders):
            inner = self.child(name)
            if inner is not None and depth > 0:
                yield from inner.below(f"{path}{name}/", ending, depth - 1)


class Tail(msgspec.Struct, frozen=True):
    """New bytes of an append-only file."""

    data: bytes
    start: int
    """The offset of ``data[0]``."""
    rewritten: bool
    """The file is not the one that the cursor knew: ``data`` starts at 0, and what it said before is void."""
    more: bool
    """There are bytes past this slice."""
    state: JsonMapping
    """The cursor's reader state, {} when rewritten."""
    _known: FileStat
    _head: bytes
    _before: bytes

    def cursor(self, consumed: int, state: Mapping[str, object] | None = None) -> Cursor:
        """The cursor after ``consumed`` bytes of ``data`` were understood."""
        offset = self.start + consumed
        near = (
            (self._before + self.data[:consumed])[-_NEAR:]
            if consumed < _NEAR
            else self.data[consumed - _NEAR : consumed]
        )
        head = self._head[: min(offset, _HEAD)]
        return Cursor(
            offset,
            head=(len(head), zlib.crc32(head)),
            near=(len(near), zlib.crc32(near)),
            stat=self._known,
            state=self.state if state is None else state,
        )


_HEAD, _NEAR = 1024, 64


def read_tail(source: SourceFile, cursor: Cursor | None, limit: int = limits.SLICE) -> Tail:
    """What was appended to ``source`` since ``cursor``, at most ``limit`` bytes; the whole file from 0 when
    it was truncated, replaced or rotated. Raises OSError (NotRegular too)."""
    with Opened(source.path) as opened:
        size = opened.stat.size
        before, head = b"", b""
        rewritten = False
        if cursor is not None and cursor.offset:
            head = opened.pread(min(_HEAD, size), 0)
            before = opened.pread(cursor.near[0], cursor.offset - cursor.near[0])
            same = (
                zlib.crc32(head[: cursor.head[0]]) == cursor.head[1] and zlib.crc32(before) == cursor.near[1]
            )
            rewritten = size < cursor.offset or not same
        known = 0 if cursor is None or rewritten else cursor.offset
        start = opened.past_hole(known, limit)
        if start == size > known:
            start = size = known  # what may be written there is still to come
        data = opened.pread(min(limit, max(size - start, 0)), start)
        if not known:
            whole = start == 0 and len(data) >= min(_HEAD, size)
            head = data[:_HEAD] if whole else opened.pread(min(_HEAD, size), 0)
        state = {} if cursor is None or rewritten else cursor.state
        more = start + len(data) < size
        before = b"" if rewritten or start != known else before
        return Tail(
            data,
            start=start,
            rewritten=rewritten,
            more=more,
            state=state,
            _known=opened.stat,
            _head=head,
            _before=before,
        )


class WholeDocument(msgspec.Struct, frozen=True):
    """A file that is rewritten whole, as it is now, and the cursor to keep once it was understood."""

    data: bytes
    cursor: Cursor


def read_document(
    source: SourceFile, cursor: Cursor | None, limit: int = limits.DOCUMENT
) -> WholeDocument | None:
    """The whole of ``source``, or None when nothing changed since ``cursor``. Raises OSError, and
    ValueError (with the limit in its text) when it is larger than ``limit`` bytes."""
    with Opened(source.path) as opened:
        if opened.stat.size > limit:
            raise ValueError(f"larger than {limit // limits.MIB} MiB")
        data = opened.pread(opened.stat.size, 0)
        near = (len(data), zlib.crc32(data))
        if cursor is not None and cursor.near == near:
            return None
        state = {} if cursor is None else cursor.state
        return WholeDocument(data, Cursor(len(data), head=(0, 0), near=near, stat=opened.stat, state=state))


def unchanged(source: SourceFile, cursor: Cursor | None) -> Reading:
    """Nothing new."""
    return Reading({}, replace(cursor or Cursor(), stat=source.stat))


def failed(source: SourceFile, cursor: Cursor | None, error: Exception, hint: str = "") -> Reading:
    """The file could not be opened or is past a limit: one problem, and nothing new. After an error that may
    pass, the cursor knows no ``stat``: the file, which does not change with it, is read again."""
    if isinstance(error, NotRegular):
        problem = Problem(source.file, None, "not a regular file, skipped", "remove it, or log to a file")
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        problem = Problem(source.file, None, f"cannot be read: {reason}", hint or "check its permissions")
    else:
        problem = Problem(source.file, None, f"cannot be read: {error}", hint or "split it, or log less")
    passing = isinstance(error, OSError) and not isinstance(error, NotRegular | TooLarge | FileNotFoundError)
    now = replace(cursor or Cursor(), stat=None if passing else source.stat)
    return Reading({}, now, (problem,), again=passing)


def whole_lines(data: bytes, final: bool) -> tuple[list[bytes], int]:
    """The complete lines of ``data`` (without ``\\n`` and ``\\r``) and how many bytes they took; with
    ``final`` an unterminated last line counts."""
    end = len(data) if final else data.rfind(b"\n") + 1
    if end == 0:
        return [], 0
    lines = data[:end].split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines], end
