"""What happened since the last look, in full."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from runwatch.show.brief import Brief
from runwatch.show.screen.view import Span, TableView, ViewColumn, ViewRow, text
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget

_COLUMNS = (ViewColumn("label", "", 11), ViewColumn("words", "", 40, grow=1))


class BriefScreen(Detail):
    """A part a root where something happened."""

    def __init__(self, briefs: Sequence[tuple[str, Brief]]) -> None:
        super().__init__()
        self._briefs = tuple(briefs)

    def body(self) -> ComposeResult:
        yield TableWidget(header=False)

    def job(self) -> Build:
        briefs = self._briefs
        return lambda snapshot, now: brief_table(briefs)

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span("What happened", "strong"),))
        self.query_one(TableWidget).show(view)


def brief_table(briefs: Sequence[tuple[str, Brief]]) -> TableView:
    """The briefs under each other, with the roots' names where there are several."""
    rows: list[ViewRow] = []
    for root, brief in briefs:
        if len(briefs) > 1:
            rows.append(ViewRow((root, "root"), ((), text(root, "accent"))))
        rows.append(ViewRow((root, "head"), ((), text(f"{brief.span}: {brief.headline}", "strong"))))
        rows += [
            ViewRow((root, line.label), (text(line.label, "muted"), text(line.words))) for line in brief.lines
        ]
        rows.append(ViewRow((root, "end"), ((), ())))
    nothing = (text("nothing happened since you last looked", "muted"),)
    return TableView(_COLUMNS, tuple(rows), nothing)
