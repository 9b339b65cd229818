import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import PATIENCE_S
from runwatch.cli import main
from runwatch.store.state import Holder, State
from runwatch.system.identity import host_name, root_identity


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "runs" / "exp-1").mkdir(parents=True)
    rows = "".join(f"{step},{1 / step}\n" for step in range(1, 30))
    (tmp_path / "runs" / "exp-1" / "metrics.csv").write_text("step,val/loss\n" + rows)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def call(capsys, *words: str) -> tuple[int, str, str]:
    try:
        code = main(["brief", *words])
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_text_json_markdown_html(root, capsys):
    code, out, err = call(capsys, str(root))
    assert (code, err) == (0, "") and out.startswith("runwatch, since ") and len(out.splitlines()) <= 12
    answer = json.loads(call(capsys, str(root), "--format", "json")[1])
    assert answer["schema"] == 1 and "exp-1" in answer["runs"]["running"]
    assert json.loads(call(capsys, str(root), "--json")[1])["runs"] == answer["runs"]
    assert "exp-1" in call(capsys, str(root), "--format", "markdown")[1]
    page = call(capsys, str(root), "--format", "html")[1]
    assert page.startswith("<!doctype html>") and "<polyline" in page


def test_the_run_directory_is_left_alone(root, capsys):
    before = sorted(os.walk(root))
    call(capsys, str(root))
    assert sorted(os.walk(root)) == before


@pytest.mark.parametrize(
    "words", [["gone"], ["--since", "soon"], ["--format", "stone"], ["--config", "gone.toml"]]
)
def test_it_never_fails_a_login(root, capsys, words):
    code, out, err = call(capsys, *words)
    assert code == 0 and out == "" and "runwatch" in err


def test_since_the_last_look(root, capsys, tmp_path):
    state = State(tmp_path / "state" / "runwatch")
    state.note("looked", repr(time.time() - 3600))
    state.close()
    assert call(capsys, str(root))[1].startswith("runwatch, since you last looked, ")
    assert call(capsys, str(root), "--since", "7d")[1].startswith("runwatch, since 20")


_SLOW = """
import sys, time
from runwatch.monitor import once
from runwatch.cli import brief, main
once.load = lambda *a, **k: time.sleep(3600)
brief._WAIT_S = 0.2
raise SystemExit(main(["brief", *sys.argv[1:]]))
"""


def test_a_slow_look_falls_back_on_what_was_kept(root, tmp_path, capsys):
    def slow(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _SLOW, str(root), *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0 and done.stderr == ""
        return done.stdout

    assert "nothing saved yet" in slow()
    answer = json.loads(slow("--json"))
    assert answer["schema"] == 1 and "nothing saved yet" in answer["error"]
    call(capsys, str(root))
    state = State(tmp_path / "state" / "runwatch")
    (key,) = state._db.execute("SELECT key FROM kept").fetchone()
    kept = state.kept()
    state.keep(key, {**kept.facts, "now": kept.at - 7200}, kept.at - 7200, kept.beat)
    state.close()
    assert "as of 2h ago" in slow()
    assert json.loads(slow("--json"))["old"] == "as of 2h ago"


_GONE = """
import os, sys, time
from runwatch.cli import main
real = os.path.realpath
def realpath(path, **k):
    if str(path).startswith(sys.argv[1]): time.sleep(3600)
    return real(path, **k)
os.path.realpath = realpath
raise SystemExit(main(sys.argv[2:]))
"""


def test_a_root_that_does_not_answer_keeps_nothing_from_the_others(root, tmp_path, capsys):
    """As on a network share that hangs: what was kept of it is told, and the good root's news too."""
    far = tmp_path / "far"
    (far / "exp-7").mkdir(parents=True)
    (far / "exp-7" / "metrics.csv").write_text("step,loss\n1,0.5\n")
    call(capsys, str(far))
    call(capsys, str(root))

    def said(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _GONE, str(far), *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    both = said("brief", str(root), str(far), "--wait", "8")
    assert both.returncode == 0 and "exp-1" in both.stdout and "exp-7" in both.stdout
    assert "far: no answer yet" in both.stdout
    answer = json.loads(said("brief", str(far), "--json").stdout)
    assert answer["runs"]["running"] == ["exp-7"] and answer["old"]
    check = said("check", str(far))
    assert (
        check.returncode == 3 and check.stdout.startswith("RUNWATCH UNKNOWN - ") and "answer" in check.stdout
    )


def test_errors_are_json_too(root, capsys):
    for words in (["gone"], ["--since", "soon"], ["--config", "gone.toml"]):
        code, out, _ = call(capsys, *words, "--json")
        assert code == 0 and json.loads(out)["error"]


def test_what_an_earlier_brief_saw_is_not_told_again_for_news(root, tmp_path, capsys):
    assert "1 running" in call(capsys, str(root))[1]
    shutil.copytree(root / "exp-1", root / "exp-2")
    assert "2 running" in call(capsys, str(root))[1]
    state = State(tmp_path / "state" / "runwatch")
    now = time.time()
    state.take_lease(root_identity(str(root)), Holder("t", os.getpid(), host_name(), now, now), 90)
    state.close()
    shutil.copytree(root / "exp-1", root / "exp-3")
    assert "2 running" in call(capsys, str(root))[1], "the process that watches speaks for the root"
