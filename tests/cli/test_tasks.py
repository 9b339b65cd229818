import json
import os
import shutil
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from runwatch.cli import main

NOW = time.time()
TODAY = date.fromtimestamp(NOW)


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def one_day(monkeypatch) -> None:
    """No midnight comes between two commands."""
    monkeypatch.setattr(time, "time", lambda: NOW)


def call(capsys, *words: str) -> tuple[int, str, str]:
    try:
        code = main(["tasks", *words])
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def listed(capsys, *words: str) -> list[dict]:
    code, out, err = call(capsys, *words, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["schema"] == 1
    return answer["tasks"]


def test_a_day(root, capsys):
    todo = root / "todo.txt"
    todo.write_text("mine @home\n")
    assert call(capsys, "add", "(A) write +report due:2030-01-01")[0] == 0
    (task,) = listed(capsys, "done", "report")
    assert (task["done"], task["state"], task["completed"]) == (True, "done", str(TODAY))
    (task,) = listed(capsys, "reopen", task["id"])
    assert task["line"] == f"(A) {TODAY} write +report due:2030-01-01"
    (task,) = listed(capsys, "snooze", "mine", "tomorrow")
    assert task["state"] == "snoozed" and task["tags"]["t"] == str(TODAY + timedelta(1))
    (task,) = listed(capsys, "edit", "mine", "ours")
    assert task["text"].startswith("ours @home")
    (task,) = listed(capsys, "priority", "ours", "c")
    assert task["priority"] == "C"
    assert [task["text"].split()[0] for task in listed(capsys)] == ["ours", "write"]
    code, out, _ = call(capsys)
    assert code == 0 and out.splitlines()[0].startswith("(A)") and "1 done, snoozed" in out
    assert "ours" in call(capsys, "list", "--all")[1]


def test_every_field_of_the_contract_is_there(root, capsys):
    (root / "todo.txt").write_text(
        "x 2026-01-02 2026-01-01 a +p @c key:value due:2026-03-01 rw:abc by:runwatch\n"
    )
    (task,) = listed(capsys)
    assert task == {
        "id": "abc",
        "host": None,
        "line": "x 2026-01-02 2026-01-01 a +p @c key:value due:2026-03-01 rw:abc by:runwatch",
        "text": "a +p @c key:value due:2026-03-01 rw:abc by:runwatch",
        "priority": None,
        "done": True,
        "created": "2026-01-01",
        "completed": "2026-01-02",
        "due": "2026-03-01",
        "threshold": None,
        "projects": ["p"],
        "contexts": ["c"],
        "tags": {"key": "value", "due": "2026-03-01", "rw": "abc", "by": "runwatch"},
        "source": "rule",
        "fingerprint": "abc",
        "state": "done",
    }


def test_several_at_once_and_options_in_between(root, capsys):
    (root / "todo.txt").write_text("one\ntwo\nthree\n")
    code, out, _ = call(capsys, "done", "--json", "one", "--root", str(root), "two")
    assert code == 0 and len(json.loads(out)["tasks"]) == 2
    assert [line[0] for line in (root / "todo.txt").read_text().splitlines()] == ["x", "x", "t"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["done", "nothing like it"], 1, "tasks list shows them"),
        (["done", "call"], 1, "matches 2 tasks"),
        (["done"], 2, "runwatch tasks done ID"),
        (["snooze", "Ana", "someday"], 2, "give a date"),
        (["priority", "Ana", "?"], 1, "A to Z"),
        (["fly"], 2, "invalid choice"),
        (["list", "extra"], 2, "takes no arguments"),
        (["list", "--root", "gone"], 2, "no such directory"),
        (["history", "--since", "whenever"], 2, "is not a time"),
    ],
)
def test_complaints(root, capsys, words, code, said):
    (root / "todo.txt").write_text("call Ana\ncall Bob\n")
    got, out, err = call(capsys, *words)
    assert got == code and said in err and out == ""
    assert (root / "todo.txt").read_text() == "call Ana\ncall Bob\n"


def test_nothing_is_made_in_a_root_unasked(root, capsys):
    assert call(capsys, "add", "first")[0] == 0
    assert os.listdir(root) == []
    assert [task["text"] for task in listed(capsys)] == ["first"]
    assert call(capsys, "add", "second", "--root", str(root))[0] == 0
    assert (root / "todo.txt").read_text() == f"{TODAY} first\n{TODAY} second\n"
    assert [task["text"] for task in listed(capsys)] == ["first", "second"]


