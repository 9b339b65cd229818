"""JSON lines logs: ``*.jsonl`` and ``*.ndjson`` (and ``*.json`` that holds one object a line) whose objects
have a step-like key and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.bounded_json import number
from runwatch.readers.common.column_names import (
    DATA_WORDS,
    MMENGINE,
    by_prefix,
    is_loss,
    metric_columns,
    place,
    plain,
    step_key,
)
from runwatch.readers.common.order import in_order, places_and_owners, refusal, refused
from runwatch.readers.common.records import first_records, read_records

NAME = "jsonl"
LOOKS_FOR = ("*.jsonl", "*.ndjson", "*.json")
_MMENGINE_ALL = "scalars.json"  # a second file, named by the date, repeats it
_LONG_HEAD = 256 * limits.KIB
_MANY = 16
_ENDINGS = (".jsonl", ".ndjson", ".json")


def claim(listing: Listing) -> Iterable[Claim]:
    records = {name: known for name in listing.files if (known := _placed(listing, name))}
    unordered = [name for name, known in records.items() if not _in_order(known)]
    tags_by_file = {
        name: tags for name, known in records.items() if name not in unordered and (tags := _tags(known))
    }
    if listing.name == MMENGINE and _MMENGINE_ALL in tags_by_file:
        tags_by_file = {_MMENGINE_ALL: tags_by_file[_MMENGINE_ALL]}
    if tags_by_file:
        run_id, prefix = place(listing)
        for own, names in by_prefix(listing, tags_by_file).items():
            files = tuple(listing.join(name) for name in names)
            yield Claim(NAME, format=NAME, run_id=run_id, files=files, tag_prefix=prefix + own, priority=10)
    for name in unordered:
        yield refused(NAME, listing.join(name), "unordered")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return refusal(claim, source) if claim.role == "unread" else read_records(claim, source, cursor, final)


def _placed(listing: Listing, name: str) -> list[dict[str, object]]:
    """Those of the first records of a file that have a step; none if they are data, or no records."""
    if not name.endswith(_ENDINGS):
        return []
    head = listing.head(name)
    document = name.endswith(".json")
    if document and (not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or b"\n{" not in head):
        return []
    whole = len(head) == listing.files[name].size
    records = first_records(head, whole=not document and whole)
    if not document and not whole and len(records) < 2:
        records = first_records(listing.head(name, _LONG_HEAD), whole=False)
    if document and len(records) < 2:
        return []
    placed = [record for record in records if step_key(record) is not None]
    if any(DATA_WORDS & {plain(key) for key in record} for record in placed):
        return []
    return placed


def _tags(records: Iterable[Mapping[str, object]]) -> frozenset[str]:
    metrics: dict[tuple[str, ...], list[str]] = {}
    tags: set[str] = set()
    for record in records:
        keys = tuple(record)
        if keys not in metrics:
            metrics[keys] = [keys[i] for i in metric_columns(keys, step_key(keys))]
        tags.update([tag for tag in metrics[keys] if tag not in tags and number(record[tag]) is not None])
    return frozenset(tags)


def _in_order(records: Sequence[Mapping[str, object]]) -> bool:
    """Whether the most frequent kind of record stands in the order of writing. Few records don't tell, and
    those without a loss may be data."""
    if len(records) < _MANY or _only_rises(records):
        return True
    keys, many = Counter(map(tuple, records)).most_common(1)[0]
    step = step_key(keys)
    if step is None or many < _MANY or not any(map(is_loss, keys)):
        return True
    rows = [list(row.values()) for row in records if tuple(row) == keys]
    return in_order(*places_and_owners(keys, rows, step, number))


def _only_rises(records: Sequence[Mapping[str, object]]) -> bool:
    """Whether all records tell a step by the first one's name, and none goes back: by far the most do."""
    step = step_key(records[0])
    steps = [] if step is None else [record.get(step) for record in records]
    return set(map(type, steps)) == {int} and steps == sorted(steps)  # type: ignore[type-var]
