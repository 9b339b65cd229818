"""Plain CSV logs: any ``*.csv`` or ``*.tsv`` with a step-like column and numbers, any ``*.log`` or ``*.txt``
that begins with one. Not every table is a log: one that has an id, a label or a prediction in it is data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.cells import number
from runwatch.readers.common.column_names import (
    DATA_WORDS,
    LOG_NAMES,
    WEAK_STEP_KEYS,
    by_prefix,
    index_key,
    is_loss,
    is_place,
    place,
    plain,
    starts_as_table,
    step_key,
)
from runwatch.readers.common.order import Fault, in_order, places_and_owners, refusal, refused
from runwatch.readers.common.quotes import split_line
from runwatch.readers.common.table import BOM, header_names, read_table

NAME = "csv"
LOOKS_FOR = ("*.csv", "*.tsv", "*.log", "*.txt")


_GROUPED = re.compile(r"\s*[-+]?\d{1,3}(?:[,' _]\d{3})+(?:\.\d*)?\s*")


class _Look(NamedTuple):
    """The metric columns of a file that is a log by its first lines, else none; or why a log cannot be
    read."""

    tags: frozenset[str] = frozenset()
    fault: Fault | None = None


_NO_LOG = _Look()


def claim(listing: Listing) -> Iterable[Claim]:
    looks = {name: look for name in listing.files if (look := _look_at(listing, name)) is not _NO_LOG}
    if not looks:
        return
    tags_by_file = {name: look.tags for name, look in looks.items() if look.tags}
    run_id, prefix = place(listing)
    for own, names in by_prefix(listing, tags_by_file).items():
        files = tuple(listing.join(name) for name in names)
        yield Claim(NAME, format="csv", run_id=run_id, files=files, tag_prefix=prefix + own, priority=10)
    for name, look in looks.items():
        if look.fault:
            yield refused(NAME, listing.join(name), look.fault)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return refusal(claim, source) if claim.role == "unread" else read_table(claim, source, cursor, final)


def _look_at(listing: Listing, name: str) -> _Look:
    if not _may_be_table(listing, name):
        return _NO_LOG
    if name == "progress.csv" and "result.json" in listing.files:
        return _NO_LOG
    head = listing.head(name)
    first, newline, rest = _after_comments(head).partition(b"\n")
    header = header_names(first) if first.strip() else None
    if header is None:
        return _NO_LOG
    names, delimiter = header
    if not newline:
        names.pop()
    step = step_key(names) or index_key(names)
    tags = frozenset(tag for tag in names if tag and tag != step and not is_place(tag))
    if not tags or DATA_WORDS & {plain(tag) for tag in names}:
        return _NO_LOG
    if not newline:
        long = len(head) < listing.files[name].size
        known = step is not None or name.rpartition(".")[0].lower() in LOG_NAMES
        return _Look(tags) if long and known else _NO_LOG
    if step is None:
        return _NO_LOG
    rows = [split_line(line, delimiter) for line in rest.split(b"\n")[:-1]]
    whole = [row for row in rows if row is not None and len(row) == len(names)]
    if delimiter == ";":
        whole = [[cell.replace(",", ".") for cell in row] for row in whole]
    if not whole:
        return _Look(tags)
    if not _has_numbers(whole, names, step):
        grouped = any(map(is_loss, names)) and any(_GROUPED.fullmatch(cell) for row in whole for cell in row)
        return _Look(fault="uncounted") if grouped else _NO_LOG
    fault = _fault(whole, names, step)
    if fault is None:
        return _Look(tags)
    return _Look(fault=fault) if any(map(is_loss, names)) else _NO_LOG


def _may_be_table(listing: Listing, name: str) -> bool:
    lower = name.lower()
    if lower.endswith((".log", ".txt")):
        return starts_as_table(listing.head(name, 64))
    return lower.endswith((".csv", ".tsv")) and not lower.endswith("monitor.csv")


def _after_comments(head: bytes) -> bytes:
    head = head.removeprefix(BOM)
    while head.startswith((b"#", b"\n", b"\r\n")) and b"\n" in head:
        line, _, after = head.partition(b"\n")
        if (
            line.startswith(b"#")
            and b"," in line
            and step_key(line.decode("latin-1").strip("# \r").split(","))
        ):
            break
        head = after
    return head


def _fault(rows: Sequence[Sequence[str]], names: Sequence[str], step: str) -> Fault | None:
    """Why these are no rows of a log: that has whole steps or epochs in the order of writing. Where nothing
    else counts, rows between whole steps cost themselves alone."""
    places, owners = places_and_owners(names, rows, step, lambda cell: number(cell.encode()))
    alone = plain(step) == "epoch" or "epoch" not in map(plain, names)
    if 2 * sum(alone or count.is_integer() for _, count in places) < len(rows):
        return "uncounted"
    if plain(step) in WEAK_STEP_KEYS and len(places) > 2 and places == sorted(places, reverse=True):
        return "unordered"
    return None if in_order(places, owners) else "unordered"


def _has_numbers(rows: Iterable[Sequence[str]], names: Sequence[str], step: str) -> bool:
    metrics = [i for i, name in enumerate(names) if name != step and not is_place(name)]
    return any(number(row[i].encode()) is not None for row in rows for i in metrics)
