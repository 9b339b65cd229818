"""Syne Tune: a trial is a folder with ``std.out``, whose lines ``[tune-metric]: {…}`` are its reports;
``end`` or ``stop`` beside it says that it is over. The tuner's pickles are not opened."""

from __future__ import annotations

import json
from collections.abc import Iterable

from runwatch.domain.operations import Evidence, Label, Operation, Replace
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile, read_tail
from runwatch.readers.common import bounded_json
from runwatch.readers.common.column_names import step_key
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
    tail = read_tail(source, cursor)
    records = JsonRows(source.file, tail.state)
    end = len(tail.data) if final and not tail.more else tail.data.rfind(b"\n") + 1
    if not end and len(tail.data) > limits.LINE:
        end = len(tail.data)
    records.feed(b"".join(filter(None, map(_report, tail.data[:end].split(b"\n")))), final=False)
    operations: list[Operation] = [Replace()] if tail.rewritten else []
    if tail.start == 0:
        operations += _names(claim)
    operations += records.log.operations(claim.tag_prefix)
    cursor = tail.cursor(end, records.state())
    return Reading.of(claim, operations, cursor, records.notes.problems(), tail.more)


def _names(claim: Claim) -> Iterable[Operation]:
    tuner, _, trial = claim.run_id.rpartition("/")
    if tuner:
        yield Label("group", tuner.rpartition("/")[2])
        yield Label("name", f"{tuner.rpartition('/')[2]}/{trial}")


def _report(line: bytes) -> bytes | None:
    """A report as a record with a step: the trial's own, else how many reports there were."""
    at = line.find(_MARK)
    if at < 0 or len(line) > limits.LINE:
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
