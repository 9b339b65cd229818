"""Files that are rewritten whole: what the newest whole version says, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, failed, read_document, unchanged
from runwatch.readers.common import bounded_json


class Version(NamedTuple):
    """A new version of the file. ``again``: an earlier one was read, whose points have to go."""

    value: Any
    cursor: Cursor
    again: bool

    def reading(self, claim: Claim, operations: list[Operation], *problems: Problem) -> Reading:
        """What the version says, in place of what the earlier one said."""
        all_operations = [Replace(), *operations] if self.again else operations
        return Reading.of(claim, all_operations, self.cursor, problems)


def read_whole(
    claim: Claim,
    source: SourceFile,
    cursor: Cursor | None,
    operations_of: Callable[[bytes], Iterable[Operation]],
    limit: int = limits.DOCUMENT,
) -> Reading:
    """What ``operations_of`` makes of a new version, in place of what the earlier one said. A version for
    which it raises ValueError is torn or damaged: a problem, and read again when it changes."""
    try:
        document = read_document(source, cursor, limit)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error)
    if document is None:
        return unchanged(source, cursor)
    try:
        operations = list(operations_of(document.data))
    except ValueError as error:
        problem = Problem(source.file, None, f"not read: {error}", "it is read again when it changes")
        return Reading({}, document.cursor, (problem,))
    if cursor is not None:
        operations = [Replace(), *operations]
    return Reading.of(claim, operations, document.cursor)


def read_version(source: SourceFile, cursor: Cursor | None) -> Version | Reading:
    """The file's value if it is new; else the reading that says: unchanged, torn, or past a limit. A torn
    version changes nothing: it is read again when it is whole."""
    try:
        document = read_document(source, cursor)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error)
    if document is None:
        return unchanged(source, cursor)
    if not document.data.strip():
        return Reading({}, document.cursor)
    try:
        value = bounded_json.parse(document.data)
    except ValueError as error:
        what = "not read" if isinstance(error, bounded_json.PastLimit) else "not complete JSON"
        problem = Problem(source.file, None, f"{what}: {error}", "it is read again when it changes")
        return Reading({}, document.cursor, (problem,))
    return Version(value, document.cursor, cursor is not None)
