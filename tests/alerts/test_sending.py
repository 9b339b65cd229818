import errno
import json
import socket
import sys
import threading
import time
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from patience import PATIENCE_S
from runwatch.alerts import bell
from runwatch.alerts.bell import Bell, notice
from runwatch.alerts.dispatch import AlertEvent, Notification
from runwatch.alerts.outbox import Outbox, Service, senders
from runwatch.alerts.secrets import AlertError, expand, exposed, mask, masked
from runwatch.alerts.webhook import Webhook
from runwatch.config.settings import Alerts

NOW = 1_790_000_000.0
TOKEN = "s3cr3t-t0k3n"


def notification(*scopes: str, action: str = "trigger", severity: str = "critical") -> Notification:
    events = [
        AlertEvent(f"print-{s}", action, severity, "run-crashed", s, f"{s} crashed", "look") for s in scopes
    ]
    return Notification("run-crashed", NOW, tuple(events))


class Server:
    """A local HTTP server that answers as it is told, and hangs when told "hang"."""

    def __init__(self) -> None:
        self.answers: list = []
        self.got: list[dict] = []
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.got.append(json.loads(self.rfile.read(length)))
                answer = outer.answers.pop(0) if outer.answers else 200
                if answer == "hang":
                    outer.release.wait(PATIENCE_S)
                    return
                if answer == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    while not outer.release.wait(0.02):
                        try:
                            self.wfile.write(b"X-More: to come\r\n")
                        except OSError:
                            return
                    return
                if answer == "garbage":
                    self.wfile.write(b"\0\0\0 not http\r\n\r\n")
                    return
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/hook/{TOKEN}?key={TOKEN}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def hook(server: Server, timeout: float = PATIENCE_S) -> tuple[Webhook, list[float]]:
    pauses: list[float] = []
    return Webhook(server.url, timeout, pauses.append), pauses


def test_one_post_an_event(server):
    hook(server)[0].send(notification("a", "b").from_place("gpu1", "root-1"))
    assert {got["host"] for got in server.got} == {"gpu1"}
    assert [(got["fingerprint"], got["event_action"]) for got in server.got] == [
        ("print-a", "trigger"),
        ("print-b", "trigger"),
    ]
    hook(server)[0].send(notification("a", action="resolve"))
    assert server.got[-1]["event_action"] == "resolve"


def test_repeats_fold_but_roots_and_hosts_do_not(server):
    for origin in ("root-1", "root-1", "root-2"):
        hook(server)[0].send(notification("a").from_place("gpu1", origin))
    first, again, other = (got["dedup_key"] for got in server.got)
    assert first == again != other


def test_it_is_tried_three_times(server):
    server.answers = [500, 503, 200]
    webhook, pauses = hook(server)
    webhook.send(notification("a"))
    assert len(server.got) == 3 and pauses == [1.0, 2.0]
    server.answers = [500, 500, 500]
    with pytest.raises(AlertError, match="answered 500"):
        webhook.send(notification("a"))
    assert len(server.got) == 6


@pytest.mark.parametrize("answer", [400, 404, 302])
def test_what_will_not_get_better_is_not_tried_again(server, answer):
    server.answers = [answer]
    with pytest.raises(AlertError, match=f"answered {answer}") as caught:
        hook(server)[0].send(notification("a"))
    assert len(server.got) == 1 and TOKEN not in str(caught.value)


def test_a_server_that_answers_drop_by_drop_is_given_up(server):
    server.answers = ["drip"] * 3
    with pytest.raises(AlertError, match=r"no complete answer in 1 s"):
        hook(server, timeout=0.5)[0].send(notification("a"))


def test_a_hanging_server_costs_three_time_outs(server):
    server.answers = ["hang", "hang", "garbage"]
    with pytest.raises(AlertError) as caught:
        hook(server, timeout=0.5)[0].send(notification("a"))
    until(lambda: len(server.got) == 3)
    assert TOKEN not in str(caught.value) and "127.0.0.1" in str(caught.value)


