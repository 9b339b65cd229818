"""Logs whose columns a person has named: ``[[runs]]`` of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from runwatch.readers.base import Claim, Cursor, Layout, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import place
from runwatch.readers.common.records import read_records
from runwatch.readers.common.table import read_table

_PRIORITY = 80


class OwnLogs:
    """A reader of the files that its globs (relative to the root, ``**`` is any depth; without a slash: the
    name of a file anywhere) match; of several globs the first."""

    NAME = "own"

    def __init__(self, layouts: Sequence[tuple[str, Layout]]) -> None:
        self._layouts = layouts

    def claim(self, listing: Listing) -> Iterable[Claim]:
        matches = [
            (name, layout)
            for name in sorted(listing.files)
            if (layout := self._layout(listing, name)) is not None
        ]
        run_id, prefix = place(listing)
        for name, layout in matches:
            own = f"{name.rpartition('.')[0] or name}/" if len(matches) > 1 else ""
            word = "jsonl" if _is_records(name) else "csv"
            files = (listing.join(name),)
            yield Claim(
                self.NAME,
                format=word,
                run_id=run_id,
                files=files,
                tag_prefix=prefix + own,
                priority=_PRIORITY,
                layout=layout,
            )

    def read(self, claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
        read = read_records if _is_records(source.file) else read_table
        return read(claim, source, cursor, final)

    def _layout(self, listing: Listing, name: str) -> Layout | None:
        parts = listing.join(name).split("/")
        matching = (layout for glob, layout in self._layouts if _matches(parts, glob))
        return next(matching, None)


def _is_records(name: str) -> bool:
    return name.endswith((".jsonl", ".ndjson", ".json"))


def _matches(parts: Sequence[str], glob: str) -> bool:
    pattern = glob.removeprefix("./").split("/")
    return _follow(parts, pattern) if len(pattern) > 1 else fnmatchcase(parts[-1], glob)


def _follow(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_follow(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _follow(parts[1:], pattern[1:])
