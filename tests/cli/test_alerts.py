"""``runwatch alerts test``: every channel is tried, and what came back is said."""

import json
import sys
from pathlib import Path

import pytest

from runwatch.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "alerts"))
from test_sending import TOKEN, Server, server  # noqa: F401


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def configured(root: Path, *lines: str) -> str:
    (root / "runwatch.toml").write_text("\n".join(["[alerts]", *lines]) + "\n")
    (root / "runwatch.toml").chmod(0o600)
    return str(root)


def test_what_came_back_of_each(tmp_path, capsys, server: Server):  # noqa: F811
    base = server.url.partition("/hook")[0]
    server.answers = [200, 200, 400, 400]
    root = configured(tmp_path, f'webhook = ["{base}/{TOKEN}", "{base}/no/{TOKEN}"]')
    assert main(["alerts", "test", root, "--config", f"{root}/runwatch.toml"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("ok ") and "answered 200" in out[0]
    assert out[1].startswith("FAIL") and "answered 400" in out[1] and TOKEN not in "".join(out)
    assert [got["event_action"] for got in server.got[:2]] == ["trigger", "resolve"]
    assert server.got[0]["root"] == root and server.got[0]["host"]


def test_in_json_with_what_is_wrong_in_the_configuration(tmp_path, capsys):
    root = configured(tmp_path, 'webhook = "ftp://x"', 'urls = ["ntfy://${NOT_SET}"]')
    assert main(["alerts", "test", root, "--config", f"{root}/runwatch.toml", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["channels"]
    assert len(rows) == 2 and not any(row["ok"] for row in rows) and "NOT_SET" in rows[0]["answer"]


def test_no_channel_is_said(tmp_path, capsys):
    assert main(["alerts", "test", str(tmp_path)]) == 2
    assert "no channel is configured" in capsys.readouterr().err


def test_a_channel_that_is_not_trusted_is_not_said_to_be_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main(["alerts", "test", configured(tmp_path, 'webhook = "https://events.example.com/x"')]) == 2
    said = capsys.readouterr().err
    assert "events.example.com before you trust it" in said and "runwatch trust" in said
    assert "no channel is configured" not in said


def test_a_check_on_a_timer_sends_what_counts(tmp_path, capsys, server: Server):  # noqa: F811
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp" / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    config = f"{configured(tmp_path, f'webhook = {json.dumps(server.url)}')}/runwatch.toml"
    words = ["check", str(tmp_path), "--config", config, "--send"]
    assert main(words) == 0 and server.got == []
    trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: boom\n'
    (tmp_path / "exp" / "train.log").write_text(trace)
    assert main(words) == 2
    assert [(got["rule"], got["root"]) for got in server.got] == [("run-crashed", str(tmp_path))]
    assert main(words[:-1]) == 2 and len(server.got) == 1
    server.answers = [400]
    capsys.readouterr()
    assert main(words) == 2 and "alert not sent" in capsys.readouterr().err
