"""A board that stays open over real ssh links that are slow, are cut, break and come back."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from helping import until, write_run
from proxy import Wire
from sshd import RUNWATCH

from runwatch.cli._dashboard_fleet import DashboardFleet
from runwatch.config.settings import Alerts
from runwatch.domain.intents import AddTask, PinBaseline, Rescan
from runwatch.domain.run import RunKey
from runwatch.hosts.alerting import host_alerts
from runwatch.hosts.remote import Remote, opening
from runwatch.hosts.targets import target
from runwatch.monitor.media import Media
from runwatch.store.state import State
from runwatch.system.folders import state_dir

MEDIA = Path(__file__).parents[1] / "fixtures/media"

pytestmark = pytest.mark.slow


class Board:
    """A fleet and what it published last."""

    def __init__(self, *hosts: str, webhook: str = "") -> None:
        targets = [target(name, ("runs",), {}) for name in hosts]
        state = State(state_dir())
        self.fleet = DashboardFleet(
            None,
            lambda changed: [Remote(one, opening(one, keep=True), changed) for one in targets],
            state,
            alerts=host_alerts(Alerts(webhook=webhook or None), None, state),
        )
        self.newest = None
        self.fleet.start(self._take)

    def _take(self, snapshot) -> None:
        self.newest = snapshot

    def runs(self, host: str) -> dict:
        found = self.newest.situation.runs if self.newest else ()
        return {run.id: run for run in found if run.root.startswith(f"{host}:")}

    def link(self, host: str):
        return (
            next((one for one in self.newest.watch.hosts if one.name == host), None) if self.newest else None
        )

    def live(self, host: str) -> bool:
        link = self.link(host)
        return link is not None and link.state == "live"


@pytest.fixture
def opened(reach) -> Iterator[list[Board]]:
    boards: list[Board] = []
    yield boards
    for board in boards:
        board.fleet.stop()


@pytest.fixture
def wire(reach) -> Iterator[Wire]:
    made = Wire(reach.port)
    yield made
    made.close()


def append(file, step: int) -> None:
    with file.open("a") as out:
        out.write(f'{{"step": {step}, "val_loss": 0.01}}\n')


def test_what_is_appended_there_is_seen_here(reach, opened):
    file = write_run(reach.host("grow") / "runs/exp-1")
    opened.append(board := Board("grow"))
    assert until(lambda: board.runs("grow"))
    append(file, 20)
    assert until(lambda: board.runs("grow")["exp-1"].step == 20)
    key = board.runs("grow")["exp-1"].key
    assert key.root == f"grow:{reach.folder}/homes/grow/runs"
    assert board.fleet.series(key, "val_loss").steps.tolist() == list(range(21))
    append(file, 21)
    assert until(lambda: board.runs("grow")["exp-1"].step == 21)
    assert len(board.fleet.series(key, "val_loss")) == 22
    data, start = board.fleet.console(key, "exp-1/metrics.jsonl", None, 10)
    assert data == file.read_bytes()[-10:] and start == file.stat().st_size - 10


def test_intents_go_there_and_are_answered(reach, opened):
    home = reach.host("tell")
    write_run(home / "runs/exp-1")
    opened.append(board := Board("tell"))
    assert until(lambda: board.runs("tell"))
    root, answers = board.runs("tell")["exp-1"].root, []
    board.fleet.submit(AddTask("look", root), answers.append)
    board.fleet.submit(PinBaseline(RunKey(root, "exp-1")), answers.append)
    board.fleet.submit(Rescan(), answers.append)
    board.fleet.submit(AddTask("look", "elsewhere:/x"), answers.append)
    assert until(lambda: len(answers) == 4)
    assert sorted(answer.ok for answer in answers) == [False, True, True, True]
    assert until(lambda: [t.text for t in board.newest.tasks[root].tasks if "look" in t.text])
    assert until(lambda: root in board.newest.situation.baselines)
    assert board.fleet.champions(root)[-1]["run"] == "exp-1"
    assert not (home / "runs/todo.txt").exists()


def test_a_cut_link_goes_grey_the_rest_stays_live_and_it_comes_back(reach, opened, wire):
    file = write_run(reach.host("far", port=wire.port) / "runs/exp-1")
    near = write_run(reach.host("near") / "runs/exp-2")
    opened.append(board := Board("far", "near"))
    assert until(
        lambda: board.runs("far") and board.runs("near") and board.live("far") and board.live("near")
    )
    wire.cut = True
    assert until(lambda: board.link("far").state == "lost")
    assert board.runs("far")["exp-1"].step == 19 and board.link("far").heard < time.time() - 5
    append(near, 20)
    assert until(lambda: board.runs("near")["exp-2"].step == 20) and board.live("near")
    append(file, 20)
    wire.cut = False
    assert until(lambda: board.live("far") and board.runs("far")["exp-1"].step == 20)
    assert list(board.runs("far")) == ["exp-1"]


def test_a_link_that_breaks_is_made_again_and_nothing_is_lost_or_doubled(reach, opened, wire):
    home = reach.host("shaky", port=wire.port)
    file = write_run(home / "runs/exp-1")
    opened.append(board := Board("shaky"))
    assert until(lambda: board.live("shaky"))
    wire.break_all()
    assert until(lambda: board.link("shaky").state == "lost")
    assert board.link("shaky").message.startswith("shaky: ")
    append(file, 20)
    write_run(home / "runs/exp-2")
    wire.broken = False
    board.fleet.submit(Rescan(), lambda answer: None)
    assert until(lambda: board.live("shaky") and set(board.runs("shaky")) == {"exp-1", "exp-2"})
    assert board.runs("shaky")["exp-1"].metrics["val_loss"].count == 21


def test_a_slow_link_is_only_late(reach, opened, wire):
    wire.delay = 0.2
    file = write_run(reach.host("slow", port=wire.port) / "runs/exp-1")
    opened.append(board := Board("slow"))
    assert until(lambda: board.live("slow") and board.runs("slow"))
    for step in range(20, 40):
        append(file, step)
        time.sleep(0.02)
    assert until(lambda: board.runs("slow")["exp-1"].step == 39)
    assert len(board.fleet.series(board.runs("slow")["exp-1"].key, "val_loss")) == 40


def serving(home) -> list[psutil.Process]:
    """The processes of ``runwatch serve`` of a machine."""
    found = []
    for process in psutil.process_iter():
        try:
            if "serve" in process.cmdline() and process.environ().get("HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_the_other_side_killed_comes_back(reach, opened):
    home = reach.host("fragile")
    write_run(home / "runs/exp-1")
    opened.append(board := Board("fragile"))
    assert until(lambda: board.live("fragile"))
    (process,) = serving(home)
    process.send_signal(signal.SIGKILL)
    assert until(lambda: not board.live("fragile"))
    assert until(lambda: board.live("fragile") and list(board.runs("fragile")) == ["exp-1"])


def test_this_side_killed_leaves_nothing_there(reach, me):
    home = reach.host("left-behind")
    write_run(home / "runs/exp-1")
    board = subprocess.Popen(
        [sys.executable, "-m", "runwatch", "watch", "left-behind:runs"],
        env={**os.environ, "PYTHONPATH": str(reach.source)},
        stderr=subprocess.DEVNULL,
    )
    assert until(lambda: serving(home))
    board.kill()
    board.wait()
    assert until(lambda: not serving(home))


@pytest.fixture
def posts(monkeypatch) -> Iterator[tuple[str, list[dict]]]:
    """(a webhook's URL, what was posted to it); groups wait for no company."""
    got: list[dict] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    monkeypatch.setattr("runwatch.alerts.dispatch.GROUP_WAIT", 0.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", got
    server.shutdown()


def crash(folder) -> None:
    write_run(folder)
    (folder / "train.log").write_text("Traceback (most recent call last):\nValueError: no\n")


def test_alerts_about_machines_name_them_and_differ_by_machine(reach, opened, posts):
    url, got = posts
    for name in ("ward1", "ward2"):
        crash(reach.host(name) / "runs/exp-1")
    opened.append(Board("ward1", "ward2", webhook=url))
    assert until(lambda: len([p for p in got if p["rule"] == "run-crashed"]) == 2)
    one, two = (post for post in got if post["rule"] == "run-crashed")
    assert {one["host"], two["host"]} == {"ward1", "ward2"} and one["dedup_key"] != two["dedup_key"]
    assert one["root"].startswith(f"{one['host']}:/") and one["fingerprint"] == two["fingerprint"]


def test_a_machine_that_sends_its_own_alerts_is_left_to_it(reach, opened, posts):
    url, got = posts
    home = reach.host("own")
    crash(home / "runs/exp-1")
    own = home / ".config/runwatch/runwatch.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[alerts]\nwebhook = "http://127.0.0.1:9/x"\n')
    opened.append(board := Board("own", webhook=url))
    assert until(lambda: board.newest and any(f.rule == "run-crashed" for f in board.newest.findings))
    time.sleep(7)
    assert got == []


def test_after_random_faults_the_board_is_as_a_fresh_one_would_be(reach, opened, wire):
    chance = random.Random(7)
    home = reach.host("storm", port=wire.port)
    files = [write_run(home / f"runs/exp-{i}") for i in range(3)]
    opened.append(board := Board("storm"))
    assert until(lambda: board.live("storm"))
    steps = dict.fromkeys(files, 19)
    for turn in range(24):
        for file in chance.sample(files, 2):
            steps[file] += 1
            append(file, steps[file])
        if turn % 6 == 0:
            files.append(write_run(home / f"runs/late-{turn}"))
            steps[files[-1]] = 19
        fault = chance.choice(("none", "cut", "break", "slow"))
        wire.cut, wire.delay = fault == "cut", 0.2 if fault == "slow" else 0.0
        if fault == "break":
            wire.break_all()
            wire.broken = False
        time.sleep(0.5)
    wire.cut, wire.delay, wire.broken = False, 0.0, False
    wanted = {file.parent.name: step for file, step in steps.items()}
    assert until(lambda: {run.id: run.step for run in board.runs("storm").values()} == wanted)
    assert all(run.metrics["val_loss"].count == run.step + 1 for run in board.runs("storm").values())
    assert until(lambda: len(serving(home)) == 1)
    hosts = [one for one in threading.enumerate() if one.name == "runwatch-host-storm"]
    assert len(hosts) == 1


def test_tail_follows_runs_of_a_machine_through_a_break(reach, me, wire):
    """Each point comes once; a link that breaks and is made again is told."""
    home = reach.host("tailed", port=wire.port)
    file = write_run(home / "runs/exp-1")
    write_run(home / "runs/exp-2")
    process = subprocess.Popen(
        [sys.executable, "-m", "runwatch", "tail", "tailed:runs/exp-1", "--json"],
        env={**os.environ, "PYTHONPATH": str(reach.source)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        records: list[dict] = []

        def read() -> None:
            for line in process.stdout:
                records.append(json.loads(line))

        threading.Thread(target=read, daemon=True).start()

        def points() -> list[int]:
            return [one["step"] for one in records if one["type"] == "point"]

        assert until(lambda: [one for one in records if one["type"] == "status"])
        append(file, 20)
        assert until(lambda: points() == [20])
        wire.break_all()
        append(file, 21)
        assert until(lambda: "lost" in [one["state"] for one in records if one["type"] == "host"])
        wire.broken = False
        assert until(lambda: points() == [20, 21])
        append(file, 22)
        assert until(lambda: points() == [20, 21, 22])
        assert {one["run"] for one in records if one["type"] != "host"} == {"exp-1"}
        assert all(one["root"].startswith("tailed:/") for one in records if one["type"] == "point")
        assert [one["state"] for one in records if one["type"] == "host"] == ["live", "lost", "live"]
    finally:
        process.kill()
        process.wait()


def test_tail_of_a_machine_that_is_not_there_says_why(reach, runwatch):
    done = runwatch("tail", "nowhere:runs/exp-1")
    assert done.returncode == 2 and "nowhere: " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("program", [RUNWATCH, None], ids=["installed", "mirrored"])
def test_images_and_histograms_come_when_they_are_asked_for(reach, opened, me, program):
    name = "seen" if program else "seen-bare"
    runs = reach.host(name, runwatch=program) / "runs"
    shutil.copytree(MEDIA, runs)
    opened.append(board := Board(name))
    local = Media(lambda key: (board.runs(name)[key.id], list(board.runs(name))))
    assert until(lambda: board.live(name) and "wandb-run" in board.runs(name))
    kinds = set()
    for run in board.runs(name).values():
        here = RunKey(str(runs), run.id)
        assert until(lambda run=run: board.fleet.media(run.key).whole)
        assert until(lambda here=here: local.list_of(here).whole)
        for series in board.fleet.media(run.key).series:
            found = board.fleet.media_contents(run.key, series)
            assert found == local.contents(here, series)
            kinds |= {type(one).__name__ for one in found}
    assert kinds >= {"ImageFile", "Histogram", "PrCurve", "LoggedText", "LoggedTable"}
