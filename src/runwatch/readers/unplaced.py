"""Tables and JSON lines that plainly hold metrics, but do not say at which step: no run can be made of them,
and that is said, with the way out."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence

from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.cells import number
from runwatch.readers.common.column_names import DATA_WORDS, index_key, is_loss, plain, step_key
from runwatch.readers.common.order import Fault, refusal, refused
from runwatch.readers.common.quotes import split_line
from runwatch.readers.common.records import first_records, floor
from runwatch.readers.common.table import header_names
from runwatch.readers.console import tells_numbers

NAME = "unplaced"
LOOKS_FOR = ("*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.gz")
_TABLES, _RECORDS = (".csv", ".tsv"), (".jsonl", ".ndjson")
_PACKED = re.compile(r"\S{1,200}\.(?:log|out|jsonl|ndjson)\.gz")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LOSS = re.compile(rb'"[\w/.-]{0,80}loss"\s?:')


def claim(listing: Listing) -> Iterable[Claim]:
    """Such a file by itself; every other reader goes before."""
    for name in listing.files:
        fault = _fault(listing, name)
        if fault is not None:
            yield refused(NAME, listing.join(name), fault)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return refusal(claim, source)


def _fault(listing: Listing, name: str) -> Fault | None:
    """What keeps a file that plainly holds metrics from being read; None: it holds none, or is read."""
    if name.endswith(".gz"):
        return "packed" if _PACKED.fullmatch(name) and _is_packed_log(listing.head(name)) else None
    if not name.endswith(_TABLES + _RECORDS):
        return None
    head = listing.head(name)
    if head.startswith(_UTF_16):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace").partition("\n")[0].encode()
        header = header_names(text)
        named = header is not None and any(map(is_loss, header[0]))
        return "utf-16" if named or _LOSS.search(text) else None
    if name.endswith(_TABLES):
        return "unplaced" if _is_table(listing, name) else None
    if b"\n" not in head:
        return None
    records = first_records(head, whole=False)
    if len(records) > 1 and all(_plainly_metrics(list(record)) for record in records[:5]):
        return "unplaced"
    return "lines" if _LOSS.search(head) and not _have_steps(records) else None


def _is_packed_log(head: bytes) -> bool:
    """Whether the beginning of a gzip file has lines with metrics."""
    try:
        text = zlib.decompressobj(wbits=31).decompress(head, 16 * limits.KIB)
    except zlib.error:
        return False
    lines = text.decode("utf-8", "replace").split("\n")[:-1]
    return any(map(tells_numbers, lines)) or _LOSS.search(text) is not None


def _have_steps(records: Sequence[Mapping[str, object]]) -> bool:
    """Whether a record could be placed."""
    keys = ((record, step_key(record)) for record in records)
    return any(key is None or floor(record[key]) is not None for record, key in keys)


def _is_table(listing: Listing, name: str) -> bool:
    first, newline, rest = listing.head(name).partition(b"\n")
    header = header_names(first) if newline and first.strip() else None
    if header is None or index_key(header[0]) or not _plainly_metrics(header[0]):
        return False
    rows = [row for line in rest.split(b"\n")[:-1] if (row := split_line(line, header[1])) is not None]
    metrics = [i for i, name in enumerate(header[0]) if is_loss(name)]
    return any(
        len(row) == len(header[0]) and number(row[i].encode()) is not None for row in rows for i in metrics
    )


def _plainly_metrics(names: Sequence[str]) -> bool:
    known = {plain(name) for name in names}
    return step_key(names) is None and not DATA_WORDS & known and any(map(is_loss, names))
