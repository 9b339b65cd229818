"""Other people's SQLite files, read from a private copy: their directory is never written to or locked.

``mode=ro`` would create a ``-shm`` beside a file in WAL mode, ``immutable=1`` would miss what is only in the
WAL. So the file is copied with its ``-wal`` and ``-journal``, and SQLite recovers the copy."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from msgspec.structs import replace

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Operation
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile, failed
from runwatch.system.files import Opened
from runwatch.text.units import plural

SIZE = 1024 * limits.MIB
MAGIC = b"SQLite format 3\0"
MOST_ROWS = 10_000_000
SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")
WAL = "-wal"

CELL = limits.MIB
"""The largest cell that is loaded."""
_COMPANIONS = ("", WAL, "-journal")
_TRIES = 5
_CHUNK = 1 * limits.MIB
_IN_MEMORY = 32 * limits.MIB
_SIGHT = 256 * limits.KIB
_TABLE = re.compile(rb"CREATE TABLE [\"'`\[]?(\w{1,64})")
_OPCODES_A_CALL, _CALLS = 1_000_000, 500


class Busy(sqlite3.OperationalError):
    """The file was written to each time we copied it: look again later."""


def names(listing: Listing) -> list[str]:
    """The SQLite files of a folder."""
    databases = [name for name in listing.files if name.endswith(SUFFIXES)]
    return [name for name in databases if listing.head(name, len(MAGIC)) == MAGIC]


def claims(
    listing: Listing, reader: str, format_: str, tables: Set[str], word: str = "\n"
) -> Iterable[Claim]:
    """A claim for many runs on each SQLite file here that has all of ``tables``, or ``word`` in its name."""
    for name in names(listing):
        if word in name.lower() or tables_in_sight(listing, name) >= tables:
            wal = listing.files.get(name + WAL)
            own = [name, name + WAL] if wal is not None and wal.size else [name]
            files = tuple(map(listing.join, own))  # whose change means that the database changed
            yield Claim(reader, format_, files[0], files, priority=60, role="many")


def tables_in_sight(listing: Listing, name: str) -> frozenset[str]:
    """The tables whose definitions stand near the start of the file or of its WAL."""
    sight = listing.head(name, _SIGHT)
    if name + WAL in listing.files:
        sight += listing.head(name + WAL, _SIGHT)
    return frozenset(match.decode("ascii", "replace") for match in _TABLE.findall(sight))


@contextmanager
def opened(source: SourceFile) -> Iterator[sqlite3.Connection]:
    """A connection to a private copy of the database that ``source`` (it or its WAL) belongs to.

    Raises sqlite3.Error (Busy is one), OSError, ValueError (too large). A query that runs away is
    interrupted."""
    path = source.path.removesuffix(WAL)
    folder = tempfile.mkdtemp(prefix="runwatch-", dir=_place(path))
    try:
        copy = os.path.join(folder, "copy.db")
        _copy(path, copy)
        with closing(sqlite3.connect(copy, timeout=0, isolation_level=None)) as connection:
            connection.text_factory = _text
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL)
            calls = iter(range(_CALLS))
            connection.set_progress_handler(lambda: next(calls, None) is None, _OPCODES_A_CALL)
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read(source: SourceFile, cursor: Cursor | None, rows: Callable[[sqlite3.Connection], Reading]) -> Reading:
    """What ``rows`` finds in the database; why there is nothing, when it cannot be read."""
    try:
        with opened(source) as connection:
            return rows(connection)
    except Busy:
        busy = Problem(source.file, None, "busy, will retry", "it is read again when it changes")
        return Reading({}, replace(cursor or Cursor(), stat=None), (busy,))
    except sqlite3.Error as error:
        return failed(source, cursor, ValueError(str(error)), "it is read again when it changes")
    except ValueError as error:
        return failed(source, cursor, error)


class QueryRows(NamedTuple):
    """Rows whose first column is their number; ``last``: of the last that was looked at; ``large``: how many
    were passed over for a cell past the limit."""

    found: list[tuple[Any, ...]]
    last: int
    large: int


def rows(
    connection: sqlite3.Connection, select: str, table: str, after: int = -(2**63), most: int = MOST_ROWS
) -> QueryRows:
    """The rows of ``select ... WHERE rowid > ? ORDER BY rowid LIMIT ?``; one with a cell past the limit is
    refused by its size, before it is loaded, and the rest is read."""
    result: list[tuple[object, ...]] = []
    large = 0
    while len(result) + large < most:
        try:
            for row in connection.execute(select, (after, most - len(result) - large)):
                result.append(row)
                after = row[0]
            break
        except sqlite3.DataError:
            next_row = f"SELECT rowid FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT 1"
            at = connection.execute(next_row, (after,)).fetchone()
            if at is None:
                break
            alone = _row_alone(connection, select, after)
            result += alone
            after, large = at[0], large + (not alone)
    return QueryRows(result, after, large)


def _row_alone(connection: sqlite3.Connection, select: str, after: int) -> list[tuple[Any, ...]]:
    """The next row, [] where it is the one past the limit: Python's cursor is a row ahead, and with the error
    it loses the row before as well."""
    try:
        return connection.execute(select, (after, 1)).fetchall()
    except sqlite3.DataError:
        return []


class StorePass:
    """One reading of an open database of many runs: what is said of each (``by_run``), what the cursor has to
    remember (``state``), how many rows were passed over for a cell past the limit (``large``)."""

    def __init__(self, connection: sqlite3.Connection, source: SourceFile, cursor: Cursor | None) -> None:
        self.db, self.source = connection, source
        self.state: JsonDict = {} if cursor is None else dict(cursor.state)
        self.prefix = source.file.removesuffix(WAL) + "#"
        self.by_run: dict[str, list[Operation]] = {}
        self.large = 0

    def add(self, run: str, *operations: Operation) -> None:
        if operations:
            self.by_run.setdefault(self.prefix + run, []).extend(operations)

    def rows(self, select: str, table: str, after: int = -(2**63), most: int = MOST_ROWS) -> QueryRows:
        """As the function ``rows``."""
        got = rows(self.db, select, table, after, most)
        self.large += got.large
        return got

    def mark(self, select: str, row: int) -> int:
        """What the row of that number says, as a checksum: it tells a database that was made anew."""
        newest = self.db.execute(select, (row,)).fetchone()
        return zlib.crc32(repr(newest).encode("utf-8", "backslashreplace"))

    def reading(self, more: bool = False, *problems: Problem) -> Reading:
        cursor = Cursor(offset=self.source.stat.size, stat=self.source.stat, state=self.state)
        if self.large:
            message = f"{plural(self.large, 'row')} with a name or a value above 1 MiB, skipped"
            problems += (Problem(self.source.file, None, message, "keep large values in files of their own"),)
        return Reading(self.by_run, cursor, problems, more)


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The columns of a real table; none for a view, a virtual table, or nothing of that name."""
    row = connection.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if row is None or row[0] != "table" or not str(row[1]).upper().startswith("CREATE TABLE"):
        return frozenset()
    return frozenset(str(info[1]) for info in connection.execute(f'PRAGMA table_info("{table}")'))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _place(path: str) -> str | None:
    """Small copies go to the user's runtime directory (memory), large ones to the temporary directory."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    small = sum(size for _, _, size, _ in filter(None, _file_states(path))) <= _IN_MEMORY
    return runtime if small and os.path.isdir(runtime) and os.access(runtime, os.W_OK) else None


def _copy(path: str, copy: str) -> None:
    for _ in range(_TRIES):
        before = _file_states(path)
        for companion, known in zip(_COMPANIONS, before, strict=True):
            if known is not None:
                _copy_file(path + companion, copy + companion)
            elif os.path.exists(copy + companion):
                os.unlink(copy + companion)
        if before[0] is not None and _file_states(path) == before:
            return
    raise Busy("it is being written to")


def _file_states(path: str) -> list[tuple[int, int, int, int] | None]:
    states: list[tuple[int, int, int, int] | None] = []
    for companion in _COMPANIONS:
        try:
            stat = os.stat(path + companion)
            states.append((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except FileNotFoundError:
            states.append(None)
    return states


def _copy_file(path: str, copy: str) -> None:
    try:
        original = Opened(path)
    except FileNotFoundError:
        return
    with original:
        if original.stat.size > SIZE:
            raise ValueError(f"larger than {SIZE // limits.MIB} MiB")
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(target, "wb", buffering=0) as out:
            at = 0
            while at < SIZE and (part := original.pread(_CHUNK, at)):
                out.write(part)
                at += len(part)
