"""SwanLab: the run file ``run-<id>.swanlab`` (records in the log format of LevelDB, as with W&B) and the
configuration beside it. Media and the machine's own statistics are no metrics.

Source: the protobuf descriptors of swanlab 0.10.3; unknown fields are skipped."""

from __future__ import annotations

import math
from collections.abc import Iterable

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Evidence, HParams, Operation
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_yaml
from runwatch.readers.common.documents import read_whole
from runwatch.readers.common.facts import facts, known
from runwatch.readers.common.leveldb import read_log
from runwatch.readers.common.point_log import PointLog
from runwatch.readers.common.protobuf import BYTES, FIXED64, VARINT, double, fields, signed, text, timestamp

NAME = "swanlab"
LOOKS_FOR = ("*.swanlab",)

_MAGIC = b":SWL\xd6\xe1\x02"
_FOREIGN = ("not a SwanLab run file of version 2", "export its metrics with the SwanLab that wrote it")
_CONFIG = "config.yaml"
_SCALAR, _CUSTOM, _SYSTEM = 1, 1, 2
_STATES = {1: "finished", 2: "crashed", 3: "crashed"}


def claim(listing: Listing) -> Iterable[Claim]:
    logs = sorted(name for name in listing.files if name.endswith(".swanlab") and name.startswith("run-"))
    if not logs:
        return
    yield Claim(NAME, NAME, listing.path, tuple(listing.join(name) for name in logs))
    inner = listing.child("files")
    if inner is not None and _CONFIG in inner.files:
        yield Claim(NAME, "", listing.path, (inner.join(_CONFIG),), role="part")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if source.file.endswith(".swanlab"):
        return read_log(claim, source, cursor, final, _MAGIC, _FOREIGN, lambda state: _Content())
    return read_whole(claim, source, cursor, _config)


def _config(data: bytes) -> Iterable[Operation]:
    config = bounded_yaml.parse(data)
    values = {
        str(key): inner.get("value") if isinstance(inner, dict) else inner
        for key, inner in (config.items() if isinstance(config, dict) else ())
    }
    return [HParams(values)] if values else []


class _Content:
    """What records say, in the order that they are given."""

    def __init__(self) -> None:
        self._log = PointLog()
        self._facts: list[Operation] = []

    def operations(self, prefix: str) -> list[Operation]:
        return [*self._log.operations(prefix), *self._facts]

    def state(self) -> JsonDict:
        return {}

    def record(self, data: bytes) -> None:
        """One ``Record``. Raises ValueError for bytes that are none."""
        for number, wire, at, end in fields(data, 0, len(data)):
            if wire == BYTES and number == 13:
                self._scalar(data, at, end)
            elif wire == BYTES and number == 10:
                self._start(data, at, end)
            elif wire == BYTES and number == 11:
                self._finish(data, at, end)

    def _scalar(self, data: bytes, start: int, end: int) -> None:
        tag, step, kind, wall, value = "", 0, 0, math.nan, 0.0
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == BYTES:
                tag = text(data, at, stop)
            elif number == 2 and wire == VARINT:
                step = signed(at)
            elif number == 3 and wire == VARINT:
                kind = at
            elif number == 4 and wire == BYTES:
                wall = timestamp(data, at, stop)
            elif number == 5 and wire == BYTES:
                value = next((double(data, low) for n, w, low, _ in fields(data, at, stop)
                              if n == 1 and w == FIXED64), 0.0)  # fmt: skip
        if not tag or kind not in (0, _SCALAR) or tag.startswith("__swanlab__"):
            return
        self._log.next_row()
        self._log.add(tag, step, value, wall)
        if self._log.full:
            raise ValueError(f"more than {limits.TAGS:,} tags at once, the rest is not shown")

    def _start(self, data: bytes, start: int, end: int) -> None:
        parts = {
            number: (at, stop)
            for number, wire, at, stop in fields(data, start, end)
            if wire == BYTES and stop > at
        }
        project, name, group = (text(data, *parts.get(number, (0, 0))) for number in (1, 4, 7))
        started = timestamp(data, *parts[12]) if 12 in parts else math.nan
        self._facts += facts(name, project, group, started)
        self._facts.append(Evidence("running", "SwanLab recorded its start and no end"))

    def _finish(self, data: bytes, start: int, end: int) -> None:
        state, error, when = 0, "", math.nan
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == VARINT:
                state = at
            elif number == 2 and wire == BYTES:
                error = text(data, at, stop)
            elif number == 3 and wire == BYTES:
                when = timestamp(data, at, stop)
        at_end = known(when)
        if _STATES.get(state) == "finished":
            self._facts.append(Evidence("finished", "SwanLab recorded the end", at=at_end))
        elif state in _STATES:
            last = error.strip().rpartition("\n")[2][:300]
            words = last or ("aborted" if state == 3 else "a crash")
            self._facts.append(Evidence("crashed", f"SwanLab recorded: {words}", at=at_end))
