"""All runs ranked by one metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from runwatch.domain.comparison import HparamImportance
from runwatch.domain.run import RunKey
from runwatch.show.screen import run_tables
from runwatch.show.screen.destinations import ShowRun, ShowRuns
from runwatch.show.text import export
from runwatch.ui.host import Build
from runwatch.ui.messages import ViewChanged
from runwatch.ui.screens.exporting import Exporting
from runwatch.ui.screens.filtered import Filtered, run_grammar
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch

_SETTLED_S = 0.6
_Question = tuple[str | None, str, tuple[RunKey, ...]]


class Leaderboard(Filtered, Exporting):
    """Best first; ``m`` ranks by the next metric, ``M`` by a chosen one, ``w`` by last instead of best. Which
    hyperparameters go with the metric is worked out beside it, anew when other runs are in it."""

    FILTERS = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "metric(1)", "Next metric", id="leaderboard.metric", tooltip="rank by the next metric"),
        Binding("M", "choose_metric", "Choose metric", id="leaderboard.choose", tooltip="rank by any metric"),
        Binding("w", "which", "Best/last", id="leaderboard.which"),
        Binding("space", "mark", "Mark", id="leaderboard.mark"),
        Binding("c", "compare", "Compare", id="leaderboard.compare"),
    ]

    def __init__(self, choice: Selection) -> None:
        super().__init__()
        self.choice = choice
        self._ask = run_tables.BoardAsk()
        self._shown: run_tables.BoardView | None = None
        self._question: _Question | None = None
        self._matters: HparamImportance | None = None
        self._soon: Timer | None = None

    def grammar(self) -> tuple[str, Callable[[str], list[str]] | None]:
        return run_grammar(self.host)

    def body(self) -> ComposeResult:
        yield TableWidget(lasting=True)

    def job(self) -> Build:
        self._ask = ask = replace(self._ask, filter=self.words, marked=self.choice.slots)
        return lambda snapshot, now: run_tables.leaderboard(snapshot, ask, now)

    def paint(self, view: run_tables.BoardView) -> None:
        self._shown = view
        self.query_one(TableWidget).show(view.table)
        self._wonder(view)
        members = len(view.members)
        matters = run_tables.importance_words(self._matters, members) if members else ()
        self.fill(head=view.head, subhead=matters)

    def _wonder(self, shown: run_tables.BoardView) -> None:
        """Have it worked out what matters, once who is in the ranking has settled."""
        question = (shown.metric, self._ask.which, tuple(sorted(shown.members)))
        if question == self._question:
            return
        self._question, self._matters = question, None
        if self._soon is not None:
            self._soon.stop()
        if run_tables.enough_runs(len(shown.members)):
            self._soon = self.set_timer(_SETTLED_S, self._work_out)

    def _work_out(self) -> None:
        question, ask = self._question, self._ask
        snapshot, watching = self.host.snapshot, self.host.watching
        if question is None or snapshot is None:
            return

        def get() -> HparamImportance:
            from runwatch.judge.runs.hparam_importance import hparam_importance

            metric, runs, *_ = run_tables.ranking(snapshot, ask)
            return hparam_importance(export.table_of(runs, metric, ask.which, watching.series))

        fetch(self, "what matters", get, lambda matters: self._worked_out(question, matters))

    def _worked_out(self, question: _Question, matters: HparamImportance) -> None:
        if question == self._question and self._shown is not None:
            self._matters = matters
            self.paint(self._shown)

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        snapshot, ask, matters, watching = self.host.snapshot, self._ask, self._matters, self.host.watching
        if snapshot is None or self._shown is None or not self._shown.table.rows:
            return None

        def make(form: str) -> str:
            metric, runs, *_ = run_tables.ranking(snapshot, ask)
            return export.runs_text(export.table_of(runs, metric, ask.which, watching.series), form, matters)

        return "leaderboard", make

    def _change(self, ask: run_tables.BoardAsk) -> None:
        self._ask = ask
        self.post_message(ViewChanged())

    def action_metric(self, by: int) -> None:
        choices = self._shown.choices if self._shown else ()
        if len(choices) < 2:
            self.host.say("there is no other metric")
        elif self._shown and self._shown.metric in choices:
            at = choices.index(self._shown.metric)
            self._change(replace(self._ask, metric=choices[(at + by) % len(choices)]))

    def action_choose_metric(self) -> None:
        from runwatch.ui.dialogs import Pick

        def take(name: str | None) -> None:
            if name is not None:
                self._change(replace(self._ask, metric=name))

        if self._shown:
            self.app.push_screen(Pick("rank by", self._shown.choices), take)

    def action_which(self) -> None:
        self._change(replace(self._ask, which="last" if self._ask.which == "best" else "best"))

    def action_mark(self) -> None:
        key = cast("RunKey | None", self.query_one(TableWidget).key)
        if key is not None:
            self.choice.toggle(key)
            self.query_one(TableWidget).action_move(1)
            self.post_message(ViewChanged())
        else:
            self.host.say("no run under the cursor")

    def action_compare(self) -> None:
        self.host.open(ShowRuns(self.choice.marked))

    def opened(self, event: TableWidget.Opened) -> bool:
        key = cast("RunKey | None", event.key)
        if key is not None:
            self.host.open(ShowRun(key))
        return True
