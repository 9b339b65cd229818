"""Files that are rewritten whole: what the newest whole version says, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, failed, read_document, unchanged
from runwatch.readers.common import archives, bounded_json

Parsed = Iterable[Operation | Problem]
"""What a version says, and what is wrong with it."""

T = TypeVar("T")

AGAIN = "it is read again when it changes"


class Torn(ValueError):
    """Half written just now. Its text is all that is said of it; "": nothing is."""


def newest(
    source: SourceFile, cursor: Cursor | None, made_of: Callable[[bytes], T], limit: int = limits.DOCUMENT
) -> tuple[T, Cursor] | Reading:
    """What ``made_of`` makes of a version that is new; else the reading that says: unchanged, past the limit,
    or (where it raises ValueError) torn or damaged. Such a version changes nothing: it is read again when it
    is another one."""
    try:
        document = read_document(source, cursor, limit)
    except ValueError as error:
        return failed(source, cursor, error)
    if document is None:
        return unchanged(source, cursor)
    try:
        return made_of(document.data), document.cursor
    except ValueError as error:
        words = str(error) if isinstance(error, Torn) else f"not read: {error}"
        return Reading({}, document.cursor, (Problem(source.file, None, words, AGAIN),) if words else ())


def json_of(data: bytes) -> Any:
    """The value of a JSON document. Raises Torn, PastLimit."""
    if not data.strip():
        raise Torn
    try:
        return bounded_json.parse(data)
    except bounded_json.PastLimit:
        raise
    except ValueError as error:
        raise Torn(f"not complete JSON: {error}") from None


def read_whole(
    claim: Claim,
    source: SourceFile,
    cursor: Cursor | None,
    parse: Callable[[bytes], Parsed],
    limit: int = limits.DOCUMENT,
) -> Reading:
    """What ``parse`` tells of the newest version, in place of what the earlier one said."""
    version = newest(source, cursor, lambda data: list(parse(data)), limit)
    return version if isinstance(version, Reading) else _in_place(claim, cursor, *version)


def read_json(
    claim: Claim, source: SourceFile, cursor: Cursor | None, parse: Callable[[Any], Parsed]
) -> Reading:
    """As ``read_whole``, of the value of a JSON document."""
    return read_whole(claim, source, cursor, lambda data: parse(json_of(data)))


def read_archive(
    claim: Claim, source: SourceFile, cursor: Cursor | None, parse: Callable[[archives.Archive], Parsed]
) -> Reading:
    """As ``read_whole``, of a zip archive, which is read again when its time or size is another one."""
    if cursor is not None and cursor.stat == source.stat:
        return unchanged(source, cursor)
    try:
        with archives.opened(source.path) as archive:
            found = list(parse(archive))
    except ValueError as error:
        return failed(source, cursor, error, AGAIN)
    return _in_place(claim, cursor, found, Cursor(source.stat.size, stat=source.stat))


def _in_place(claim: Claim, before: Cursor | None, found: list[Operation | Problem], now: Cursor) -> Reading:
    operations: list[Operation] = [] if before is None else [Replace()]
    operations += [one for one in found if not isinstance(one, Problem)]
    return Reading.of(claim, operations, now, [one for one in found if isinstance(one, Problem)])
