import errno
import fcntl
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from worlds import DAY, NOW, TODAY, finding

from runwatch.domain.intents import (
    AddTask,
    ArchiveTasks,
    EditTask,
    FinishTask,
    ReopenTask,
    Rescan,
    SetPriority,
    Silence,
    SnoozeTask,
    Undo,
)
from runwatch.store.state import State
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList

ROOT = "r"
A, B = finding("a"), finding("b")


class Workspace:
    def __init__(self, place: Path) -> None:
        self.path = place / "todo.txt"
        self.place = place
        self.state = State(place / "state")
        self.task_list = self.another()

    def another(self, **options) -> RootTaskList:
        return RootTaskList(
            self.state, ROOT, TodoFile(self.path, self.place / "locks", timeout=0.2), **options
        )

    def do(self, intent, after: float = 0.0):
        return self.task_list.perform(intent, NOW + after, TODAY)[0]

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    @property
    def history(self) -> list[str]:
        return [f"{event.what} by {event.by}" for _, event in self.state.history()]


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path)
    yield made
    made.state.close()


def test_a_day_of_commands(workspace):
    assert workspace.do(AddTask("(A) write the report +paper due:2026-09-22", ROOT)).ok
    assert workspace.do(AddTask("call Ana @phone", ROOT)).ok
    assert workspace.do(SnoozeTask(ROOT, "Ana", TODAY + timedelta(1))).ok
    assert workspace.do(SetPriority(ROOT, "Ana", "C")).ok
    assert workspace.do(EditTask(ROOT, "report", "write the long report")).ok
    assert (
        workspace.do(FinishTask(ROOT, "long report")).message
        == "done: write the long report +paper due:2026-09-22"
    )
    assert workspace.lines == [
        f"x {TODAY} {TODAY} write the long report +paper due:2026-09-22 pri:A",
        f"(C) {TODAY} call Ana @phone t:2026-09-22",
    ]
    assert workspace.do(ReopenTask(ROOT, "report")).ok
    assert workspace.lines[0] == f"(A) {TODAY} write the long report +paper due:2026-09-22"
    assert workspace.history == [
        *["added by person"] * 2,
        "snoozed by person",
        "edited by person",
        "edited by person",
        "done by person",
        "reopened by person",
    ]


def test_what_cannot_be_done_is_refused_with_a_reason(workspace):
    for text in ("call Ana", "call Bob"):
        workspace.do(AddTask(text, ROOT))
    before = workspace.lines
    for intent, reason in [
        (FinishTask(ROOT, "nobody"), "tasks list shows them"),
        (FinishTask(ROOT, "call"), "matches 2 tasks"),
        (FinishTask(ROOT, ""), "no task"),
        (ReopenTask(ROOT, "Bob"), "is not done"),
        (SetPriority(ROOT, "Bob", "?"), "A to Z"),
        (AddTask("  ", ROOT), "write what to do"),
        (Undo(ROOT, "x"), "nothing to undo"),
        (Rescan(), "does not change the to-do list"),
    ]:
        answer = workspace.do(intent)
        assert not answer.ok and reason in answer.message
    assert workspace.lines == before


def test_what_was_done_is_said_in_words(workspace):
    workspace.path.write_text(f"(A) look rw:{A.fingerprint} by:runwatch t:2026-09-30\n")
    said = [
        workspace.do(intent).message
        for intent in (
            SetPriority(ROOT, "look", None),
            SetPriority(ROOT, "look", "B"),
            SnoozeTask(ROOT, "look", TODAY + timedelta(1)),
            SnoozeTask(ROOT, "look", TODAY),
            Silence(ROOT, "run-slow", NOW + 1),
            Silence(ROOT, "run-slow", NOW),
        )
    ]
    assert said == [
        "no priority: look t:2026-09-30",
        "priority B: look t:2026-09-30",
        "snoozed until 2026-09-22: look t:2026-09-30",
        "no longer snoozed: look t:2026-09-22",
        "silenced: run-slow",
        "no longer silenced: run-slow",
    ]
    assert workspace.lines == [f"(B) look rw:{A.fingerprint} by:runwatch"]


