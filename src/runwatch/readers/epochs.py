"""A JSON list of one object an epoch, rewritten whole: skorch's ``history.json``, Chainer's ``log``, a dumped
``log_history``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import partial

from runwatch.domain.directions import direction_of
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import DATA_WORDS, plain, step_key
from runwatch.readers.common.documents import Parsed, read_json
from runwatch.readers.common.records import JsonRows

NAME = "epochs"
LOOKS_FOR = ("*.json", "log")
_SIGHT = 64 * limits.KIB
_START = re.compile(rb"\s{0,64}\[\s{0,64}\{\s{0,64}\"")
_PAIR = re.compile(rb'"([^"\\]{1,200})"\s{0,4}:\s{0,4}(?:[-\d]|NaN|-?Infinity)')
_SKORCH, _CHAINER = b'"train_batch_count"', re.compile(rb'"(?:validation/)?main/')
_BOOKKEEPING = frozenset({"batches", "dur", "train_batch_count", "valid_batch_count"})


def claim(listing: Listing) -> Iterable[Claim]:
    words = {name: word for name in sorted(listing.files) if (word := _word(listing, name))}
    for name, word in words.items():
        prefix = f"{name.rpartition('.')[0] or name}/" if len(words) > 1 else ""
        yield Claim(
            NAME,
            format=word,
            run_id=listing.path,
            files=(listing.join(name),),
            tag_prefix=prefix,
            priority=30,
        )


def _word(listing: Listing, name: str) -> str | None:
    """Whose list it is; None: it is none."""
    if not (name.endswith(".json") or name == "log") or not _START.match(listing.head(name, 256)):
        return None
    head = listing.head(name, _SIGHT)
    names = [match.decode("utf-8", "replace") for match in _PAIR.findall(head)]
    if step_key(names) is None or DATA_WORDS & set(map(plain, names)):
        return None
    if not any(direction_of(name) for name in names):
        return None
    return "skorch" if _SKORCH in head else "chainer" if _CHAINER.search(head) else "json"


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_json(claim, source, cursor, partial(_parse, claim, source))


def _parse(claim: Claim, source: SourceFile, value: object) -> Parsed:
    records = JsonRows(source.file, {})
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict):
            metrics = {key: value for key, value in row.items() if key not in _BOOKKEEPING}
            records.feed(json.dumps(metrics).encode() + b"\n", final=True)
    operations = records.log.operations(claim.tag_prefix)
    if not operations:
        return [Problem(source.file, None, "no epochs with numbers in it", "log a step or an epoch in each")]
    return [*operations, *records.notes.problems()]
