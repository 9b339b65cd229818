"""The history of the tasks that people write: what an editor added, finished or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from runwatch.domain.task import RecordState, Task, TaskEvent, TaskRecord, What
from runwatch.tasks.sync_from_file import GONE_AFTER

PREFIX = "m:"
_BEGUN = PREFIX
_MOST = 2000

Followed = tuple[dict[str, TaskRecord], list[TaskEvent]]


def is_manual(key: str) -> bool:
    """Whether a record is one of a task that a person wrote."""
    return key.startswith(PREFIX)


def follow_manual(
    records: Mapping[str, TaskRecord], tasks: Iterable[Task], finished: Iterable[str], now: float
) -> Followed:
    """The records of the file's own tasks and what happened to them since. ``records``: those of the last
    time (empty: the first time, which is no event); ``finished``: ids of done tasks in done.txt. A list of
    more than 2,000 tasks has no history."""
    listed = {PREFIX + task.id: task for task in tasks if task.source == "manual"}
    if len(listed) > _MOST:
        return {}, []
    if not records:
        return {
            _BEGUN: _new(_BEGUN, None, now),
            **{key: _new(key, task, now) for key, task in listed.items()},
        }, []
    result: dict[str, TaskRecord] = {_BEGUN: records.get(_BEGUN) or _new(_BEGUN, None, now)}
    events: list[TaskEvent] = []
    lost = [key for key in records if key not in listed and key != _BEGUN]
    put_away = {PREFIX + id_ for id_ in finished} if lost else set()
    new = [key for key in listed if key not in records]
    renamed = lost[0] if len(lost) == len(new) == 1 and records[lost[0]].missing_since is None else None
    for key, task in listed.items():
        before = records.get(key) or (records[renamed] if renamed and key in new else None)
        result[key] = after = _new(key, task, now) if before is None else _moved(before, key, task, now)
        if what := _what(before, after, key in new):
            events.append(TaskEvent(task.id, at=now, what=what, by="person", text=task.text))
    for key in lost:
        record = records[key]
        if key == renamed:
            continue
        if key in put_away and record.state == "open":
            events.append(
                TaskEvent(key.removeprefix(PREFIX), at=now, what="done", by="person", text=record.title)
            )
        elif key not in put_away:
            since = record.missing_since if record.missing_since is not None else now
            if now - since < GONE_AFTER:
                result[key] = replace(record, missing_since=since)
    return result, events


def _new(key: str, task: Task | None, now: float) -> TaskRecord:
    state: RecordState = "done" if task and task.done else "open"
    title = task.text if task else ""
    return TaskRecord(
        key,
        state=state,
        rule="",
        severity="",
        scope="",
        title=title,
        first_seen=now,
        last_seen=now,
        since=now,
    )


def _moved(before: TaskRecord, key: str, task: Task, now: float) -> TaskRecord:
    after = _new(key, task, now)
    since = before.since if before.state == after.state else now
    return replace(after, first_seen=before.first_seen, since=since, last_seen=before.last_seen)


def _what(before: TaskRecord | None, after: TaskRecord, renamed: bool) -> What | None:
    if before is None:
        return "added" if after.state == "open" else None
    if before.state != after.state:
        return "done" if after.state == "done" else "reopened"
    return "edited" if renamed else None