def test_the_candidates_are_those_that_it_could_be(workspace):
    workspace.path.write_text("call Ana\nx 2026-09-01 call Bob\ncall Eve\n")
    refused = workspace.do(FinishTask(ROOT, "call")).message
    assert "matches 2 tasks" in refused and "Bob" not in refused
    workspace.path.write_text("".join(f"x 2026-09-01 call {n}\n" for n in range(7)))
    refused = workspace.do(FinishTask(ROOT, "call")).message
    assert "matches 7 tasks" in refused and refused.count("; ") == 5


def test_the_open_one_is_meant_by_a_part_of_its_text(workspace):
    workspace.do(AddTask("call Ana", ROOT))
    workspace.do(FinishTask(ROOT, "Ana"))
    workspace.do(AddTask("call Ana again", ROOT))
    assert workspace.do(FinishTask(ROOT, "Ana")).ok
    assert [line[0] for line in workspace.lines] == ["x", "x"]
    refused = workspace.do(FinishTask(ROOT, "again"))
    assert not refused.ok and "already done" in refused.message


def test_equal_lines_are_told_apart_by_their_ids(workspace):
    workspace.path.write_text("same\nother\nsame\n")
    tasks = workspace.task_list.current(TODAY).tasks
    answer, task = workspace.task_list.perform(FinishTask(ROOT, tasks[2].id), NOW, TODAY)
    assert answer.ok and workspace.lines == ["same", "other", f"x {TODAY} same"]
    assert task.id == tasks[2].id and task.done
    workspace.task_list.perform(Undo(ROOT, answer.undo), NOW, TODAY)
    assert workspace.lines == ["same", "other", "same"]


@pytest.mark.parametrize(
    "intent",
    [
        AddTask("new", ROOT),
        FinishTask(ROOT, "one"),
        ReopenTask(ROOT, "two"),
        SnoozeTask(ROOT, "one", TODAY + timedelta(3)),
        EditTask(ROOT, "one", "other words"),
        SetPriority(ROOT, "one", None),
    ],
    ids=lambda intent: type(intent).__name__,
)
def test_every_change_can_be_undone_and_done_again(workspace, intent):
    before = b"(A) 2026-01-01 one\r\nx 2026-01-02 2026-01-01 two res:auto pri:B\r\n"
    workspace.path.write_bytes(before)
    answer = workspace.do(intent)
    after = workspace.path.read_bytes()
    assert answer.ok and after != before
    back = workspace.do(Undo(ROOT, answer.undo))
    assert back.ok and workspace.path.read_bytes() == before
    assert back.message in ("undone: one", "undone: two res:auto pri:B", "undone: added")
    assert workspace.do(Undo(ROOT, back.undo)).ok and workspace.path.read_bytes() == after
    assert not workspace.do(Undo(ROOT, answer.undo)).ok


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("which", range(4))
def test_among_equal_lines_undo_takes_back_the_very_one(workspace, which, ending):
    """Whatever a change makes of one of them, and whatever looks like it already."""
    lines = [
        "same",
        f"x {TODAY} same",
        "same",
        "same t:2026-09-24",
        "(A) same",
        "same",
        f"{TODAY} new",
        "same",
    ]
    before = "".join(line + ending for line in lines).encode()
    workspace.path.write_bytes(before)
    same = [task for task in workspace.task_list.current(TODAY).tasks if task.line == "same"][which]
    for intent in (
        FinishTask(ROOT, same.id),
        SnoozeTask(ROOT, same.id, TODAY + timedelta(3)),
        SetPriority(ROOT, same.id, "A"),
        EditTask(ROOT, same.id, "other words"),
        AddTask("new", ROOT),
    ):
        answer = workspace.do(intent)
        after = workspace.path.read_bytes()
        assert answer.ok and after != before
        back = workspace.do(Undo(ROOT, answer.undo))
        assert back.ok and workspace.path.read_bytes() == before
        again = workspace.do(Undo(ROOT, back.undo))
        assert again.ok and workspace.path.read_bytes() == after
        assert workspace.do(Undo(ROOT, again.undo)).ok and workspace.path.read_bytes() == before


