"""Real todo.txt programs on one file with us: todo.txt-cli, topydo, pter. Each is skipped where it is not
installed (todo.txt-cli: apt install todotxt-cli; the others: pip install topydo pter)."""

import shutil
import subprocess
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.cli import main
from runwatch.tasks import todotxt

_PTER = """
import sys
from pathlib import Path
from pytodotxt import TodoTxt
from pter.source import Source
from pter.utils import toggle_done
todo = Source(TodoTxt(Path(sys.argv[1])))
todo.parse()
toggle_done(todo.tasks[0], [], False, True, True, True)
todo.save()
"""


def today() -> date:
    """The day, of which two minutes at least are left: the real programs look at the real clock."""
    now = datetime.now()
    left = datetime.combine(now.date() + timedelta(days=1), datetime.min.time()) - now
    if left < timedelta(minutes=2):
        time.sleep(left.total_seconds())
    return date.today()


def program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    return found or pytest.skip(f"{names[0]} is not installed")


def said(*command: str, home: Path) -> str:
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60).stdout


def topydo(home: Path, *arguments: str) -> str:
    file = home / "todo.txt"
    return said(program("topydo"), "-t", str(file), "-d", str(home / "done.txt"), *arguments, home=home)


def ours(file: Path, *arguments: str) -> None:
    assert main(["tasks", *arguments, "--file", str(file)]) == 0


def next_of(file: Path) -> dict[str, object]:
    """Days, priority and marks of the one line that is open."""
    (task,) = (t for t in todotxt.parse_all(file.read_text().splitlines()) if not t.done)
    tags = {key: value for key, value in task.tags.items() if key not in ("pri",)}
    return {"priority": task.priority, "created": task.created, "tags": tags, "projects": task.projects}


repeats = st.builds("{}{}{}".format, st.sampled_from(["", "+"]), st.integers(1, 30), st.sampled_from("dwmy"))


@pytest.mark.parametrize("client", ["topydo", "pter"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rec=repeats, due=st.none() | st.integers(-400, 400), before=st.none() | st.integers(0, 40))
def test_the_next_occurrence_is_theirs(client, tmp_path_factory, rec, due, before):
    program(client)
    home = tmp_path_factory.mktemp("home")
    now = today()
    marks = [f"due:{now + timedelta(days=due)}"] if due is not None else []
    if before is not None:
        marks += [f"t:{now + timedelta(days=due - before if due is not None else before)}"]
    if client == "pter" and (not marks or rec[-1] in "my"):
        return  # it gives no day to a task with none, and a month after 31 January it says 3 March
    line = " ".join(["(B) 2026-01-02 rotate +ops", *marks, f"rec:{rec}"])
    (home / "todo.txt").write_text(line + "\n")
    mine = home / "mine.txt"
    mine.write_text(line + "\n")
    if client == "topydo":
        topydo(home, "-c", "/dev/null", "do", "1")
    else:
        python = Path(program("pter")).read_text().splitlines()[0].removeprefix("#!")
        said(python, "-c", _PTER, str(home / "todo.txt"), home=home)
    ours(mine, "done", "rotate")
    assert next_of(mine) == next_of(home / "todo.txt"), line


def test_topydo_reads_what_we_write_and_we_read_what_it_writes(tmp_path, capsys):
    file, now = tmp_path / "todo.txt", today()
    topydo(tmp_path, "add", "(B) ship +model due:tomorrow")
    topydo(tmp_path, "add", "write tests")
    topydo(tmp_path, "dep", "add", "2", "partof", "1")
    ours(file, "add", "(A) call Ana @phone due:3d")
    shown = topydo(tmp_path, "ls")
    assert "call Ana" in shown and f"due:{now + timedelta(days=3)}" in shown
    capsys.readouterr()
    ours(file, "done", "ship")
    assert "1 subtask still open: write tests" in capsys.readouterr().out
    assert "ship" not in topydo(tmp_path, "ls")
    topydo(tmp_path, "do", "2")
    assert "write tests" in (tmp_path / "done.txt").read_text()


def test_todo_txt_cli_archives_what_we_finish(tmp_path, capsys):
    command = program("todo-txt", "todo.sh", "todotxt")
    config = tmp_path / "config"
    config.write_text(
        f'export TODO_DIR="{tmp_path}"\nexport TODO_FILE="$TODO_DIR/todo.txt"\n'
        'export DONE_FILE="$TODO_DIR/done.txt"\nexport REPORT_FILE="$TODO_DIR/report.txt"\n'
    )

    def todo(*arguments: str) -> str:
        return said(command, "-p", "-d", str(config), *arguments, home=tmp_path)

    now = today()
    todo("add", "(A) call Ana +p @phone")
    todo("add", "read the paper")
    file = tmp_path / "todo.txt"
    ours(file, "done", "Ana")
    todo("archive")
    assert file.read_text() == "read the paper\n"
    assert (tmp_path / "done.txt").read_text() == f"x {now} call Ana +p @phone pri:A\n"
    todo("-A", "do", "1")
    ours(file, "archive")
    assert file.read_text() == "" and f"x {now} read the paper\n" in (tmp_path / "done.txt").read_text()
