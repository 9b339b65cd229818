"""``rec:``, ``h:1``, ``id:``/``p:``, ``due:tomorrow``: what other todo.txt programs mean by them."""

from datetime import date, timedelta

import pytest
from test_task_list import ROOT, Workspace
from worlds import NOW, TODAY

from runwatch.domain.intents import AddTask, ArchiveTasks, EditTask, FinishTask, ReopenTask, Undo
from runwatch.tasks import todotxt
from runwatch.tasks.when import after, future_day, next_time

DAY = date(2026, 11, 30)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path)
    yield made
    made.state.close()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pay due:2026-11-20 rec:1w", "2026-11-30 pay due:2026-12-07 rec:1w"),
        ("pay due:2026-11-20 rec:+1w", "2026-11-30 pay due:2026-11-27 rec:+1w"),
        ("pay due:2026-01-31 t:2026-01-29 rec:+1m", "2026-11-30 pay due:2026-02-28 t:2026-02-26 rec:+1m"),
        ("pay due:2024-02-29 rec:+1y", "2026-11-30 pay due:2025-02-28 rec:+1y"),
        ("pay t:2026-11-20 rec:1w", "2026-11-30 pay t:2026-12-07 rec:1w"),
        ("pay t:2026-11-20 rec:+1w", "2026-11-30 pay t:2026-11-27 rec:+1w"),
        ("pay rec:5b", "2026-11-30 pay rec:5b due:2026-12-07"),
        ("pay rec:1m2d", "2026-11-30 pay rec:1m2d due:2027-01-01"),
        ("(B) 2026-01-01 a  b +p @c rec:1d x:y", "(B) 2026-11-30 a  b +p @c rec:1d x:y due:2026-12-01"),
        ("look rw:3f9a by:runwatch n:2 rec:1d", "2026-11-30 look rec:1d due:2026-12-01"),
        ("once", None),
    ],
)
def test_the_next_occurrence(line, expected):
    assert todotxt.repeated(line, DAY) == expected


@pytest.mark.parametrize("rec", ["", "often", "0d", "-1w", "1x", "+", "9999y"])
def test_a_repetition_that_is_none_is_said(rec):
    with pytest.raises(ValueError, match="is not a valid repetition"):
        next_time(rec, DAY, None, DAY)


def test_business_days_pass_weekends():
    assert [after(f"{n}b", date(2026, 11, 27)) for n in (1, 5, 6, 11)] == [
        date(2026, 11, 30), date(2026, 12, 4), date(2026, 12, 7), date(2026, 12, 14),
    ]  # fmt: skip
    for friday in (date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 29)):
        assert after("1b", friday) == date(2026, 11, 30)
        assert after("5b", friday) == date(2026, 12, 4) and after("6b", friday) == date(2026, 12, 7)
    for start in (date(2026, 11, 23) + timedelta(n) for n in range(7)):
        moved = start
        for count in range(1, 12):
            moved += timedelta(1)
            while moved.weekday() >= 5:
                moved += timedelta(1)
            assert after(f"{count}b", start) == moved


def test_finished_and_taken_back_with_its_next_occurrence(workspace):
    before = ["other", f"(A) {TODAY} rotate due:{TODAY} rec:1w", "other"]
    workspace.path.write_text("\n".join(before) + "\n")
    answer = workspace.do(FinishTask(ROOT, "rotate"))
    assert answer.ok and answer.message.endswith("next time 2026-09-28")
    assert workspace.lines == [
        "other",
        f"x {TODAY} {TODAY} rotate due:{TODAY} rec:1w pri:A",
        "other",
        f"(A) {TODAY} rotate due:2026-09-28 rec:1w",
    ]
    again = workspace.do(Undo(ROOT, answer.undo))
    assert again.ok and workspace.lines == before
    assert workspace.do(Undo(ROOT, again.undo)).ok and len(workspace.lines) == 4
    assert workspace.history.count("added by person") >= 1


@pytest.mark.parametrize("rec", ["1w", "+1m", "3b"])
def test_reopening_takes_the_next_occurrence_back_unless_it_was_touched(workspace, rec):
    workspace.path.write_text(f"(A) {TODAY} rotate due:{TODAY} rec:{rec}\nother\n")
    before = workspace.lines
    assert workspace.do(FinishTask(ROOT, "rotate")).ok and len(workspace.lines) == 3
    finished = next(task for task in workspace.task_list.current(TODAY).tasks if task.done)
    answer = workspace.do(ReopenTask(ROOT, finished.id))
    assert answer.ok and "its next occurrence is removed" in answer.message and workspace.lines == before
    assert workspace.do(Undo(ROOT, answer.undo)).ok and len(workspace.lines) == 3
    workspace.path.write_text(
        workspace.path.read_text()
        .replace(f"rec:{rec}\n", f"rec:{rec} by hand\n")
        .replace(f"rec:{rec} pri:A by hand", f"rec:{rec} pri:A")
    )
    answer = workspace.do(ReopenTask(ROOT, finished.id))
    assert answer.ok and "next occurrence" not in answer.message and len(workspace.lines) == 3


def test_a_task_that_is_added_as_finished_is_told_as_done(workspace):
    assert workspace.do(AddTask(f"x {TODAY} called Ana", ROOT)).ok
    assert workspace.history == ["done by person"]


