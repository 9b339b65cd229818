"""Tables for papers, spreadsheets and programs: what a file of that ending holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from runwatch.domain.comparison import At, CompareOptions, Comparison, HparamImportance, RunTable
from runwatch.domain.points import Points
from runwatch.domain.run import Run, RunKey
from runwatch.show.compare import comparison_json, comparison_table
from runwatch.show.run_table import run_table_json, run_table_text
from runwatch.show.screen.view import TableView, plain
from runwatch.show.tabular import render
from runwatch.text.jsonable import dump

FORMS = {".md": "markdown", ".csv": "csv", ".json": "json", ".tex": "latex"}

VIEW_FORMS = {ending: form for ending, form in FORMS.items() if form != "json"}

Series = Callable[[RunKey, str], Points]


def form_of(name: str, forms: Mapping[str, str] = FORMS) -> str | None:
    """The form that a file's ending asks for, None when it is none of ``forms``."""
    return forms.get(os.path.splitext(name.lower())[1])


def table_of(runs: Sequence[Run], metric: str | None, at: At, series: Series) -> RunTable:
    """``runs`` ranked by ``metric``; ``series`` may read the disk."""
    from runwatch.judge.runs.ranking import rank_runs

    return rank_runs(runs, metric, series, CompareOptions(at=at))


def runs_text(table: RunTable, form: str, matters: HparamImportance | None = None) -> str:
    """A table of runs in ``form``."""
    return dump(run_table_json(table, matters)) if form == "json" else run_table_text(table, form)


def comparison_text(comparison: Comparison, form: str) -> str:
    """A comparison in ``form``: JSON holds all of it, the others its metrics."""
    return dump(comparison_json(comparison)) if form == "json" else comparison_table(comparison, form)


def view_text(view: TableView, form: str) -> str:
    """A table of the screen, all its rows, in ``form``: markdown, csv or latex."""
    titles = [column.title or column.key for column in view.columns]
    return render(titles, [[plain(cell).strip() for cell in row.cells] for row in view.rows], form)


def write_new(path: str, content: str | bytes, runs: Iterable[RunKey] = ()) -> str:
    """Write a file that is not there yet; gives its absolute path. Raises ``OSError``; a file in the folder
    of one of ``runs`` is refused, since it would be read as the run's own."""
    full = os.path.abspath(os.path.expanduser(path))
    folder = os.path.realpath(os.path.dirname(full))
    for run in runs:
        own = os.path.realpath(os.path.join(run.root, run.id))
        if folder == own or folder.startswith(own + os.sep):
            raise PermissionError(0, f"this is the folder of run {run.id}; choose a folder outside it", full)
    fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    if isinstance(content, str):
        text = content if content.endswith("\n") else content + "\n"
        content = text.encode("utf-8", "backslashreplace")
    with open(fd, "wb") as file:
        file.write(content)
    return full