def test_undo_does_not_trample_on_a_later_edit(workspace):
    workspace.do(AddTask("one", ROOT))
    answer = workspace.do(FinishTask(ROOT, "one"))
    workspace.path.write_text("x 2026-09-21 one, and more\n")
    refused = workspace.do(Undo(ROOT, answer.undo))
    assert not refused.ok and "changed since" in refused.message
    assert workspace.lines == ["x 2026-09-21 one, and more"]


def test_findings_become_lines_and_history(workspace):
    tasks, events = workspace.task_list.sync([A, B], NOW, TODAY)
    assert [task.fingerprint for task in tasks.tasks] == [A.fingerprint, B.fingerprint]
    assert [event.what for event in events] == ["opened", "opened"]
    workspace.do(FinishTask(ROOT, A.fingerprint), after=60)
    workspace.task_list.sync([A], NOW + 120, TODAY)
    assert workspace.history == ["opened by runwatch"] * 2 + ["done by person", "resolved by runwatch"]
    assert [task.state for task in workspace.task_list.current(TODAY).tasks] == ["done", "resolved"]


def test_own_writes_are_batched_and_nothing_is_lost(workspace):
    workspace.task_list.sync([A], NOW, TODAY)
    tasks, events = workspace.task_list.sync([A, B], NOW + 1, TODAY)
    assert len(workspace.lines) == 1 == len(tasks.tasks) and events == ()
    assert [workspace.task_list.write_due(NOW + seconds) for seconds in (1, 4.9, 5)] == [False, False, True]
    _, events = workspace.task_list.sync([A, B], NOW + 5, TODAY)
    assert len(workspace.lines) == 2 and [event.fingerprint for event in events] == [B.fingerprint]
    assert not workspace.task_list.write_due(NOW + 60)


def test_what_goes_away_before_it_was_due_begins_anew(workspace):
    timing = {A.rule: (60.0, 0.0)}
    for after, findings, lines in ((0, [A], 0), (10, [], 0), (65, [A], 0), (124, [A], 0), (125, [A], 1)):
        workspace.task_list.sync(findings, NOW + after, TODAY, timing=timing)
        assert len(workspace.lines) == lines


def test_what_cannot_be_read_or_was_not_judged_is_not_over(workspace):
    workspace.task_list.sync([A], NOW, TODAY)
    workspace.task_list.sync([], NOW + 10, TODAY, unreadable=["a"])
    workspace.task_list.sync([], NOW + 20, TODAY, unjudged=[A.rule])
    assert workspace.task_list.states == {A.fingerprint: "open"}
    workspace.task_list.sync([], NOW + 30, TODAY)
    assert (
        workspace.task_list.states == {A.fingerprint: "resolved"}
        and workspace.task_list.open_fingerprints == frozenset()
    )


def test_a_state_that_does_not_tell_its_silences_hides_nothing(workspace, monkeypatch):
    def broken(*_):
        raise OSError("the state is locked")

    for name in ("silences", "silence"):
        monkeypatch.setattr(State, name, broken)
    workspace.task_list.sync([A], NOW, TODAY)
    assert len(workspace.lines) == 1
    refused = workspace.do(Silence(ROOT, A.rule, NOW + 9))
    assert not refused.ok and refused.message == "the state is locked"


def test_a_list_that_others_hold_may_be_written_later_one_without_a_lock_never(workspace):
    workspace.task_list.sync([], NOW, TODAY)
    workspace.do(AddTask("one", ROOT))
    with next((workspace.place / "locks").iterdir()).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        listed, _ = workspace.task_list.sync([A], NOW + 10, TODAY)
    assert listed.writable and "holds the lock" in listed.notice
    unlocked = RootTaskList(workspace.state, ROOT, TodoFile(workspace.path, None))
    listed, _ = unlocked.sync([A], NOW + 20, TODAY)
    assert not listed.writable and "set HOME" in listed.notice
    refused, _ = unlocked.perform(ArchiveTasks(ROOT), NOW, TODAY)
    assert not refused.ok and "set HOME" in refused.message


