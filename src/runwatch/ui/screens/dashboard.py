"""The board: everything that matters on one screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from runwatch.domain.situation import Snapshot
from runwatch.show.destinations import ShowPlace
from runwatch.show.screen import findings as view_findings
from runwatch.show.screen import headline
from runwatch.show.screen.view import Span, Words
from runwatch.text.safe import safe
from runwatch.ui.messages import Requested, WalkTo
from runwatch.ui.panes.base import panes
from runwatch.ui.screens.live import LiveScreen
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.keys import Keys
from runwatch.ui.widgets.line import LineWidget, OpenLine
from runwatch.ui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from runwatch.show.brief import Brief
    from runwatch.ui.widgets.prompt import Prompt

WIDE, HIGH = 110, 30


class Dashboard(LiveScreen):
    """Headline, panes, machine, keys. Where the terminal is too small for all panes they are tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="board.filter", key_display="/"),
        Binding(
            "B",
            "board",
            "Leaderboard",
            show=False,
            id="board.leaderboard",
            tooltip="all runs ranked, what matters, export",
        ),
        Binding("exclamation_mark", "problems", "Problems", show=False, id="board.problems", key_display="!"),
        Binding(
            "i",
            "notes",
            "Notes",
            show=False,
            id="board.notes",
            tooltip="what was assumed, and how it watches",
        ),
        Binding(
            "H",
            "history",
            "History",
            show=False,
            id="board.history",
            tooltip="what opened, who closed it, how long it took; former baselines",
        ),
        Binding("F", "findings", "Findings", id="board.findings", show=False, tooltip="all, in order"),
        Binding("w", "brief", "What happened", show=False, id="board.brief", tooltip="since you last looked"),
        Binding("W", "seen", "Seen", show=False, id="board.seen", tooltip="put away what happened"),
        Binding("escape", "unfilter", "Show all", show=False, id="board.unfilter"),
        Binding("tab", "app.focus_next", "Next pane", show=False, id="board.next"),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False, id="board.previous"),
        Binding("l,right", "step(1)", "Pane to the right", show=False, id="board.right"),
        Binding("h,left", "step(-1)", "Pane to the left", show=False, id="board.left"),
        *(Binding(str(n), f"pane({n})", f"Pane {n}", show=False, id=f"board.pane-{n}") for n in range(1, 10)),
    ]

    def __init__(self, choice: Selection) -> None:
        super().__init__(id="dashboard")
        self.choice = choice
        self._panes = [pane(choice, i + 1) for i, pane in enumerate(panes())]
        self._active = 0
        self._counted: Mapping[str, Words] = {}

    def compose(self) -> ComposeResult:
        yield OpenLine(id="headline")
        yield OpenLine(id="banner", collapse=True)
        yield Tabs(id="tabs")
        with Horizontal(id="board"):
            with Vertical(id="left"):
                yield from (pane for pane in self._panes if pane.PLACE == "left")
            with Vertical(id="right"):
                yield from (pane for pane in self._panes if pane.PLACE == "right")
        yield from (pane for pane in self._panes if pane.PLACE == "strip")
        yield Keys()

    def on_mount(self) -> None:
        for pane in self._panes:
            pane.entitle(())
            if pane.PLACE != "strip":
                pane.styles.height = f"{pane.WEIGHT}fr"
        self._panes[0].focus_first()

    def on_resize(self, event: events.Resize) -> None:
        wish = self.host.settings.layout
        roomy = event.size.width >= WIDE and event.size.height >= HIGH
        self.set_class(wish == "tabs" or (wish == "auto" and not roomy), "tabbed")
        self._arrange()
        self.call_after_refresh(self.ask)

    def _arrange(self) -> None:
        tabbed = self.has_class("tabbed")
        for i, pane in enumerate(self._panes):
            if pane.PLACE != "strip":
                pane.display = not tabbed or i == self._active
        for side in ("left", "right"):
            column = self.query_one(f"#{side}")
            column.display = any(pane.display for pane in self._panes if side == pane.PLACE)
        self._show_tabs()

    def job(self) -> Callable[[Snapshot, float], Any]:
        jobs = {pane.ID: pane.job() for pane in self._panes if pane.display}
        counts = {pane.ID: pane.count for pane in self._panes}
        width, chosen = max(self.size.width - 2, 10), self.host.finding

        def make(snapshot: Snapshot, now: float) -> Any:
            today = datetime.fromtimestamp(now).date()
            head = headline.header(snapshot, headline.HeadAsk(width, today, now, chosen))
            counted = {name: count(snapshot, now) for name, count in counts.items()}
            return head, counted, {name: job(snapshot, now) for name, job in jobs.items()}

        return make

    def paint(self, view: Any) -> None:
        head, self._counted, made = view
        self.query_one("#headline", LineWidget).show(*head)
        views: Mapping[str, Any] = made
        for pane in self._panes:
            if pane.ID in views and pane.display:
                pane.entitle(self._counted[pane.ID])
                pane.show(views[pane.ID])
        self._show_tabs()

    def _show_tabs(self) -> None:
        if not self.has_class("tabbed"):
            return
        names = []
        tabs = [pane for pane in self._panes if pane.PLACE != "strip"]
        for pane in tabs:
            bad = next((s for s in self._counted.get(pane.ID, ()) if s.tone == "bad"), None)
            names.append((pane.number, pane.TITLE, f"{bad.text.split()[0]}✗" if bad else ""))
        self.query_one(Tabs).show(tuple(names), tabs.index(self._panes[self._active]))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for i, pane in enumerate(self._panes):
            if pane in event.widget.ancestors_with_self and pane.PLACE != "strip":
                self._active = i

    def action_pane(self, number: int) -> None:
        if number > len(self._panes):
            return
        pane = self._panes[number - 1]
        if pane.PLACE != "strip":
            self._active = number - 1
            self._arrange()
        pane.focus_first()
        self.call_after_refresh(self.ask)

    def action_step(self, by: int) -> None:
        here = next((i for i, pane in enumerate(self._panes) if pane.has_focus_within), self._active)
        self.action_pane((here + by) % len(self._panes) + 1)

    def on_tabs_picked(self, event: Tabs.Picked) -> None:
        self.action_pane(event.number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "filter" or self._panes[self._active].FILTERED

    def action_filter(self) -> None:
        pane = self._panes[self._active]
        from runwatch.ui.widgets.prompt import Prompt

        if not self.query(Prompt):
            self.mount(Prompt(pane.TITLE.lower(), self.choice.filters.get(pane.ID, ""), pane.ID))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        self.choice.filters[event.about] = event.text
        self.ask()

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        self._panes[self._active].focus_first()

    def tell(self, briefs: Sequence[tuple[str, Brief]]) -> None:
        """Say in one line that something happened since a person last looked; "" puts the line away."""
        said = "; ".join(safe(brief.headline) for _, brief in briefs)
        if not said:
            self.query_one("#banner", OpenLine).show(())
            return
        span = safe(briefs[0][1].span)
        self.query_one("#banner", OpenLine).show(
            (Span(f"{span}: ", "info"), Span(said, "strong")),
            (Span("w", "key"), Span(" opens ", "muted"), Span("W", "key"), Span(" puts it away", "muted")),
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
        found = view_findings.place_of(snapshot, self.host.finding)
        found = found or next(iter(view_findings.troubles(snapshot)), None)
        if found is not None:
            self.post_message(WalkTo(found.key))
        else:
            self.action_findings()

    def action_findings(self) -> None:
        self.post_message(Requested(ShowPlace("findings")))

    def action_brief(self) -> None:
        self.tell(())
        self.host.mark_looked()
        self.post_message(Requested(ShowPlace("brief")))

    def action_seen(self) -> None:
        self.tell(())
        self.host.mark_looked()

    def action_board(self) -> None:
        self.post_message(Requested(ShowPlace("leaderboard")))

    def action_problems(self) -> None:
        self.post_message(Requested(ShowPlace("problems")))

    def action_notes(self) -> None:
        self.post_message(Requested(ShowPlace("notes")))

    def action_history(self) -> None:
        in_metrics = self._panes[self._active].ID == "metrics"
        self.post_message(Requested(ShowPlace("baselines-history" if in_metrics else "tasks-history")))

    def action_unfilter(self) -> None:
        pane = self._panes[self._active]
        if self.choice.filters.pop(pane.ID, ""):
            self.ask()
