"""What goes over a link, and what comes when the other side is broken or hostile. No process, no network."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sshd import SOURCE

from patience import PATIENCE_S
from runwatch import config
from runwatch.config.settings import HostSettings
from runwatch.domain.address import host_of, joined, path_of, split
from runwatch.domain.comparison import Comparison, PredictionsKey
from runwatch.domain.finding import Finding
from runwatch.domain.points import Points
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot
from runwatch.domain.task import TaskList
from runwatch.hosts import messages as m
from runwatch.hosts.answering import Answers, thinned
from runwatch.hosts.curves import RemoteCurves
from runwatch.hosts.merging import merged
from runwatch.hosts.naming import is_elsewhere, split_by_host
from runwatch.hosts.remote import Remote
from runwatch.hosts.remote_snapshot import RemoteSnapshot
from runwatch.hosts.serve import Server
from runwatch.hosts.snapshot_diff import SnapshotDiff
from runwatch.hosts.targets import Target, explained, target
from runwatch.hosts.wire import MARKER, MAX_FRAME, Inward, Outward, WireError, decoder, encode
from runwatch.system.files import read_window


def run(id_: str, step: int = 1, value: float = 0.5, root: str = "/r") -> Run:
    metric = Metric("loss", value, step, None, value, step, value, value, step, "min", "jsonl")
    return Run(root, id_, ("jsonl",), "running", "", None, 100.0, step, None, {"loss": metric})


def snapshot(*runs: Run, **more) -> Snapshot:
    return Snapshot(
        1, Situation(now=1.0, host="there", roots=("/r",), runs=runs), more.pop("findings", ()), more
    )


def over_the_wire(*messages) -> list:
    frames: list[bytes] = []
    out, inward, decode = Outward(frames.append), Inward(), decoder(m.FromThere)
    for message in messages:
        out.send(message)
    return [decode(raw) for raw in inward.feed(b"".join(frames))]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20), st.integers(1, 7))
def test_frames_come_whole_however_the_bytes_are_cut(bodies, size):
    frames: list[bytes] = []
    out, inward = Outward(frames.append), Inward()
    for body in bodies:
        out.send(body)
    data = b"".join(frames)
    came = [raw for at in range(0, len(data), size) for raw in inward.feed(data[at : at + size])]
    assert came == [encode(body) for body in bodies]


@given(st.binary(max_size=300))
def test_foreign_bytes_are_refused_or_waited_for(data):
    inward, decode = Inward(), decoder(m.FromThere)
    try:
        for raw in inward.feed(data):
            decode(raw)
    except WireError as error:
        assert str(error)


def test_a_frame_that_claims_to_be_huge_is_refused_before_it_comes():
    with pytest.raises(WireError, match="more than is allowed"):
        list(Inward().feed((MAX_FRAME + 1).to_bytes(4, "big")))


def test_a_frame_that_unfolds_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("runwatch.hosts.wire.MAX_MESSAGE", 1000)
    packed = zlib.compress(b"\0" * 100_000)
    with pytest.raises(WireError, match="once decompressed"):
        list(Inward().feed(len(packed).to_bytes(4, "big") + packed))


def test_frames_out_of_order_are_refused():
    frames: list[bytes] = []
    out = Outward(frames.append)
    for number in range(3):
        out.send(m.Reply(number, os.urandom(50)))
    with pytest.raises(WireError):
        list(Inward().feed(frames[1] + frames[0] + frames[2]))


@pytest.mark.parametrize(
    "body",
    [
        {"type": "nothing known"},
        {"type": "update", "number": 1, "runs": [1, 2]},
        {"type": "update", "number": "one"},
        {"type": "hello", "protocol": 1},
        [1, 2, 3],
    ],
)
def test_a_message_of_a_wrong_type_is_refused(body):
    with pytest.raises(WireError):
        decoder(m.FromThere)(encode(body))


def test_a_deep_message_is_refused():
    with pytest.raises(WireError):
        decoder(m.BODIES[m.AskChampions])(b"\x91" * 100_000)


def test_fields_of_a_later_version_are_passed_over():
    told = {"type": "pong", "clock": 1.0, "weather": "fine"}
    assert decoder(m.FromThere)(encode(told)).clock == 1.0


def test_what_json_cannot_say_comes_through():
    odd = run("exp-\udcff", value=math.nan)
    remote = RemoteSnapshot("gpu1")
    for update in over_the_wire(*SnapshotDiff().updates(snapshot(odd, run("b", value=-math.inf)), True)):
        remote.take(update)
    there = {one.id: one for one in remote.snapshot(1, 2.0).situation.runs}
    assert math.isnan(there["exp-\udcff"].metrics["loss"].last)
    assert there["b"].metrics["loss"].last == -math.inf
    assert there["b"].root == "gpu1:/r"


def test_only_what_changed_is_told():
    diff, a, b = SnapshotDiff(), run("a"), run("b")
    (first,) = diff.updates(snapshot(a, b), False)
    assert set(first.runs) == {("/r", "a"), ("/r", "b")} and first.rest is not None
    assert list(diff.updates(snapshot(a, b), True)) == []
    assert list(diff.updates(snapshot(run("a"), b), True)) == [], "equal, though made anew"
    (second,) = diff.updates(snapshot(run("a", step=2), b), True)
    assert set(second.runs) == {("/r", "a")} and second.rest is None
    (third,) = diff.updates(snapshot(run("a", step=2)), True)
    assert third.gone == {"runs": (("/r", "b"),)} and not third.runs


def test_a_large_change_comes_in_pieces_the_newest_first(monkeypatch):
    monkeypatch.setattr("runwatch.hosts.snapshot_diff.CHUNK", 2000)
    updates = list(SnapshotDiff().updates(snapshot(*(run(f"r{i}") for i in range(50))), True))
    assert len(updates) > 3 and [u.more for u in updates] == [True] * (len(updates) - 1) + [False]
    assert [u.number for u in updates] == list(range(1, len(updates) + 1))
    remote = RemoteSnapshot("h")
    for update in over_the_wire(*updates):
        remote.take(update)
    assert len(remote.snapshot(1, 1.0).situation.runs) == 50 and remote.judged


@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=6))
def test_any_sequence_of_changes_ends_like_the_last(states):
    diff, remote = SnapshotDiff(), RemoteSnapshot("h")
    for turn, ids in enumerate(states):
        for update in over_the_wire(*diff.updates(snapshot(*(run(str(i), turn) for i in ids)), True)):
            remote.take(update)
    found = {(one.id, one.step) for one in remote.snapshot(1, 1.0).situation.runs}
    assert found == {(str(i), len(states) - 1) for i in states[-1]}


def test_predictions_of_one_name_stay_those_of_their_roots():
    def shot(*roots):
        found = {PredictionsKey(root, "churn"): Comparison(root, "b", "worse", "", ()) for root in roots}
        return replace(snapshot(), situation=Situation(1.0, "h", roots=("/r", "/s"), predictions=found))

    diff, remote = SnapshotDiff(), RemoteSnapshot("gpu1")
    for update in over_the_wire(*diff.updates(shot("/r", "/s"), True)):
        remote.take(update)
    found = remote.snapshot(1, 1.0).situation.predictions
    assert [(key, type(key), one.candidate) for key, one in found.items()] == [
        (("gpu1:/r", "churn"), PredictionsKey, "/r"),
        (("gpu1:/s", "churn"), PredictionsKey, "/s"),
    ]
    for update in over_the_wire(*diff.updates(shot("/s"), True)):
        remote.take(update)
    assert list(remote.snapshot(2, 2.0).situation.predictions) == [("gpu1:/s", "churn")]


def test_a_host_speaks_of_its_own_roots_only():
    claims = run("x", root="other:/r")
    finding = Finding("run-crashed", "critical", "x", "", "s", "t", "a", root="", run=RunKey("/etc", "x"))
    tasks = TaskList("/home/me/todo.txt", ())
    remote = RemoteSnapshot("evil")
    for update in over_the_wire(
        *SnapshotDiff().updates(snapshot(claims, findings=(finding,), **{"/r": tasks}), True)
    ):
        remote.take(update)
    shown = remote.snapshot(1, 1.0)
    roots = [one.root for one in shown.situation.runs] + [f.root for f in shown.findings] + list(shown.tasks)
    assert all(host_of(root) == "evil" for root in roots)
    assert shown.findings[0].run == RunKey("evil:/etc", "x")
    assert [listed.file for listed in shown.tasks.values()] == ["evil:/home/me/todo.txt"]
    assert shown.bell == ""


def test_several_machines_are_one_snapshot():
    here = snapshot(run("a"))
    there = [snapshot(run("b", root="gpu1:/r")), snapshot(run("c", root="gpu2:/r"))]
    one = merged(5, 9.0, here, there, [])
    assert {r.id for r in one.situation.runs} == {"a", "b", "c"} and one.version == 5
    assert merged(1, 9.0, None, [], []).situation.runs == ()


class Asked:
    """The other side's curve, and what was asked."""

    def __init__(self, points: Points) -> None:
        self.points, self.asked = points, []

    def __call__(self, question):
        asked = question(1)
        self.asked.append(asked)
        rest = self.points.where(slice(asked.have, None))
        return m.CurveUpdate(
            asked.have,
            len(self.points),
            rest.steps.tobytes(),
            rest.wall_times.tobytes(),
            rest.values.tobytes(),
        )


