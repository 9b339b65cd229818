"""Over a real ssh: commands with roots on other machines."""

from __future__ import annotations

import json
import re
import time

import psutil
import pytest
from helping import copy_samples, write_run
from sshd import RUNWATCH

pytestmark = pytest.mark.slow


def test_runs_of_two_machines_and_this_one_are_one_list(reach, runwatch, me):
    copy_samples(reach.host("one"))
    write_run(reach.host("two") / "runs/exp-1")
    write_run(me / "local/exp-2")
    answer = runwatch("ls", "one:runs", "two:~/runs", "local", "--json")
    found = json.loads(answer.stdout)
    assert answer.returncode == 0 and answer.stderr == ""
    hosts = {(run["host"], run["id"]) for run in found["runs"]}
    assert {("two", "exp-1"), (None, "exp-2"), ("one", "runs/retrain-nightly")} <= hosts
    roots = {run["root"] for run in found["runs"] if run["host"] == "two"}
    assert roots == {f"two:{reach.folder}/homes/two/runs"}
    assert [(host["name"], host["state"]) for host in found["hosts"]] == [("one", "live"), ("two", "live")]
    assert re.search(r"one:\S*retrain-nightly", runwatch("ls", "one:runs", "two:runs").stdout)


def test_a_local_path_of_that_name_wins(reach, runwatch, me):
    write_run(me / "three:runs/exp-1")
    reach.host("three")
    (run,) = json.loads(runwatch("ls", "three:runs", "--json").stdout)["runs"]
    assert run["host"] is None


def test_a_machine_without_anything_is_named_and_the_others_told(reach, runwatch):
    write_run(reach.host("fine") / "runs/exp-1")
    reach.host("bare", runwatch=None, python=False)
    answer = runwatch("check", "fine:runs", "bare:runs", "gone:x", "--json")
    found = json.loads(answer.stdout)
    assert answer.returncode == 3 and found["worst"] == "unknown"
    messages = {host["name"]: host["message"] for host in found["hosts"]}
    assert messages["fine"] == ""
    assert "runwatch not found" in messages["bare"] and "command" in messages["bare"]
    assert "Could not resolve" in messages["gone"]
    text = runwatch("check", "fine:runs", "bare:runs").stdout
    assert text.startswith("RUNWATCH UNKNOWN - no answer from: bare")


def test_a_silent_machine_costs_no_more_than_the_patience(reach, runwatch):
    write_run(reach.host("quick") / "runs/exp-1")
    reach.host("hung", runwatch="#!/bin/sh\nexec sleep 600\n")
    began = time.monotonic()
    found = json.loads(runwatch("ls", "quick:runs", "hung:runs", "--json").stdout)
    assert [run["host"] for run in found["runs"]] == ["quick"]
    assert any("no answer in 20 s" in problem["message"] for problem in found["problems"])
    assert time.monotonic() - began > 15
    left = [one for one in psutil.process_iter() if one.name() == "ssh" and "hung" in one.cmdline()]
    assert left == []


def test_a_root_that_is_not_there_is_said_with_its_machine(reach, runwatch):
    reach.host("empty")
    answer = runwatch("ls", "empty:nothing", "--json")
    (problem,) = json.loads(answer.stdout)["problems"]
    assert problem["file"] == "empty:" and "no such directory" in problem["message"]


def test_what_a_shell_prints_first_is_skipped(reach, runwatch):
    home = reach.host("noisy")
    (home / ".bashrc").write_text("echo welcome; printf 'a\\0b\\xff'; echo RUNWATCH >&2\n")
    write_run(home / "runs/exp-1")
    assert [run["host"] for run in json.loads(runwatch("ls", "noisy:runs", "--json").stdout)["runs"]] == [
        "noisy"
    ]


def test_endless_noise_ends(reach, runwatch):
    reach.host("flood", runwatch="#!/bin/sh\nexec yes\n")
    (problem,) = json.loads(runwatch("ls", "flood:runs", "--json").stdout)["problems"]
    assert "64 KiB came" in problem["message"]


