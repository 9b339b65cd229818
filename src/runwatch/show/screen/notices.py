"""What a person should know of the watching: what could not be read, what was assumed, which data could not
be judged, and how it watches."""

from __future__ import annotations

from runwatch.domain.run import Problem
from runwatch.domain.situation import ROOT_GONE, Snapshot
from runwatch.show.screen.view import Span, TableView, Tone, ViewColumn, ViewRow, Words, text, words
from runwatch.text import units

_COLUMNS = (
    ViewColumn("sign", "", 1),
    ViewColumn("where", "", 24, grow=1, keep_end=True),
    ViewColumn("what", "", 50, grow=5),
    ViewColumn("hint", "", 20, grow=1, drop=1),
)

_MODES = {
    "native": "watched: the system tells of changes at once",
    "polling": "watched by polling: looked at again and again",
}


def notes(snapshot: Snapshot, now: float) -> TableView:
    """All of it as one list with titles."""
    rows = _section("assumed", _assumed(snapshot))
    rows += _section("data not judged", _problems(snapshot, now))
    rows += _section("watching", _watching(snapshot, now))
    return TableView(_COLUMNS, tuple(rows), (words(Span("✓ ", "good"), "nothing was assumed"),))


def count(snapshot: Snapshot) -> int:
    """How many assumptions and data problems there are."""
    problems = sum(len(data.problems) for data in snapshot.situation.data)
    return len(snapshot.assumptions) + problems + len(snapshot.overlooked)


_Line = tuple[str, Tone, str, str, str]


def _section(title: str, lines: list[_Line]) -> list[ViewRow]:
    if not lines:
        return []
    rows = [ViewRow.of((title,), (), text(title, "accent"), (), (), wide="where")]
    for i, (sign, tone, where, what, hint) in enumerate(lines):
        cells: tuple[Words, ...] = (text(sign, tone), text(where, "muted"), text(what), text(hint, "muted"))
        rows.append(ViewRow((title, i), cells))
    return rows


def _assumed(snapshot: Snapshot) -> list[_Line]:
    lines: list[_Line] = [("i", "info", "", message, "") for message in snapshot.assumptions]
    for data in snapshot.situation.data:
        if data.assumed and not any(data.assumed in message for message in snapshot.assumptions):
            lines.append(("i", "info", data.name, data.assumed, ""))
    for root, baseline in snapshot.situation.baselines.items():
        lines.append(("◆", "baseline", root, f"baseline {baseline.name}: {baseline.source}", baseline.reason))
    return lines


def _problems(snapshot: Snapshot, now: float) -> list[_Line]:
    problems = [problem for data in snapshot.situation.data for problem in data.problems]
    lines: list[_Line] = [("!", "warn", p.place, p.message, p.hint) for p in dict.fromkeys(problems)]
    lines += [("i", "info", p.file, p.message, p.hint) for p in snapshot.overlooked]
    for source, began in snapshot.situation.unreadable.items():
        lines.append(("✗", "bad", source, f"unreadable since {units.moment(began, now)}", ""))
    return lines


def _watching(snapshot: Snapshot, now: float) -> list[_Line]:
    watch = snapshot.watch
    lines: list[_Line] = [
        ("●", "good", root, _MODES.get(mode, f"watched, {mode}"), "") for root, mode in watch.modes.items()
    ]
    lines += [("!", "warn", "", mark, "") for mark in watch.marks]
    if watch.scanned is not None:
        lines.append(("●", "muted", "", f"last full scan: {units.since(watch.scanned, now)}", ""))
    return lines


_PROBLEMS = (
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
        _PROBLEMS, tuple(rows), (words(Span("✓ ", "good"), "no problems: everything could be read"),)
    )


def _remedy(mark: str) -> str:
    return "restore or mount the folder; watching goes on by itself" if mark.endswith(ROOT_GONE) else ""


def _problem(key: tuple[object, int], problem: Problem) -> ViewRow:
    return _row(key, problem.place, problem.message, problem.hint)


def _row(key: tuple[object, ...], where: str, what: str, hint: str) -> ViewRow:
    return ViewRow.of(key, text("!", "warn"), text(where), text(what, "warn"), text(hint, "muted"))
