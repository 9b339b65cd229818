"""A critical finding reaches a webhook, once, and is not sent again after a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runwatch import config
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


def _until(condition: Callable[[], object], seconds: float = 15.0) -> bool:
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
