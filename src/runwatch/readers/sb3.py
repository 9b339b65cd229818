"""Stable-Baselines3 and its relatives: ``progress.csv``, or ``progress.json`` (JSON lines) where there is no
CSV. Both tell the same, and TensorBoard files beside them too. ``*.monitor.csv`` are episodes, never runs."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import RL_COUNTS, RL_TOTALS, place, plain
from runwatch.readers.common.records import first_keys, read_records
from runwatch.readers.common.table import header_names, read_table

NAME = "sb3"
_KEYS = frozenset({*RL_TOTALS, *RL_COUNTS, "training_iteration", "step", "iteration"})
_TABLE, _RECORDS = "progress.csv", "progress.json"
LOOKS_FOR = ("progress.csv", "progress.json")


def claim(listing: Listing) -> Iterable[Claim]:
    if "result.json" in listing.files:
        return
    for name in (_TABLE, _RECORDS):
        if name in listing.files and _KEYS & set(map(plain, _names(listing, name))):
            run_id, prefix = place(listing)
            yield Claim(
                NAME,
                format=NAME,
                run_id=run_id,
                files=(listing.join(name),),
                tag_prefix=prefix,
                supersedes=frozenset({"tensorboard"}),
            )
            return


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if source.file.endswith(".csv"):
        return read_table(claim, source, cursor, final)
    return read_records(claim, source, cursor, final)


def _names(listing: Listing, name: str) -> frozenset[str]:
    head = listing.head(name)
    if name == _RECORDS:
        return first_keys(head)
    header = header_names(head.partition(b"\n")[0]) if head.strip() else None
    return frozenset(header[0]) if header else frozenset()
