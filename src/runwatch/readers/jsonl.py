"""JSON lines logs: ``*.jsonl`` and ``*.ndjson`` (and ``*.json`` that holds one object a line) whose objects
have a step-like key and numbers."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import DATA_WORDS, MMENGINE, by_prefix, place, plain, step_key
from runwatch.readers.common.records import first_records, metric_names, read_records

NAME = "jsonl"
LOOKS_FOR = ("*.jsonl", "*.ndjson", "*.json")
_MMENGINE_ALL = "scalars.json"  # a second file, named by the date, repeats it
_LONG_HEAD = 256 * limits.KIB
_ENDINGS = (".jsonl", ".ndjson", ".json")


def claim(listing: Listing) -> Iterable[Claim]:
    tags_by_file = {
        name: tags for name in listing.files if name.endswith(_ENDINGS) and (tags := log_tags(listing, name))
    }
    if not tags_by_file:
        return
    if listing.name == MMENGINE and _MMENGINE_ALL in tags_by_file:
        tags_by_file = {_MMENGINE_ALL: tags_by_file[_MMENGINE_ALL]}
    run_id, prefix = place(listing)
    for own, names in by_prefix(listing, tags_by_file).items():
        files = tuple(listing.join(name) for name in names)
        yield Claim(NAME, NAME, run_id, files, prefix + own, priority=10)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_records(claim, source, cursor, final)


def log_tags(listing: Listing, name: str) -> frozenset[str]:
    """The metrics in the first lines of a file that is a log; none if it is not."""
    head = listing.head(name)
    document = name.endswith(".json")
    if document and (not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or b"\n{" not in head):
        return frozenset()
    whole = len(head) == listing.files[name].size
    records = first_records(head, whole=not document and whole)
    if not document and not whole and len(records) < 2:
        records = first_records(listing.head(name, _LONG_HEAD), whole=False)
    if document and len(records) < 2:
        return frozenset()
    placed = [record for record in records if step_key(record) is not None]
    if any(DATA_WORDS & {plain(key) for key in record} for record in placed):
        return frozenset()
    return frozenset(tag for record in placed for tag in metric_names(record))
