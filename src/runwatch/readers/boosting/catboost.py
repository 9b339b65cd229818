"""CatBoost's ``catboost_info/``: ``learn_error.tsv``, ``test_error.tsv``, and ``catboost_training.json`` with
the planned iterations and each metric's direction.

Of several evaluation sets all stand in one ``test_error.tsv``: ``AUC:0`` is the first, ``AUC`` the last. They
are named as in the JSON and on the console: ``test``, ``test1``…"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import partial

from msgspec.structs import replace

from runwatch.domain.operations import Append, Length, Operation, Stated
from runwatch.domain.run import Direction, Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.bounded_json import dig, sequence
from runwatch.readers.common.documents import Parsed, read_json
from runwatch.readers.common.table import read_table

NAME = "catboost"
_FOLDER = "catboost_info"
_META = "catboost_training.json"
_TABLE = re.compile(r"(learn|test\d{0,6})_error\.tsv", re.ASCII)
_NO_SETS = re.compile(rb"\"test_sets\":\s{0,4}\[\s{0,4}\]")
_CLOCK = "time_left.tsv"
_BETTER: Mapping[str, Direction] = {"Min": "min", "Max": "max"}
LOOKS_FOR = ("*_error.tsv", "catboost_training.json")


def claim(listing: Listing) -> Iterable[Claim]:
    tables = [match for name in sorted(listing.files) if (match := _TABLE.fullmatch(name))]
    if not tables and _META not in listing.files:
        return
    above = listing.parent
    run_id = above.path if above is not None and listing.name == _FOLDER else listing.path
    shadows = frozenset({"tensorboard"})
    left = _left(listing)
    for table in tables:
        if table[0] in left:
            continue
        file = (listing.join(table[0]),)
        yield Claim(
            NAME, format=NAME, run_id=run_id, files=file, tag_prefix=f"{table[1]}/", supersedes=shadows
        )
    rest = tuple(listing.join(name) for name in (_META, _CLOCK, *left) if name in listing.files)
    if rest:
        yield Claim(NAME, NAME, run_id, rest, supersedes=shadows)


def _left(listing: Listing) -> list[str]:
    """The tables of evaluation sets in the folder of a training that has none: an earlier one, or a grid
    search, whose table has a row a candidate, left them."""
    if _META not in listing.files or _NO_SETS.search(listing.head(_META)) is None:
        return []
    return sorted(name for name in listing.files if (match := _TABLE.fullmatch(name)) and match[1] != "learn")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    name = os.path.basename(source.file)
    if name == _CLOCK or (name != _META and not claim.tag_prefix):
        return Reading({}, Cursor(stat=source.stat))
    if name != _META:
        return _by_set(read_table(claim, source, cursor, final), claim, source)
    return read_json(claim, source, cursor, partial(_parse, source))


def _parse(source: SourceFile, value: object) -> Parsed:
    meta = dig(value, "meta")
    if not isinstance(meta, dict):
        return [Problem(source.file, None, "no meta in this JSON", "is it CatBoost's file?")]
    return _operations(meta)


def _by_set(reading: Reading, claim: Claim, source: SourceFile) -> Reading:
    """``test/AUC:0`` as ``test/AUC`` and, behind it, ``test/AUC`` as that of the last set."""
    sets = _sets(source) if claim.tag_prefix == "test/" else 1
    if sets == 1:
        return reading
    operations = reading.operations.get(claim.run_id, ())
    named = [_named(one, sets) if isinstance(one, Append) else one for one in operations]
    return replace(reading, operations={claim.run_id: named} if named else {})


def _named(append: Append, sets: int) -> Append:
    metric, _, suffix = append.tag.removeprefix("test/").rpartition(":")
    number = int(suffix) if metric and suffix.isdecimal() else sets - 1
    name = metric if metric and suffix.isdecimal() else append.tag.removeprefix("test/")
    return replace(append, tag=f"test{number or ''}/{name}")


def _sets(source: SourceFile) -> int:
    """How many sets the header of the table names."""
    header = source.other(source.file, 64 * limits.KIB).partition(b"\n")[0]
    return 1 + len(set(re.findall(rb":(\d{1,3})(?=\t|\r|$)", header)))


def _operations(meta: Mapping[str, object]) -> list[Operation]:
    operations: list[Operation] = []
    count = meta.get("iteration_count")
    if type(count) is int and 0 < count < 2**53:
        operations.append(Length(steps=count - 1))
    for sets, metrics in (("learn_sets", "learn_metrics"), ("test_sets", "test_metrics")):
        for metric in sequence(meta.get(metrics)):
            name, better = dig(metric, "name"), _BETTER.get(str(dig(metric, "best_value")))
            if isinstance(name, str) and better:
                operations += [Stated(f"{group}/{name}", better) for group in _groups(meta, sets)]
    return operations


def _groups(meta: Mapping[str, object], sets: str) -> list[str]:
    names = [name for name in sequence(meta.get(sets)) if isinstance(name, str)]
    return names or [sets.removesuffix("_sets")]
