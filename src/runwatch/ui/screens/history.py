"""Who did what: tasks and findings from opening to end, and what was the baseline when."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show.screen import history
from runwatch.show.screen.view import text
from runwatch.ui.host import Build
from runwatch.ui.screens.filtered import Filtered
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch

TASKS, BASELINES = 1, 2


class HistoryScreen(Filtered):
    """The history is read on a worker, again whenever something was opened, closed or pinned."""

    FILTERS = "history"
    TABS: ClassVar[tuple[str, ...]] = ("Tasks and findings", "Baselines")

    def __init__(self, part: int) -> None:
        super().__init__()
        self.active = part
        self._events: history.Events = ()
        self._champions: history.Champions = {}
        self._read = False
        self._mark: object = None

    def body(self) -> ComposeResult:
        yield TableWidget(id="part-1")
        yield TableWidget(id="part-2")

    def job(self) -> Build:
        events, champions, words, read = self._events, self._champions, self.words, self._read

        def make(snapshot: Snapshot, now: float) -> object:
            mark = history.changes_with(snapshot)
            if not read:
                return mark, snapshot.situation.roots, None
            tables = (
                history.history_table(events, words, now),
                history.champions_table(champions, words, now),
            )
            return mark, snapshot.situation.roots, (*tables, history.week(events, now))

        return make

    def paint(self, view: Any) -> None:
        mark, roots, result = view
        self.fill(head=text("History", "strong"))
        if mark != self._mark:
            self._mark = mark
            self._fetch(roots)
        if result is not None:
            tasks, champions, week = result
            self.fill(part_1=tasks, part_2=champions, subhead=week)

    def _fetch(self, roots: tuple[str, ...]) -> None:
        watching = self.host.watching

        def get() -> tuple[history.Events, history.Champions]:
            return watching.history(), {root: watching.champions(root) for root in roots}

        fetch(self, "history", get, self._take)

    def _take(self, read: tuple[history.Events, history.Champions]) -> None:
        self._events, self._champions = read
        self._read = True
        self.ask()