def test_timers_run_on_while_a_write_waits(workspace):
    held = finding("held", rule="slow-rule")
    timing = {"slow-rule": (60.0, 0.0)}
    workspace.task_list.sync([A], NOW, TODAY, timing=timing)
    workspace.task_list.sync([A, B, held], NOW + 1, TODAY, timing=timing)
    workspace.task_list.sync([A, B, held], NOW + 61, TODAY, timing=timing)
    assert len(workspace.lines) == 3


def test_a_silence_keeps_a_finding_quiet_until_it_ends(workspace):
    assert workspace.do(Silence(ROOT, A.rule, NOW + 100)).ok
    workspace.task_list.sync([A], NOW, TODAY)
    assert workspace.lines == []
    workspace.task_list.sync([A], NOW + 101, TODAY)
    assert len(workspace.lines) == 1


def _disk_full(*_args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_change_and_tries_again(workspace, monkeypatch):
    workspace.path.write_text("mine\n")
    workspace.task_list.sync([], NOW, TODAY)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _disk_full)
        answer = workspace.do(AddTask("remember me", ROOT))
        assert answer.ok and "not saved yet" in answer.message
        tasks, _ = workspace.task_list.sync([A], NOW + 30, TODAY)
        assert "1 unsaved" in tasks.notice and "disk is full" in tasks.notice and not tasks.writable
        assert [task.text for task in tasks.tasks] == ["mine", "remember me"]
        assert workspace.lines == ["mine"] and workspace.task_list.unsaved == 1
    tasks, events = workspace.task_list.sync([A], NOW + 300, TODAY)
    assert workspace.lines[:2] == ["mine", f"{TODAY} remember me"] and len(workspace.lines) == 3
    assert tasks.notice == "" and tasks.writable and workspace.task_list.unsaved == 0
    assert [event.what for event in events] == ["opened"]


def test_a_change_to_a_file_that_cannot_be_read_is_refused_and_not_kept(workspace):
    workspace.path.write_bytes(b"\xff\xfea\0")
    refused = workspace.do(AddTask("one", ROOT))
    assert not refused.ok and "UTF-16" in refused.message and workspace.task_list.unsaved == 0
    assert not workspace.another().write_due(NOW + DAY)


def test_a_done_txt_that_cannot_be_read_counts_nothing(workspace):
    workspace.path.write_text(f"x {TODAY} one\n")
    (workspace.place / "done.txt").mkdir()
    assert workspace.task_list.current(TODAY).done_on(TODAY) == 1
    assert workspace.do(AddTask("two", ROOT)).ok


def test_what_cannot_be_saved_is_tried_less_and_less_often(workspace, monkeypatch):
    monkeypatch.setattr(os, "fsync", _disk_full)
    at = NOW
    for pause in (5, 10, 20, 40, 60, 60):
        workspace.task_list.sync([A], at, TODAY)
        assert not workspace.task_list.write_due(at + pause - 0.1) and workspace.task_list.write_due(
            at + pause
        )
        at += pause


def test_a_command_that_ends_at_once_is_refused_instead(workspace, monkeypatch):
    monkeypatch.setattr(os, "fsync", _disk_full)
    task_list = workspace.another(keeps_unsaved=False)
    answer = task_list.perform(AddTask("remember me", ROOT), NOW, TODAY)[0]
    assert not answer.ok and "disk is full" in answer.message and task_list.unsaved == 0


def test_an_unsaved_change_can_be_undone(workspace, monkeypatch):
    workspace.path.write_text("mine\n")
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _disk_full)
        answer = workspace.do(AddTask("remember me", ROOT))
        assert workspace.do(Undo(ROOT, answer.undo)).ok
    workspace.task_list.sync([], NOW + 300, TODAY)
    assert workspace.lines == ["mine"]


