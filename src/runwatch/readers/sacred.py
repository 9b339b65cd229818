"""Sacred's file storage: ``run.json`` (status, heartbeat) and ``metrics.json``, both rewritten whole.

Its times are UTC. ``config.json`` and ``cout.txt`` beside them have readers of their own."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec.structs import replace

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Append, Evidence, HParams, Operation, Replace, Writer
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Status
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.bounded_json import dig, mapping, sequence
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.documents import json_of, newest, read_whole
from runwatch.readers.common.facts import facts, known
from runwatch.text.units import plural

NAME = "sacred"
PRIORITY = 60
LOOKS_FOR = ("run.json",)

_STATUSES: Mapping[str, Status] = {
    "RUNNING": "running",
    "COMPLETED": "finished",
    "FAILED": "crashed",
    "INTERRUPTED": "crashed",
    "TIMEOUT": "crashed",
    "DIED": "crashed",
}


def claim(listing: Listing) -> Iterable[Claim]:
    """A folder with a ``run.json`` of Sacred's, by its content or by the other files beside it (it may be
    torn just now, and a long list can push the heartbeat out of sight)."""
    if "run.json" not in listing.files:
        return []
    head = listing.head("run.json")
    by_content = head.lstrip().startswith(b"{") and (
        b'"heartbeat"' in head or (b'"experiment"' in head and "config.json" in listing.files)
    )
    if not by_content and not {"config.json", "cout.txt"} <= listing.files.keys():
        return []
    files = tuple(listing.join(name) for name in ("run.json", "metrics.json") if name in listing.files)
    return [Claim(NAME, NAME, listing.path, files, priority=PRIORITY)]


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """The whole document when it changed; a torn one waits for the next version, with a problem."""
    if source.file.rpartition("/")[2] != "metrics.json":
        return read_whole(claim, source, cursor, lambda data: _run(_object(data)))
    version = newest(source, cursor, _object)
    return version if isinstance(version, Reading) else _MetricsFile(claim, source, *version).reading()


def _object(data: bytes) -> JsonDict:
    value = json_of(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _run(document: JsonDict) -> Iterator[Operation]:
    status = str(document.get("status"))
    word = _STATUSES.get(status)
    ended, beat = moment(document.get("stop_time"), utc=True), moment(document.get("heartbeat"), utc=True)
    if word is not None:
        trace = sequence(document.get("fail_trace"))
        last = str(trace[-1]).strip().splitlines() if trace else []
        reason = f"Sacred says {status}" + (f": {last[-1][:300]}" if last else "")
        yield Evidence(word, reason, at=known(beat if math.isnan(ended) else ended))
    started = moment(document.get("start_time"), utc=True)
    experiment, host = mapping(document.get("experiment")), mapping(document.get("host"))
    yield from facts(project=experiment.get("name"), started=started)
    name = host.get("hostname")
    if isinstance(name, str):
        yield Writer(name, None, known(started))
    yield from _environment(experiment, host, document.get("result"))


def _environment(experiment: JsonDict, host: JsonDict, result: object) -> Iterator[Operation]:
    values = {key: experiment[key] for key in ("dependencies", "repositories") if experiment.get(key)}
    values |= {key: host[key] for key in ("hostname", "python_version", "cpu", "os") if host.get(key)}
    if values:
        yield HParams(values, section="environment")
    if isinstance(result, (int, float, str)):
        yield HParams({"result": result}, section="config")


class _MetricsFile:
    """One version of metrics.json. State: by metric, how many points were told and their checksum, so that
    a version that only goes on gives its new points alone."""

    def __init__(self, claim: Claim, source: SourceFile, metrics: JsonDict, cursor: Cursor) -> None:
        self._claim = claim
        self._source = source
        self._cursor = cursor
        self._known: dict[str, list[int]] = dict(cursor.state.get("known", {}))
        self._bad: list[str] = []
        self._series = {
            tag: points for tag in metrics if (points := self._points(tag, metrics[tag])) is not None
        }

    def reading(self) -> Reading:
        goes_on = all(self._same(tag, count, crc) for tag, (count, crc) in self._known.items())
        changes: list[Operation] = [] if goes_on else [Replace()]
        for tag, points in self._series.items():
            done = self._known[tag][0] if goes_on and tag in self._known else 0
            if len(points) > done:
                changes.append(Append(tag, points.where(slice(done, None))))
        known = {tag: [len(points), _crc(points)] for tag, points in self._series.items()}
        cursor = replace(self._cursor, state={"known": known})
        return Reading.of(self._claim, changes, cursor, self._problems())

    def _same(self, tag: str, count: int, crc: int) -> bool:
        points = self._series.get(tag)
        return points is not None and len(points) >= count and _crc(points.where(slice(0, count))) == crc

    def _points(self, tag: str, metric: object) -> Points | None:
        lists = [dig(metric, key) for key in ("steps", "values", "timestamps")]
        if not all(isinstance(part, list) for part in lists):
            self._bad.append(tag)
            return None
        steps, values, walls = lists
        rows = [
            (place, math.nan if i >= len(walls) else moment(walls[i], utc=True), number)
            for i, (step, value) in enumerate(zip(steps, values, strict=False))
            if (number := bounded_json.number(value)) is not None
            and (place := bounded_json.whole(step)) is not None
        ]
        if len(rows) < max(len(steps), len(values)):
            self._bad.append(tag)
        return Points.of([r[0] for r in rows], [r[2] for r in rows], [r[1] for r in rows])

    def _problems(self) -> tuple[Problem, ...]:
        if not self._bad:
            return ()
        names = ", ".join(sorted(self._bad)[:5])
        message = f"{plural(len(self._bad), 'metric')} without whole lists of steps and numbers: {names}"
        return (Problem(self._source.file, None, message, "log numbers with log_scalar"),)


def _crc(points: Points) -> int:
    return zlib.crc32(points.values.tobytes(), zlib.crc32(np.ascontiguousarray(points.steps).tobytes()))