def test_another_protocol_is_said_with_both_versions(reach, runwatch):
    other = RUNWATCH.replace(
        "-m runwatch",
        "-c 'import runwatch.hosts.serve as s; s.PROTOCOL = 99; import runwatch.cli as c; c.main()'",
    )
    reach.host("future", runwatch=other)
    (problem,) = json.loads(runwatch("ls", "future:runs", "--json").stdout)["problems"]
    assert "speaks protocol 99" in problem["message"] and "update" in problem["message"]


def test_another_version_of_the_same_protocol_is_fine_and_said(reach, runwatch):
    older = RUNWATCH.replace(
        "-m runwatch",
        "-c 'import runwatch; runwatch.__version__ = \"0.0.9\"; import runwatch.cli as c; c.main()'",
    )
    write_run(reach.host("older", runwatch=older) / "runs/exp-1")
    checks = json.loads(runwatch("doctor", "older:runs", "--json").stdout)["checks"]
    assert "0.0.9 there" in checks[0]["found"] and "protocol 1: fine" in checks[0]["found"]
    assert len(json.loads(runwatch("ls", "older:runs", "--json").stdout)["runs"]) == 1


def test_a_changed_host_key_is_refused_and_explained(reach, runwatch):
    reach.host("moved")
    known = reach.folder / "known_hosts"
    before = known.read_text()
    try:
        known.write_text(before.replace("AAAA", "AAAB", 1).replace("AAAB", "AAAA", 1)[:60] + before[60:])
        other = (reach.folder / "key-moved.pub").read_text().split()
        known.write_text(f"[127.0.0.1]:{reach.port} {other[0]} {other[1]}\n")
        (problem,) = json.loads(runwatch("ls", "moved:runs", "--json").stdout)["problems"]
    finally:
        known.write_text(before)
    assert "host key" in problem["message"] and "ssh moved" in problem["message"]


def test_an_undecodable_name_comes_through(reach, runwatch):
    import os

    home = reach.host("bytes")
    write_run(home / "runs/exp-1")
    os.rename(os.fsencode(home / "runs/exp-1"), os.fsencode(home / "runs") + b"/exp-\xff\xfe")
    (run,) = json.loads(runwatch("ls", "bytes:runs", "--json").stdout)["runs"]
    assert run["id"] == "exp-\\xff\\xfe" and run["metrics"]["val_loss"]["count"] == 20


def test_tasks_and_pins_are_the_machines_own(reach, runwatch):
    write_run(reach.host("desk") / "runs/exp-1")
    assert runwatch("tasks", "--root", "desk:runs", "add", "(A) look at it").returncode == 0
    (task,) = json.loads(runwatch("tasks", "--root", "desk:runs", "--json").stdout)["tasks"]
    assert (task["host"], task["text"], task["priority"]) == ("desk", "look at it", "A")
    assert "done" in runwatch("tasks", "--root", "desk:runs", "done", "look").stdout
    assert json.loads(runwatch("tasks", "--root", "desk:runs", "--json").stdout)["tasks"][0]["done"]
    history = json.loads(runwatch("tasks", "--root", "desk:runs", "history", "--json").stdout)
    assert history["events"]
    assert runwatch("baseline", "set", "exp-1", "--root", "desk:runs").returncode == 0
    (pin,) = json.loads(runwatch("baseline", "show", "--root", "desk:runs", "--json").stdout)["baselines"]
    assert pin["name"] == "exp-1" and pin["root"].startswith("desk:/")
    refused = runwatch("tasks", "--root", "desk:runs", "done", "nothing like it")
    assert refused.returncode == 1 and refused.stderr.startswith("runwatch: desk: ")


def test_the_history_of_another_machine_is_in_sql(reach, runwatch):
    home = reach.host("told")
    write_run(home / "runs/exp-1")
    runwatch("tasks", "add", "look at it", "--root", "told:runs")
    answer = runwatch("sql", "select root, what, text from history", "told:runs", "--json")
    assert [row["text"] for row in json.loads(answer.stdout)["rows"]] == ["look at it"], answer.stderr


