"""JSON files that are rewritten whole: the value of the newest whole version, or why there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, failed, read_document, unchanged
from runwatch.readers.common import bounded_json


class Version(NamedTuple):
    """A new version of the file. ``again``: an earlier one was read, whose points have to go."""

    value: Any
    cursor: Cursor
    again: bool

    def reading(self, claim: Claim, operations: list[Operation], *problems: Problem) -> Reading:
        """What the version says, in place of what the earlier one said."""
        told = [Replace(), *operations] if self.again else operations
        return Reading({claim.run_id: told} if told else {}, self.cursor, problems)


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
        problem = Problem(
            source.file, None, f"not complete JSON: {error}", "it is read again when it changes"
        )
        return Reading({}, document.cursor, (problem,))
    return Version(value, document.cursor, cursor is not None)
