"""A critical finding reaches a webhook, once, and is not sent again after a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from patience import PATIENCE_S
from runwatch import config
from runwatch.config.settings import Alerts, Settings
from runwatch.domain.finding import Finding
from runwatch.domain.task import TaskList
from runwatch.monitor.alerting import Alerting
from runwatch.monitor.live import Monitor

pytestmark = pytest.mark.usefixtures("trusting")


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, object]]]]:
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    server.server_close()


def _until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _crashed(run: Path) -> None:
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: boom\n'
    (run / "train.log").write_text(trace)


def test_a_crash_is_sent_once(tmp_path: Path, hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runwatch.alerts.dispatch.GROUP_WAIT", 0.0, raising=False)
    url, got = hook
    (tmp_path / "runwatch.toml").write_text(f'[alerts]\non = "critical"\nwebhook = "{url}"\n')
    _crashed(tmp_path / "exp")
    roots = (str(tmp_path),)
    monitor = Monitor(roots, config.load(roots))
    rang: list[str] = []
    monitor.start(lambda snapshot: rang.append(snapshot.bell))
    try:
        assert _until(lambda: "\a" in rang)
        assert _until(lambda: got, 45.0)
    finally:
        monitor.stop()
    assert "exp" in json.dumps(got[0])
    again = Monitor(roots, config.load(roots))
    seen: list[object] = []
    again.start(lambda snapshot: seen.extend(snapshot.findings))
    assert _until(lambda: seen)
    again.stop()
    assert len(got) == 1


def test_equal_crashes_of_two_roots_are_two_alerts(tmp_path: Path, hook, monkeypatch) -> None:
    monkeypatch.setattr("runwatch.alerts.dispatch.GROUP_WAIT", 0.0, raising=False)
    url, got = hook
    shared = tmp_path / "shared.toml"
    shared.write_text(f'[alerts]\nwebhook = "{url}"\n')
    roots = (str(tmp_path / "ana"), str(tmp_path / "ben"))
    for root in roots:
        _crashed(Path(root) / "exp")
    monitor = Monitor(roots, config.load(roots, str(shared)))
    monitor.start(lambda snapshot: None)
    try:
        assert _until(lambda: len(got) >= 2, 45.0)
    finally:
        monitor.stop()
    assert sorted(str(sent["root"]) for sent in got) == list(roots)


class FakeTaskState:
    """A desk whose tasks another process keeps, or nobody can write."""

    def __init__(self, mine: bool = True) -> None:
        self.notes: dict[str, str] = {}
        self.mine = mine
        self.states: dict[str, str] = {}
        self.state = self.leases = self

    def identity(self, root: str) -> str:
        return root

    def noted(self, key: str) -> str | None:
        return self.notes.get(key)

    def note(self, key: str, value: str) -> None:
        self.notes[key] = value

    def takes(self, key: str, now: float) -> bool:
        return self.mine

    def give(self, key: str) -> None:
        pass

    def states_of(self, root: str) -> dict[str, str]:
        return self.states

    def open_of(self, root: str) -> frozenset[str]:
        return frozenset()

    def silences(self, root: str, now: float) -> dict[str, float]:
        return {}


CRASH = Finding("run-crashed", "critical", "a", "", "a crashed", "", "look", root="/r")


def told(
    task_state: FakeTaskState, got: list[dict[str, object]], url: str, moments: list[float], hold: float = 0.0
) -> list[object]:
    alerting = Alerting({"/r": Settings(alerts=Alerts(webhook=url))}, task_state)  # type: ignore[arg-type]
    for now in moments:
        alerting.update([CRASH], {"/r": TaskList("t", ())}, {"run-crashed": (hold, 0.0)}, now)
    alerting.close()
    return [sent["event_action"] for sent in got]


def test_a_finding_whose_line_cannot_be_written_still_alerts(hook) -> None:
    url, got = hook
    assert told(FakeTaskState(), got, url, [0.0, 59.0]) == []
    assert told(FakeTaskState(), got, url, [0.0, 60.0, 91.0]) == ["trigger"]


def test_a_rule_that_asks_for_time_gets_it(hook) -> None:
    url, got = hook
    assert told(FakeTaskState(), got, url, [0.0, 300.0, 600.0], hold=600.0) == []


@pytest.mark.parametrize("state", ["done", "dismissed", "snoozed", "resolved"])
def test_what_a_person_has_put_away_stays_quiet(hook, state: str) -> None:
    url, got = hook
    task_state = FakeTaskState()
    task_state.states = {CRASH.fingerprint: state}
    assert told(task_state, got, url, [0.0, 100.0, 200.0]) == []


def test_only_one_process_sends_and_the_next_goes_on_where_it_stopped(hook) -> None:
    url, got = hook
    first = FakeTaskState()
    assert told(FakeTaskState(mine=False), got, url, [0.0, 100.0, 200.0]) == []
    assert told(first, got, url, [0.0, 100.0, 200.0]) == ["trigger"]
    second = FakeTaskState(mine=False)
    alerting = Alerting({"/r": Settings(alerts=Alerts(webhook=url))}, second)  # type: ignore[arg-type]
    for now in (0.0, 100.0, 200.0):
        alerting.update([CRASH], {}, {}, now)
    second.mine, second.notes = True, first.notes
    for now in (300.0, 400.0, 500.0):
        alerting.update([CRASH], {}, {}, now)
    alerting.close()
    assert len(got) == 1


def test_tasks_that_another_process_keeps_do_not_keep_alerts_back(tmp_path: Path, hook, monkeypatch) -> None:
    """A board with no alerts configured holds the tasks; the watch beside it sends all the same."""
    monkeypatch.setattr("runwatch.alerts.dispatch.GROUP_WAIT", 0.0, raising=False)
    url, got = hook
    _crashed(tmp_path / "exp")
    roots = (str(tmp_path),)
    board = Monitor(roots, config.load(roots))
    seen: list[object] = []
    board.start(
        lambda snapshot: seen.extend(task for listed in snapshot.tasks.values() for task in listed.tasks)
    )
    assert _until(lambda: seen)
    alerts = tmp_path / "own.toml"
    alerts.write_text(f'[alerts]\nwebhook = "{url}"\n')
    watch = Monitor(roots, config.load(roots, str(alerts)))
    watch.start(lambda snapshot: None)
    try:
        assert _until(lambda: got, 45.0)
    finally:
        watch.stop()
        board.stop()
    assert got[0]["event_action"] == "trigger" and got[0]["root"] == str(tmp_path)
