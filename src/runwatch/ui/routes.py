"""From what a person asks to see to the screen that shows it; screens are imported when first opened."""

from __future__ import annotations

from runwatch.show.screen import destinations as to
from runwatch.show.screen.tasks import TaskKey
from runwatch.ui.host import AnyScreen, Host
from runwatch.ui.places import PLACES


def screen_for(host: Host, destination: to.Destination) -> AnyScreen | None:
    """The screen that shows this; None when there is too little to show."""
    match destination:
        case to.ShowRun(key):
            from runwatch.ui.screens.run import RunScreen

            return RunScreen(key, host.choice)
        case to.ShowColumn(column):
            from runwatch.ui.screens.column import ColumnScreen

            return ColumnScreen(column)
        case to.ShowData(root, name):
            from runwatch.ui.screens.data import DataScreen

            return DataScreen(root, name)
        case to.ShowComparison(subject):
            from runwatch.ui.screens.comparison import ComparisonScreen

            return ComparisonScreen(subject)
        case to.ShowSlice():
            from runwatch.ui.screens.rows import RowsScreen

            return RowsScreen(destination)
        case to.ShowRuns(keys):
            from runwatch.ui.screens.compare import CompareScreen

            return CompareScreen(keys, host.choice) if len(keys) > 1 else None
        case to.ShowTask(task):
            from runwatch.ui.screens.task import TaskScreen

            return TaskScreen(task)
        case to.ShowSubject(task):
            return _subject(host, task)
        case to.ShowFile(key, path):
            from runwatch.ui.screens.file import FileScreen

            return FileScreen(key, path)
        case to.ShowFinding(finding):
            from runwatch.ui.screens.finding import FindingScreen

            return FindingScreen(finding)
        case to.ShowPlace(name):
            return PLACES[name].open(host)


def _subject(host: Host, task: TaskKey) -> AnyScreen | None:
    from runwatch.show.screen.task import leads_to

    leads = leads_to(host.snapshot, task) if host.snapshot else None
    return screen_for(host, leads or to.ShowTask(task))
