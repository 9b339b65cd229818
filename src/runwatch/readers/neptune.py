"""Neptune without a server: ``.neptune/offline/run__<id>…/data-<n>.log``, an operation a line. Series are
metrics; single numbers outside the parameters are metrics with one point. No end is recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Evidence, HParams, Label, Operation
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import read_json
from runwatch.readers.common.facts import facts
from runwatch.readers.common.lines import read_rows, take_json
from runwatch.readers.common.point_log import PointLog

NAME = "neptune"
_DATA = re.compile(r"data-(\d{1,9})\.log", re.ASCII)
_METADATA = "metadata.json"
_OWN = frozenset({"sys", "source_code", "monitoring"})
_PARAMETERS = frozenset({"parameters", "params", "hparams", "hyperparameters", "config", "args", "model"})
_SETTINGS = frozenset({"AssignFloat", "AssignInt", "AssignString", "AssignBool"})
LOOKS_FOR = ("metadata.json",)


def claim(listing: Listing) -> Iterable[Claim]:
    parts = [(int(match[1]), name) for name in listing.files if (match := _DATA.fullmatch(name))]
    if not parts or _METADATA not in listing.files:
        return
    if b"containerType" not in listing.head(_METADATA):
        return
    names = [_METADATA, *(name for _, name in sorted(parts))]
    yield Claim(NAME, NAME, listing.path, tuple(map(listing.join, names)))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if source.file.endswith(_METADATA):
        return read_json(claim, source, cursor, _metadata)
    rows = read_rows(source, cursor, final)
    operations = _Operations(rows.state)
    take_json(rows, rows.notes, operations.take, "not an operation of Neptune's, skipped")
    rows.state.update(operations.state())
    return rows.reading(claim, operations.operations_of(claim.tag_prefix))


def _metadata(value: object) -> Iterable[Operation]:
    return facts(started=clock(bounded_json.dig(value, "createdAt")))


class _Operations:
    """State: ``next``, the step of a value of each series that is logged without one; ``step``, the last."""

    def __init__(self, state: JsonMapping) -> None:
        self._next: dict[str, int] = dict(state.get("next", {}))
        self._step: int = state.get("step", 0)
        self._log = PointLog()
        self._values: dict[str, object] = {}
        self._facts: list[Operation] = []

    def state(self) -> JsonDict:
        return {"next": self._next, "step": self._step}

    def take(self, record: JsonMapping) -> None:
        """One operation. Raises what missing or strange fields raise."""
        self._log.next_row()
        operation = record["obj"]
        kind, path = operation["type"], [str(part) for part in operation["path"]]
        if path[0] in _OWN:
            self._own(path, operation)
        elif kind == "LogFloats":
            for value in operation["values"]:
                self._add("/".join(path), value)
        elif kind in _SETTINGS:
            self._assign(kind, path, operation["value"], record.get("at"))

    def _own(self, path: list[str], operation: Mapping[str, object]) -> None:
        if path == ["sys", "name"] and operation.get("value"):
            self._facts.append(Label("name", str(operation["value"])))
        elif path == ["sys", "failed"] and operation.get("value") is True:
            self._facts.append(Evidence("crashed", "Neptune recorded that the run failed"))

    def _add(self, tag: str, value: JsonMapping) -> None:
        step = value.get("step")
        at = self._next.get(tag, 0) if step is None else math.floor(step)
        self._next[tag] = at + 1
        self._step = max(self._step, at)
        self._log.add(tag, at, float(value["value"]), clock(value.get("ts")))

    def _assign(self, kind: str, path: list[str], value: object, at: object) -> None:
        number = bounded_json.number(value) if kind in ("AssignFloat", "AssignInt") else None
        if number is None or path[0].lower() in _PARAMETERS:
            self._values["/".join(path)] = value
        else:
            self._log.add("/".join(path), self._step, number, clock(at))

    def operations_of(self, prefix: str) -> Iterable[Operation]:
        yield from self._log.operations(prefix)
        if self._values:
            yield HParams(self._values)
        yield from self._facts