def test_of_a_curve_that_grew_only_its_end_is_asked_for():
    other = Asked(Points.of(range(5), range(5)))
    curves, key = RemoteCurves(other, 100), RunKey("gpu1:/r", "a")
    assert len(curves.series(key, "loss")) == 5
    other.points = Points.of(range(8), range(8))
    assert curves.series(key, "loss").values.tolist() == list(range(8))
    assert [(a.root, a.have, a.step) for a in other.asked] == [("/r", 0, 0), ("/r", 5, 4)]


def test_a_long_curve_comes_in_pieces(monkeypatch):
    monkeypatch.setattr("runwatch.hosts.answering.MOST_POINTS", 4)
    points, asked = Points.of(range(11), range(11)), []
    there = Answers(SimpleNamespace(roots=("/r",), series=lambda key, tag: points))

    def ask(question):
        asked.append(question(1))
        return there.to(asked[-1])

    got = RemoteCurves(ask, 0).series(RunKey("h:/r", "a"), "loss")
    assert got.steps.tolist() == list(range(11)) and [one.have for one in asked] == [0, 4, 8]


def test_a_curve_whose_parts_do_not_fit_is_refused():
    curves = RemoteCurves(lambda question: m.CurveUpdate(0, 2, b"12345678", b"", b"1234567812345678"), 100)
    with pytest.raises(WireError):
        curves.series(RunKey("gpu1:/r", "a"), "loss")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=400), st.integers(4, 50))
