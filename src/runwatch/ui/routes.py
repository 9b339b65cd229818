"""From what a person asks to see to the screen that shows it; screens are imported when first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import Screen

if TYPE_CHECKING:
    from runwatch.ui.app import RunwatchApp


def screen_for(app: RunwatchApp, what: str, subject: Any) -> Screen[Any] | None:
    """The screen of this name; None when there is none, or nothing to show in it."""
    if what == "run" and subject is not None:
        from runwatch.ui.screens.run import RunScreen

        return RunScreen(subject, app.choice)
    if what == "column" and subject is not None:
        from runwatch.ui.screens.column import ColumnScreen

        return ColumnScreen(subject)
    if what == "data" and subject is not None:
        from runwatch.ui.screens.data import DataScreen

        return DataScreen(*subject)
    if what == "comparison" and subject is not None:
        from runwatch.ui.screens.comparison import ComparisonScreen

        return ComparisonScreen(subject)
    if what == "slice" and subject is not None:
        from runwatch.ui.screens.rows import RowsScreen, SliceKey

        return RowsScreen(SliceKey(*subject))
    if what == "task" and subject is not None:
        return _task_screen(app, subject)
    return _board_screen(app, what, subject)


def _task_screen(app: RunwatchApp, subject: Any) -> Screen[Any] | None:
    from runwatch.show.view_task import leads_to

    leads = leads_to(app.snapshot, subject) if app.snapshot else None
    if leads is not None:
        return screen_for(app, leads.what, leads.subject)
    from runwatch.ui.screens.task import TaskScreen

    return TaskScreen(subject)


def _board_screen(app: RunwatchApp, what: str, subject: Any) -> Screen[Any] | None:
    if what == "machine":
        from runwatch.ui.screens.machine import MachineScreen

        return MachineScreen()
    if what == "problems":
        from runwatch.ui.screens.problems import ProblemsScreen

        return ProblemsScreen()
    if what == "notes":
        from runwatch.ui.screens.notes import NotesScreen

        return NotesScreen()
    if what == "history":
        from runwatch.ui.screens.history import TASKS, HistoryScreen

        return HistoryScreen(subject or TASKS)
    if what == "leaderboard":
        from runwatch.ui.screens.leaderboard import Leaderboard

        return Leaderboard(app.choice)
    if what == "compare" and len(subject or ()) > 1:
        from runwatch.ui.screens.compare import CompareScreen

        return CompareScreen(subject, app.choice)
    if what == "task-text" and subject is not None:
        from runwatch.ui.screens.task import TaskScreen

        return TaskScreen(subject)
    return None