def test_a_line_changed_since_is_not_taken_back_by_halves(workspace):
    workspace.path.write_text("rotate rec:1w\n")
    answer = workspace.do(FinishTask(ROOT, "rotate"))
    edited = workspace.path.read_text().replace("rotate rec:1w due", "rotate all rec:1w due")
    workspace.path.write_text(edited)
    assert not workspace.do(Undo(ROOT, answer.undo)).ok
    assert workspace.path.read_text() == edited


def test_a_parent_with_open_children_is_closed_with_a_warning(workspace):
    workspace.path.write_text("ship id:1\nwrite p:1\nx 2026-09-01 read p:1\ntest p:1\nelse p:2\n")
    answer = workspace.do(FinishTask(ROOT, "ship"))
    assert answer.ok and answer.warning == "2 subtasks still open: write p:1; test p:1"
    assert answer.warning in answer.message
    assert workspace.do(FinishTask(ROOT, "else")).warning == ""


def test_open_children_of_children_are_named_and_a_circle_ends(workspace):
    workspace.path.write_text("ship id:1\nx 2026-09-01 write p:1 id:2\nprint p:2 id:3\nbind p:3\n")
    assert workspace.do(FinishTask(ROOT, "ship")).warning == "2 subtasks still open: print p:2 id:3; bind p:3"
    workspace.path.write_text("hen id:1 p:2\negg id:2 p:1\n")
    assert workspace.do(FinishTask(ROOT, "hen")).warning == "1 subtask still open: egg id:2 p:1"


def test_what_does_not_repeat_is_finished_as_topydo_does_and_said(workspace):
    workspace.path.write_text("water rec:2q due:2026-12-01\n")
    answer = workspace.do(FinishTask(ROOT, "water"))
    assert answer.ok and "no next occurrence" in answer.warning and "rec:2q" in answer.warning
    assert workspace.path.read_text() == f"x {TODAY} water rec:2q due:2026-12-01\n"


def test_hidden_lines_are_no_tasks_to_do(workspace):
    workspace.path.write_text("a\n+p @c h:1\nb h:0\n")
    states = {task.text: task.state for task in workspace.task_list.current(TODAY).tasks}
    assert states == {"a": "open", "+p @c h:1": "hidden", "b h:0": "open"}


def test_done_txt_counts_on_the_day_and_follows_changes(workspace):
    workspace.path.write_text(f"x {TODAY} one\nx {TODAY} not one h:1\n")
    archive = workspace.place / "done.txt"
    archive.write_text(f"x {TODAY} two\nx 2026-09-20 three\nx {TODAY} list h:1\n")
    assert workspace.task_list.current(TODAY).done_on(TODAY) == 2
    archive.write_text(archive.read_text() + f"x {TODAY} four\n")
    assert workspace.task_list.current(TODAY).done_on(TODAY) == 3


def test_archive_moves_finished_lines_and_no_other_byte(workspace):
    workspace.path.write_bytes(
        b"\xef\xbb\xbfa\r\nx 2026-09-01 same\r\n\r\n# note\r\nx 2026-09-01 same\r\nb \xff\r\n"
    )
    archive = workspace.place / "done.txt"
    archive.write_text("x 2026-08-01 old")
    answer = workspace.task_list.perform(ArchiveTasks(""), NOW, TODAY)[0]
    assert (answer.intent, answer.ok) == (ArchiveTasks(""), True)
    assert answer.message == "2 finished tasks moved to done.txt"
    assert workspace.path.read_bytes() == b"\xef\xbb\xbfa\r\n\r\n# note\r\nb \xff\r\n"
    assert archive.read_text() == "x 2026-08-01 old\n" + "x 2026-09-01 same\n" * 2
    assert workspace.task_list.perform(ArchiveTasks(""), NOW, TODAY)[0].message.startswith("0 finished tasks")


@pytest.mark.parametrize("text", ["x is a variable", "x marks due:2026-12-01", "x (A) 1"])
def test_text_that_reads_as_finished_is_refused(workspace, text):
    answer = workspace.do(AddTask(text, ROOT))
    assert not answer.ok and "finished" in answer.message and workspace.lines == []
    workspace.path.write_text("a\n")
    assert not workspace.do(EditTask(ROOT, "a", text)).ok and workspace.lines == ["a"]
    assert workspace.do(AddTask("x 2026-09-20 done yesterday", ROOT)).ok


def test_days_in_words_become_dates(workspace):
    assert workspace.do(AddTask("call due:Friday t:tomorrow", ROOT)).ok
    assert workspace.lines == [f"{TODAY} call due:2026-09-25 t:2026-09-22"]
    assert workspace.do(EditTask(ROOT, "call", "call Ana due:2w")).ok
    assert workspace.lines == [f"{TODAY} call Ana due:2026-10-05 t:2026-09-22"]
    for text in ("call due:someday", "call t:2026-13-01", "call due:tody", "call rec:often"):
        answer = workspace.do(AddTask(text, ROOT))
        assert not answer.ok and text.split()[-1].split(":")[0] in answer.message
    assert len(workspace.lines) == 1
    assert future_day("1m", date(2026, 1, 31)) == date(2026, 2, 28)