def test_thinning_keeps_ends_extremes_and_what_is_not_finite(values, most):
    points = Points.of(range(len(values)), values)
    thin = thinned(points, most)
    assert len(thin) <= most + most // 4 + 4 or len(thin) == len(values)
    assert thin.steps[0] == 0 and thin.steps[-1] == len(values) - 1
    finite = np.asarray(values)[np.isfinite(values)]
    if len(finite):
        kept = thin.values[np.isfinite(thin.values)]
        assert kept.max() == finite.max() and kept.min() == finite.min()
    assert bool(np.isnan(thin.values).any()) == bool(np.isnan(values).any()) or len(values) > most


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gpu1:~/runs", ("gpu1", "~/runs")),
        ("me@gpu1:/data", ("me@gpu1", "/data")),
        ("gpu1:", ("gpu1", ".")),
        ("[2001:db8::1]:/x", ("[2001:db8::1]", "/x")),
        ("/data/a:b", None),
        ("./gpu1:x", None),
        ("runs", None),
        ("s3://bucket/x", None),
        ("-oProxyCommand=x:y", None),
        ("a b:/x", None),
    ],
)
def test_addresses_are_scps(text, parts):
    assert split(text) == parts
    if parts:
        assert host_of(joined(*parts)) == parts[0] and path_of(joined(*parts)) == parts[1]


