"""What happened since the last look, in full."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.show.brief import Brief
from runwatch.show.screen.view import TableView, ViewColumn, ViewRow, text

_COLUMNS = (ViewColumn("label", "", 11), ViewColumn("words", "", 40, grow=1))


def brief_table(briefs: Sequence[tuple[str, Brief]]) -> TableView:
    """The briefs under each other, with the roots' names where there are several."""
    rows: list[ViewRow] = []
    for root, brief in briefs:
        if len(briefs) > 1:
            rows.append(ViewRow.of((root, "root"), (), text(root, "accent")))
        rows.append(ViewRow.of((root, "head"), (), text(f"{brief.span}: {brief.headline}", "strong")))
        rows += [
            ViewRow.of((root, line.label), text(line.label, "muted"), text(line.words))
            for line in brief.lines
        ]
        rows.append(ViewRow.of((root, "end"), (), ()))
    nothing = (text("nothing new since you last looked; F lists all findings", "muted"),)
    return TableView(_COLUMNS, tuple(rows), nothing)
