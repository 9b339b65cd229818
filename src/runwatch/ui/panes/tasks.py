"""The to-do list."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.situation import Snapshot
from runwatch.show.screen import tasks
from runwatch.show.screen.destinations import ShowSubject
from runwatch.show.screen.view import Words
from runwatch.ui.bindings import hidden
from runwatch.ui.host import Build, host
from runwatch.ui.messages import TakeBack, TaskAction, TaskVerb, ViewChanged
from runwatch.ui.palette import palette
from runwatch.ui.panes.base import Pane
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.widgets.words import content

_ROOMY = 100


class TasksPane(Pane):
    """Today's list: critical first, then due, then mine."""

    ID = "tasks"
    TITLE = "Tasks"
    PLACE = "right"
    ORDER = 40
    WEIGHT = 4
    FILTERED = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space", "change('toggle')", "Done", id="tasks.done", tooltip="finish the task, or open it again"
        ),
        Binding("a", "add", "Add", id="tasks.add"),
        Binding(
            "s", "change('snooze')", "Snooze", id="tasks.snooze", tooltip="until tomorrow, Monday or a date"
        ),
        Binding("p", "change('priority')", "Priority", id="tasks.priority"),
        Binding("e", "change('edit')", "Edit", id="tasks.edit", tooltip="in $EDITOR"),
        Binding("u", "undo", "Undo", id="tasks.undo"),
        hidden("d", "finished", "Finished ones", "tasks.finished"),
    ]

    _files: Words = ()
    _awaited: tasks.TaskKey | None = None

    def compose(self) -> ComposeResult:
        yield LineWidget(id="tasks-note", collapse=True)
        yield TableWidget(id="tasks-table", header=False, tight=True)

    def job(self) -> Build:
        narrow = self.size.width < _ROOMY
        ask = tasks.TasksAsk(self.choice.filters.get(self.ID, ""), self.choice.finished, narrow)

        return lambda snapshot, now: (tasks.tasks(snapshot, ask, _day(now)), tasks.files(snapshot))

    def count(self, snapshot: Snapshot, now: float) -> Words:
        return tasks.summary(snapshot, _day(now))

    def show(self, view: Any) -> None:
        table, files = view
        self.query_one(LineWidget).show(table.note)
        if files != self._files:
            self._files = files
            self.border_subtitle = content(files, palette(self.app))
        self.query_one(TableWidget).show(table)
        if self._awaited is not None:
            self.go_to(self._awaited)

    def go_to(self, key: tasks.TaskKey) -> None:
        """Put the cursor on a task, now or as soon as it is listed, unless it is moved before."""
        self._awaited = key
        self.query_one(TableWidget).select(key)
        if self.key == key:
            self._awaited = None

    @property
    def key(self) -> tasks.TaskKey | None:
        """The task under the cursor."""
        return cast("tasks.TaskKey | None", self.query_one(TableWidget).key)

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()
        self._awaited = None

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        if self.key is not None:
            host(self).open(ShowSubject(self.key))

    def action_finished(self) -> None:
        self.choice.finished = not self.choice.finished
        self.post_message(
            ViewChanged("finished and snoozed tasks too" if self.choice.finished else "open tasks only")
        )

    def action_add(self) -> None:
        host(self).open(TaskAction("add", self.key))

    def action_undo(self) -> None:
        host(self).open(TakeBack())

    def action_change(self, action: TaskVerb) -> None:
        if self.key is not None:
            host(self).open(TaskAction(action, self.key))
        else:
            host(self).say("no task under the cursor; a adds one")


def _day(now: float) -> date:
    return datetime.fromtimestamp(now).date()
