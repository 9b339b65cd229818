"""All keys that work on a screen, made from its bindings."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen

from runwatch.show.view import Column, Row, Span, TableView
from runwatch.ui.widgets.table import Table

_COLUMNS = (Column("key", "key", 16), Column("what", "what it does", 30, grow=1))


class HelpScreen(ModalScreen[None]):
    """Keys grouped by where they work: the focused part first, then the screen, then everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close")
    ]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._view = TableView(_COLUMNS, help_rows(below))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = Content("keys that work here")
            box.border_subtitle = Content("escape closes")
            yield Table(header=False, cursor=False)

    def on_mount(self) -> None:
        self.query_one(Table).show(self._view)
        self.query_one(Table).focus()


def help_rows(screen: Screen[Any]) -> tuple[Row, ...]:
    """One row a binding that works now, with a title above each group."""
    groups: dict[str, list[Row]] = {}
    seen: set[tuple[str, str]] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        title = _title(active.node, screen)
        if (title, binding.action) in seen or binding.key in ("ctrl+c", "ctrl+q") or not binding.description:
            continue
        seen.add((title, binding.action))
        what = binding.description + (f": {binding.tooltip}" if binding.tooltip else "")
        keys = _keys(screen, binding.action, active.node)
        groups.setdefault(title, []).append(
            Row((title, binding.action), ((Span(keys, "key"),), (Span(what),)))
        )
    rows: list[Row] = []
    for title, found in groups.items():
        rows.append(Row((title, ""), ((Span(title, "accent"),), ())))
        rows += [*found, Row((title, "end"), ())]
    return tuple(row if row.cells else Row(row.key, ((), ())) for row in rows)


def _keys(screen: Screen[Any], action: str, node: object) -> str:
    shown = [
        screen.app.get_key_display(active.binding)
        for active in screen.active_bindings.values()
        if active.binding.action == action and active.node is node
    ]
    return " ".join(dict.fromkeys(shown))


def _title(node: object, screen: Screen[Any]) -> str:
    if node is screen:
        return "this screen"
    if node is screen.app:
        return "everywhere"
    return str(getattr(node, "TITLE", "") or "lists and logs").lower()
