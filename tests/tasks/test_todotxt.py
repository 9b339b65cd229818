import json
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.finding import Finding
from runwatch.tasks import todotxt
from runwatch.tasks.wording import defused, finding_line

TODAY = date(2026, 11, 26)
CASES = json.loads((Path(__file__).parents[1] / "fixtures/tasks/todo_lines.json").read_text())["cases"]

words = st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=()), max_size=40)
lines = st.one_of(
    words,
    st.builds("{}{}{}".format, st.sampled_from(["", "x ", "(A) ", "x (B) "]), st.just("2026-01-02 "), words),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["line"][:30])
def test_reads_the_published_rules(case):
    task = todotxt.parse(case["line"])
    iso = lambda day: day and day.isoformat()  # noqa: E731
    assert {
        "line": task.line,
        "done": task.done,
        "priority": task.priority,
        "created": iso(task.created),
        "completed": iso(task.completed),
        "projects": list(task.projects),
        "contexts": list(task.contexts),
        "tags": dict(task.tags),
    } == case


@given(lines)
def test_any_line_reads_and_joins_back(line):
    head, text = todotxt.split(line)
    rejoined = todotxt.join(head, text) if text or head != todotxt.Head() else line
    assert todotxt.split(rejoined) == (head, text)


@given(lines)
def test_done_and_back_keeps_priority_text_and_date(line):
    before = todotxt.parse(line)
    if before.done:
        return
    try:
        back = todotxt.reopen(todotxt.complete(line, TODAY))
    except todotxt.LineError:
        return
    after = todotxt.parse(back)
    assert (after.done, after.created) == (False, before.created)
    if before.priority:
        assert after.priority == before.priority
    assert after.id == before.id or "pri:" in line or "res:" in line


@given(lines)
def test_a_done_line_stays_the_same_task(line):
    try:
        done = todotxt.complete(line, TODAY)
    except todotxt.LineError:
        return
    assert todotxt.parse(done).done
    if "pri:" not in line:
        assert todotxt.parse(done).id == todotxt.parse(line).id


def test_done_keeps_the_priority_and_dates():
    line = "(A) 2026-11-25 Run exp-17 crashed +exp-17 rw:3f9a2c71d0 by:runwatch"
    done = todotxt.complete(line, TODAY, auto=True)
    assert done == (
        "x 2026-11-26 2026-11-25 Run exp-17 crashed +exp-17 rw:3f9a2c71d0 by:runwatch pri:A res:auto"
    )
    assert todotxt.reopen(done) == line
    assert todotxt.parse(done).state == "resolved"


def test_other_tools_done_with_a_priority():
    task = todotxt.parse("x (A) 2026-11-26 2026-11-25 call")
    assert (task.done, task.priority, task.completed) == (True, "A", date(2026, 11, 26))
    assert todotxt.reopen(task.line) == "(A) 2026-11-25 call"


def test_urls_and_times_are_text():
    assert todotxt.tags_of("http://x 12:30 a:b:c :x y: due:2026-01-01") == {"due": "2026-01-01"}


def test_snoozed_until_its_day():
    line = "call t:2026-11-27"
    assert todotxt.parse(line, TODAY).state == "snoozed"
    assert todotxt.parse(line, date(2026, 11, 27)).state == "open"


def test_equal_lines_get_numbers():
    ids = [task.id for task in todotxt.parse_all(["a", "", "# note", "a", "b", "a"])]
    assert ids[1] == ids[0] + "-2"
    assert ids[3] == ids[0] + "-3"
    assert len(set(ids)) == 4


def test_tag_changes_leave_the_rest_as_it_is():
    line = "(B)  odd   spacing\tdue:2026-01-01  end"
    assert todotxt.with_tag(line, "due", "2026-02-02") == "(B)  odd   spacing\tdue:2026-02-02  end"
    assert todotxt.with_tag(line, "t", "2026-02-02") == line + " t:2026-02-02"
    assert todotxt.with_tag(line, "due", None) == "(B)  odd   spacing  end"


def test_dropping_a_priority_never_makes_a_task_done():
    with pytest.raises(todotxt.LineError):
        todotxt.with_priority("(A) x Find ticket prices", None)
    assert todotxt.with_priority("(A) 2026-01-01 a", None) == "2026-01-01 a"
    with pytest.raises(todotxt.LineError):
        todotxt.with_priority("a", "b")


