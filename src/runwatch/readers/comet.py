"""Comet without a server: ``<id>.zip`` with ``messages.json`` (a message a line). Comet packs it when the
experiment ends; until then the zip is empty, and its messages lie in a temporary folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Evidence, HParams, Label, Operation
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import archives, bounded_json
from runwatch.readers.common.bounded_json import dig, mapping
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import Parsed, read_archive
from runwatch.readers.common.facts import facts, known
from runwatch.readers.common.lines import LineNotes, take_json
from runwatch.readers.common.point_log import PointLog

NAME = "comet"
LOOKS_FOR = ("*.zip",)
_EXPERIMENT, _MESSAGES = "experiment.json", "messages.json"
_ARCHIVE = re.compile(r"[0-9A-Za-z]{32,50}(?:-\w{1,20})?\.zip")
_EMPTY = b"PK\x05\x06"
_LARGEST = 64 * limits.MIB
_BY_HAND = frozenset({"manual", "cli"})
_NO_METRICS = frozenset({"process duration", "curr_step", "curr_epoch"})


def claim(listing: Listing) -> Iterable[Claim]:
    for name in listing.files:
        if not (name.endswith(".zip") and _ARCHIVE.fullmatch(name)):
            continue
        head = listing.head(name, 64)
        packed = head.startswith(archives.MAGIC) and head[30:].startswith(
            (b"experiment.json", b"messages.json")
        )
        if packed or (head.startswith(_EMPTY) and listing.files[name].size == 22):
            file = listing.join(name)
            yield Claim(NAME, NAME, file.removesuffix(".zip"), (file,))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_archive(claim, source, cursor, partial(_parse, claim, source))


def _parse(claim: Claim, source: SourceFile, archive: archives.Archive) -> Parsed:
    if _MESSAGES not in archive.names:
        yield Evidence("running", "Comet packs its zip when the experiment ends")
    else:
        notes, messages = LineNotes(source.file), _Messages()
        lines = enumerate(archive.read(_MESSAGES, _LARGEST).split(b"\n"), 1)
        take_json(lines, notes, messages.take, "not a message, skipped", "it may be damaged")
        yield from messages.operations(claim.tag_prefix)
        yield from notes.problems()
    if _EXPERIMENT in archive.names:
        yield from _experiment(mapping(bounded_json.parse(archive.read(_EXPERIMENT))))


def _experiment(experiment: JsonDict) -> Iterable[Operation]:
    yield from facts(project=experiment.get("project_name"), started=clock(experiment.get("start_time")))
    at = known(clock(experiment.get("stop_time")))
    if experiment.get("customer_error_reported"):
        words = str(experiment.get("customer_error_message") or "an error")[:300]
        yield Evidence("crashed", f"Comet recorded: {words}", at=at)
    elif at is not None:
        yield Evidence("finished", "Comet recorded the end", at=at)


class _Messages:
    """Metrics by ``context_name``, as Comet shows them, and the parameters that a person logged."""

    def __init__(self) -> None:
        self._log = PointLog()
        self._values: dict[str, object] = {}
        self._name = ""
        self._last = 0

    def take(self, message: object) -> None:
        kind, payload = dig(message, "type"), mapping(dig(message, "payload"))
        if kind == "metric_msg":
            self._metric(payload, mapping(payload.get("metric")))
        elif kind == "parameter_msg":
            self._param(mapping(payload.get("param")))
        elif kind == "log_other" and payload.get("key") == "Name":
            self._name = str(payload.get("value", ""))

    def _metric(self, payload: Mapping[str, object], metric: Mapping[str, object]) -> None:
        """A metric without a step stands where the one before it stood."""
        name, value = metric.get("metricName"), bounded_json.number(metric.get("metricValue"))
        if not isinstance(name, str) or value is None or name in _NO_METRICS or name.startswith("sys."):
            return
        step = bounded_json.whole(metric.get("step"))
        self._last = self._last if step is None else step
        context = payload.get("context")
        tag = f"{context}_{name}" if isinstance(context, str) and context else name
        self._log.next_row()
        epoch = metric.get("epoch")
        if isinstance(epoch, int | float) and not isinstance(epoch, bool):
            self._log.epoch(self._last, float(epoch))
        self._log.add(tag, self._last, value, clock(payload.get("local_timestamp")))

    def _param(self, param: Mapping[str, object]) -> None:
        name = param.get("paramName")
        if isinstance(name, str) and param.get("source") in _BY_HAND and not name.startswith("run_arg_"):
            self._values[name.replace("|", "/")] = param.get("paramValue")

    def operations(self, prefix: str) -> Iterable[Operation]:
        yield from self._log.operations(prefix)
        if self._values:
            yield HParams(self._values)
        if self._name:
            yield Label("name", self._name)
