"""Stores whose metrics cannot be read without the tool that wrote them: said in words, with the way out, and
never passed over in silence. Of Aim's runs the names and times are read."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable
from functools import partial

from runwatch.domain.operations import Evidence, Operation
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import sqlite
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.facts import facts

NAME = "unread"
_AIM, _AIM_RUNS = ".aim", "run_metadata.sqlite"
_EVIDENTLY = re.compile(rb'\s{0,8}\{\s{0,8}"report"\s{0,4}:\s{0,4}\{\s{0,8}"items"')
_EVIDENTLY_DRIFT = (b":DriftedColumnsCount", b":ValueDrift")
_MOST = 10_000
_NO_DRIFT = (
    "Evidently: of these snapshots only drift is read, and they have none",
    "let runwatch judge the predictions themselves: [[predictions]] in runwatch.toml",
)
LOOKS_FOR = (".aim", "*.json")


def claim(listing: Listing) -> Iterable[Claim]:
    """A store claims the file by which it is known, for no run of its own but Aim's."""
    aim = listing.child(_AIM)
    if aim is not None and _AIM_RUNS in aim.files:
        yield Claim(NAME, "aim", aim.path, (aim.join(_AIM_RUNS),), priority=60, role="many")
    snapshots = sorted(name for name in listing.files if name.endswith(".json"))
    if snapshots and listing.name == "snapshots" and _EVIDENTLY.match(listing.head(snapshots[0], 64)):
        file = listing.join(snapshots[0])
        yield Claim(NAME, "evidently", file, (file,), priority=60, role="unread")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if claim.format == "evidently":
        problems = () if _is_drift_report(source) else (Problem(source.file, None, *_NO_DRIFT),)
        return Reading({}, Cursor(stat=source.stat), problems)
    return sqlite.read(source, cursor, partial(_aim, claim, source))


def _aim(claim: Claim, source: SourceFile, connection: sqlite3.Connection) -> Reading:
    operations = dict(_aim_runs(connection, claim, source))
    message = "Aim: the metrics of this store are not read, only the names of its runs"
    hint = "export them: Repo(PATH).query_metrics(), then .dataframe() of each metric to a CSV file"
    return Reading(operations, Cursor(stat=source.stat), (Problem(source.file, None, message, hint),))


def _is_drift_report(source: SourceFile) -> bool:
    """Whether a snapshot is shown beside the data sets."""
    return any(word in source.other(source.file, limits.DOCUMENT) for word in _EVIDENTLY_DRIFT)


def _aim_runs(
    connection: sqlite3.Connection, claim: Claim, source: SourceFile
) -> Iterable[tuple[str, list[Operation]]]:
    """Aim notes no end in its table: a run that is not over has a file ``meta/progress/<hash>``."""
    rows = connection.execute(
        "SELECT r.hash, substr(r.name, 1, 512), r.created_at, substr(e.name, 1, 512) FROM run r"
        " LEFT JOIN experiment e ON e.id = r.experiment_id WHERE length(r.hash) <= 64"
        " ORDER BY r.id DESC LIMIT ?",
        (_MOST,),
    )
    for key, name, created, experiment in rows:
        mark = f"{claim.run_id}/meta/progress/{os.path.basename(str(key))}"
        going_on = os.path.lexists(os.path.join(source.root, mark))
        words = "Aim has not closed the run" if going_on else "Aim closed the run"
        end = Evidence("running" if going_on else "finished", words)
        yield f"{claim.run_id}#{key}", [*facts(name, experiment, started=moment(created, utc=True)), end]
