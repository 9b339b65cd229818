"""Where a person can go from here: one record a screen, saying what it is of."""

from __future__ import annotations

from typing import NamedTuple

from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.run import RunKey
from runwatch.show.screen.drift import ColumnKey
from runwatch.show.screen.tasks import TaskKey


class ShowRun(NamedTuple):
    """One run in full."""

    key: RunKey


class ShowColumn(NamedTuple):
    """One column of a data set."""

    key: ColumnKey


class ShowData(NamedTuple):
    """One data set."""

    root: str
    name: str


class ShowComparison(NamedTuple):
    """A run against its baseline, or the predictions of this ``[[predictions]]`` name."""

    subject: RunKey | PredictionsKey


class ShowSlice(NamedTuple):
    """The rows of one slice of a predictions comparison."""

    predictions: PredictionsKey
    slice: str


class ShowRuns(NamedTuple):
    """Several runs side by side."""

    keys: tuple[RunKey, ...]


class ShowTask(NamedTuple):
    """One task: its line and its finding."""

    key: TaskKey


class ShowSubject(NamedTuple):
    """What a task is about; the task itself when nothing is known of that."""

    key: TaskKey


class ShowFile(NamedTuple):
    """One file of a run, as text; ``path`` is relative to the root."""

    key: RunKey
    path: str


class ShowFinding(NamedTuple):
    """One finding with its evidence."""

    key: tuple[str, str]


class ShowPlace(NamedTuple):
    """A screen that there is once, by its name in ``ui.places``."""

    name: str


Destination = (
    ShowRun
    | ShowColumn
    | ShowData
    | ShowComparison
    | ShowSlice
    | ShowRuns
    | ShowTask
    | ShowSubject
    | ShowFile
    | ShowFinding
    | ShowPlace
)
