"""What runwatch assumed without being told, which data it could not judge, and how it watches."""

from __future__ import annotations

from runwatch.domain.situation import Snapshot
from runwatch.show.screen.forecast_words import since
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
    lines: list[_Line] = [
        ("!", "warn", f"{p.file} {p.where or ''}".rstrip(), p.message, p.hint)
        for p in dict.fromkeys(problems)
    ]
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
        lines.append(("●", "muted", "", f"last full scan: {since(watch.scanned, now)}", ""))
    return lines
