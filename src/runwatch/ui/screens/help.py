"""All keys that work on a screen, made from its bindings."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from runwatch.show.screen.view import Span, TableView, ViewColumn, ViewRow, matches, plain, text
from runwatch.ui.host import AnyScreen
from runwatch.ui.widgets.table import TableWidget

_COLUMNS = (ViewColumn("key", "key", 19), ViewColumn("what", "what it does", 30, grow=1))


class HelpScreen(ModalScreen[None]):
    """Keys grouped by where they work: the focused part first, then the screen, then everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="help.close"),
        Binding("down", "scroll(1)", "Down", show=False, priority=True, id="help.down"),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True, id="help.up"),
        Binding("pagedown", "scroll(10)", "Page down", show=False, priority=True, id="help.page-down"),
        Binding("pageup", "scroll(-10)", "Page up", show=False, priority=True, id="help.page-up"),
    ]

    def __init__(self, below: AnyScreen) -> None:
        super().__init__()
        self._view = TableView(_COLUMNS, help_rows(below))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall help") as box:
            box.border_title = Content("keys that work here")
            box.border_subtitle = Content("type to search · escape closes")
            yield Input(placeholder="words to look for", compact=True)
            yield TableWidget(header=False, cursor=False)

    def on_mount(self) -> None:
        self.query_one(TableWidget).show(self._view)
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        shown = [
            row
            for row in self._view.rows
            if not event.value
            or (row.cells[1] and matches(event.value, *(plain(cell) for cell in row.cells)))
        ]
        nothing = (text(f"no key for “{event.value}”", "muted"),)
        self.query_one(TableWidget).show(TableView(_COLUMNS, tuple(shown), nothing))

    def action_scroll(self, by: int) -> None:
        self.query_one(TableWidget).action_move(by)


def help_rows(screen: AnyScreen) -> tuple[ViewRow, ...]:
    """One row an action that works now, with a title above each group; Textual's own keys are left out."""
    groups: dict[str, dict[str, tuple[list[str], str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.id or binding.id.startswith("screen.") or not binding.description:
            continue
        numbered = binding.key.isdigit()
        what = binding.description + (f": {binding.tooltip}" if binding.tooltip else "")
        what = what.rstrip("0123456789 ") + " by its number" if numbered else what
        group = groups.setdefault(_title(active.node, screen), {})
        keys, _ = group.setdefault(what, ([], what))
        shown = screen.app.get_key_display(binding)
        if shown not in keys:
            keys.append(shown)
    rows: list[ViewRow] = []
    for title in sorted(groups, key=_place):
        rows.append(ViewRow((title, ""), ((Span(title, "accent"),), ())))
        for keys, what in groups[title].values():
            key = f"{keys[0]} to {keys[-1]}" if what.endswith("number") else " ".join(keys)
            rows.append(ViewRow((title, what), ((Span(f"  {key}", "key"),), (Span(what),))))
        rows.append(ViewRow((title, "end"), ((), ())))
    return tuple(rows[:-1])


_LISTS, _SCREEN, _EVERYWHERE = "lists and logs", "this screen", "everywhere"


def _place(title: str) -> int:
    return {_SCREEN: 1, _LISTS: 2, _EVERYWHERE: 3}.get(title, 0)


def _title(node: object, screen: AnyScreen) -> str:
    if node is screen:
        return _SCREEN
    if node is screen.app:
        return _EVERYWHERE
    return str(getattr(node, "TITLE", "") or _LISTS).lower()
