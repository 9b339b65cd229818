"""The board: everything that matters on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size

from runwatch.domain.situation import Snapshot
from runwatch.show.screen import findings as view_findings
from runwatch.show.screen import headline
from runwatch.show.screen.destinations import ShowPlace
from runwatch.show.screen.view import Span, Words, text
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.ui.bindings import hidden
from runwatch.ui.host import Build
from runwatch.ui.panes.base import panes
from runwatch.ui.screens.borders import LEAST, PARTS, Borders
from runwatch.ui.screens.live import LiveScreen
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.keys import Keys
from runwatch.ui.widgets.line import LineWidget, OpenLine
from runwatch.ui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from runwatch.show.brief import Brief
    from runwatch.ui.widgets.prompt import Prompt

WIDE, HIGH = 110, 30
_SLOW_S = 10.0
_HISTORY = "what opened, who closed it, how long it took; former baselines"
_TABS = f"panes are tabs below {WIDE}x{HIGH}"
_MOST = 12
_NARROW = 72


class Dashboard(LiveScreen, Borders):
    """Headline, panes, machine, keys. Where the terminal is too small for all panes they are tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="board.filter", key_display="/"),
        hidden(
            "B",
            "place('leaderboard')",
            "Leaderboard",
            "board.leaderboard",
            "all runs ranked, what matters, export",
        ),
        hidden("exclamation_mark", "place('problems')", "Problems", "board.problems", key_display="!"),
        hidden("i", "place('notes')", "Notes", "board.notes", "what was assumed, how folders are watched"),
        hidden("H", "history", "History", "board.history", _HISTORY),
        hidden("F", "place('findings')", "Findings", "board.findings", "all, in order"),
        hidden("w", "brief", "What happened", "board.brief", "since you last looked"),
        hidden("W", "seen", "Seen", "board.seen", "dismiss what happened"),
        hidden("f", "full", "Full screen", "board.full", "this pane alone, or all"),
        hidden("less_than_sign", "widen(-2)", "Narrower", "board.narrower", key_display="<"),
        hidden("greater_than_sign", "widen(2)", "Wider", "board.wider", key_display=">"),
        hidden("plus", "grow(1)", "Taller", "board.taller", key_display="+"),
        hidden("minus", "grow(-1)", "Lower", "board.lower", key_display="-"),
        hidden("ctrl+w", "close_pane", "Hide pane", "board.hide", "its number shows it"),
        hidden("0", "reset", "All panes", "board.reset", "the original layout"),
        hidden("x", "export", "Export", "board.export", "the pane's table, into a file"),
        hidden("escape", "unfilter", "Show all", "board.unfilter"),
        hidden("tab", "app.focus_next", "Next pane", "board.next"),
        hidden("shift+tab", "app.focus_previous", "Previous pane", "board.previous"),
        hidden("l,right", "step(1)", "Pane to the right", "board.right"),
        hidden("h,left", "step(-1)", "Pane to the left", "board.left"),
        *(hidden(str(n), f"pane({n})", f"Pane {n}", f"board.pane-{n}") for n in range(1, 10)),
    ]

    def __init__(self, choice: Selection) -> None:
        super().__init__(id="dashboard")
        self.choice = choice
        self.panes = [pane(choice, i + 1) for i, pane in enumerate(panes())]
        self._active = 0
        self._counted: Mapping[str, Words] = {}
        self._heights: dict[str, str] = {}
        self._briefs: Sequence[tuple[str, Brief]] = ()

    def compose(self) -> ComposeResult:
        yield OpenLine(id="headline")
        yield OpenLine(id="banner", collapse=True)
        yield Tabs(id="tabs")
        with Horizontal(id="board"):
            with Vertical(id="left"):
                yield from (pane for pane in self.panes if pane.PLACE == "left")
            with Vertical(id="right"):
                yield from (pane for pane in self.panes if pane.PLACE == "right")
        yield from (pane for pane in self.panes if pane.PLACE == "strip")
        yield Keys()

    def on_mount(self) -> None:
        for pane in self.panes:
            pane.entitle(())
        self.panes[0].focus_first()
        self._fit(self.app.size)  # before the first layout: it would be done twice
        self.wait(0)

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)
        self._show_banner(event.size.width)
        self.call_after_refresh(self.ask)

    def _fit(self, size: Size) -> None:
        """Panes beside each other where there is room for it, else one at a time."""
        wish = self.host.settings.layout
        roomy = size.width >= WIDE and size.height >= HIGH
        self.set_class(wish == "tabs" or (wish == "auto" and not roomy), "tabbed")
        self.arrange_panes()

    def arrange_panes(self) -> None:
        """Which panes are shown, and how much room each has."""
        alone = self.has_class("tabbed") or bool(self.choice.full)
        for i, pane in enumerate(self.panes):
            if pane.PLACE != "strip":
                pane.display = i == self._active if alone else pane.ID not in self.choice.closed
        for side in ("left", "right"):
            column = self.query_one(f"#{side}")
            column.display = any(pane.display for pane in self.panes if side == pane.PLACE)
        if not alone:
            self.query_one("#left").styles.width = f"{self.choice.left}fr"
            self.query_one("#right").styles.width = f"{PARTS - self.choice.left}fr"
        self._share_height(alone)
        self._show_tabs()

    def _share_height(self, alone: bool) -> None:
        """An empty pane without the focus is only as high as its title and one word."""
        for side in ("left", "right"):
            shown = [pane for pane in self.panes if side == pane.PLACE and pane.display]
            full = [pane for pane in shown if alone or not pane.empty or pane is self.panes[self._active]]
            for pane in shown:
                weight = self.choice.weights.get(pane.ID, pane.WEIGHT)
                height = f"{weight}fr" if pane in full or not full else "3"
                if self._heights.get(pane.ID) != height:
                    self._heights[pane.ID] = height
                    pane.styles.height = height

    def job(self) -> Build:
        jobs = {pane.ID: pane.job() for pane in self.panes if pane.display}
        counts = {pane.ID: pane.count for pane in self.panes}
        width, chosen = max(self.size.width - 2, 10), self.host.finding

        def make(snapshot: Snapshot, now: float) -> object:
            today = datetime.fromtimestamp(now).date()
            head = headline.header(snapshot, headline.HeadAsk(width, today, now, chosen))
            counted = {name: count(snapshot, now) for name, count in counts.items()}
            return head, counted, {name: job(snapshot, now) for name, job in jobs.items()}

        return make

    def paint(self, view: Any) -> None:
        head, self._counted, result = view
        self.query_one("#headline", LineWidget).show(*head)
        views: Mapping[str, object] = result
        for pane in self.panes:
            if pane.ID in views and pane.display:
                pane.entitle(self._counted[pane.ID])
                pane.show(views[pane.ID])
        self._share_height(self.has_class("tabbed") or bool(self.choice.full))
        self._show_tabs()

    def _show_tabs(self) -> None:
        if not self.has_class("tabbed"):
            return
        names = []
        tabs = [pane for pane in self.panes if pane.PLACE != "strip"]
        for pane in tabs:
            bad = next((s for s in self._counted.get(pane.ID, ()) if s.tone == "bad"), None)
            names.append((pane.number, pane.TITLE, f"{bad.text.split()[0]}✗" if bad else ""))
        self.query_one(Tabs).show(tuple(names), tabs.index(self.panes[self._active]))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for i, pane in enumerate(self.panes):
            if pane in event.widget.ancestors_with_self and pane.PLACE != "strip":
                self._active = i

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        number = parameters[0] if action == "pane" else 0
        return not isinstance(number, int) or number <= len(self.panes)

    def why_not(self, action: str) -> str:
        """Why the number of a pane that is not there does nothing."""
        return f"there are {len(self.panes)} panes"

    def action_pane(self, number: int) -> None:
        pane = self.panes[number - 1]
        if pane.PLACE != "strip":
            self._active = number - 1
            self.choice.full = pane.ID if self.choice.full else ""
            self.choice.closed -= {pane.ID}
            self.arrange_panes()
        pane.focus_first()
        self.call_after_refresh(self.ask)

    def action_step(self, by: int) -> None:
        here = next((i for i, pane in enumerate(self.panes) if pane.has_focus_within), self._active)
        self.action_pane((here + by) % len(self.panes) + 1)

    def rearrange(self) -> None:
        """Show the panes as they were kept."""
        self.arrange_panes()
        self.call_after_refresh(self.ask)

    def rearranged(self) -> None:
        """Arrange the panes as they are wanted now, and remember that."""
        self.arrange_panes()
        self.host.save_view()
        self.call_after_refresh(self.ask)

    def action_full(self) -> None:
        if self.has_class("tabbed"):
            self.host.say(_TABS)
            return
        self.choice.full = "" if self.choice.full else self.panes[self._active].ID
        self.arrange_panes()
        self.call_after_refresh(self.ask)

    def action_widen(self, by: int) -> None:
        if self._fills():
            return
        by = by if self.panes[self._active].PLACE == "left" else -by
        self.choice.left = max(LEAST, min(self.choice.left + by, PARTS - LEAST))
        self.rearranged()

    def _fills(self) -> bool:
        """Whether one pane has all the room, so that there is no border to move; says so."""
        if self.has_class("tabbed") or self.choice.full:
            self.host.say(_TABS if self.has_class("tabbed") else "f shows all panes again")
            return True
        return False

    def action_grow(self, by: int) -> None:
        if self._fills():
            return
        pane = self.panes[self._active]
        weight = self.choice.weights.get(pane.ID, pane.WEIGHT)
        self.choice.weights[pane.ID] = max(1, min(weight + by, _MOST))
        self.rearranged()

    def action_close_pane(self) -> None:
        pane = self.panes[self._active]
        others = [p for p in self.panes if p.display and p.PLACE != "strip" and p is not pane]
        if pane.PLACE != "strip" and others and not self.has_class("tabbed"):
            self.choice.full = ""
            self.choice.closed |= {pane.ID}
            self._active = self.panes.index(others[0])
            self.rearranged()
            others[0].focus_first()
        elif pane.PLACE == "strip":
            self.host.say(f"{pane.TITLE} stays")
        else:
            self.host.say(_TABS if self.has_class("tabbed") else "the last pane cannot be hidden")

    def action_reset(self) -> None:
        self.host.say("all panes, in the original layout")
        self.choice.full, self.choice.closed = "", frozenset()
        self.choice.left, self.choice.weights = Selection().left, {}
        self.rearranged()

    def on_tabs_picked(self, event: Tabs.Picked) -> None:
        self.action_pane(event.number)

    def action_filter(self) -> None:
        pane = self.panes[self._active]
        if not pane.FILTERED:
            self.host.say(f"{pane.TITLE} has nothing to filter: 1, 2 and 4 have")
            return
        from runwatch.ui.widgets.prompt import Prompt

        if not self.query(Prompt):
            from runwatch.ui.screens.filtered import run_grammar

            help, complete = ("words to look for", None) if pane.ID != "runs" else run_grammar(self.host)
            words = self.choice.filters.get(pane.ID, "")
            self.mount(Prompt(pane.TITLE.lower(), words, pane.ID, help, complete))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        self.choice.filters[event.about] = event.text
        self.ask()

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        self.panes[self._active].focus_first()

    def wait(self, seconds: float) -> None:
        """Say what is being done while nothing is known yet."""
        roots = self.host.settings.roots
        where = safe(roots[0]) if len(roots) == 1 else units.plural(len(roots), "root") if roots else ""
        slow = f" for {units.duration(seconds)}: does the file system answer?" if seconds > _SLOW_S else ""
        message = f"looking for runs{' below ' + where if where else ''} …{slow}"
        self.query_one("#headline", OpenLine).show(text(message, "warn" if slow else "muted"))

    def show_briefs(self, briefs: Sequence[tuple[str, Brief]]) -> None:
        """Say in one line that something happened since a person last looked; () puts the line away. At a
        first opening the board itself is the news."""
        self._briefs = [(root, brief) for root, brief in briefs if not brief.first]
        self._show_banner(self.size.width)

    def _show_banner(self, width: int) -> None:
        """Where there is little room the news goes before the time it is of."""
        message = "; ".join(safe(brief.headline) for _, brief in self._briefs)
        if not message:
            self.query_one("#banner", OpenLine).show(())
            return
        opens = Span("w", "key"), Span(" opens", "muted")
        if width < _NARROW:
            self.query_one("#banner", OpenLine).show(text(message, "strong"), opens)
            return
        self.query_one("#banner", OpenLine).show(
            (Span(f"{safe(self._briefs[0][1].span)}: ", "info"), Span(message, "strong")),
            (*opens, Span(" W", "key"), Span(" dismisses it", "muted")),
        )

    def on_open_line_opened(self, event: OpenLine.Opened) -> None:
        event.stop()
        if event.line.id == "banner":
            self.action_brief()
        else:
            self._open_headline()

    def _open_headline(self) -> None:
        snapshot = self.host.snapshot
        if snapshot is None:
            return
        finding = view_findings.place_of(snapshot, self.host.finding)
        finding = finding or next(iter(view_findings.troubles(snapshot)), None)
        if finding is not None:
            self.host.walk_to(finding.key)
        else:
            self.action_place("findings")

    def action_place(self, name: str) -> None:
        """Open a screen that there is once, by its name in ``ui.places``."""
        self.host.open(ShowPlace(name))

    def action_brief(self) -> None:
        self.show_briefs(())
        self.host.mark_seen()
        self.action_place("brief")

    def action_seen(self) -> None:
        if not self.query_one("#banner").display:
            self.host.say("nothing new happened since you last looked")
        self.show_briefs(())
        self.host.mark_seen()

    def action_history(self) -> None:
        in_metrics = self.panes[self._active].ID == "metrics"
        self.action_place("baselines-history" if in_metrics else "tasks-history")

    def action_export(self) -> None:
        from runwatch.ui.exporting import export_table

        export_table(self)

    def action_unfilter(self) -> None:
        pane = self.panes[self._active]
        if self.choice.filters.pop(pane.ID, ""):
            self.ask()
