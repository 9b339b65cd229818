"""ClearML without a server: a folder ``offline-<id>`` with ``metrics.jsonl`` (a list of events a line) and
``task.json``, or only the zip that ClearML makes of it when the task is closed.

ClearML writes NaN and infinity as 0.0 unless it is told otherwise: the difference is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Evidence, HParams, Operation
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.archives import Archive
from runwatch.readers.common.bounded_json import dig, mapping
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import Parsed, read_archive, read_json
from runwatch.readers.common.facts import facts
from runwatch.readers.common.lines import LineNotes, read_rows, take_json
from runwatch.readers.common.point_log import PointLog
from runwatch.readers.console._state import ConsoleHealth

NAME = "clearml"
_METRICS, _TASK, _LOG = "metrics.jsonl", "task.json", "log.jsonl"
_SESSION = re.compile(r"offline-[0-9a-f]{32}(\.zip)?")
_SINGLE_VALUE = -(2**31)
_TOP_SECTIONS = frozenset({"General", "Args"})
_TYPES: Mapping[str, type] = {"int": int, "float": float}
LOOKS_FOR = ("metrics.jsonl", "task.json", "*.zip")


def claim(listing: Listing) -> Iterable[Claim]:
    if _SESSION.fullmatch(listing.name) and {_METRICS, _TASK} & listing.files.keys():
        names = [name for name in (_TASK, _METRICS) if name in listing.files]
        yield Claim(NAME, NAME, listing.path, tuple(listing.join(name) for name in names))
        above = listing.parent
        if above is not None and f"{listing.name}.zip" in above.files:
            yield Claim(NAME, "", listing.path, (above.join(f"{listing.name}.zip"),), role="part")
    for name in listing.files:
        packed = name.endswith(".zip") and _SESSION.fullmatch(name) is not None
        if packed and name.removesuffix(".zip") not in set(listing.folders):
            yield Claim(NAME, NAME, listing.join(name.removesuffix(".zip")), (listing.join(name),))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if source.file.endswith(_TASK):
        return read_json(claim, source, cursor, _task)
    if not source.file.endswith(".zip"):
        return _growing(claim, source, cursor, final)
    if claim.format:
        return read_archive(claim, source, cursor, partial(_archive, claim, source))
    return read_archive(claim, source, cursor, partial(_closed, source))


def _closed(source: SourceFile, archive: Archive) -> Parsed:
    """How a packed session ended. One that an exception ended is closed and packed as well; only the
    traceback at the end of its log tells."""
    health = ConsoleHealth({}, _LOG)
    try:
        log = archive.read(_LOG) if _LOG in archive.names else b""
    except ValueError as error:
        log = b""
        hint = "an exception that ended the session would stand in it"
        yield Problem(source.file, _LOG, f"not read: {error}", hint)
    for text in _last_errors(log):
        health.feed(text, None)
    crashes = (
        operation
        for operation in health.operations()
        if isinstance(operation, Evidence) and operation.status == "crashed"
    )
    for crash in crashes:
        yield Evidence("crashed", crash.reason, at=source.stat.mtime)
        return
    yield Evidence("finished", "ClearML packed the session: the task was closed", at=source.stat.mtime)


def _last_errors(log: bytes) -> list[str]:
    """The lines on standard error behind which the log has nothing else."""
    texts: list[str] = []
    lines = log.split(b"\n")
    for event in (event for line in lines for event in _events(line)):
        if event.get("level") != "error":
            texts.clear()
        else:
            texts += str(event.get("msg")).split("\n")
    return texts


def _events(line: bytes) -> list[JsonDict]:
    try:
        value = bounded_json.parse(line)
    except ValueError:
        return []
    return [event for event in value if isinstance(event, dict)] if isinstance(value, list) else []


def _archive(claim: Claim, source: SourceFile, archive: Archive) -> Parsed:
    """A closed session whose folder is gone."""
    if _TASK in archive.names:
        yield from _task(bounded_json.parse(archive.read(_TASK)))
    if _METRICS in archive.names:
        events = _Events({}, LineNotes(source.file))
        events.take_lines(enumerate(archive.read(_METRICS).split(b"\n"), 1))
        yield from events.log.operations(claim.tag_prefix)
        yield from events.notes.problems()
    yield from _closed(source, archive)


def _growing(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool) -> Reading:
    rows = read_rows(source, cursor, final)
    events = _Events(rows.state, rows.notes)
    events.take_lines(rows)
    rows.state.update(events.state())
    return rows.reading(claim, events.log.operations(claim.tag_prefix))


class _Events:
    """Scalars by ``metric/variant``. State: ``step``, the greatest iteration, where single values stand."""

    def __init__(self, state: JsonMapping, notes: LineNotes) -> None:
        self._step: int = state.get("step", 0)
        self.notes = notes
        self.log = PointLog()

    def state(self) -> JsonDict:
        return {"step": self._step}

    def take_lines(self, lines: Iterable[tuple[int, bytes]]) -> None:
        take_json(lines, self.notes, self._take, "not a list of events, skipped")

    def _take(self, value: object) -> None:
        """A line: a list of events, or one event."""
        for event in value if isinstance(value, list) else (value,):
            if isinstance(event, dict):
                self._event(event)

    def _event(self, event: Mapping[str, object]) -> None:
        metric, variant = event.get("metric"), event.get("variant")
        at = bounded_json.whole(event.get("iter"))
        value = bounded_json.number(event.get("value"))
        if not isinstance(metric, str) or value is None or at is None:
            return
        single = at == _SINGLE_VALUE
        step = self._step if single else at
        self._step = max(self._step, step)
        name = str(variant) if single or variant == metric else f"{metric}/{variant}" if variant else metric
        self.log.next_row()
        self.log.add(name, step, value, clock(event.get("timestamp")))


def _task(task: object) -> Iterable[Operation]:
    yield from facts(dig(task, "name"), dig(task, "project_name"))
    values: dict[str, object] = {}
    for section, params in mapping(dig(task, "hyperparams")).items():
        inner = {name: _value(param) for name, param in mapping(params).items()}
        values |= inner if section in _TOP_SECTIONS else {section: inner}
    if values:
        yield HParams(values)


def _value(param: object) -> object:
    """A parameter, which ClearML writes as text, by its type."""
    if not isinstance(param, dict):
        return param
    text = param.get("value")
    try:
        return _TYPES[str(param.get("type"))](str(text))
    except (KeyError, ValueError):
        return text