def test_how_a_machine_is_reached():
    plain = target("gpu1", ("r",), {}).argv
    assert plain[0] == "ssh" and "BatchMode=yes" in plain and plain[-3:-1] == ("--", "gpu1")
    named = {"lab": HostSettings("lab", ssh="me@10.0.0.7", command="uvx runwatch")}
    assert target("lab", ("r",), named).argv[-2:] == ("me@10.0.0.7", "uvx runwatch serve --stdio")
    whole = {"lab": HostSettings("lab", ssh=("ssh", "-p", "22", "x"))}
    assert target("lab", ("r",), whole).argv[:4] == ("ssh", "-p", "22", "x")
    local = {"c": HostSettings("c", command=("docker", "exec", "-i", "c", "runwatch"))}
    assert target("c", ("r",), local).argv == ("docker", "exec", "-i", "c", "runwatch", "serve", "--stdio")
    assert target("[::1]", ("r",), {}).argv[-2] == "::1"


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (255, "Host key verification failed.", "host key"),
        (255, "me@x: Permission denied (publickey).", "ssh-add"),
        (127, "bash: line 1: runwatch: command not found", "not found"),
        (255, "", "connection was lost"),
        (2, "error: invalid choice: 'serve'", "too old"),
        (1, "boom\n", "boom (exit code 1)"),
    ],
)
def test_why_a_link_ended_is_said_with_its_name_and_remedy(code, said, words):
    told = explained("gpu1", code, said)
    assert told.startswith("gpu1: ") and words in told


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server in a thread: (what to write to, what to read from, the thread)."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/metrics.jsonl").write_text('{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 0.5}\n')
    down, to_there = os.pipe()
    from_there, up = os.pipe()
    thread = threading.Thread(target=Server(down, up).run)
    thread.start()
    yield to_there, from_there, thread, tmp_path
    for end in (to_there, from_there, down, up):
        try:
            os.close(end)
        except OSError:
            continue
    thread.join(PATIENCE_S)


def answers(from_there: int, wanted: int) -> list:
    """The first messages after the marker."""
    inward, decode, found, data = Inward(), decoder(m.FromThere), [], b""
    while MARKER not in data:
        data += os.read(from_there, 65536)
    data = data.partition(MARKER)[2]
    while len(found) < wanted:
        found += [decode(raw) for raw in inward.feed(data)]
        data = os.read(from_there, 65536) if len(found) < wanted else b""
    return found


def test_the_server_answers_and_ends_with_its_input(served):
    to_there, from_there, thread, home = served
    out = Outward(lambda data: os.write(to_there, data))
    out.send(m.Open((str(home / "runs"),), once=True))
    out.send(m.Ping())
    out.send(m.AskSeries(7, str(home / "runs"), ".", "loss"))
    out.send(m.AskSeries(8, "/etc", ".", "loss"))
    found = answers(from_there, 6)
    assert isinstance(found[0], m.Hello) and isinstance(found[1], m.RootsOpened)
    replies = {one.number: one for one in found if isinstance(one, m.Reply)}
    assert decoder(m.CurveUpdate)(replies[7].body).total == 2 and "not a root" in replies[8].error
    assert any(isinstance(one, m.Update) and len(one.runs) == 1 for one in found)
    os.close(to_there)
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_question_of_a_later_version_is_answered_and_the_link_lives(served):
    to_there, from_there, _, home = served
    out = Outward(lambda data: os.write(to_there, data))
    out.send(m.Open((str(home / "runs"),), idle=True))
    out.send({"type": "holograms", "number": 7, "root": "/x"})
    out.send({"type": "wave"})
    out.send(m.Ping())
    found = answers(from_there, 4)
    assert [type(one) for one in found] == [m.Hello, m.RootsOpened, m.Reply, m.Pong]
    assert found[2].number == 7 and "update it" in found[2].error


