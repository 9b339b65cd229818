import json
import os
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.rules.engine import registry


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    rows = "".join(f"{step},{'nan' if step > 20 else 1 / step}\n" for step in range(1, 40))
    (tmp_path / "runs" / "bad" / "metrics.csv").write_text("step,loss\n" + rows)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def call(capsys, *words: str) -> tuple[int, str, str]:
    try:
        code = main(["check", *words])
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_critical_root(root, capsys):
    code, out, _ = call(capsys, str(root))
    first = out.splitlines()[0]
    assert code == 2 and first.startswith("RUNWATCH CRITICAL - 1 not finite") and " | runs=1;;;0 " in first
    assert call(capsys, str(root), "--fail-on", "never")[0] == 0
    assert len(call(capsys, str(root), "--quiet")[1].splitlines()) == 1
    code, out, _ = call(capsys, str(root), "--json")
    answer = json.loads(out)
    assert code == 2 and answer["worst"] == "critical" and answer["findings"][0]["run"] == "bad"


def test_it_opens_no_task_and_writes_nothing_in_the_root(root, capsys):
    before = sorted(os.walk(root))
    call(capsys, str(root))
    assert sorted(os.walk(root)) == before
    main(["tasks", "--root", str(root), "--json"])
    assert json.loads(capsys.readouterr().out)["tasks"] == []


@pytest.mark.parametrize("words", [["/nonexistent"], ["--fail-on", "sometimes"], ["--config", "/none.toml"]])
def test_unknown(root, capsys, words):
    code, out, err = call(capsys, *words)
    assert code == 3 and out == "" and "runwatch: " in err


def test_an_empty_root_is_unknown(root, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, _ = call(capsys, str(tmp_path / "empty"), "--fail-on", "never")
    assert re.match("RUNWATCH (UNKNOWN|OK)", out) and code == (3 if "UNKNOWN" in out else 0)


def test_prometheus_file_is_whole_or_as_before(root, capsys, tmp_path):
    target = tmp_path / "runwatch.prom"
    assert call(capsys, str(root), "--prom", str(target))[0] == 2
    assert "runwatch_runs" in target.read_text() and target.stat().st_mode & 0o777 == 0o644
    assert [name for name in os.listdir(tmp_path) if "prom" in name] == ["runwatch.prom"]
    code, _, err = call(capsys, str(root), "--prom", str(tmp_path / "none" / "x.prom"))
    assert code == 3 and "not written" in err


def test_a_rule_that_fails_is_said_at_the_first_look(root, capsys, monkeypatch):
    points = [EntryPoint("gone", "no_such_module_anywhere", "runwatch.rules")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    _, out, _ = call(capsys, str(root), "--json")
    assert [p["file"] for p in json.loads(out)["problems"]].count("no_such_module_anywhere") == 1
