"""The records of a W&B run file: protobuf bytes to points and to what else is said of the run.

Source: wandb/proto/wandb_internal.proto (0.31); unknown fields are skipped."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Literal

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Evidence, HParams, Label, Operation, Started, Stated, Writer
from runwatch.readers import limits
from runwatch.readers.common import bounded_json
from runwatch.readers.common.point_log import PointLog
from runwatch.readers.common.protobuf import BYTES, FIXED64, VARINT, double, fields, signed, text, timestamp
from runwatch.readers.common.row_steps import RowSteps

_OWN = frozenset(("_step", "_timestamp", "_runtime", "_wandb"))
_KEYS = frozenset((0x0A, 0x12))
_VALUE_KEY = b"\x82\x01"
_NUMBER_STARTS = frozenset(b"-0123456789")
_LARGEST_STEP = 1 << 63
_MOST_TAGS, _MOST_SUMMARY = 2_000, 500
_GOALS: dict[int, Literal["min", "max"]] = {1: "min", 2: "max"}

Key = tuple[str, ...]
Item = tuple[Key, object]


class RecordContent:
    """What records say, in the order that they are given."""

    def __init__(self, state: JsonMapping | None = None) -> None:
        known = state or {}
        self._log = PointLog()
        self._facts: list[Operation] = []
        self._keys: dict[bytes, Key] = {}
        self._tags: dict[str, None] = dict.fromkeys(known.get("tags", ()))
        self._summary: dict[str, float] = dict(known.get("summary", {}))
        self._media: dict[str, None] = dict.fromkeys(known.get("media", ()))
        self._step: int = known.get("step", 0)
        self._steps = RowSteps(known.get("axis", ""), known.get("at"))
        self._ended = False

    def state(self) -> JsonDict:
        """``tags`` of the history, ``summary`` values and ``media`` that were not among them, ``step`` of the
        last row, ``axis`` and ``at`` of ``RowSteps``."""
        rest = {tag: value for tag, value in self._summary.items() if tag not in self._tags}
        place = {"step": self._step, "axis": self._steps.axis, "at": self._steps.at}
        return {"tags": list(self._tags), "summary": rest, "media": list(self._media), **place}

    def operations(self, prefix: str) -> list[Operation]:
        only = self._summary if self._ended and len(self._tags) < _MOST_TAGS else {}
        for tag, value in only.items():
            if tag not in self._tags and not tag.startswith(tuple(self._media)):
                self._log.add(tag, self._step, value)
        return [*self._log.operations(prefix), *self._facts]

    def record(self, data: bytes) -> None:
        """One ``Record``. Raises Malformed, or ValueError for a step that is no integer of 64 bits."""
        for number, wire, at, end in fields(data, 0, len(data)):
            take = _RECORDS.get(number)
            if take is not None and wire == BYTES:
                take(self, data, at, end)

    def _history(self, data: bytes, start: int, end: int) -> None:
        step = 0
        wall = math.nan
        row: list[tuple[str, float]] = []
        media: set[str] = set()
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == BYTES:
                key, value = self._quick(data, at, stop) or item(data, at, stop)
                if key[-1] == "_type" and len(key) > 1:
                    media.add("/".join(key[:-1]) + "/")
                elif key == ("_step",):
                    step = whole(value)
                elif key == ("_timestamp",) and isinstance(value, int | float):
                    wall = float(value)
                elif key[0] not in _OWN:
                    row.extend(numbers("/".join(key), value))
            elif number == 2 and wire == BYTES:
                step = next((signed(low) for part, _, low, _ in fields(data, at, stop) if part == 1), step)
        if media:
            row = [(tag, value) for tag, value in row if not tag.startswith(tuple(media))]
        self.row(step, wall, row)

    def _quick(self, data: bytes, at: int, end: int) -> Item | None:
        """An item of one short key and a plain number as JSON text, which nearly all are."""
        key_end = at + 2 + data[at + 1] if end - at > 5 else end
        if data[at] not in _KEYS or data[at + 1] >= 0x80 or key_end + 3 >= end:
            return None
        if data[key_end : key_end + 2] != _VALUE_KEY or key_end + 3 + data[key_end + 2] != end:
            return None
        number = data[key_end + 3 : end]
        if number[0] not in _NUMBER_STARTS or b"_" in number:
            return None
        try:
            value = float(number)
        except ValueError:
            return None
        name = data[at + 2 : key_end]
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = (text(data, at + 2, key_end),)
        return key, value

    def row(self, step: int, wall: float, row: list[tuple[str, float]]) -> None:
        """Values logged together. Raises ValueError for a step beyond 64 bits."""
        if not -_LARGEST_STEP <= step < _LARGEST_STEP:
            raise ValueError(f"step {step} is beyond 64 bits")
        self._log.next_row()
        self._step = step = self._steps.place(row, step)
        for tag, value in row:
            if len(self._tags) < _MOST_TAGS:
                self._tags[tag] = None
            if not self._steps.is_counter(tag):
                self._log.add(tag, step, value, wall)
        if self._log.full:
            raise ValueError(f"more than {limits.TAGS:,} tags at once, the rest is not shown")

    def _config(self, data: bytes, start: int, end: int) -> None:
        values: dict[str, object] = {}
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == BYTES:
                key, value = item(data, at, stop)
                if key[0] not in _OWN:
                    put(values, key, value)
        if values:
            self._facts.append(HParams(values))

    def _metric(self, data: bytes, start: int, end: int) -> None:
        """``define_metric``: its goal, else the one end (min or max) that its summary keeps; the step of all
        metrics."""
        name, pattern, axis, goal, summary_kinds = "", "", "", 0, set[int]()
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == BYTES:
                name = text(data, at, stop)
            elif number == 2 and wire == BYTES:
                pattern = text(data, at, stop)
            elif number == 4 and wire == BYTES:
                axis = text(data, at, stop)
            elif number == 7 and wire == BYTES:
                summary_kinds = {part for part, _, on, _ in fields(data, at, stop) if on and part in _GOALS}
            elif number == 8 and wire == VARINT:
                goal = at
        if pattern == "*":
            self._steps.declare(_plain(axis))
        if goal not in _GOALS and len(summary_kinds) == 1:
            goal = summary_kinds.pop()
        if name and goal in _GOALS:
            self._facts.extend(Stated(tag, _GOALS[goal]) for tag in dict.fromkeys((name, _plain(name))))

    def _run(self, data: bytes, start: int, end: int) -> None:
        host, started = None, None
        for number, wire, at, stop in fields(data, start, end):
            if wire != BYTES:
                continue
            if number == 4:
                self._config(data, at, stop)
            elif number in _LABELS and stop > at:
                self._facts.append(Label(_LABELS[number], text(data, at, stop)))
            elif number == 13:
                host = text(data, at, stop) or None
            elif number == 17:
                started = timestamp(data, at, stop)
        if started is not None:
            self._facts.append(Started(started))
        self._facts.append(Writer(host, None, started))
        self._facts.append(Evidence("running", "W&B recorded its start and no exit"))

    def _summarised(self, data: bytes, start: int, end: int) -> None:
        """``run.summary``: it repeats the history; what it alone holds is told at the end."""
        summary: dict[str, float] = {}
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == BYTES:
                key, value = item(data, at, stop)
                if key[-1] == "_type" and len(key) > 1:
                    self._media["/".join(key[:-1]) + "/"] = None
                elif key[0] not in _OWN:
                    summary.update(numbers("/".join(key), value))
        media = tuple(self._media)
        for tag, number_ in summary.items():
            known = tag in self._tags or (media and tag.startswith(media))
            if not known and math.isfinite(number_) and len(self._summary) < _MOST_SUMMARY:
                self._summary[tag] = number_

    def _exit(self, data: bytes, start: int, end: int) -> None:
        self._ended = True
        code = 0
        for number, wire, at, _ in fields(data, start, end):
            if number == 1 and wire == VARINT:
                code = signed(at)
        self._facts.append(Evidence("finished" if code == 0 else "crashed", f"W&B recorded exit code {code}"))

    def _environment(self, data: bytes, start: int, end: int) -> None:
        environment: dict[str, object] = {}
        arguments: list[str] = []
        for number, wire, at, stop in fields(data, start, end):
            if wire == BYTES and number in _ENVIRONMENT:
                environment[_ENVIRONMENT[number]] = text(data, at, stop)
            elif wire == BYTES and number == 5:
                arguments.append(text(data, at, stop))
        if arguments:
            environment["args"] = arguments
        if environment:
            self._facts.append(HParams(environment, "environment"))


_RECORDS = {
    2: RecordContent._history,
    5: RecordContent._config,
    3: RecordContent._summarised,
    12: RecordContent._metric,
    17: RecordContent._run,
    18: RecordContent._exit,
    26: RecordContent._environment,
}
_LABELS: dict[int, Literal["project", "group", "name"]] = {3: "project", 6: "group", 8: "name"}
_ENVIRONMENT = {1: "os", 2: "python", 6: "program", 12: "host"}


def _plain(name: str) -> str:
    """A name as ``define_metric`` writes it (parts of a nested key with dots between) as a tag."""
    return name.replace("\\.", "\0").replace(".", "/").replace("\0", ".")


def whole(value: object) -> int:
    """A step. Raises ValueError when it is not a whole number."""
    if isinstance(value, int | float) and math.isfinite(value):
        return int(value)
    raise ValueError(f"step {value!r:.40} is not a number")


def item(data: bytes, start: int, end: int) -> Item:
    """A history or config item: its key's parts and its value; the typed fields and ``value_json`` are both
    understood."""
    key: list[str] = []
    value: object = None
    for number, wire, at, stop in fields(data, start, end):
        if number in (1, 2) and wire == BYTES:
            key.append(text(data, at, stop))
        elif number in (8, 16) and wire == BYTES:
            value = from_json(data[at:stop])
        elif number == 4 and wire == VARINT:
            value = bool(at)
        elif number == 5 and wire == VARINT:
            value = signed(at)
        elif number == 6 and wire == FIXED64:
            value = double(data, at)
        elif number == 7 and wire == BYTES:
            value = text(data, at, stop)
    return tuple(key) or ("",), value


def from_json(raw: bytes) -> object:
    """A JSON text; None when it is none. ``NaN`` and ``Infinity`` count."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def numbers(tag: str, value: object, depth: int = 0) -> Iterator[tuple[str, float]]:
    """The numbers in ``value`` by tag: nested dicts join with ``/``; media objects, truth values, lists and
    texts are none, but the texts NaN and Infinity are."""
    if (real := bounded_json.number(value)) is not None:
        yield tag, real
    elif isinstance(value, dict) and "_type" not in value and depth < limits.JSON_DEPTH:
        for key, inner in value.items():
            yield from numbers(f"{tag}/{key}", inner, depth + 1)


def put(values: dict[str, object], key: Key, value: object) -> None:
    """Put ``value`` where the parts of ``key`` lead to."""
    place: dict[str, object] = values
    for part in key[:-1]:
        inner = place.get(part)
        if not isinstance(inner, dict):
            inner = place[part] = {}
        place = inner
    place[key[-1]] = value