def test_an_answer_that_is_too_large_is_refused_and_the_link_lives(served, monkeypatch):
    monkeypatch.setattr("runwatch.hosts.serve.MOST_BODY", 10)
    to_there, from_there, _, home = served
    out = Outward(lambda data: os.write(to_there, data))
    out.send(m.Open((str(home / "runs"),), once=True))
    out.send(m.AskSeries(7, str(home / "runs"), ".", "loss"))
    replies = [one for one in answers(from_there, 4) if isinstance(one, m.Reply)]
    assert "more than may be sent" in replies[0].error


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\0\0\0\x05hello"])
def test_the_server_ends_on_what_it_does_not_understand(served, noise):
    to_there, from_there, thread, _ = served
    os.write(to_there, noise)
    found = answers(from_there, 2)
    assert isinstance(found[1], m.RequestRefused) and found[1].message
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_the_server_ends_when_nobody_asks(served, monkeypatch):
    _, _, thread, _ = served
    monkeypatch.setattr("runwatch.hosts.serve.SILENCE_S", 0.2)
    os.write(served[0], b"")
    out = Outward(lambda data: os.write(served[0], data))
    out.send(m.Ping())
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_host_that_says_more_than_anybody_has_is_refused(monkeypatch):
    monkeypatch.setattr("runwatch.hosts.remote_snapshot.WEIGH_EVERY", 1000)
    monkeypatch.setattr("runwatch.hosts.remote_snapshot.MOST_BYTES", 5000)
    remote, diff = RemoteSnapshot("evil"), SnapshotDiff()
    with pytest.raises(WireError, match="more than is allowed"):
        for count in range(1, 60):
            told = diff.updates(snapshot(*(run(f"r{i}") for i in range(count))), True)
            for update in over_the_wire(*told):
                remote.take(update, 500)


def test_after_a_dead_shared_connection_ssh_makes_its_own():
    argv = target("gpu1", ("r",), {}).unshared
    assert argv[:3] == ("ssh", "-o", "ControlPath=none")
    local = target("c", ("r",), {"c": HostSettings("c", command=("docker", "exec", "c", "runwatch"))})
    assert local.unshared == local.argv


def flooding(times: int) -> str:
    """A host that sends updates and waits for nobody."""
    return f"""#!/bin/sh
PYTHONPATH={SOURCE} exec {sys.executable} -c '
import os, sys, time
from runwatch.hosts import messages as m, wire
out = wire.Outward(lambda data: os.write(1, data))
os.write(1, wire.MARKER)
out.send(m.Hello(1, "0", "3", "h", "u", time.time()))
out.send(m.RootsOpened((), {{}}))
for number in range({times}):
    out.send(m.Update(number))
time.sleep(60)
'
"""


def test_a_host_that_waits_for_nobody_is_left(tmp_path):
    program = tmp_path / "flood"
    program.write_text(flooding(5000))
    program.chmod(0o755)
    one = Target("flood", (str(program),), ("r",), by_ssh=False)
    machine = Remote(one, m.Open(("r",)), lambda: None)
    machine.start()
    end = time.monotonic() + PATIENCE_S
    while machine.state.state != "lost" and time.monotonic() < end:
        time.sleep(0.05)
    assert "without waiting" in machine.state.message
    machine.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "a b"\nroots = ["/r"]', "cannot be written"),
        ('name = "a"\nroots = ["/r"]\n[[hosts]]\nname = "a"\nroots = ["/s"]', "twice"),
        ('name = "a"\nroots = ["/r"]\ncommand = []', "empty"),
        ('name = "a"', "roots"),
    ],
)
def test_hosts_that_cannot_be_meant_are_refused(tmp_path, text, words):
    file = tmp_path / "runwatch.toml"
    file.write_text(f"[[hosts]]\n{text}\n")
    with pytest.raises(config.ConfigError, match=words):
        config.hosts(str(file))


def test_the_disk_is_not_asked_about_what_is_no_address(monkeypatch):
    def hangs(path: str) -> bool:
        raise AssertionError(f"{path} was looked at")

    monkeypatch.setattr(os.path, "lexists", hangs)
    assert split_by_host(("/mnt/hung/runs", "runs", "~/x", "./gpu1:x"), None)[1] == ()
    assert not is_elsewhere("/mnt/hung:1/runs")


@pytest.mark.parametrize(
    ("end", "size", "window"), [(None, 4, b"6789"), (4, 9, b"0123"), (-1, 4, b""), (4, -1, b"")]
)
def test_a_window_into_a_file_is_no_larger_than_was_asked_for(tmp_path, end, size, window):
    (tmp_path / "log").write_bytes(b"0123456789")
    assert read_window(str(tmp_path / "log"), end, size)[0] == window
