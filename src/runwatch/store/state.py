"""``state.db``: what runwatch must not forget: tasks, history, pins, silences, who writes.

One file a user and host, shared by all runwatch processes. Times are seconds since the epoch and come in as
arguments; ``root`` is always a root's identity (``system.identity.root_identity``)."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runwatch.domain.errors import UserError
from runwatch.store.database import open_database, reopened
from runwatch.store.snapshot_facts import VERSION, SnapshotFacts
from runwatch.system.folders import state_dir
from runwatch.system.identity import host_name, process_exists
from runwatch.text.safe import safe
from runwatch.text.storable import restored, storable

if TYPE_CHECKING:
    from runwatch.domain.remark import Remark
    from runwatch.domain.task import TaskEvent, TaskRecord

FILE = "state.db"
BEAT_S = 30.0
"""How often a process that holds a lease says that it still does."""
LEASE_S = 3 * BEAT_S
MIGRATIONS = (
    """CREATE TABLE records (root TEXT, fingerprint TEXT, body TEXT, PRIMARY KEY (root, fingerprint));
    CREATE TABLE events (id INTEGER PRIMARY KEY, root TEXT, fingerprint TEXT, at REAL, what TEXT, by TEXT,
        text TEXT, severity TEXT);
    CREATE INDEX events_at ON events (at);
    CREATE TABLE pins (root TEXT PRIMARY KEY, run_root TEXT, run TEXT, at REAL, reason TEXT);
    CREATE TABLE silences (root TEXT, match TEXT, until REAL, at REAL, PRIMARY KEY (root, match));
    CREATE TABLE leases (root TEXT PRIMARY KEY, token TEXT, pid INTEGER, host TEXT, since REAL, beat REAL);
    CREATE TABLE intents (id INTEGER PRIMARY KEY, root TEXT, at REAL, body TEXT, answer TEXT);
    CREATE TABLE kept (key TEXT PRIMARY KEY, at REAL, beat REAL, body TEXT);
    CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT)""",
    """CREATE TABLE remarks (id INTEGER PRIMARY KEY, root TEXT, kind TEXT, subject TEXT, at REAL, by TEXT,
        text TEXT)""",
)
_DAY = 86400.0
_HISTORY_DAYS = 400
_KEPT_DAYS = 60
_HISTORY_ROWS = 200_000


def user_state() -> State:
    """The user's state; the caller closes it."""
    return State(state_dir())


def open_state() -> contextlib.closing[State]:
    """The user's state, until the end of the ``with`` block."""
    return contextlib.closing(user_state())


class StateError(OSError, UserError):
    """Something could not be remembered just now (disk full, locked); trying again later may do."""


class Pin(NamedTuple):
    """The run pinned as baseline: its root's real path and its id, since when and why."""

    run_root: str
    run: str
    at: float
    reason: str


class Holder(NamedTuple):
    """The process that writes for a root."""

    token: str
    pid: int
    host: str
    since: float
    beat: float


class HistoryEntry(NamedTuple):
    """One event of the history and the root it belongs to."""

    root: str
    event: TaskEvent


