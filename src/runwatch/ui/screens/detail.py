"""A full-screen detail: a head line, what it is about, keys; Escape closes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from runwatch.show.screen import findings as view_findings
from runwatch.ui.bindings import hidden
from runwatch.ui.host import Build
from runwatch.ui.screens.live import LiveScreen
from runwatch.ui.widgets.keys import Keys
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.widgets.tabs import Tabs


class _Shows(Protocol):
    def show(self, view: object) -> None: ...


class Detail(LiveScreen):
    """``TABS`` names the parts of the screen, whose widgets have the ids ``part-1``, ``part-2``, …; only the
    active part is shown. A screen with one part has no tabs. ``BOXES``: the titles of its boxes by id."""

    TABS: ClassVar[tuple[str, ...]] = ()
    BOXES: ClassVar[Mapping[str, str]] = {}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "Back", id="detail.close"),
        hidden("tab", "part(1)", "Next list, then next part", "detail.next"),
        hidden("shift+tab", "part(-1)", "Previous list or part", "detail.previous"),
        hidden("x", "export", "Export", "detail.export-table", "the table, into a file"),
        *(hidden(str(n), f"choose({n})", f"Part {n}", f"detail.part-{n}") for n in range(1, 10)),
    ]

    def __init__(self) -> None:
        super().__init__(classes="detail")
        self.active = 1

    def compose(self) -> ComposeResult:
        yield LineWidget(id="finding", collapse=True)
        yield LineWidget(id="head")
        yield LineWidget(id="subhead", collapse=True)
        if self.TABS:
            yield Tabs(id="parts")
        yield from self.body()
        yield Keys()

    def body(self) -> ComposeResult:
        """The parts."""
        yield from ()

    def on_mount(self) -> None:
        for box, title in self.BOXES.items():
            self.query_one(f"#{box}").border_title = Content(title)
        self.show_part()

    def fill(self, **views: object) -> None:
        """Show each view in the widget of its name, where _ stands for -."""
        for name, view in views.items():
            cast("_Shows", self.query_one(f"#{name.replace('_', '-')}")).show(view)

    def show_part(self) -> None:
        """Show the active part, and give it the keys."""
        if self.TABS:
            names = tuple((i + 1, name, "") for i, name in enumerate(self.TABS))
            self.query_one("#parts", Tabs).show(names, self.active - 1)
            for i in range(1, len(self.TABS) + 1):
                self.query_one(f"#part-{i}").display = i == self.active
        for widget in self._lists():
            widget.focus()
            return

    def _lists(self) -> list[Widget]:
        """What can have the keys in the active part, in order."""
        root = self.query_one(f"#part-{self.active}") if self.TABS else self
        every = [root, *root.query("*")]
        return [widget for widget in every if widget.focusable and widget.display and widget is not self]

    def action_close(self) -> None:
        self.dismiss()

    def action_export(self) -> None:
        """Write the table that is looked at into a file."""
        from runwatch.ui.exporting import export_table

        export_table(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        number = parameters[0] if action == "choose" else 0
        return not isinstance(number, int) or number <= len(self.TABS)

    def why_not(self, action: str) -> str:
        """Why the key of an action does nothing now; "" where that is not known here."""
        if action != "choose":
            return ""
        return f"there are {len(self.TABS)} parts" if self.TABS else "this screen has one part"

    def action_choose(self, number: int) -> None:
        self.active = number
        self.refresh_bindings()
        self.show_part()
        self.ask()

    def action_part(self, by: int) -> None:
        lists = self._lists()
        place = lists.index(self.focused) + by if self.focused in lists else -1
        if 0 <= place < len(lists):
            lists[place].focus()
        elif self.TABS:
            self.action_choose((self.active - 1 + by) % len(self.TABS) + 1)
        elif by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def view(self) -> Build:
        """``job``, and above it the finding that led here."""
        job, key = self.job(), self.finding
        return lambda snapshot, now: (view_findings.banner(snapshot, key, now), job(snapshot, now))

    def take(self, view: Any) -> None:
        """Paint what ``view`` made."""
        banner, result = view
        self.fill(finding=banner)
        self.paint(result)

    def opened(self, event: TableWidget.Opened) -> bool:
        """Open what a row stands for; False when it stands for nothing but itself."""
        return False

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        row = event.table.row
        if not self.opened(event) and row is not None:
            from runwatch.ui.screens.row import RowScreen

            self.app.push_screen(RowScreen(event.table.view.columns, row))

    def on_tabs_picked(self, event: Tabs.Picked) -> None:
        self.action_choose(event.number)
