"""One task in full."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.show.screen import task
from runwatch.show.screen.tasks import TaskKey
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.messages import Requested, TakeBack, TaskAction
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class TaskScreen(Detail):
    """Its line, and the finding that it stands for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "change('toggle')", "Done", id="task.done"),
        Binding("s", "change('snooze')", "Snooze", id="task.snooze"),
        Binding("p", "change('priority')", "Priority", id="task.priority"),
        Binding("e", "change('edit')", "Edit", id="task.edit"),
        Binding("u", "undo", "Undo", id="task.undo"),
    ]

    def __init__(self, key: TaskKey) -> None:
        super().__init__()
        self.key = key

    def body(self) -> ComposeResult:
        yield TableWidget(header=False)

    def job(self) -> Build:
        key = self.key
        return lambda snapshot, now: task.task_table(snapshot, key, now)

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span("Task", "strong"),))
        self.query_one(TableWidget).show(view)

    def action_change(self, action: Literal["toggle", "snooze", "priority", "edit"]) -> None:
        self.post_message(Requested(TaskAction(action, self.key)))

    def action_undo(self) -> None:
        self.post_message(Requested(TakeBack()))