def test_an_unreadable_file_changes_nothing(workspace):
    workspace.task_list.sync([A], NOW, TODAY)
    workspace.path.unlink()
    workspace.path.mkdir()
    tasks, events = workspace.task_list.sync([], NOW + DAY, TODAY)
    assert "not a regular file" in tasks.notice and events == ()
    assert len(tasks.tasks) == 1, "what was last seen is still shown"
    workspace.path.rmdir()
    assert workspace.state.records(ROOT)[A.fingerprint].state == "open"


def test_a_state_that_cannot_be_written_is_said_and_caught_up(workspace, monkeypatch):
    real = State.commit

    def refuse(*_args, **_kwargs):
        raise OSError("the state is locked")

    monkeypatch.setattr(State, "commit", refuse)
    tasks, _ = workspace.task_list.sync([A], NOW, TODAY)
    assert tasks.notice == "the state is locked" and len(workspace.lines) == 1
    monkeypatch.setattr(State, "commit", real)
    tasks, _ = workspace.task_list.sync([A], NOW + 10, TODAY)
    assert tasks.notice == ""
    assert workspace.state.records(ROOT)[A.fingerprint].state == "open"
    assert workspace.history == ["opened by runwatch"]


def test_a_restart_and_another_process_see_the_same(workspace):
    workspace.task_list.sync([A, B], NOW, TODAY)
    other_state = State(workspace.place / "state")
    other = RootTaskList(
        other_state, ROOT, TodoFile(workspace.path, workspace.place / "locks"), keeps_unsaved=False
    )
    assert other.perform(FinishTask(ROOT, A.fingerprint), NOW + 1, TODAY)[0].ok
    other_state.close()
    workspace.task_list.sync([A, B], NOW + 10, TODAY)
    again = workspace.another()
    again.sync([A, B], NOW + 20, TODAY)
    again.sync([B], NOW + 30, TODAY)
    assert [task.state for task in again.current(TODAY).tasks] == ["done", "open"]
    assert workspace.history == ["opened by runwatch"] * 2 + ["done by person"]


def test_first_look_at_an_old_root(workspace):
    old = finding("old", since=NOW - 30 * DAY)
    tasks, _ = workspace.task_list.sync([old, A], NOW, TODAY, first_pass=True)
    assert tasks.older == 1 and len(tasks.tasks) == 1
    assert date.fromisoformat(workspace.lines[0].split()[1]) == TODAY


def test_what_an_editor_does_to_ones_own_tasks_is_history(workspace):
    def look(after: float, *lines: str) -> list[str]:
        workspace.path.write_text("".join(line + "\n" for line in lines))
        _, events = workspace.task_list.sync([], NOW + after, TODAY)
        return [f"{event.what} {event.text}" for event in events]

    assert look(0, "one", "x 2026-01-01 old") == []
    assert look(10, "one", "x 2026-01-01 old", "two") == ["added two"]
    assert look(20, "x 2026-09-21 one", "x 2026-01-01 old", "two") == ["done one"]
    assert look(30, "one", "x 2026-01-01 old", "(A) two") == ["reopened one"]
    assert look(40, "one", "x 2026-01-01 old", "two and more") == ["edited two and more"]
    assert look(41) == [] == look(42, "one", "two and more")
    (workspace.place / "done.txt").write_text("x 2026-09-21 one\n")
    assert look(50, "two and more") == ["done one"]
    assert look(60, "two and more") == []
    (workspace.place / "done.txt").write_text("x 2026-09-21 one\ntwo and more\n")
    assert look(70) == [] == look(80), "an open line in done.txt is no end"
    assert all(event.by == "person" for _, event in workspace.state.history())


def test_own_tasks_changed_by_command_are_told_once(workspace):
    workspace.task_list.sync([], NOW, TODAY)
    workspace.do(AddTask("a task", ROOT))
    workspace.do(SnoozeTask(ROOT, "a task", TODAY + timedelta(1)))
    workspace.do(FinishTask(ROOT, "a task"))
    workspace.task_list.sync([], NOW + 10, TODAY)
    workspace.another().sync([], NOW + 20, TODAY)
    assert workspace.history == ["added by person", "snoozed by person", "done by person"]
