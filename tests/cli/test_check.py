import json
import os
import re
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.domain import plugins


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


@pytest.mark.parametrize("words", [["gone"], ["--fail-on", "sometimes"], ["--config", "gone.toml"]])
def test_unknown(root, capsys, words):
    code, out, err = call(capsys, *words)
    assert code == 3 and out.startswith("RUNWATCH UNKNOWN - ") and "runwatch: " in err
    assert len(out.splitlines()) == 1 and "usage" not in out
    code, out, _ = call(capsys, *words, "--json")
    answer = json.loads(out)
    assert (code, answer["worst"]) == (3, "unknown") and answer["error"]


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
    monkeypatch.setattr(plugins, "_may_be_any", lambda path: True)
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == "runwatch.rules" else [])
    _, out, _ = call(capsys, str(root), "--json")
    assert [p["file"] for p in json.loads(out)["problems"]].count("no_such_module_anywhere") == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[[rules]]\nwhen = "a > 1"\n\n[[rules]]\nname = "x"\nwhen = "loss = 1"\n', "line 6: rules[1]: when"),
        ("\n[rules.disk-lo]\nenabled = false\n", "line 2: rules.disk-lo: there is no such rule"),
        ("[rules.disk-low]\nenabled = true\nwarning_pct = 3\n", "line 3: rules.disk-low.warning_pct"),
        ('[[rules]]\nwhen = "x > 1"\n[rules.disk-low]\nhold = "x"\n', "line 4: rules.disk-low.hold"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_shown_with_its_line(root, capsys, text, place):
    (root / "runwatch.toml").write_text(text)
    code, out, err = call(capsys, str(root))
    assert code == 3 and out.startswith("RUNWATCH UNKNOWN") and f"runwatch.toml: {place}" in err


def test_a_wrong_rule_in_the_users_defaults_names_that_file(root, capsys, tmp_path):
    (tmp_path / "config" / "runwatch").mkdir(parents=True)
    (tmp_path / "config" / "runwatch" / "runwatch.toml").write_text('[[rules]]\nwhen = "loss >"\n')
    (root / "runwatch.toml").write_text('[[rules]]\nwhen = "loss > 1"\n')
    assert "config/runwatch/runwatch.toml: line 2: rules[0]" in call(capsys, str(root))[2]


def two_roots(tmp_path: Path) -> tuple[Path, Path]:
    roots = tmp_path / "a", tmp_path / "b"
    for one in roots:
        (one / "exp").mkdir(parents=True)
        (one / "exp" / "metrics.csv").write_text("step,loss\n1,0.5\n2,nan\n3,nan\n")
    return roots


def test_equal_troubles_of_two_roots_are_two(root, capsys, tmp_path):
    roots = two_roots(tmp_path)
    code, out, _ = call(capsys, *map(str, roots), "--json")
    answer = json.loads(out)
    assert code == 2 and answer["counts"]["critical"] == 2
    assert {finding["root"] for finding in answer["findings"]} == {str(one) for one in roots}
    _, out, _ = call(capsys, *map(str, roots))
    assert all(f"{one} · exp" in out for one in roots)


def test_two_roots_may_have_the_same_rules(root, capsys, tmp_path):
    roots = two_roots(tmp_path)
    for one in roots:
        (one / "runwatch.toml").write_text('[[rules]]\nwhen = "step >= 3"\nname = "Long"\n')
    assert call(capsys, *map(str, roots), "--json")[0] == 2
    (tmp_path / "config" / "runwatch").mkdir(parents=True)
    (tmp_path / "config" / "runwatch" / "runwatch.toml").write_text('[[rules]]\nwhen = "step >= 2"\n')
    _, out, _ = call(capsys, *map(str, roots), "--json")
    rules = sorted(finding["rule"] for finding in json.loads(out)["findings"])
    assert len(rules) == 6 and rules.count("long") == 2
    (roots[1] / "runwatch.toml").write_text('[[rules]]\nwhen = "step >= 3 for 5m"\nname = "Long"\n')
    code, _, err = call(capsys, *map(str, roots))
    assert code == 3 and "'long'" in err and "rename" in err


def test_a_hold_of_mixed_units(root, capsys):
    (root / "runwatch.toml").write_text('[rules.metric-nonfinite]\nhold = "1h30m"\n')
    assert call(capsys, str(root))[0] == 2


def test_predictions_of_one_name_in_two_roots_are_judged_each_in_its_own(root, tmp_path, capsys):
    roots = [tmp_path / name for name in ("east", "west", "north")]
    for place, wrong in zip(roots, (0, 60, 60), strict=True):
        place.mkdir()
        write_predictions(place / "champion.csv", 0)
        write_predictions(place / "challenger.csv", wrong)
        (place / "runwatch.toml").write_text(
            '[[predictions]]\nname = "churn"\nfiles = "challenger.csv"\nbaseline = "champion.csv"\n'
            'key = "id"\ntarget = "y_true"\nprediction = "y_pred"\n'
        )
    code, out, _ = call(capsys, *map(str, roots), "--json")
    found = {f["root"] for f in json.loads(out)["findings"] if f["rule"] == "metric-regressed"}
    assert code == 2 and found == {str(roots[1]), str(roots[2])}
    for form in ("text", "junit", "github"):
        out = call(capsys, *map(str, roots), "--format", form)[1]
        assert [f"{place} · churn" in out for place in roots] == [False, True, True], form


def write_predictions(path: Path, wrong: int) -> None:
    rows = "".join(f"{i},{i % 2},{(i + (i < wrong)) % 2}\n" for i in range(600))
    path.write_text("id,y_true,y_pred\n" + rows)