def test_runs_are_compared_across_machines(reach, runwatch):
    write_run(reach.host("left") / "runs/exp-1", loss=1.0)
    write_run(reach.host("right") / "runs/exp-2", loss=3.0)
    answer = runwatch("compare", "right:runs/exp-2", "--baseline", "left:~/runs/exp-1", "--json")
    found = json.loads(answer.stdout)
    (metric,) = [m for m in found["metrics"] if m["name"] == "val_loss"]
    assert (metric["baseline"], metric["candidate"]) == (pytest.approx(0.05), pytest.approx(0.15))
    table = runwatch("compare", "left:runs/exp-1", "right:runs/exp-2", "--format", "csv").stdout
    assert "exp-1" in table and "exp-2" in table
    shown = json.loads(runwatch("show", "exp-1", "--root", "left:runs", "--json").stdout)["run"]
    assert shown["host"] == "left"


def test_configured_machines_have_names_roots_and_commands(reach, runwatch, me):
    home = reach.host("behind", runwatch=None)
    (home / "tool").write_text(RUNWATCH)
    (home / "tool").chmod(0o755)
    write_run(home / "runs/exp-1")
    own = me / ".config/runwatch/runwatch.toml"
    own.parent.mkdir(parents=True)
    own.write_text(
        f'[[hosts]]\nname = "lab"\nssh = "behind"\nroots = ["~/runs"]\ncommand = "{home}/tool"\n\n'
        f'[[hosts]]\nname = "piped"\nroots = ["{home}/runs"]\n'
        f'command = ["env", "HOME={home}", "{home}/tool"]\n'
    )
    found = json.loads(runwatch("ls", "--all", "--json").stdout)
    assert {(run["host"], run["id"]) for run in found["runs"]} == {("lab", "exp-1"), ("piped", "exp-1")}
    assert [run["host"] for run in json.loads(runwatch("ls", "lab:", "--json").stdout)["runs"]] == ["lab"]
    (me / "found").mkdir()
    (me / "found/runwatch.toml").write_text(
        '[[hosts]]\nname = "x"\nroots = ["/"]\ncommand = ["touch", "hit"]\n'
    )
    refused = runwatch("ls", "found")
    assert refused.returncode == 0 and "your own configuration" in refused.stdout
    assert not (me / "hit").exists()


def test_doctor_says_what_is_there(reach, runwatch):
    write_run(reach.host("well") / "runs/exp-1")
    answer = runwatch("doctor", "well:runs", "--json")
    checks = {check["name"]: check for check in json.loads(answer.stdout)["checks"]}
    assert "protocol 1" in checks["well"]["found"] and checks["well: root"]["state"] == "good"


@pytest.mark.parametrize("name", ["-oProxyCommand=touch hit:x", "https://example.com/x"])
def test_what_is_no_address_is_never_given_to_ssh(reach, runwatch, me, name):
    answer = runwatch("ls", "--", name)
    assert answer.returncode == 2 and "no such directory" in answer.stderr
    assert not (me / "hit").exists()


def test_the_brief_says_where_what_happened(reach, runwatch):
    copy_samples(reach.host("told"))
    answer = runwatch("brief", "told:runs", "gone:x", "--since", "400d", "--json")
    found = json.loads(answer.stdout)
    assert {run["host"] for run in found["run_details"]} == {"told"} and found["findings"][0][
        "host"
    ] == "told"
    (waiting,) = [line["text"] for line in found["lines"] if line["label"] == "waiting"]
    assert "gone: ssh: Could not resolve" in waiting and answer.returncode == 0
    assert re.search(r"told:\S*retrain-nightly", runwatch("brief", "told:runs", "--since", "400d").stdout)


def test_a_command_that_lacks_a_machine_says_so(reach, runwatch):
    write_run(reach.host("there") / "runs/exp-1")
    assert runwatch("ls", "there:runs", "gone:x").returncode == 1
    answer = runwatch("show", "exp-9", "--root", "there:runs", "--root", "gone:x")
    assert answer.returncode == 2 and "gone: ssh: Could not resolve" in answer.stderr


