import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.request

import pytest
from facts import DAY, HOUR, NASTY, NOW, PROBLEM, SLOW, finding, run, snapshot
from msgspec.structs import replace

from patience import free_port
from runwatch.domain.run import Progress
from runwatch.show import check as show
from runwatch.show.text.plugin import perfdata, text, unknown
from runwatch.show.text.prometheus import prometheus

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


@pytest.mark.parametrize("level", ("info", "warning", "critical", "never"))
def test_nothing_could_be_read(level):
    check = show.judge(snapshot(problems=[PROBLEM]), level)
    assert (check.worst, check.code) == ("unknown", 3)
    assert text(check)[0].startswith("RUNWATCH UNKNOWN - no run")


def test_the_first_line_is_a_plugins():
    runs = [run("a"), run("bad", "crashed"), run("c", "finished")]
    shot = snapshot(
        runs=runs, findings=[WARNING, WARNING, CRITICAL], lines=["one", "x two"], problems=[PROBLEM]
    )
    lines = text(show.judge(shot))
    assert lines[0] == (
        "RUNWATCH CRITICAL - 1 crashed, 2 regressed | runs=3;;;0 running=1;;;0 crashed=1;;0;0 stalled=0;;;0 "
        "critical=1;;0;0 warning=2;0;;0 open=1;;;0"
    )
    assert lines[1].startswith("CRITICAL run-crashed bad: ") and lines[1].endswith("look at it")
    assert lines[-1] == "PROBLEM a¦b.csv line 3: cut short; wait"


def test_a_pipe_in_a_name_is_no_performance_data():
    shot = snapshot(runs=[run("a")], findings=[finding(scope=NASTY, summary=NASTY, rule="custom|rule")])
    lines = text(show.judge(shot))
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


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("runs", "runs=1;;;0"),
        ("disk /data", "'disk /data'=1;;;0"),
        ("a=b", "'a-b'=1;;;0"),
        ("it's", "'it''s'=1;;;0"),
        ("é|x", "'é¦x'=1;;;0"),
        ("", "''=1;;;0"),
    ],
)
def test_performance_data_by_the_grammar(label, written):
    assert perfdata(label, 1) == written
    value = r"-?[0-9.]+([eE][-+]?\d+)?"
    assert re.fullmatch(
        rf"([^'= ]+|'([^'=]|'')*')={value}(s|us|ms|%|B|KB|MB|TB|c)?(;[0-9.]*){{0,4}}", written
    )


def test_unknown_is_one_line_without_a_pipe():
    assert unknown("a|b\nc  d") == "RUNWATCH UNKNOWN - a¦b c d"


def page(shot, **options):
    return prometheus(show.judge(shot), ["run-crashed", "disk-low"], **options)


def test_prometheus_names_host_and_root_and_no_run():
    shot = snapshot(runs=[run("secret-run"), run("b", "crashed")], findings=[WARNING, WARNING, CRITICAL])
    made = page(shot)
    own = f'host="{shot.situation.host}",root="/runs"'
    for line in (
        f'runwatch_findings{{{own},severity="warning"}} 2',
        f'runwatch_findings{{{own},severity="info"}} 0',
        f'runwatch_rule_findings{{{own},rule="metric-regressed"}} 2',
        f'runwatch_rule_findings{{{own},rule="disk-low"}} 0',
        f'runwatch_runs{{{own},state="stalled"}} 0',
        f'runwatch_runs{{{own},state="running"}} 1',
        f"runwatch_state{{{own}}} 2",
        f"runwatch_last_check_timestamp_seconds{{{own}}} {NOW:.3f}",
    ):
        assert f"{line}\n" in made
    assert "secret-run" not in made and made.endswith("\n") and "# EOF" not in made


def test_an_empty_root_is_unknown_and_a_healthy_one_has_its_zeros():
    assert 'root="/runs"} 3\n' in page(snapshot())
    assert 'severity="critical"} 0\n' in page(snapshot(runs=[run("a")]))


def test_several_roots_are_several_series_in_one_file():
    shot = snapshot(
        runs=[run("a"), run("b", root="/two")], findings=[finding(root="/two", scope="b"), CRITICAL]
    )
    shot = replace(shot, situation=replace(shot.situation, roots=("/runs", "/two")))
    made = page(shot)
    assert re.search(r'findings\{.*root="/two",severity="warning"\} 1\n', made)
    assert re.search(r'findings\{.*root="/two",severity="critical"\} 0\n', made)
    series = [line.rsplit(" ", 1)[0] for line in made.splitlines() if not line.startswith("#")]
    assert len(set(series)) == len(series)


def test_a_name_that_is_all_quotes_and_newlines_is_a_label():
    root = '/a"b\\c\nd'
    shot = snapshot(runs=[run("a", root=root)])
    made = page(replace(shot, situation=replace(shot.situation, roots=(root,))))
    assert 'root="/a\\"b\\\\c⏎d"' in made


def promtool(made: str) -> str:
    program = shutil.which("promtool") or pytest.skip("promtool is not installed (apt install prometheus)")
    told = subprocess.run(
        [program, "check", "metrics"], input=made, capture_output=True, text=True, timeout=60
    )
    return told.stdout + told.stderr


def test_promtool_has_nothing_to_say():
    shot = snapshot(runs=[run("a")], findings=[WARNING, CRITICAL])
    assert promtool(page(shot)) == ""


def test_openmetrics_is_read_by_prometheus_own_parser():
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    shot = snapshot(runs=[run("a")], findings=[WARNING])
    made = page(shot, openmetrics=True)
    families = {family.name: family for family in parser.text_string_to_metric_families(made)}
    assert families["runwatch_last_check_timestamp_seconds"].unit == "seconds" and made.endswith("# EOF\n")
    assert {s.labels["severity"]: s.value for s in families["runwatch_findings"].samples}["warning"] == 1


def test_node_exporter_reads_the_files_of_two_roots(tmp_path):
    names = ("prometheus-node-exporter", "node_exporter")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("node_exporter is not installed (apt install prometheus-node-exporter)")
    for name in ("one", "two"):
        shot = snapshot(runs=[run("a", root=f"/{name}")])
        made = page(replace(shot, situation=replace(shot.situation, roots=(f"/{name}",))))
        (tmp_path / f"{name}.prom").write_text(made)
    port = free_port()
    exporter = subprocess.Popen(
        [program, "--collector.disable-defaults", "--collector.textfile",
         f"--collector.textfile.directory={tmp_path}", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    scraped = ""
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    scraped = answer.read().decode()
                break
            time.sleep(0.1)
    finally:
        exporter.terminate()
        exporter.wait(20)
    assert "node_textfile_scrape_error 0" in scraped
    for name in ("one", "two"):
        assert re.search(rf'runwatch_findings{{.*root="/{name}",severity="critical"}} 0', scraped)


def test_a_line_does_not_say_its_subject_twice():
    twice = finding(scope="data", subject="age", summary="age: missing went from 0% to 10%", run=None)
    other = finding(scope="a", subject="val/auc", summary="val/auc fell")
    lines = text(show.judge(snapshot(runs=[run("a")], findings=[twice, other])))
    assert any("data · age: missing went" in line for line in lines)
    assert any("a · val/auc: fell" in line for line in lines)
