"""The runs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.intents import PinBaseline
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import run_columns, runs
from runwatch.show.screen.destinations import ShowRun, ShowRuns
from runwatch.show.screen.view import TableView, Words
from runwatch.ui.bindings import hidden
from runwatch.ui.host import Build, host
from runwatch.ui.messages import NoteAction, ViewChanged
from runwatch.ui.panes.base import Pane
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class RunsPane(Pane):
    """All runs, those that need a person on top; the run under the cursor is the one that the metrics pane
    shows."""

    ID = "runs"
    TITLE = "Runs"
    PLACE = "left"
    ORDER = 10
    WEIGHT = 5
    FILTERED = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="runs.mark", tooltip="mark for overlaid curves and comparing"),
        Binding("b", "pin", "Baseline", id="runs.baseline", tooltip="compare every run with this one"),
        Binding("c", "compare", "Compare", id="runs.compare", tooltip="the marked runs side by side"),
        hidden("e", "note", "Note", "runs.note", "a note on this run, in your words"),
        Binding("o", "order", "Order", id="runs.order", tooltip="by attention, age, name or metric"),
        Binding("s", "sort", "Sort", id="runs.sort", tooltip="by any column; also a click on its title"),
        hidden("r", "reverse", "Reverse", "runs.reverse", "the sort order"),
        hidden("C", "columns", "Columns", "runs.columns", "which, and in what order"),
        hidden("t", "group", "Group", "runs.group", "by folder, project or hyperparameter"),
        hidden("m", "metric", "Metric", "runs.metric", "which one all runs show"),
        hidden("asterisk", "star", "Bookmark", "runs.star", key_display="*"),
        hidden("x", "hide", "Hide", "runs.hide", "the run, or show it again"),
        hidden("X", "hidden", "Show hidden", "runs.hidden"),
    ]

    def __init__(self, choice: Selection, number: int) -> None:
        super().__init__(choice, number)
        self._kept: runs.Kept = {}

    def compose(self) -> ComposeResult:
        yield LineWidget(id="runs-note", collapse=True)
        yield TableWidget(id="runs-table", lasting=True)

    def job(self) -> Build:
        ask, cache = runs_ask(self.choice, self.size.width), self._kept
        return lambda snapshot, now: runs.runs(snapshot, ask, now, cache)

    def count(self, snapshot: Snapshot, now: float) -> Words:
        return runs.summary(snapshot)

    def show(self, view: TableView) -> None:
        self.query_one(LineWidget).show(view.note)
        self.query_one(TableWidget).show(view)

    @property
    def key(self) -> RunKey | None:
        """The run under the cursor; None on a group."""
        key = self.query_one(TableWidget).key
        return key if isinstance(key, RunKey) else None

    @property
    def _all(self) -> tuple[Run, ...]:
        snapshot = host(self).snapshot
        return snapshot.situation.runs if snapshot else ()

    def _changed(self, message: str = "") -> None:
        """What is shown changed, and is to be kept."""
        host(self).save_view()
        self.post_message(ViewChanged(message))

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()
        if isinstance(event.key, RunKey):
            self.choice.looked = event.key
            self.post_message(ViewChanged())

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        if isinstance(event.key, runs.GroupKey):
            self.choice.folded ^= {event.key.name}
            self._changed()
        elif self.key is not None:
            host(self).open(ShowRun(self.key))

    def on_table_widget_titled(self, event: TableWidget.Titled) -> None:
        """A click on a title sorts by it, a second one the other way round, a third one not."""
        event.stop()
        if self.choice.sort != event.column:
            self._sort_by(event.column)
        elif self.choice.descending == _first_way(event.column):
            self.choice.descending = not self.choice.descending
            self._changed()
        else:
            self._sort_by("")

    def _sort_by(self, column: str) -> None:
        self.choice.sort, self.choice.descending = column, _first_way(column)
        self._changed()

    def _run_here(self) -> RunKey | None:
        """The run under the cursor; says so where there is none."""
        key = self.key
        if key is None:
            host(self).say("no run under the cursor")
        return key

    def action_mark(self) -> None:
        if (key := self._run_here()) is not None:
            self.choice.toggle(key)
            self.query_one(TableWidget).action_move(1)
            self.post_message(ViewChanged())

    def action_compare(self) -> None:
        host(self).open(ShowRuns(self.choice.marked))

    def action_pin(self) -> None:
        if (key := self._run_here()) is not None:
            host(self).submit_intent(PinBaseline(key))

    def action_note(self) -> None:
        if (key := self._run_here()) is not None:
            host(self).open(NoteAction(key))

    def action_order(self) -> None:
        orders = runs.ORDERS
        if not self.choice.sort:
            self.choice.order = orders[(orders.index(self.choice.order) + 1) % len(orders)]
        self.choice.sort = ""
        self._changed(f"runs by {self.choice.order}")

    def action_sort(self) -> None:
        from runwatch.ui.dialogs import Pick

        shown = self.choice.columns or run_columns.DEFAULT
        names = ("what needs you", *(run_columns.kind(key).column.title for key in shown))

        def take(name: str | None) -> None:
            if name is not None:
                self._sort_by(dict(zip(names, ("", *shown), strict=True))[name])

        host(self).ask(Pick("sort by", names), take)

    def action_reverse(self) -> None:
        self.choice.descending = not self.choice.descending
        self._changed("" if self.choice.sort else "s sorts by a column first")

    def action_columns(self) -> None:
        from runwatch.ui.choosing import Choose

        choices = run_columns.choices(self._all)

        def take(keys: tuple[str, ...] | None) -> None:
            if keys is not None:
                self.choice.columns = () if keys == run_columns.DEFAULT else keys
                self._changed()

        host(self).ask(Choose("columns", choices, self.choice.columns or run_columns.DEFAULT), take)

    def action_group(self) -> None:
        from runwatch.ui.dialogs import Pick

        settings = [key for key, _ in run_columns.choices(self._all) if key.startswith("=")]
        names = ("not at all", "by folder", "by project or group", *(f"by {key[1:]}" for key in settings))
        keys = ("", "folder", "group", *settings)

        def take(name: str | None) -> None:
            if name is not None:
                self.choice.group, self.choice.folded = keys[names.index(name)], frozenset()
                self._changed()

        host(self).ask(Pick("group the runs", names), take)

    def action_metric(self) -> None:
        from runwatch.ui.dialogs import Pick

        own = "each run's own main metric"
        tags = tuple(key[1:] for key, _ in run_columns.choices(self._all) if key.startswith("@"))

        def take(name: str | None) -> None:
            if name is not None:
                self.choice.metric = None if name == own else name
                self._changed()

        host(self).ask(Pick("the metric that runs show", (own, *tags)), take)

    def action_star(self) -> None:
        if (key := self._run_here()) is not None:
            self.choice.starred ^= {key}
            self._changed()

    def action_hide(self) -> None:
        if (key := self._run_here()) is not None:
            self._toggle_hidden(key, "; u undoes it")
            host(self).undos.append(lambda: self._toggle_hidden(key))

    def _toggle_hidden(self, key: RunKey, more: str = "") -> None:
        self.choice.hidden ^= {key}
        self._changed(f"{'hidden' if key in self.choice.hidden else 'shown again'}{more}")

    def action_hidden(self) -> None:
        self.choice.with_hidden = not self.choice.with_hidden
        self.post_message(
            ViewChanged("hidden runs too" if self.choice.with_hidden else "hidden runs left out")
        )


def runs_ask(choice: Selection, width: int) -> runs.RunsAsk:
    """The list of runs as a person arranged it, for a pane of that width."""
    return runs.RunsAsk(
        filter=choice.filters.get(RunsPane.ID, ""),
        order=choice.order,
        marked=choice.slots,
        sort=choice.sort,
        descending=choice.descending,
        columns=choice.columns,
        metric=choice.metric,
        group=choice.group,
        folded=choice.folded,
        starred=choice.starred,
        hidden=choice.hidden,
        with_hidden=choice.with_hidden,
        width=width,
    )


def _first_way(column: str) -> bool:
    """Whether a column is first sorted from its greatest value down."""
    return column not in ("", "status", "run", "metric", "formats", "group", "eta", "age", "started")
