"""Tables and JSON lines that plainly hold metrics, but do not say at which step: no run can be made of them,
and that is said, with the way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.cells import number
from runwatch.readers.common.column_names import DATA_WORDS, index_key, is_loss, plain, step_key
from runwatch.readers.common.quotes import split_line
from runwatch.readers.common.records import first_records
from runwatch.readers.common.table import header_names

NAME = "unplaced"
LOOKS_FOR = ("*.csv", "*.tsv", "*.jsonl", "*.ndjson")
_TABLES, _RECORDS = (".csv", ".tsv"), (".jsonl", ".ndjson")
_HINT = 'name the column in runwatch.toml: [[runs]] files = "{file}" and step = "..."'


def claim(listing: Listing) -> Iterable[Claim]:
    """Such a file by itself; every other reader goes before."""
    for name in listing.files:
        if (name.endswith(_TABLES) and _is_table(listing, name)) or (
            name.endswith(_RECORDS) and _are_records(listing, name)
        ):
            file = listing.join(name)
            yield Claim(NAME, NAME, file, (file,), priority=1, role="unread")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    problem = Problem(source.file, None, "metrics without a step, not read", _HINT.format(file=source.file))
    return Reading({}, Cursor(stat=source.stat), (problem,))


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


def _are_records(listing: Listing, name: str) -> bool:
    records = first_records(listing.head(name), whole=False)
    return len(records) > 1 and all(_plainly_metrics(list(record)) for record in records[:5])


def _plainly_metrics(names: Sequence[str]) -> bool:
    known = {plain(name) for name in names}
    return step_key(names) is None and not DATA_WORDS & known and any(map(is_loss, names))
