"""All keys that work on a screen, made from its bindings."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from runwatch.show.screen.view import TableView, ViewColumn, ViewRow, matches, plain, text
from runwatch.ui.bindings import hidden
from runwatch.ui.host import AnyScreen
from runwatch.ui.idle_keys import idle_bindings
from runwatch.ui.search_dialog import SearchDialog, arrows
from runwatch.ui.widgets.table import TableWidget

_KEYS, _KEYS_NARROW, _NARROW = 19, 11, 60


class HelpScreen(SearchDialog[None]):
    """Keys grouped by where they work: the focused part first, then the screen, then everywhere."""

    LOOK = "dialog tall help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="help.close"),
        *arrows("help"),
        hidden("pagedown", "move(10)", "Page down", "help.page-down", priority=True),
        hidden("pageup", "move(-10)", "Page up", "help.page-up", priority=True),
    ]

    def __init__(self, below: AnyScreen) -> None:
        super().__init__("keys that work here", "type to search · escape closes")
        width = _KEYS if below.size.width >= _NARROW else _KEYS_NARROW
        self._columns = ViewColumn("key", "key", width), ViewColumn("what", "what it does", 20, grow=1)
        self._rows = help_rows(below, width - 2)

    def listing(self) -> TableWidget:
        return TableWidget(header=False, cursor=False)

    def show_found(self, words: str) -> None:
        shown = [
            row
            for row in self._rows
            if not words or (row.cells[1] and matches(words, *(plain(cell) for cell in row.cells)))
        ]
        nothing = (text(f"no key for “{words}”", "muted"),)
        self.query_one(TableWidget).show(TableView(self._columns, tuple(shown), nothing))


def help_rows(screen: AnyScreen, room: int = _KEYS) -> tuple[ViewRow, ...]:
    """One row an action that works now, with a title above each group and as many of its keys as have room;
    Textual's own keys are left out."""
    groups: dict[str, dict[str, tuple[list[str], str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.id or binding.id.startswith("screen.") or not binding.description:
            continue
        numbered = binding.key.isdigit() and binding.description[-1].isdigit()
        what = binding.description + (f": {binding.tooltip}" if binding.tooltip else "")
        what = what.rstrip("0123456789 ") + " by its number" if numbered else what
        group = groups.setdefault(_title(active.node, screen), {})
        keys, _ = group.setdefault(what, ([], what))
        shown = screen.app.get_key_display(binding)
        if shown not in keys:
            keys.append(shown)
    for node, binding, reason in idle_bindings(screen):
        if binding.description and not binding.key.isdigit():
            what = f"{binding.description}: not now, {reason}"
            groups.setdefault(_title(node, screen), {})[what] = ([screen.app.get_key_display(binding)], what)
    rows: list[ViewRow] = []
    for title in sorted(groups, key=_place):
        rows.append(ViewRow.of((title, ""), text(title, "accent"), ()))
        for keys, what in groups[title].values():
            key = f"{keys[0]} to {keys[-1]}" if what.endswith("number") else _fitting(keys, room)
            rows.append(ViewRow.of((title, what), text(f"  {key}", "key"), text(what)))
        rows.append(ViewRow.of((title, "end"), (), ()))
    return tuple(rows[:-1])


def _fitting(keys: list[str], room: int) -> str:
    shown = keys[:1]
    for key in keys[1:]:
        if len(" ".join((*shown, key))) <= room:
            shown.append(key)
    return " ".join(shown)


_LISTS, _SCREEN, _EVERYWHERE = "lists and logs", "this screen", "everywhere"


def _place(title: str) -> int:
    return {_SCREEN: 1, _LISTS: 2, _EVERYWHERE: 3}.get(title, 0)


def _title(node: object, screen: AnyScreen) -> str:
    if node is screen:
        return _SCREEN
    if node is screen.app:
        return _EVERYWHERE
    return str(getattr(node, "TITLE", "") or _LISTS).lower()
