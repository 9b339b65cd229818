"""One task in full."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.show.screen import task
from runwatch.show.screen.tasks import TaskKey
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.messages import Requested, TakeBack, TaskDeed
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class TaskScreen(Detail):
    """Its line, and the finding that it stands for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "deed('toggle')", "Done", id="task.done"),
        Binding("s", "deed('snooze')", "Snooze", id="task.snooze"),
        Binding("p", "deed('priority')", "Priority", id="task.priority"),
        Binding("e", "deed('edit')", "Edit", id="task.edit"),
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

    def action_deed(self, deed: Literal["toggle", "snooze", "priority", "edit"]) -> None:
        self.post_message(Requested(TaskDeed(deed, self.key)))

    def action_undo(self) -> None:
        self.post_message(Requested(TakeBack()))