def test_a_file_and_the_configured_file(root, capsys, tmp_path, trusting):
    assert call(capsys, "add", "elsewhere", "--file", str(tmp_path / "my.txt"))[0] == 0
    assert (tmp_path / "my.txt").read_text() == f"{TODAY} elsewhere\n"
    (root / "runwatch.toml").write_text('[tasks]\nfile = "../team.txt"\n')
    assert call(capsys, "add", "configured")[0] == 0
    assert (tmp_path / "team.txt").read_text() == f"{TODAY} configured\n"


def test_without_a_home_it_fails_with_a_remedy(root, capsys, monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    (root / "todo.txt").write_text("a\n")
    code, _, err = call(capsys, "add", "b")
    assert code == 1 and "set HOME" in err and (root / "todo.txt").read_text() == "a\n"


def test_an_edit_is_answered_with_the_new_words(root, capsys):
    main(["tasks", "add", "old words", "--root", str(root)])
    capsys.readouterr()
    assert main(["tasks", "edit", "old", "new words", "--root", str(root)]) == 0
    assert capsys.readouterr().out.startswith("changed: new words")


def test_history_says_who_and_how_long(root, capsys):
    call(capsys, "add", "a task")
    call(capsys, "done", "a task")
    code, out, _ = call(capsys, "history", "--json")
    answer = json.loads(out)
    assert code == 0 and [event["what"] for event in answer["events"]] == ["added", "done"]
    (story,) = answer["tasks"]
    assert story["closed_by"] == "person" and story["outcome"] == "done" and story["took_s"] >= 0
    assert "done by a person" in call(capsys, "history")[1]


def test_hostile_text_stays_text(root, capsys):
    (root / "todo.txt").write_bytes(b"caf\xe9 \x1b]52;c;x\x07 [/b]\n")
    code, out, _ = call(capsys)
    assert code == 0 and "\x1b" not in out and "\\xe9" in out
    assert listed(capsys)[0]["text"].startswith("caf\\xe9")
    code, out, _ = call(capsys, "done", "caf")
    assert code == 0 and "\x1b" not in out
    assert b"caf\xe9 \x1b]52;c;x\x07 [/b]" in (root / "todo.txt").read_bytes()


@pytest.mark.skipif(
    not shutil.which("todo.sh") and not shutil.which("todo-txt"), reason="no todo.txt-cli here"
)
def test_round_trip_with_todo_txt_cli(root, capsys):
    tool = shutil.which("todo.sh") or shutil.which("todo-txt")
    line = "(A) 2026-11-25 Run exp-17 crashed +exp-17 @runs rw:3f9a2c71d0 by:runwatch who:ana"
    (root / "todo.txt").write_text(line + "\n")
    (root / "config").write_text(
        f'export TODO_DIR="{root}"\nexport TODO_FILE="$TODO_DIR/todo.txt"\n'
        'export DONE_FILE="$TODO_DIR/done.txt"\nexport REPORT_FILE="$TODO_DIR/r.txt"\n'
    )
    for command in (["pri", "1", "B"], ["append", "1", "more"], ["-a", "do", "1"]):
        subprocess.run(
            [tool, "-d", str(root / "config"), "-p", "-f", *command], check=True, capture_output=True
        )
    (task,) = listed(capsys)
    assert task["tags"] == {"rw": "3f9a2c71d0", "by": "runwatch", "who": "ana"}
    assert task["done"] and "more" in task["text"]


def test_what_is_silenced_is_said_until_it_is_heard_again(root, capsys):
    assert call(capsys, "silence", "", "4h")[0] == 2
    assert call(capsys, "silence", "run-stalled", "2035-01-01")[0] == 0
    assert "(silenced until 2035-01-01 00:00: run-stalled)" in call(capsys)[1]
    (silence,) = json.loads(call(capsys, "--json")[1])["silences"]
    assert silence["match"] == "run-stalled" and silence["until"].startswith("2035-01-01T00:00:00")
    assert call(capsys, "silence", "run-stalled", "0")[0] == 0
    assert "silenced" not in call(capsys)[1]
