"""Opening a SQLite file of our own: private, migrated, never lost in silence, and in memory when need be.

With a rollback journal, not a WAL, whose shared memory is a file mapped into the process: when somebody else
cuts that short or overwrites it (a backup put back, a bad disk), a signal ends the process, and nothing here
could catch it. Nor does a WAL work on network file systems, where homes are. A commit then costs 0.6 ms, not
0.03 ms, on a local disk; we make one in two seconds at most."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from runwatch.system.files import private_folder
from runwatch.text.safe import safe

_BUSY_MS = 5000
SIDE_FILES = ("", "-wal", "-shm", "-journal")


class OpenedDatabase(msgspec.Struct):
    """A connection in autocommit mode."""

    connection: sqlite3.Connection
    notice: str = ""
    """What a person must know, "" when all is well."""
    in_memory: bool = False
    """Nothing of it lasts."""


def open_database(path: Path | None, migrations: Sequence[str]) -> OpenedDatabase:
    """The database at ``path`` (None: there is no place for one), brought to the newest version by running
    the ``migrations`` above its ``user_version``. It never raises: a broken file is renamed aside, what can
    be read of it is copied over; one that cannot be written is continued in memory."""
    if path is None:
        return _in_memory(None, migrations, "no home directory: nothing is saved; set HOME")
    try:
        return OpenedDatabase(_open(path, migrations))
    except _Newer:
        return _in_memory(
            None, migrations, f"{safe(str(path))} was written by a newer runwatch: not used; update"
        )
    except sqlite3.OperationalError as error:
        return _in_memory(path, migrations, _unwritable(path, str(error)))
    except sqlite3.DatabaseError:
        return _set_aside(path, migrations)
    except OSError as error:
        return _in_memory(path, migrations, _unwritable(path, error.strerror or str(error)))


def reopened(path: Path, migrations: Sequence[str], error: sqlite3.Error) -> OpenedDatabase | None:
    """What to go on with after ``error`` on the (closed) database at ``path``: a new file when it is broken,
    memory when it has become read-only, None when the error is one that passes (busy, disk full)."""
    if isinstance(error, sqlite3.OperationalError):
        readonly = "readonly" in str(error)
        return _in_memory(path, migrations, _unwritable(path, str(error))) if readonly else None
    broken = "malformed" in str(error) or "not a database" in str(error)
    return _set_aside(path, migrations) if broken else None


class _Newer(Exception):
    pass


def _open(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    private_folder(path.parent)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    regular = stat.S_ISREG(os.fstat(fd).st_mode)
    os.close(fd)
    if not regular:
        raise OSError("not a regular file")
    connection = _connect(str(path))
    try:
        without_wal(connection)
        _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def without_wal(connection: sqlite3.Connection) -> None:
    """Go on with a rollback journal; a file that another process holds open in WAL mode stays so for now."""
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=delete")


def _connect(name: str, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, uri=uri)
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > len(migrations):
            raise _Newer
        for number, script in enumerate(migrations[version:], version + 1):
            for statement in script.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _in_memory(path: Path | None, migrations: Sequence[str], notice: str) -> OpenedDatabase:
    connection = _connect(":memory:")
    if path is not None:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
            old.backup(connection)
    try:
        _migrate(connection, migrations)
    except (_Newer, sqlite3.Error):
        connection.close()
        connection = _connect(":memory:")
        _migrate(connection, migrations)
    return OpenedDatabase(connection, notice, in_memory=True)


def _read_only(path: Path) -> sqlite3.Connection:
    """A connection that only reads; the last resort takes the file as it is, without its journal."""
    plain = path.absolute().as_uri()
    connection = _connect(f"{plain}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        connection = _connect(f"{plain}?mode=ro&immutable=1", uri=True)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _sound(path: Path, migrations: Sequence[str]) -> sqlite3.Connection | None:
    """The database, opened again, when nothing is wrong with the file: a bad read looks like a broken one."""
    try:
        connection = _open(path, migrations)
    except (OSError, sqlite3.Error, _Newer):
        return None
    with contextlib.suppress(sqlite3.Error):
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
            return connection
    connection.close()
    return None


def _set_aside(path: Path, migrations: Sequence[str]) -> OpenedDatabase:
    if (sound := _sound(path, migrations)) is not None:
        return OpenedDatabase(sound)
    aside = _free_name(path)
    try:
        for ending in SIDE_FILES:
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{path}{ending}", f"{aside}{ending}")
        connection = _open(path, migrations)
    except (OSError, sqlite3.Error) as error:
        return _in_memory(None, migrations, _unwritable(path, str(error)))
    rows = _salvage(aside, connection)
    message = (
        f"{path.name} was broken: kept as {aside.name}, {rows} rows rescued, in {safe(str(path.parent))}"
    )
    return OpenedDatabase(connection, message)


def _salvage(broken: Path, connection: sqlite3.Connection) -> int:
    """Copy what rows can still be read; how many."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    rescued = 0
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(broken)) as old:
        for table in tables:
            with contextlib.suppress(sqlite3.Error):
                for row in old.execute(f'SELECT * FROM "{table}"'):
                    marks = ",".join("?" * len(row))
                    connection.execute(f'INSERT OR REPLACE INTO "{table}" VALUES ({marks})', row)
                    rescued += 1
    return rescued


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return aside


def _unwritable(path: Path, reason: str) -> str:
    where = safe(str(path.parent))
    return f"{path.name} cannot be written ({reason}): changes are lost when runwatch ends; see {where}"
