"""Syne Tune: a trial is a folder with ``std.out``, whose lines ``[tune-metric]: {…}`` are its reports;
``end`` or ``stop`` beside it says that it is over. The tuner's pickles are not opened."""

from __future__ import annotations

import json
from collections.abc import Iterable

from runwatch.domain.operations import Evidence, Operation
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.column_names import step_key
from runwatch.readers.common.facts import facts
from runwatch.readers.common.lines import read_rows
from runwatch.readers.common.records import JsonRows
from runwatch.text.console import TRACEBACK

NAME = "syne-tune"
PRIORITY = 60
_OUT, _ERRORS, _TUNER = "std.out", "std.err", "metadata.json"
_MARK = b"[tune-metric]: "
_COUNTER, _CLOCK, _BOOKKEEPING = "st_worker_iter", "st_worker_timestamp", "st_"
LOOKS_FOR = ("std.out",)


def claim(listing: Listing) -> Iterable[Claim]:
    if _OUT not in listing.files or _ERRORS not in listing.files:
        return
    above = listing.parent
    has_tuner = above is not None and _TUNER in above.files and b"st_tuner_" in above.head(_TUNER)
    if not has_tuner and _MARK not in listing.head(_OUT):
        return
    yield Claim(NAME, NAME, listing.path, (listing.join(_OUT),), priority=PRIORITY)
    ends = [name for name in ("end", "stop") if name in listing.files]
    if ends and TRACEBACK.encode() not in listing.tail(_ERRORS):
        yield Claim(NAME, "", listing.path, tuple(map(listing.join, ends)), role="part")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if not claim.format:
        word = "ended" if source.file.endswith("end") else "was stopped by the scheduler"
        evidence = Evidence("finished", f"Syne Tune: the trial {word}", at=source.stat.mtime)
        return Reading({claim.run_id: [evidence]}, Cursor(stat=source.stat))
    rows = read_rows(source, cursor, final)
    records = JsonRows(source.file, rows.state)
    records.feed(b"".join(report for _, line in rows if (report := _report(line))), final=False)
    rows.state.update(records.state())
    rows.notes.found += records.notes.problems()
    names = () if cursor is not None and cursor.offset else _names(claim)
    return rows.reading(claim, [*names, *records.log.operations(claim.tag_prefix)])


def _names(claim: Claim) -> Iterable[Operation]:
    above, _, trial = claim.run_id.rpartition("/")
    tuner = above.rpartition("/")[2]
    return facts(f"{tuner}/{trial}", group=tuner) if tuner else ()


def _report(line: bytes) -> bytes | None:
    """A report as a record with a step: the trial's own, else how many reports there were."""
    at = line.find(_MARK)
    if at < 0:
        return None
    try:
        value = bounded_json.parse_line(line[at + len(_MARK) :].decode("utf-8", "backslashreplace"))
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    own = {key: inner for key, inner in value.items() if not key.startswith(_BOOKKEEPING)}
    if step_key(own) is None and isinstance(value.get(_COUNTER), int):
        own = {"step": value[_COUNTER] + 1, **own}
    if _CLOCK in value:
        own = {**own, "timestamp": value[_CLOCK]}
    return json.dumps(own).encode() + b"\n"
