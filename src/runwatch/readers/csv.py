"""Plain CSV logs: any ``*.csv`` or ``*.tsv`` with a step-like column and numbers, any ``*.log`` or ``*.txt``
that begins with one. Not every table is a log: one that has an id, a label or a prediction in it is data."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.cells import number
from runwatch.readers.common.column_names import (
    DATA_WORDS,
    LOG_NAMES,
    WEAK_STEP_KEYS,
    by_prefix,
    index_key,
    is_place,
    place,
    plain,
    starts_as_table,
    step_key,
)
from runwatch.readers.common.quotes import split_line
from runwatch.readers.common.table import BOM, header_names, read_table

NAME = "csv"
LOOKS_FOR = ("*.csv", "*.tsv", "*.log", "*.txt")
_LATE = 3


def claim(listing: Listing) -> Iterable[Claim]:
    tags_by_file = {name: tags for name in listing.files if (tags := log_tags(listing, name))}
    if not tags_by_file:
        return
    run_id, prefix = place(listing)
    for own, names in by_prefix(listing, tags_by_file).items():
        files = tuple(listing.join(name) for name in names)
        yield Claim(NAME, "csv", run_id, files, prefix + own, priority=10)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_table(claim, source, cursor, final)


def log_tags(listing: Listing, name: str) -> frozenset[str]:
    """The metric columns of a file that is a log by its first lines; none if it is not."""
    if not _may_be_table(listing, name):
        return frozenset()
    if name == "progress.csv" and "result.json" in listing.files:
        return frozenset()
    head = listing.head(name)
    first, newline, rest = _after_comments(head).partition(b"\n")
    header = header_names(first) if first.strip() else None
    if header is None:
        return frozenset()
    names, delimiter = header
    if not newline:
        names.pop()
    step = step_key(names) or index_key(names)
    tags = frozenset(tag for tag in names if tag and tag != step and not is_place(tag))
    if not tags or DATA_WORDS & {plain(tag) for tag in names}:
        return frozenset()
    if not newline:
        long = len(head) < listing.files[name].size
        known = step is not None or name.rpartition(".")[0].lower() in LOG_NAMES
        return tags if long and known else frozenset()
    if step is None:
        return frozenset()
    rows = [split_line(line, delimiter) for line in rest.split(b"\n")[:-1]]
    whole = [row for row in rows if row is not None and len(row) == len(names)]
    if delimiter == ";":
        whole = [[cell.replace(",", ".") for cell in row] for row in whole]
    return tags if not whole or _grows(whole, names, step) else frozenset()


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


def _grows(rows: list[list[str]], names: list[str], step: str) -> bool:
    """Whether the rows look like a log: whole steps or epochs that mostly rise, perhaps anew with each epoch,
    and numbers beside them."""
    at = names.index(step)
    epoch = next((i for i, name in enumerate(names) if plain(name) == "epoch"), at)
    counted = [number(row[at].encode()) for row in rows]
    epochs = counted if epoch == at else [number(row[epoch].encode()) for row in rows]
    values = [(before or 0.0, step) for before, step in zip(epochs, counted, strict=True) if step is not None]
    if 2 * sum(epoch == at or value.is_integer() for _, value in values) < len(rows):
        return False
    steps = [step for _, step in values]
    back = sum(later < earlier for earlier, later in pairwise(values) if later[1] != steps[0])
    rises = any(later > earlier for earlier, later in pairwise(values))
    if 3 * back > max(len(values) - 1, 3) and not _slightly_late(steps):
        return False
    if plain(step) in WEAK_STEP_KEYS and len(values) > 2 and not rises:
        return False
    return any(
        number(cell.encode()) is not None
        for row in rows
        for i, cell in enumerate(row)
        if i != at and not is_place(names[i])
    )


def _slightly_late(steps: list[float]) -> bool:
    """Whether no row is more than a few places from where it would stand in order, and none is there
    twice."""
    places = sorted(range(len(steps)), key=lambda i: steps[i])
    near = all(abs(place - i) <= _LATE for i, place in enumerate(places))
    return near and len(set(steps)) == len(steps) > 2 * _LATE
