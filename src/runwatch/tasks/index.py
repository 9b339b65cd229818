"""Which lines of the to-do file belong to which finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from runwatch.domain.task import Task, TaskRecord
from runwatch.tasks.todotxt import is_task, parse


class LineIndex:
    """The lines that carry ``rw:``, by fingerprint. Of several the first that is as we know it counts, else
    the first of the day of this opening (a finding may be opened anew on a later day), else the first of all.
    ``host``: lines that bear another ``host:`` are another machine's; "": all are ours."""

    def __init__(self, lines: Sequence[str], today: date, host: str = "") -> None:
        self.lines = lines
        self._places: dict[str, list[int]] = {}
        self._tasks: dict[int, Task] = {}
        for place, line in enumerate(lines):
            if "rw:" in line and is_task(line) and (task := parse(line, today)).fingerprint:
                if host and task.tags.get("host", host) != host:
                    continue
                self._places.setdefault(task.fingerprint, []).append(place)
                self._tasks[place] = task

    def task(self, fingerprint: str, record: TaskRecord | None) -> Task | None:
        """The line of a finding, as a task."""
        tasks = [self._tasks[place] for place in self._places.get(fingerprint, [])]
        if record is None or not record.line:
            still_open = [task for task in tasks if not task.done]
            return next(iter(still_open), None) or max(tasks, key=_completed, default=None)
        created = parse(record.line).created
        same = [t for t in tasks if t.line == record.line] or [t for t in tasks if t.created == created]
        known = next(iter(same or tasks), None)
        if known is None or not known.done:
            return known
        newer = (t for t in tasks if not t.done and t.source == "rule" and _created(t) > _created(known))
        return next(newer, known)

    def nth(self, task: Task) -> int:
        """Which of several equal lines the task's is."""
        place = next(place for place, known in self._tasks.items() if known is task)
        return self.lines[:place].count(task.line)

    def open_ones(self) -> Iterable[Task]:
        """Lines of ours that are to do now: neither done nor snoozed."""
        return (task for task in self._tasks.values() if task.source == "rule" and task.state == "open")


def _created(task: Task) -> date:
    return task.created or date.min


def _completed(task: Task) -> date:
    return task.completed or date.min
