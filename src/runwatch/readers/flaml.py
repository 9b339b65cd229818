"""FLAML: the log of a search (``log_file_name``), a JSON record a trial. A trial is a step;
``validation_loss`` is what FLAML minimises. The hyperparameters shown are the best trial's so far."""

from __future__ import annotations

import math
from collections.abc import Iterable

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import HParams, Operation, Stated
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.lines import NewRows, read_rows, take_json
from runwatch.readers.common.point_log import PointLog

NAME = "flaml"
PRIORITY = 60
LOOKS_FOR = ("*.log", "*.jsonl", "*.json", "*.txt")
MAGIC = b'{"record_id":'
_ENDINGS = (".log", ".jsonl", ".json", ".txt")
_LOSS = "validation_loss"
_BOOKKEEPING = frozenset({"pred_time"})


def claim(listing: Listing) -> Iterable[Claim]:
    logs = [
        n for n in sorted(listing.files) if n.endswith(_ENDINGS) and listing.head(n, 16).startswith(MAGIC)
    ]
    for name in logs:
        prefix = f"{name.rpartition('.')[0]}/" if len(logs) > 1 else ""
        yield Claim(
            NAME,
            format=NAME,
            run_id=listing.path,
            files=(listing.join(name),),
            tag_prefix=prefix,
            priority=PRIORITY,
        )


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    rows = read_rows(source, cursor, final)
    return rows.reading(claim, list(_appends(rows, claim.tag_prefix)))


def _appends(rows: NewRows, prefix: str) -> Iterable[Operation]:
    """State: ``best``, the smallest validation loss so far."""
    log = PointLog()
    best: JsonDict = {}

    def take(record: JsonDict) -> None:
        nonlocal best
        step, loss = bounded_json.whole(record.get("record_id")), bounded_json.number(record.get(_LOSS))
        if step is None or loss is None:
            return
        logged = record.get("logged_metric")
        others = bounded_json.flat_numbers(logged) if isinstance(logged, dict) else {}
        log.next_row()
        for name, value in {_LOSS: loss, **others}.items():
            if name not in _BOOKKEEPING:
                log.add(name, step, value)
        if loss < rows.state.get("best", math.inf):
            rows.state["best"], best = loss, record

    take_json(rows, rows.notes, take, "not a record of FLAML's, skipped")
    yield from log.operations(prefix)
    if log:
        yield Stated(prefix + _LOSS, "min")
    if isinstance(best.get("config"), dict):
        yield HParams({"learner": best.get("learner"), **best["config"]})