def test_after_two_lost_events_the_rest_is_not_tried(server):
    server.answers = [400] * 10
    with pytest.raises(AlertError):
        hook(server)[0].send(notification(*"abcdef"))
    assert len(server.got) == 2


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(AlertError, match="not reached"):
        Webhook(f"http://127.0.0.1:{port}/{TOKEN}", 0.2, lambda _: None).send(notification("a"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "", "javascript:alert(1)"])
def test_other_schemes_are_refused(url):
    with pytest.raises(AlertError, match="http or https"):
        Webhook(url)


def test_the_outbox_waits_for_nobody(server):
    server.answers = ["hang", "hang", "hang"]
    failures: list[str] = []
    outbox = Outbox([hook(server, timeout=PATIENCE_S)[0]], failures.append)
    for _ in range(150):
        outbox.send(notification("a"))
    assert any("dropped" in words for words in failures)
    server.release.set()
    outbox.close(timeout=PATIENCE_S)
    assert any("alert not sent" in words for words in failures)
    assert not any(TOKEN in words for words in failures)


def test_what_fails_is_tried_again_later_and_in_order(server):
    server.answers = [500, 500, 500, 200, 200]
    failures: list[str] = []
    outbox = Outbox([hook(server)[0]], failures.append, pauses=[0.05, 60.0])
    outbox.send(notification("a"))
    outbox.send(notification("a", action="resolve"))
    until(lambda: len(server.got) == 5)
    outbox.close()
    assert [got["event_action"] for got in server.got] == ["trigger"] * 4 + ["resolve"]
    assert len(failures) == 1 and "answered 500; next try in" in failures[0]


def test_what_no_further_try_mends_is_not_tried_again(server):
    server.answers = [404]
    failures: list[str] = []
    outbox = Outbox([hook(server)[0]], failures.append, pauses=[60.0])
    outbox.send(notification("a"))
    outbox.send(notification("b"))
    until(lambda: len(server.got) == 2)
    outbox.close()
    assert len(failures) == 1 and "next try" not in failures[0]


def test_one_receiver_that_hangs_keeps_nothing_from_another(server):
    class Hangs:
        def send(self, notification) -> None:
            server.release.wait(PATIENCE_S)

    outbox = Outbox([Hangs(), hook(server)[0]], pytest.fail)
    outbox.send(notification("a"))
    until(lambda: server.got)
    server.release.set()
    outbox.close()


def until(holds) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


def test_an_outbox_with_nobody_to_send_to_starts_no_thread():
    before = threading.active_count()
    outbox = Outbox([], pytest.fail)
    outbox.send(notification("a"))
    outbox.close()
    assert threading.active_count() == before


def test_secrets_come_from_the_environment_or_a_private_file(tmp_path):
    assert expand("https://x/${T}", {"T": TOKEN}) == f"https://x/{TOKEN}"
    with pytest.raises(AlertError, match="is not set"):
        expand("https://x/${NONE}", {})
    secret = tmp_path / "secret"
    secret.write_text(TOKEN + "\n")
    secret.chmod(0o640)
    with pytest.raises(AlertError, match="chmod 600") as caught:
        expand(f"https://x/${{file:{secret}}}", {})
    assert TOKEN not in str(caught.value)
    secret.chmod(0o600)
    assert expand(f"https://x/${{file:{secret}}}", {}) == f"https://x/{TOKEN}"


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{TOKEN}@example.com/services/{TOKEN}?k={TOKEN}#{TOKEN}",
        f"slack://{TOKEN}/{TOKEN}/{TOKEN}",
        f"mailto://user:{TOKEN}@example.com",
        f"tgram://{TOKEN}:{TOKEN}/12345",
        TOKEN,
        f"https://[{TOKEN}/x",
    ],
)
def test_no_secret_comes_out(url):
    assert TOKEN not in mask(url)
    assert TOKEN not in masked(f"failed: {url} (path /{TOKEN})", [url])


