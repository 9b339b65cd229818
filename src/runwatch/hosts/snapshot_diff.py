"""There: what of a snapshot the other side does not know yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.hosts.messages import Rest, Update
from runwatch.hosts.wire import encode, key

CHUNK = 1024 * 1024

Key = Any
"""What a record is known by in its part: a text, a number, or a key of several fields."""

_PARTS: dict[str, Callable[[Snapshot], Mapping[Key, object]]] = {
    "tasks": lambda s: s.tasks,
    "findings": lambda s: dict(enumerate(s.findings)),
    "baselines": lambda s: s.situation.baselines,
    "runs": lambda s: {run.key: run for run in s.situation.runs},
    "data": lambda s: {RunKey(data.root, data.name): data for data in s.situation.data},
    "health": lambda s: s.situation.health,
    "outlooks": lambda s: s.situation.forecasts,
    "comparisons": lambda s: s.situation.comparisons,
    "predictions": lambda s: s.situation.predictions,
}


class _SentVersion(NamedTuple):
    """What was told last of one key: the record, and a digest of its bytes."""

    record: object
    digest: int


class SnapshotDiff:
    """Makes updates of snapshots; remembers what was told, not how it read."""

    def __init__(self) -> None:
        self._sent: dict[str, dict[object, _SentVersion]] = {name: {} for name in _PARTS}
        self._rest = b""
        self._number = 0

    def updates(self, snapshot: Snapshot, judged: bool) -> Iterator[Update]:
        """What changed, in messages of about a megabyte, the newest runs first; nothing when nothing did.
        Each is made when it is asked for."""
        rest = self._rest_of(snapshot)
        update, size, any_news = Update(0, rest=rest), 0, rest is not None
        for name, part in _PARTS.items():
            gone, news = self._changed_parts(name, part(snapshot))
            if gone:
                update.gone[name] = tuple(gone)
                any_news = True
            for at, data in news:
                getattr(update, name)[key(at)] = msgspec.Raw(data)
                any_news = True
                size += len(data)
                if size > CHUNK:
                    update.more = True
                    yield self._numbered(update)
                    update, size = Update(0), 0
        if any_news:
            update.judged = judged
            yield self._numbered(update)

    def _numbered(self, update: Update) -> Update:
        self._number += 1
        update.number = self._number
        return update

    def _rest_of(self, snapshot: Snapshot) -> Rest | None:
        """What is told as one, when it differs in more than the time."""
        s = snapshot.situation
        rest = Rest(
            now=0.0,
            host=s.host,
            roots=s.roots,
            machine=s.machine,
            problems=s.problems,
            unreadable=dict(s.unreadable),
            unjudged=s.unjudged,
            open_fingerprints=s.open_fingerprints,
            watch=replace(snapshot.watch, scanned=None),
            looked=snapshot.looked,
            assumptions=snapshot.assumptions,
            rings=bool(snapshot.bell),
            overlooked=snapshot.overlooked,
        )
        data = encode(rest)
        if data == self._rest:
            return None
        self._rest = data
        return msgspec.structs.replace(rest, now=s.now, watch=snapshot.watch)

    def _changed_parts(
        self, name: str, records: Mapping[object, object]
    ) -> tuple[list[Key], Iterator[tuple[Key, bytes]]]:
        sent = self._sent[name]
        gone = [at for at in sent if at not in records]
        for at in gone:
            del sent[at]
        return [key(at) for at in gone], self._changed(sent, records)

    @staticmethod
    def _changed(
        sent: dict[object, _SentVersion], records: Mapping[object, object]
    ) -> Iterator[tuple[object, bytes]]:
        for at, record in records.items():
            before = sent.get(at)
            if before is not None and before.record is record:
                continue
            data = encode(record)
            digest = hash(data)
            sent[at] = _SentVersion(record, digest)
            if before is None or before.digest != digest:
                yield at, data
