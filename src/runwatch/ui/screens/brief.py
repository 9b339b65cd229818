"""What happened since the last look, in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show.brief import Brief
from runwatch.show.view import Column, Row, Span, TableView, text
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import Line
from runwatch.ui.widgets.table import Table

_COLUMNS = (Column("label", "", 11), Column("words", "", 40, grow=1))


class BriefScreen(Detail):
    """A part a root where something happened."""

    def __init__(self, briefs: Sequence[tuple[str, Brief]]) -> None:
        super().__init__()
        self._briefs = tuple(briefs)

    def body(self) -> ComposeResult:
        yield Table(header=False)

    def job(self) -> Callable[[Snapshot, float], Any]:
        briefs = self._briefs
        return lambda snapshot, now: brief_table(briefs)

    def paint(self, view: Any) -> None:
        self.query_one("#head", Line).show((Span("What happened", "strong"),))
        self.query_one(Table).show(view)


def brief_table(briefs: Sequence[tuple[str, Brief]]) -> TableView:
    """The briefs under each other, with the roots' names where there are several."""
    rows: list[Row] = []
    for root, brief in briefs:
        if len(briefs) > 1:
            rows.append(Row((root, "root"), ((), text(root, "accent"))))
        rows.append(Row((root, "head"), ((), text(f"{brief.span}: {brief.headline}", "strong"))))
        rows += [
            Row((root, line.label), (text(line.label, "muted"), text(line.words))) for line in brief.lines
        ]
        rows.append(Row((root, "end"), ((), ())))
    nothing = (text("nothing happened since you last looked", "muted"),)
    return TableView(_COLUMNS, tuple(rows), nothing)
