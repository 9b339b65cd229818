import json
import re

import pytest
from facts import DAY, HOUR, NASTY, NOW, PROBLEM, SLOW, finding, run, snapshot

from runwatch.domain.run import Progress
from runwatch.show import check as show

CRITICAL = finding("run-crashed", "critical", "bad", subject="", since=NOW - HOUR)
WARNING, INFO = finding(), finding("loss-spike", "info")


@pytest.mark.parametrize(
    ("findings", "worst", "codes"),
    [
        ([], "ok", {"warning": 0, "critical": 0, "info": 0, "never": 0}),
        ([INFO], "ok", {"warning": 0, "critical": 0, "info": 1, "never": 0}),
        ([WARNING, INFO], "warning", {"warning": 1, "critical": 0, "info": 1, "never": 0}),
        ([WARNING, CRITICAL], "critical", {"warning": 2, "critical": 2, "info": 2, "never": 0}),
    ],
)
def test_exit_codes(findings, worst, codes):
    shot = snapshot(runs=[run("a")], findings=findings)
    assert {level: show.judge(shot, level).code for level in codes} == codes
    assert show.judge(shot).worst == worst


@pytest.mark.parametrize("level", show.FAIL_ON)
def test_nothing_could_be_read(level):
    check = show.judge(snapshot(problems=[PROBLEM]), level)
    assert (check.worst, check.code) == ("unknown", 3)
    assert show.text(check)[0].startswith("RUNWATCH UNKNOWN - no run")


def test_the_first_line_is_a_plugins():
    runs = [run("a"), run("bad", "crashed"), run("c", "finished")]
    shot = snapshot(
        runs=runs, findings=[WARNING, WARNING, CRITICAL], lines=["one", "x two"], problems=[PROBLEM]
    )
    lines = show.text(show.judge(shot))
    assert lines[0] == (
        "RUNWATCH CRITICAL - 1 crashed, 2 regressed | runs=3;;;0 running=1;;;0 crashed=1;;0;0 stalled=0;;;0 "
        "critical=1;;0;0 warning=2;0;;0 open=1;;;0"
    )
    assert lines[1].startswith("CRITICAL run-crashed bad: ") and lines[1].endswith("look at it")
    assert lines[-1] == "PROBLEM a¦b.csv line 3: cut short; wait"


def test_a_pipe_in_a_name_is_no_performance_data():
    shot = snapshot(runs=[run("a")], findings=[finding(scope=NASTY, summary=NASTY, rule="custom|rule")])
    lines = show.text(show.judge(shot))
    assert lines[0].count("|") == 1 and all("|" not in line and line.isprintable() for line in lines[1:])


def test_json_order_and_counts():
    old, young = finding(scope="old", since=NOW - DAY), finding(scope="young", since=NOW - HOUR)
    shot = snapshot(runs=[run("a")], findings=[INFO, young, CRITICAL, old], problems=[PROBLEM])
    answer = json.loads(json.dumps(show.as_json(show.judge(shot, "never")), allow_nan=False))
    assert (answer["schema"], answer["worst"]) == (1, "critical")
    assert answer["counts"] == {"critical": 1, "warning": 2, "info": 1}
    assert [f["run"] for f in answer["findings"]] == ["bad", "old", "young", "a"]
    assert answer["problems"] == [
        {"root": "/runs", "file": "a|b.csv", "where": "line 3", "message": "cut short", "hint": "wait"}
    ]


def test_tonight_only_what_cannot_wait():
    soon, late = run("soon", progress=SLOW), run("late", progress=Progress(eta=(12 * HOUR, 1, 2)))
    shot = snapshot(runs=[soon, late, run("a")], findings=[WARNING, INFO])
    check = show.judge(shot, tonight=True)
    assert [(f["rule"], f["run"]) for f in check.findings] == [("run-ends", "soon")]
    assert check.code == 1 and show.judge(shot, "critical", tonight=True).code == 0
    shot = snapshot(runs=[run("a")], findings=[WARNING, CRITICAL])
    assert [f["rule"] for f in show.judge(shot, tonight=True).findings] == ["run-crashed"]
    assert show.judge(snapshot(runs=[run("a")], findings=[WARNING]), tonight=True).code == 0


def test_prometheus_names_no_run():
    shot = snapshot(runs=[run("secret-run"), run("b", "crashed")], findings=[WARNING, WARNING, CRITICAL])
    page = show.prometheus(show.judge(shot))
    assert 'runwatch_findings{kind="metric-regressed",severity="warning"} 2\n' in page
    assert 'runwatch_runs{state="stalled"} 0\n' in page and 'runwatch_runs{state="running"} 1\n' in page
    assert f"runwatch_last_check_timestamp_seconds {NOW:.3f}\n" in page
    assert "secret-run" not in page and page.endswith("\n")
    for line in page.splitlines():
        assert line.startswith("# ") or re.fullmatch(
            r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [\d.]+', line
        )
