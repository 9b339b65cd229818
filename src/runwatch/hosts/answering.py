"""There: answers to a board's questions about curves, columns, consoles, tasks."""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import date

import numpy as np

from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.intents import from_json
from runwatch.domain.points import AnyArray, Points
from runwatch.domain.run import Problem, RunKey
from runwatch.hosts import messages as m
from runwatch.hosts.watched_roots import LiveRoots, Watched
from runwatch.hosts.wire import WireError
from runwatch.monitor.live import Monitor
from runwatch.monitor.root_state import TaskState
from runwatch.system.files import read_window

MOST_POINTS = 500_000
MOST_IMAGE_BYTES = 12 * 1024 * 1024
"""They hardly get smaller in a frame, which holds 16 MiB."""


class Answers:
    """Answers about what is watched; called on threads."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def to(self, question: m.Question) -> object:
        """The answer, of the kind that ``messages.BODIES`` names. Raises UserError, OSError, KeyError."""
        match question:
            case m.AskSeries():
                return self._curve(question)
            case m.AskColumn(_, data_set, root, column, batch):
                return self._live.distribution(data_set, root, column, batch)
            case m.AskConsole(_, root, _, path, end, size):
                return read_window(os.path.join(self._known(root), path), end, size)
            case m.AskMedia(_, root, run):
                return self._live.media(RunKey(self._known(root), run))
            case m.AskMediaContents(_, root, run, wanted):
                key = RunKey(self._known(root), run)
                return self._live.media_contents(key, wanted, MOST_IMAGE_BYTES)
            case m.AskSystem(_, root, run):
                return self._live.system_tags(RunKey(self._known(root), run))
            case m.AskRows(_, root, predictions, label):
                return self._rows(PredictionsKey(self._known(root), predictions), label)
            case m.AskHistory():
                with self._task_state() as task_state:
                    return task_state.history()
            case m.AskChampions(_, root):
                with self._task_state() as task_state:
                    return task_state.champions(root)
            case m.AskTasks(_, root):
                with self._task_state() as task_state:
                    now = time.time()
                    listed = task_state.current(date.fromtimestamp(now))[self._known(root)]
                    return m.Todo(listed, task_state.silences(root, now))
            case m.Do(_, intent):
                return self._do(intent)
            case m.AskChecks():
                from runwatch.monitor.diagnostics import examine

                return examine(self._watched.roots, terminal=False)

    @property
    def _live(self) -> Monitor:
        monitor = self._watched.monitor
        if monitor is None:
            raise WireError("only a board that stays open can ask for that")
        return monitor

    def _known(self, root: str) -> str:
        if root not in self._watched.roots:
            raise WireError(f"{root}: not a root that was opened")
        return root

    def _task_state(self) -> closing[TaskState]:
        return closing(TaskState(self._watched.roots, self._watched.settings, writes=False))

    def _rows(self, key: PredictionsKey, label: str) -> m.RowsFound:
        rows = self._live.slice_rows(key, label)
        return m.RowsFound(problem=rows) if isinstance(rows, Problem) else m.RowsFound(*rows)

    def _do(self, text: str) -> m.Did:
        intent = from_json(text)
        if intent is None:
            raise WireError("runwatch there does not know how to do that; update it")
        if isinstance(self._watched, LiveRoots):
            answer, task = self._watched.handle(intent), None
        else:
            with self._task_state() as task_state:
                now = time.time()
                answer, task = task_state.perform(intent, now, date.fromtimestamp(now))
        return m.Did(answer.ok, answer.message, answer.undo, task)

    def _curve(self, request: m.AskSeries) -> m.CurveUpdate:
        points = self._watched.series(RunKey(self._known(request.root), request.run), request.tag)
        total, start = len(points), request.have
        if not (0 < start <= total and _same(points, start - 1, request.step, request.value)):
            start = 0
        end = total if request.most else min(start + MOST_POINTS, total)
        part = points.where(slice(start, end))
        if request.most:
            part = thinned(part, request.most)
        steps, times, values = map(_bytes, (part.steps, part.wall_times, part.values))
        return m.CurveUpdate(start, end, steps, times, values, more=end < total)


def _same(points: Points, at: int, step: int, value: float) -> bool:
    known = float(points.values[at])
    return int(points.steps[at]) == step and (known == value or (known != known and value != value))


def _bytes(array: AnyArray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def thinned(points: Points, most: int) -> Points:
    """At most about ``most`` points: of each stretch the least and the greatest value, and whatever is not
    finite; the first and the last stay."""
    n = len(points)
    if n <= most:
        return points
    edges = np.linspace(0, n, max(most // 2, 1) + 1).astype(np.int64)[:-1]
    lengths = np.diff(np.append(edges, n))
    stretch = np.repeat(np.arange(len(edges)), lengths)
    low = np.where(np.isfinite(points.values), points.values, np.inf)
    high = np.where(np.isfinite(points.values), points.values, -np.inf)
    order_low, order_high = np.lexsort((low, stretch)), np.lexsort((-high, stretch))
    odd = np.flatnonzero(~np.isfinite(points.values))[: max(most // 4, 1)]
    selected = np.unique(np.concatenate([order_low[edges], order_high[edges], odd, [0, n - 1]]))
    return points.where(selected)
