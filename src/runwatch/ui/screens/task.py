"""One task in full."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from runwatch.show.screen import task
from runwatch.show.screen.tasks import TaskKey
from runwatch.ui.messages import TakeBack, TaskAction, TaskVerb
from runwatch.ui.screens.plain import TableScreen


class TaskScreen(TableScreen):
    """Its line, and the finding that it stands for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "change('toggle')", "Done", id="task.done"),
        Binding("s", "change('snooze')", "Snooze", id="task.snooze"),
        Binding("p", "change('priority')", "Priority", id="task.priority"),
        Binding("e", "change('edit')", "Edit", id="task.edit"),
        Binding("u", "undo", "Undo", id="task.undo"),
    ]

    def __init__(self, key: TaskKey) -> None:
        super().__init__("Task", lambda snapshot, now: task.task_table(snapshot, key, now))
        self.key = key

    def action_change(self, action: TaskVerb) -> None:
        self.host.open(TaskAction(action, self.key))

    def action_undo(self) -> None:
        self.host.open(TakeBack())