def test_the_priority_of_a_done_line_is_a_tag():
    assert todotxt.with_priority("x 2026-01-01 a", "A") == "x 2026-01-01 a pri:A"
    assert todotxt.with_priority("x (B) 2026-01-01 a pri:C", None) == "x 2026-01-01 a"
    assert todotxt.edited("x 2026-01-01 a", "b", TODAY) == "x 2026-01-01 b"


def test_marks_that_mark_nothing_are_text():
    task = todotxt.parse("a + b @ c +p @c by:runwatch")
    assert (task.projects, task.contexts, task.source) == (("p",), ("c",), "manual")
    assert [line for line in ("#", "# a", "#a", "", " \t", "a") if todotxt.is_task(line)] == ["#a", "a"]
    assert todotxt.set_tag("", "a", "b") == "a:b" and todotxt.set_tag("x ", "a", "b") == "x a:b"


def test_no_control_character_is_kept_and_no_other_lost():
    for code in range(0x3000):
        char = chr(code)
        kept = todotxt.one_line(f"a{char}b")
        if char in "\n\r\t\v\f\x85\u2028\u2029":
            assert kept == "a b"
        else:
            assert kept == ("ab" if unicodedata.category(char) == "Cc" else f"a{char}b")
    odd_bytes = {code for code in range(0xD800, 0xE000) if todotxt.one_line(f"a{chr(code)}b") != "ab"}
    assert odd_bytes == set(range(0xDC80, 0xDD00)), "bytes that are no UTF-8"


def test_edit_keeps_what_the_text_leaves_out():
    line = "(A) 2026-11-01 Call Bob +p @c due:2026-12-01 rw:x by:runwatch"
    assert todotxt.edited(line, "Call Ana", TODAY) == (
        "(A) 2026-11-01 Call Ana +p @c due:2026-12-01 rw:x by:runwatch"
    )
    assert todotxt.edited(line, "(C) Call +q due:2026-12-02", TODAY) == (
        "(C) 2026-11-01 Call +q due:2026-12-02 @c rw:x by:runwatch"
    )


def test_add_reads_todo_txt_and_dates_it():
    assert todotxt.added("(A) call +p", TODAY) == "(A) 2026-11-26 call +p"
    assert todotxt.added("2026-01-01 call", TODAY) == "2026-01-01 call"
    assert todotxt.added(" two\nlines\x1b[31m ", TODAY) == "2026-11-26 two lines[31m"
    with pytest.raises(todotxt.LineError):
        todotxt.added(" \n ", TODAY)


@given(st.text(max_size=200), st.text(max_size=30))
def test_nothing_from_disk_speaks_todo_txt(title, project):
    finding = Finding("run-crashed", "critical", "a", "", "s", title, "", project=project)
    line = finding_line(finding, TODAY)
    task = todotxt.parse(line)
    assert line.isprintable() and len(defused(title)) <= 120
    assert (task.done, task.priority, task.created) == (False, "A", TODAY)
    assert task.tags == {"rw": finding.fingerprint, "by": "runwatch"}
    assert task.contexts == ("runs",) and len(task.projects) <= 1
    head, text = todotxt.split(defused(title))
    assert head == todotxt.Head() and text == defused(title)


def test_words_of_a_finding_are_kept_where_they_can_be():
    made = {
        "(A) x": "A x", "x is nan": "X is nan", "2026-01-02 gone": "2026/01/02 gone", "+p @c a:b": "p c a b",
        "@ + val/loss": "val/loss", "": "finding", "@": "finding", "a" * 130: "a" * 119 + "…",
    }  # fmt: skip
    assert {text: defused(text) for text in made} == made


@pytest.mark.parametrize(("project", "mark"), [("", ""), (".", ""), ("a b:c", " +a-b-c"), ("@x", " +x")])
def test_a_project_is_one_word_or_none(project, mark):
    found = Finding("run-crashed", "info", "a", "", "s", "t", "", project=project)
    tail = f"@runs rw:{found.fingerprint} by:runwatch"
    assert finding_line(found, TODAY) == f"(C) 2026-11-26 t{mark} {tail}"
    assert finding_line(found, TODAY, 2, "gpu 1") == f"(C) 2026-11-26 t{mark} {tail} host:gpu-1 n:2"


def test_a_findings_line_reads_well():
    finding = Finding(
        "run-crashed",
        "critical",
        "exp 17",
        "",
        "",
        "Run exp-17 crashed: CUDA out of memory",
        "",
        project="exp 17",
    )
    assert finding_line(finding, TODAY, 3) == (
        f"(A) 2026-11-26 Run exp-17 crashed: CUDA out of memory +exp-17 @runs rw:{finding.fingerprint} "
        "by:runwatch n:3"
    )
