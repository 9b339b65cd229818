"""What receivers take: their documented schemas, and the real Alertmanager where it is installed."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from test_sending import NOW, TOKEN, Server, server  # noqa: F401

from patience import free_port
from runwatch.alerts.dispatch import AlertEvent, Notification
from runwatch.alerts.forms import form_of, forms
from runwatch.alerts.outbox import senders
from runwatch.alerts.secrets import AlertError
from runwatch.alerts.webhook import Webhook
from runwatch.config.settings import Alerts


def note(
    action: str = "trigger", severity: str = "critical", place: str = "exp-1", at: float = NOW
) -> Notification:
    event = AlertEvent(
        "3f9a2c71d0", action, severity, "run-crashed", place, f"{place}: CUDA out of memory", "restart it",
        root="/data/churn", host="gpu1", origin="0123456789abcdef",
    )  # fmt: skip
    return Notification("run-crashed", at, (event,))


def sent(to: Server, form: str, *notes: Notification, key: str | None = None, path: str = "") -> list[dict]:
    hook = Webhook(to.url.partition("/hook")[0] + path, form=form, key=key)
    for one in notes:
        hook.send(one)
    return to.got


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://events.pagerduty.com/v2/enqueue", "pagerduty"),
        ("https://events.eu.pagerduty.com/v2/enqueue", "pagerduty"),
        ("http://alertmanager:9093/api/v2/alerts", "alertmanager"),
        ("http://x/prefix/api/v2/alerts/", "alertmanager"),
        ("https://ntfy.sh/my-topic", "ntfy"),
        ("https://example.com/ntfy.sh/x", "runwatch"),
    ],
)
def test_the_url_tells_the_form(url, form):
    assert form_of(url, "auto") == form and form_of(url, "ntfy") == "ntfy"


def test_the_configuration_offers_every_form() -> None:
    assert set(get_args(get_type_hints(Alerts)["format"])) == {"auto", *forms()}


def test_pagerduty_events_v2(server):  # noqa: F811
    """The fields that its documentation calls required, with their limits."""
    long = note(place="x" * 3000)
    trigger, ack, over, big = sent(
        server, "pagerduty", note(), note("acknowledge"), note("resolve"), long, key="R0UT1NGKEY"
    )
    assert {e["routing_key"] for e in (trigger, ack, over)} == {"R0UT1NGKEY"}
    assert [e["event_action"] for e in (trigger, ack, over)] == ["trigger", "acknowledge", "resolve"]
    assert len({e["dedup_key"] for e in (trigger, ack, over)}) == 1 and len(trigger["dedup_key"]) <= 255
    payload = trigger["payload"]
    assert payload["source"] == "gpu1" and payload["group"] == "/data/churn"
    assert payload["severity"] in ("critical", "error", "warning", "info")
    assert "gpu1 · churn: exp-1" in payload["summary"] and datetime.fromisoformat(payload["timestamp"]).tzinfo
    assert payload["custom_details"]["root_id"] == "0123456789abcdef"
    assert len(big["payload"]["summary"]) == 1024 and "payload" not in ack


def test_pagerduty_without_its_key_says_so(server):  # noqa: F811
    with pytest.raises(AlertError, match="key") as caught:
        Webhook(server.url, form="pagerduty").send(note())
    assert not caught.value.passing and server.got == []


def test_ntfy_takes_one_line(server):  # noqa: F811
    first, over = sent(server, "ntfy", note(), note("resolve"), note("acknowledge"), path="/sub/my-topic")
    assert first["topic"] == "my-topic" and first["title"] == "gpu1 · churn: 1 critical run-crashed"
    assert first["priority"] == 5 and over["priority"] == 3 and "CUDA out of memory" in first["message"]
    assert "root /data/churn (0123456789abcdef)" in first["message"]
    with pytest.raises(AlertError, match="topic"):
        sent(server, "ntfy", note(), path="/")


def test_titles_bodies_and_payloads_name_host_and_root(server):  # noqa: F811
    (got,) = sent(server, "runwatch", note())
    assert (got["host"], got["root"], got["root_name"], got["root_id"]) == (
        "gpu1", "/data/churn", "churn", "0123456789abcdef",
    )  # fmt: skip


def test_a_login_and_a_token_go_into_the_header(server):  # noqa: F811
    seen: list[str] = []
    handler = server._http.RequestHandlerClass
    real = handler.do_POST
    handler.do_POST = lambda self: (seen.append(self.headers.get("Authorization")), real(self))[1]
    host = server.url.partition("/hook")[0].removeprefix("http://")
    Webhook(f"http://ana:p%40ss@{host}/x").send(note())
    Webhook(f"http://{host}/x", key=TOKEN).send(note())
    assert seen == [f"Basic {base64.b64encode(b'ana:p@ss').decode()}", f"Bearer {TOKEN}"]
    server.answers = [403]
    with pytest.raises(AlertError, match="answered 403") as caught:
        Webhook(f"http://{host}/x", key=TOKEN).send(note())
    assert TOKEN not in str(caught.value)


def test_several_webhooks_and_a_key_from_the_environment():
    made, wrong = senders(
        Alerts(webhook=("https://ntfy.sh/t", "https://events.pagerduty.com/v2/enqueue"), key="${K}"),
        {"K": TOKEN},
    )
    assert [sender.name.rpartition(" ")[2] for sender in made] == ["(ntfy)", "(pagerduty)"] and wrong == []
    assert "K" in senders(Alerts(webhook="https://ntfy.sh/t", key="${K}"), {})[1][0]


@pytest.fixture
def alertmanager(tmp_path: Path):
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed (apt install prometheus-alertmanager)")
    port = free_port()
    config = tmp_path / "am.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    process = subprocess.Popen(
        [program, f"--config.file={config}", f"--storage.path={tmp_path}/data", "--cluster.listen-address=",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/-/ready", timeout=1):
            break
        time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(20)


def active(url: str) -> list[dict]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts?active=true", timeout=5) as answer:
        return json.load(answer)


def test_the_real_alertmanager_holds_and_ends_our_alerts(alertmanager):
    hook = Webhook(f"{alertmanager}/api/v2/alerts")
    at = time.time()
    assert hook.form == "alertmanager" and hook.send(note(severity="warning", at=at)) == "answered 200"
    (alert,) = active(alertmanager)
    assert alert["labels"] == {
        "alertname": "run-crashed", "severity": "warning", "instance": "gpu1", "root": "/data/churn",
        "root_id": "0123456789abcdef", "subject": "exp-1", "fingerprint": "3f9a2c71d0",
    }  # fmt: skip
    hook.send(note(severity="critical", at=at))
    assert [a["labels"]["severity"] for a in active(alertmanager)] == ["critical"]
    hook.send(note("acknowledge", at=at))
    assert len(active(alertmanager)) == 1
    hook.send(note("resolve", at=time.time()))
    assert active(alertmanager) == []
