"""``cache.db``: what can be read again, kept so that it need not be: runs, cursors, profile pieces.

May be thrown away at any time. Never raises: a cache that does not work is no cache."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from runwatch.store.database import SIDE_FILES, without_wal
from runwatch.system.files import private_folder

FILE = "cache.db"
VERSION = 2
MAX_PIECES = 20_000
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (root TEXT, id BLOB, body BLOB, PRIMARY KEY (root, id));
CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, used INTEGER, body BLOB);
"""


class CacheFile:
    """The open cache; usable from several threads. ``None`` as a directory: nothing is kept."""

    def __init__(self, directory: Path | None) -> None:
        self._lock = threading.Lock()
        self._db = _open(directory) if directory is not None else None

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def runs(self, root: str, run_ids: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """What was kept of the wanted runs of a root (by its identity): (run id, body)."""
        ids = [os.fsencode(run_id) for run_id in run_ids]
        for at in range(0, len(ids), _AT_ONCE):
            some = ids[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for run_id, body in self._rows(
                f"SELECT id, body FROM runs WHERE root = ? AND id IN ({marks})", root, *some
            ):
                yield os.fsdecode(run_id), body

    def keep_runs(self, root: str, bodies: Iterable[tuple[str, bytes]], gone: Iterable[str]) -> None:
        """Keep runs of a root (run id, body), forget others."""
        rows = ((root, os.fsencode(run_id), body) for run_id, body in bodies)
        with self._writing() as db:
            if db is not None:
                db.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", rows)
                lost = [(root, os.fsencode(run_id)) for run_id in gone]
                db.executemany("DELETE FROM runs WHERE root = ? AND id = ?", lost)

    def get(self, key: tuple[str, ...]) -> bytes | None:
        """A kept piece."""
        rows = self._rows("SELECT body FROM pieces WHERE key = ?", "\0".join(key))
        return bytes(rows[0][0]) if rows else None

    def put(self, key: tuple[str, ...], value: bytes) -> None:
        """Keep a piece; the oldest go once there are too many."""
        with self._writing() as db:
            if db is not None:
                top = db.execute("SELECT COALESCE(MAX(used), 0) FROM pieces").fetchone()[0]
                db.execute("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?)", ("\0".join(key), top + 1, value))
                db.execute("DELETE FROM pieces WHERE used <= ?", (top + 1 - MAX_PIECES,))

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            if self._db is None:
                return []
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error:
                return []

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection | None]:
        with self._lock:
            if self._db is None:
                yield None
                return
            try:
                with self._db:
                    yield self._db
            except sqlite3.Error:
                return


def _open(directory: Path) -> sqlite3.Connection | None:
    """The database, made anew when it is broken or of another version; None when it cannot be had."""
    path = directory / FILE
    for _ in range(2):
        try:
            private_folder(directory)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version in (0, VERSION):
                without_wal(db)
                db.execute("PRAGMA synchronous = OFF")
                db.executescript(_SCHEMA)
                db.execute(f"PRAGMA user_version = {VERSION}")
                return db
            db.close()
        except (sqlite3.Error, OSError):
            pass
        with contextlib.suppress(OSError):
            for end in SIDE_FILES:
                Path(f"{path}{end}").unlink(missing_ok=True)
    return None
