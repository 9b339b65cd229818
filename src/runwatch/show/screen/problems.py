"""What could not be read or watched: file, place, reason, remedy."""

from __future__ import annotations

from runwatch.domain.run import Problem
from runwatch.domain.situation import ROOT_GONE, Snapshot
from runwatch.show.screen.view import Span, TableView, ViewColumn, ViewRow, text, words

_COLUMNS = (
    ViewColumn("sign", "", 1),
    ViewColumn("where", "where", 24, grow=2, keep_end=True),
    ViewColumn("what", "what", 30, grow=4),
    ViewColumn("hint", "what to do", 20, grow=2, drop=1),
)


def problems(snapshot: Snapshot) -> TableView:
    """All that is wrong with the reading itself: degraded modes, then the roots' problems, then the runs'."""
    rows = [_row(("mark", mark), "watching", mark, _remedy(mark)) for mark in snapshot.watch.marks]
    rows += [_problem(("root", i), problem) for i, problem in enumerate(snapshot.situation.problems)]
    for run in snapshot.situation.runs:
        rows += [_problem((run.key, i), problem) for i, problem in enumerate(run.problems)]
    return TableView(
        _COLUMNS, tuple(rows), (words(Span("✓ ", "good"), "no problems: everything could be read"),)
    )


def _remedy(mark: str) -> str:
    return "restore or mount the folder; watching goes on by itself" if mark.endswith(ROOT_GONE) else ""


def _problem(key: tuple[object, int], problem: Problem) -> ViewRow:
    return _row(key, f"{problem.file} {problem.where or ''}".rstrip(), problem.message, problem.hint)


def _row(key: tuple[object, ...], where: str, what: str, hint: str) -> ViewRow:
    return ViewRow.of(key, text("!", "warn"), text(where), text(what, "warn"), text(hint, "muted"))