class State:
    """The open state; usable from several threads. ``notice``: what a person must know of it."""

    def __init__(self, directory: Path | None) -> None:
        """Opens ``directory/state.db``, or memory when there is no place or right to write. Never raises."""
        self.path = directory / FILE if directory else None
        self._lock = threading.RLock()
        opened = open_database(self.path, MIGRATIONS)
        self._db, self.notice, self.in_memory = opened.connection, opened.notice, opened.in_memory

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # Tasks

    def version(self) -> int:
        """A number that changes when another process has written."""
        return int(self._rows("PRAGMA data_version")[0][0])

    def records(self, root: str) -> dict[str, TaskRecord]:
        """The life cycles of a root's findings, by fingerprint."""
        from runwatch.domain.codec import from_plain
        from runwatch.domain.task import TaskRecord

        rows = self._rows("SELECT fingerprint, body FROM records WHERE root = ?", root)
        return {fp: from_plain(TaskRecord, json.loads(body)) for fp, body in rows}

    def commit(
        self,
        root: str,
        changed: Mapping[str, TaskRecord],
        gone: Iterable[str] = (),
        events: Iterable[TaskEvent] = (),
    ) -> None:
        """Write records and events of a root in one transaction. Raises ``StateError``."""
        from runwatch.domain.codec import to_plain

        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
                [(root, fp, json.dumps(to_plain(record))) for fp, record in changed.items()],
            )
            db.executemany(
                "DELETE FROM records WHERE root = ? AND fingerprint = ?", [(root, fp) for fp in gone]
            )
            db.executemany(
                "INSERT INTO events (root, fingerprint, at, what, by, text, severity) VALUES (?,?,?,?,?,?,?)",
                [(root, e.fingerprint, e.at, e.what, e.by, storable(e.text), e.severity) for e in events],
            )

    def history(self, roots: Iterable[str] | None = None, since: float = 0.0) -> list[HistoryEntry]:
        """Events at or after ``since``, oldest first, of the given roots (None: of all)."""
        from runwatch.domain.task import TaskEvent

        rows = self._rows(
            "SELECT root, fingerprint, at, what, by, text, severity FROM events"
            " WHERE at >= ? ORDER BY at, id",
            since,
        )
        selected = None if roots is None else set(roots)
        return [
            HistoryEntry(root, TaskEvent(fp, at=at, what=what, by=by, text=restored(text), severity=severity))
            for root, fp, at, what, by, text, severity in rows
            if selected is None or root in selected
        ]

    def prune(self, now: float) -> None:
        """Forget what is older than the stated limits: history 400 days and 200,000 events,
        silences that ended, what was kept of a root 60 days ago. Raises ``StateError``."""
        with self._writing() as db:
            db.execute("DELETE FROM events WHERE at < ?", (now - _HISTORY_DAYS * _DAY,))
            db.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (_HISTORY_ROWS,))
            db.execute("DELETE FROM silences WHERE until < ?", (now,))
            db.execute("DELETE FROM kept WHERE at < ?", (now - _KEPT_DAYS * _DAY,))

    # Pins, the look marker, silences

    def pin(self, root: str, run_root: str, run: str, now: float, reason: str = "") -> None:
        """Pin a run as the root's baseline. Raises ``StateError``."""
        values = (root, storable(run_root), storable(run), now, storable(reason))
        self._write("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?)", *values)

    def unpin(self, root: str) -> bool:
        """Whether there was a pin to take away. Raises ``StateError``."""
        return self._write("DELETE FROM pins WHERE root = ?", root) > 0

    def pinned(self, root: str) -> Pin | None:
        rows = self._rows("SELECT run_root, run, at, reason FROM pins WHERE root = ?", root)
        return Pin(restored(rows[0][0]), restored(rows[0][1]), rows[0][2], rows[0][3]) if rows else None

    def mark_seen(self, roots: Iterable[str], now: float) -> None:
        """The person has seen the board of these roots. Raises ``StateError``."""
        for root in roots:
            self.note(f"looked:{root}", repr(now))

    def looked(self, roots: Iterable[str]) -> float | None:
        """When a person last saw these roots: the earliest of them, None when none was seen yet. Where there
        is none for a root, the one moment for all that earlier versions kept."""
        before = self.noted("looked")
        seen = [value for root in roots if (value := self.noted(f"looked:{root}") or before)]
        return min(map(float, seen), default=None)

    def silence(self, root: str, match: str, until: float, now: float) -> None:
        """Silence a fingerprint, rule or scope; an end that is not ahead takes the silence away."""
        if until <= now:
            self._write("DELETE FROM silences WHERE root = ? AND match = ?", root, storable(match))
            return
        values = (root, storable(match), until, now)
        self._write("INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?)", *values)

    def silences(self, root: str, now: float) -> dict[str, float]:
        """What is silenced now, and until when."""
        rows = self._rows("SELECT match, until FROM silences WHERE root = ? AND until > ?", root, now)
        return {restored(match): until for match, until in rows}

    def save_view(self, root: str, view: str) -> None:
        """Remember how a person arranged this root's board. Raises ``StateError``."""
        self.note(f"view:{root}", view)

    def saved_view(self, root: str) -> str:
        """What ``save_view`` was given last, "" when nothing was."""
        return self.noted(f"view:{root}") or ""

    def note(self, key: str, value: str) -> None:
        """Remember one small text. Raises ``StateError``."""
        self._write("INSERT OR REPLACE INTO notes VALUES (?, ?)", key, value)

    def noted(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM notes WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def take_over(self, old: str, new: str, host: str) -> bool:
        """What is kept of a root under its name of an earlier version is kept under ``new`` from now on.
        False: there is none, there is some under ``new`` already, or it is another machine's (its last writer
        ran on another than ``host``). Raises ``StateError``."""
        tables = ("records", "events", "pins", "silences", "remarks")
        in_use = " UNION ".join(f"SELECT 1 FROM {table} WHERE root = ?1" for table in tables)
        if not self._rows(in_use, old) or self._rows(in_use, new):
            return False
        if self._rows("SELECT 1 FROM leases WHERE root = ? AND host != ?", old, host):
            return False
        with self._writing() as db:
            for table in tables:
                db.execute(f"UPDATE {table} SET root = ? WHERE root = ?", (new, old))
            db.execute(
                "UPDATE OR REPLACE notes SET key = replace(key, ?, ?) WHERE key LIKE ?",
                (f":{old}", f":{new}", f"%:{old}"),
            )
            db.execute("DELETE FROM leases WHERE root = ?", (old,))
        return True

    # What people say of runs, batches and baselines

    def add_remark(self, root: str, kind: str, subject: str, now: float, by: str, text: str) -> int:
        """Keep a note; its number. Raises ``StateError``."""
        values = (root, kind, storable(subject), now, storable(by), storable(text))
        with self._writing() as db:
            sql = "INSERT INTO remarks VALUES (NULL, ?, ?, ?, ?, ?, ?) RETURNING id"
            row = db.execute(sql, values).fetchone()
        return int(row[0])

    def drop_remark(self, root: str, number: int) -> bool:
        """Whether there was such a note to take away. Raises ``StateError``."""
        return self._write("DELETE FROM remarks WHERE root = ? AND id = ?", root, number) > 0

    def remarks(self, roots: Iterable[str], since: float = 0.0) -> list[tuple[str, Remark]]:
        """The notes of these roots: (root, note), oldest first."""
        from runwatch.domain.remark import Remark

        selected = set(roots)
        rows = self._rows(
            "SELECT root, id, kind, subject, at, by, text FROM remarks WHERE at >= ? ORDER BY at, id", since
        )
        return [
            (
                root,
                Remark(
                    number, kind=kind, subject=restored(subject), at=at, by=restored(by), text=restored(text)
                ),
            )
            for root, number, kind, subject, at, by, text in rows
            if root in selected
        ]

    # One writer a root

    def take_lease(self, root: str, me: Holder, stale_after: float) -> Holder | None:
        """Become, or stay, the root's writer: None when ``me`` is, else who is. ``me.beat`` is now. A holder
        that has not beaten for ``stale_after`` seconds, or whose process is gone, is replaced. Raises
        ``StateError``."""
        with self._writing() as db:
            row = db.execute(
                "SELECT token, pid, host, since, beat FROM leases WHERE root = ?", (root,)
            ).fetchone()
            holder = Holder(*row) if row else None
            if holder and holder.token != me.token and _is_alive(holder, me, stale_after):
                return holder
            db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)", (root, *me))
        return None

    def has_writer(self, root: str, now: float) -> bool:
        """Whether a process that is alive writes for the root."""
        me = Holder("", pid=os.getpid(), host=host_name(), since=now, beat=now)
        rows = self._rows("SELECT token, pid, host, since, beat FROM leases WHERE root = ?", root)
        return any(_is_alive(Holder(*row), me, LEASE_S) for row in rows)

    def give_lease(self, root: str, token: str) -> None:
        """Stop being the root's writer. Raises ``StateError``."""
        self._write("DELETE FROM leases WHERE root = ? AND token = ?", root, token)

    # What is shown without reading anything else

    def keep(self, key: str, facts: Mapping[str, object], now: float, beat: float) -> None:
        """Keep what ``status`` and ``brief`` show; ``key`` names the set of roots, ``beat`` is the seconds
        between two of these calls. Raises ``StateError``."""
        body = json.dumps(facts, allow_nan=False)
        self._write("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", key, now, beat, body)

    def kept(self, key: str | None = None) -> SnapshotFacts | None:
        """What was kept last, for these roots or (None) for any."""
        return next(iter(self.kept_rows(key)), None)

    def kept_rows(self, key: str | None = None) -> list[SnapshotFacts]:
        """All that is kept, newest first, but for what another version of runwatch kept."""
        sql = "SELECT at, beat, body FROM kept WHERE ?1 IS NULL OR key = ?1 ORDER BY at DESC"
        rows = self._rows(sql, key)
        facts = [SnapshotFacts(at, beat, json.loads(body)) for at, beat, body in rows]
        return [row for row in facts if row.facts.get("version", VERSION) == VERSION]

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                with self._guarded():
                    return self._db.execute(sql, values).fetchall()
            except StateError:  # by now the file may have been opened anew
                with self._guarded():
                    return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: object) -> int:
        with self._writing() as db:
            return db.execute(sql, values).rowcount

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            opened = reopened(self.path, MIGRATIONS, error) if self.path and not self.in_memory else None
            if opened:
                self._db.close()
                self._db, self.notice, self.in_memory = opened.connection, opened.notice, opened.in_memory
            where = safe(str(self.path)) if self.path else "the state"
            hint = "free some space" if "full" in str(error) else "check the disk"
            raise StateError(f"{where}: cannot be read or saved ({error}); {hint}") from error


class Leases:
    """What this process alone does, by keys in the state; another one takes over when it has ended."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._token = os.urandom(16).hex()
        self._since = 0.0

    def take(self, key: str, now: float) -> Holder | None:
        """Become, or stay, who does what ``key`` names: None, else who does it. Raises ``StateError``."""
        self._since = self._since or now
        me = Holder(self._token, pid=os.getpid(), host=host_name(), since=self._since, beat=now)
        return self._state.take_lease(key, me, LEASE_S)

    def takes(self, key: str, now: float) -> bool:
        """Whether it is this process; where the state cannot be written each one is."""
        try:
            return self.take(key, now) is None
        except StateError:
            return True

    def give(self, key: str) -> bool:
        """Let another process do it. False: the state cannot be written."""
        try:
            self._state.give_lease(key, self._token)
        except StateError:
            return False
        return True


def _is_alive(holder: Holder, me: Holder, stale_after: float) -> bool:
    if abs(me.beat - holder.beat) > stale_after:
        return False
    if holder.host != me.host or holder.pid == me.pid:
        return True
    return process_exists(holder.pid)