def test_series_for_prometheus_bear_their_machine(reach, runwatch, me):
    for name in ("met1", "met2"):
        write_run(reach.host(name) / "runs/exp-1")
    runwatch("check", "met1:runs", "met2:runs", "--prom", str(me / "out.prom"))
    lines = [line for line in (me / "out.prom").read_text().splitlines() if line.startswith("runwatch_runs{")]
    assert {part for line in lines for part in ("met1", "met2") if f'host="{part}"' in line} == {
        "met1",
        "met2",
    }
    assert len(lines) == len({line.partition("}")[0] for line in lines})


@pytest.mark.parametrize("as_written", ["known:runs", "known:~/runs", "known:"])
def test_status_and_a_brief_in_vain_tell_what_was_kept(reach, runwatch, as_written):
    if not (reach.folder / "homes/known").exists():
        write_run(reach.host("known") / "runs/exp-1")
    runwatch("brief", "known:runs")
    found = json.loads(runwatch("status", as_written, "--json").stdout)
    assert found["roots"] == [f"known:{reach.folder}/homes/known/runs"]
    assert runwatch("status", "known:other").stdout.strip() == "rw ?"
    program = reach.folder / "homes/known/.local/bin/runwatch"
    program.write_text("#!/bin/sh\nexit 1\n")
    said = runwatch("brief", "known:runs", "--json")
    program.write_text(RUNWATCH)
    assert json.loads(said.stdout)["runs"]["running"] == ["exp-1"]


def test_notes_and_archive_are_kept_there(reach, runwatch):
    home = reach.host("noted")
    write_run(home / "runs/exp-1")
    said = runwatch("note", "noted:runs/exp-1", "looks", "odd")
    assert (said.returncode, said.stdout) == (0, "noted on exp-1 on noted\n"), said.stderr
    shown = runwatch("note", "noted:runs/exp-1")
    assert shown.returncode == 2 and "list and delete them there" in shown.stderr
    (home / "runs/todo.txt").write_text("x 2026-11-30 one\ntwo\n")
    assert "1 finished task moved" in runwatch("tasks", "archive", "--root", "noted:runs").stdout
    assert (home / "runs/done.txt").read_text() == "x 2026-11-30 one\n"


@pytest.mark.parametrize("words", [("drift", "far:a.csv", "far:b.csv"), ("quality", "far:a.csv")])
def test_data_of_another_machine_is_judged_there(me, runwatch, words):
    said = runwatch(*words)
    assert said.returncode == 3 and "ssh far runwatch" in said.stderr and "Traceback" not in said.stderr


BROKEN = {
    "truncated": (r'printf "\0\0\1\0abc"', "ended"),
    "huge": (r'printf "\377\377\377\377"; sleep 2', "more than is allowed; something else answers"),
    "foreign": (r"echo HTTP/1.1 200 OK; sleep 2", "something else answers"),
    "garbage": (r"head -c 100000 /dev/urandom; sleep 2", "something else answers"),
    "killed": (r"kill -9 $$", "what runs there was killed"),
}


def test_whatever_answers_is_said_with_its_machine_and_the_rest_goes_on(reach, runwatch):
    marker = r'printf "\0runwatch: frames\0\n"'
    write_run(reach.host("sound") / "runs/exp-1")
    for name, (answer, _) in BROKEN.items():
        reach.host(name, runwatch=f"#!/bin/bash\n{marker}; {answer}\n")
    reach.host("half-mirror", runwatch='#!/bin/bash\nprintf "\\0runwatch: mirror\\0\\n{}\\n"; sleep 2\n')
    names = [*BROKEN, "half-mirror", "sound"]
    answer = json.loads(runwatch("ls", *[f"{name}:runs" for name in names], "--json").stdout)
    messages = {host["name"]: host["message"] for host in answer["hosts"]}
    assert [run["host"] for run in answer["runs"]] == ["sound"] and messages["sound"] == ""
    for name, (_, words) in BROKEN.items():
        assert messages[name].startswith(f"{name}: ") and words in messages[name], messages[name]
    assert "not a valid answer from the mirror" in messages["half-mirror"]
