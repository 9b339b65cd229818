"""All runs ranked by one metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show import view_table
from runwatch.ui.choice import Choice
from runwatch.ui.messages import Asked, Requested
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import Line
from runwatch.ui.widgets.table import Table

if TYPE_CHECKING:
    from runwatch.ui.widgets.prompt import Prompt


class Leaderboard(Detail):
    """Best first; ``m`` ranks by the next metric, ``w`` by last instead of best."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "metric(1)", "Metric", id="leaderboard.metric", tooltip="rank by the next metric"),
        Binding("M", "metric(-1)", "Metric back", show=False, id="leaderboard.metric-back"),
        Binding("w", "which", "Best/last", id="leaderboard.which"),
        Binding("space", "mark", "Mark", id="leaderboard.mark"),
        Binding("c", "compare", "Compare", id="leaderboard.compare"),
        Binding("slash", "filter", "Filter", id="leaderboard.filter", key_display="/"),
    ]

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice
        self._ask = view_table.BoardAsk()
        self._shown: view_table.BoardView | None = None

    def body(self) -> ComposeResult:
        yield Table(lasting=True)

    def job(self) -> Callable[[Snapshot, float], Any]:
        self._ask = view_table.BoardAsk(
            self._ask.metric, self._ask.which, self._ask.filter, self.choice.marked
        )
        ask = self._ask
        return lambda snapshot, now: view_table.leaderboard(snapshot, ask, now)

    def paint(self, view: Any) -> None:
        self._shown = view
        self.query_one("#head", Line).show(view.head)
        self.query_one(Table).show(view.table)

    def _change(self, **parts: Any) -> None:
        self._ask = view_table.BoardAsk(
            parts.get("metric", self._ask.metric),
            parts.get("which", self._ask.which),
            parts.get("filter", self._ask.filter),
        )
        self.post_message(Asked())

    def action_metric(self, by: int) -> None:
        choices = self._shown.choices if self._shown else ()
        if self._shown and self._shown.metric in choices:
            at = choices.index(self._shown.metric)
            self._change(metric=choices[(at + by) % len(choices)])

    def action_which(self) -> None:
        self._change(which="last" if self._ask.which == "best" else "best")

    def action_mark(self) -> None:
        key = cast("RunKey | None", self.query_one(Table).key)
        if key is not None:
            self.choice.toggle(key)
            self.query_one(Table).action_move(1)
            self.post_message(Asked())

    def action_compare(self) -> None:
        self.post_message(Requested("compare", self.choice.marked))

    def action_filter(self) -> None:
        from runwatch.ui.widgets.prompt import Prompt

        if not self.query(Prompt):
            self.mount(Prompt("runs", self._ask.filter, "leaderboard"))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        self._change(filter=event.text)

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        self.query_one(Table).focus()

    def on_table_opened(self, event: Table.Opened) -> None:
        self.post_message(Requested("run", event.key))