def test_a_readable_file_with_a_secret_is_warned_of(tmp_path):
    file = tmp_path / "runwatch.toml"
    file.write_text("")
    file.chmod(0o644)
    assert "chmod 600" in exposed(str(file), [f"https://example.com/{TOKEN}"])
    assert exposed(str(file), ["https://example.com/${T}"]) is None
    file.chmod(0o600)
    assert exposed(str(file), [f"https://example.com/{TOKEN}"]) is None


def test_senders_of_a_configuration():
    made, wrong = senders(Alerts(webhook="https://x/${T}", urls=("ntfy://${NONE}",)), {"T": "x"})
    assert [type(sender) for sender in made] == [Webhook] and "NONE" in wrong[0]
    assert senders(Alerts(), {}) == ([], [])
    assert "http or https" in senders(Alerts(webhook="ftp://x"), {})[1][0]


class Apprise:
    sent: ClassVar[list] = []
    answer = True

    def add(self, url):
        self.url = url
        return True

    def notify(self, **words):
        if isinstance(self.answer, Exception):
            raise self.answer
        Apprise.sent.append((self.url, words))
        return self.answer


def test_apprise(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(AlertError, match="pip install 'runwatch\\[notify\\]'"):
        Service("ntfy://x").send(notification("a"))
    monkeypatch.setitem(sys.modules, "apprise", types.SimpleNamespace(Apprise=Apprise))
    Service(f"ntfy://{TOKEN}").send(notification("a"))
    (url, words) = Apprise.sent[-1]
    assert url == f"ntfy://{TOKEN}" and words["notify_type"] == "failure" and "a crashed" in words["body"]
    Service("ntfy://x").send(notification("a", action="resolve"))
    assert Apprise.sent[-1][1]["notify_type"] == "success"
    for answer in (False, OSError(errno.EPIPE, f"no route to ntfy://{TOKEN}")):
        monkeypatch.setattr(Apprise, "answer", answer)
        with pytest.raises(AlertError) as caught:
            Service(f"ntfy://{TOKEN}").send(notification("a"))
        assert TOKEN not in str(caught.value)


def test_the_bell_rings_once_a_minute_for_new_criticals():
    ringer = Bell("bell")
    assert ringer.ring([notification("a", severity="warning")], NOW) == ""
    assert ringer.ring([notification("a")], NOW) == bell.BEL
    assert ringer.ring([notification("b"), notification("c")], NOW + 30) == ""
    assert ringer.ring([], NOW + 61) == bell.BEL
    assert ringer.ring([], NOW + 200) == ""
    assert ringer.ring([notification("a", action="resolve")], NOW + 300) == ""
    assert Bell("off").ring([notification("a")], NOW) == ""
    assert "2 groups" in Bell("osc").ring([notification("a"), notification("b")], NOW)


@pytest.mark.parametrize(
    ("environment", "sequence"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;h: w\a"),
        ({"TERM": "foot"}, "\x1b]777;notify;h;w\a"),
        ({"TERM": "xterm", "VTE_VERSION": "7600"}, "\x1b]777;notify;h;w\a"),
        ({"TERM": "xterm-kitty"}, "\x1b]99;;h: w\x1b\\"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;h: w\a\x1b\\"),
        ({"TERM": "xterm-kitty", "TMUX": "x"}, "\x1bPtmux;\x1b\x1b]99;;h: w\x1b\x1b\\\x1b\\"),
        ({"TERM": "screen", "STY": "1.x"}, "\x1bP\x1b]9;h: w\a\x1b\\"),
    ],
)
def test_notices_by_terminal(environment, sequence):
    assert notice("h", "w", environment) == sequence


def test_a_notice_carries_no_sequence_of_others():
    made = notice("a;b", "x\x1b]0;evil\a" + "é" * 300, {"TERM": "foot"})
    inner = made.removeprefix("\x1b]777;notify;").removesuffix("\a")
    assert inner.isprintable() and inner.startswith("a,b;") and len(inner.encode()) <= 204
