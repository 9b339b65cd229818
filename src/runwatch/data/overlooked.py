"""What looks like data and is judged by nothing, with the reason."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from runwatch.data.discover import (
    BATCH_FOLDERS,
    ListedFile,
    Schema,
    batches_of,
    is_log,
    is_prediction,
    is_table,
    references_in,
    strongly_named,
    unread_tables,
    with_tables_folded,
)
from runwatch.data.errors import explained
from runwatch.data.files import natural
from runwatch.data.formats import suffix
from runwatch.domain.run import Problem
from runwatch.domain.table_formats import UNREAD
from runwatch.text.units import plural

MOST = 20
_TEXT = (".csv", ".tsv", ".jsonl", ".ndjson")
_DATED = re.compile(r"\d{4}[-_]?\d\d[-_]?\d\d")
_SEVERAL = 3
_EXPORT = "write it as Parquet or CSV"
_NAME_IT = "call one of them reference, or name reference and current under [[data]]"


def overlooked(entries: Sequence[ListedFile], judged: Collection[str], schema: Schema) -> list[Problem]:
    """One problem a folder for files of a listing that hold tables and that no data set or predictions take
    (``judged``: the paths that one does), at most ``MOST`` and one that counts the others. Text files count
    only where their names or folders say that they are data: most are logs of runs."""
    problems = [*_unread(entries), *_alone(entries, judged, schema)]
    problems.sort(key=lambda problem: natural(problem.file))
    rest = len(problems) - MOST
    if rest > 0:
        more = Problem("", None, f"{plural(rest, 'more place')} with data that is not judged", _NAME_IT)
        return [*problems[:MOST], more]
    return problems


def unread_below(paths: Iterable[str]) -> list[Problem]:
    """Files and tables of formats that are not read in the folders among ``paths``."""
    problems: list[Problem] = []
    for top in filter(os.path.isdir, dict.fromkeys(paths)):
        parent = os.path.dirname(os.path.normpath(top))
        below = (os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names)
        inside = [
            ListedFile(os.path.relpath(path, parent or ".").replace(os.sep, "/"), 1, 0.0) for path in below
        ]
        problems.extend(replace(one, file=os.path.join(parent, one.file)) for one in _unread(inside))
    return problems


def _unread(entries: Sequence[ListedFile]) -> Iterable[Problem]:
    """Files and tables of formats that are not read, by folder and format."""
    tables = unread_tables(entries)
    for folder, kind in tables.items():
        yield Problem(
            folder.rstrip("/") or ".", None, f"is {kind}, which is not supported", "export the table"
        )
    by_reason: dict[tuple[str, str], list[str]] = {}
    for entry in with_tables_folded(entries):
        ending = next((ending for ending in UNREAD if entry.path.lower().endswith(ending)), None)
        if entry.size > 0 and ending:
            by_reason.setdefault((posixpath.dirname(entry.path), ending), []).append(entry.path)
    for (folder, kind), paths in by_reason.items():
        if len(paths) == 1:
            yield Problem(paths[0], None, f"{kind} files are not supported", _EXPORT)
        else:
            yield Problem(
                folder or ".", None, f"holds {len(paths)} {kind} files, which are not supported", _EXPORT
            )


def _alone(entries: Sequence[ListedFile], judged: Collection[str], schema: Schema) -> Iterable[Problem]:
    """Tables that no data set took, by folder; folders of which it took others are left out."""
    tables = [entry for entry in with_tables_folded(entries) if entry.size > 0 and is_table(entry.path)]
    known = {_folder(entry.path) for entry in tables if entry.path in judged}
    rest = [entry for entry in tables if not is_log(entry.path) and _folder(entry.path) not in known]
    reported: set[str] = set()
    for folder, reference in references_in([e for e in rest if not is_prediction(e.path)]).items():
        if _is_data(reference, folder):
            batches = batches_of(folder, reference, rest)
            reported.update(reference, batches)
            yield _no_set(reference, batches, schema)
    groups: dict[str, list[str]] = {}
    for entry in rest:
        if entry.path not in reported:
            groups.setdefault(_folder(entry.path), []).append(entry.path)
    for folder, paths in groups.items():
        if _is_data(paths, folder):
            yield _no_reference(folder, sorted(paths, key=natural))


def _folder(path: str) -> str:
    """The folder of a data file: that of the whole table for one below ``key=value`` folders."""
    parts = path.rstrip("/").split("/")[:-1]
    while parts and "=" in parts[-1]:
        parts.pop()
    return "/".join(parts)


def _is_data(paths: Sequence[str], folder: str) -> bool:
    if not all((suffix(path) or "").startswith(_TEXT) for path in paths):
        return True
    named = posixpath.basename(folder).lower() in (*BATCH_FOLDERS, "data")
    dated = sum(bool(_DATED.search(posixpath.basename(path))) for path in paths) >= _SEVERAL
    return named or dated or any(strongly_named(path) or is_prediction(path) for path in paths)


def _no_set(reference: Sequence[str], batches: Sequence[str], schema: Schema) -> Problem:
    if not batches:
        what = "is a reference by its name, but nothing beside it looks like a batch"
        return Problem(
            reference[0], None, what, "name current under [[data]], or put numbered files beside it"
        )
    for path in (reference[0], batches[-1]):
        try:
            schema(path)
        except Exception as error:
            trouble = explained(path, error).problem
            return Problem(path, None, trouble.message, trouble.hint)
    what = f"is a reference by its name, but shares fewer than half of its columns with {batches[-1]}"
    return Problem(reference[0], None, what, "name reference and current under [[data]]")


def _no_reference(folder: str, paths: Sequence[str]) -> Problem:
    if all(is_prediction(path) for path in paths):
        what = "predictions without a baseline to compare them with, or without a column of truths"
        hint = "call the file of the model in use champion, or name files and baseline under [[predictions]]"
        return Problem(paths[0] if len(paths) == 1 else folder or ".", None, what, hint)
    if len(paths) == 1:
        what = "is a data file on its own: there is nothing to compare it with"
        return Problem(paths[0], None, what, "name reference and current under [[data]]")
    what = f"holds {len(paths)} data files, but no reference to compare them with"
    return Problem(folder or ".", None, what, _NAME_IT)
