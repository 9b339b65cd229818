import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.alerts.dispatch import AlertMemory, Notification, audible, dump, load, step
from runwatch.alerts.wording import body, payload, title
from runwatch.domain.finding import Finding
from runwatch.domain.task import TaskList
from runwatch.tasks.todotxt import parse_all

NOW = 1_790_000_000.0
HOUR = 3600.0


def finding(scope: str = "a", rule: str = "run-crashed", severity: str = "critical", **changes) -> Finding:
    values = {"subject": "", "summary": f"{scope} crashed", "title": "", "advice": "look"} | changes
    return Finding(rule=rule, severity=severity, scope=scope, **values)


A, B, C = finding("a"), finding("b"), finding("c", "disk-low")


class Post:
    def __init__(self) -> None:
        self.memory, self.at = AlertMemory(), 0.0

    def look(self, *heard: Finding, after: float = 10.0, quiet=(), silences=None, taken=()) -> list[str]:
        self.at += after
        open_ = {f.fingerprint for f in quiet}
        pairs = [(f, "") for f in heard]
        acknowledged = [f.fingerprint for f in taken]
        self.memory, sent = step(self.memory, pairs, open_, silences or {}, NOW + self.at, acknowledged)
        self.sent = sent
        return [" ".join(f"{e.action}:{e.place}" for e in n.events) for n in sent]


def test_a_group_waits_for_company():
    post = Post()
    assert post.look(A) == []
    assert post.look(A, B, after=20) == []
    assert post.look(A, B, C, after=10) == ["trigger:a trigger:b"]
    assert post.look(A, B, C, after=20) == []
    assert post.look(A, B, C, after=10) == ["trigger:c"]
    assert post.look(A, B, C, after=HOUR) == []


def test_at_most_once_in_five_minutes():
    post = Post()
    post.look(A)
    post.look(A, after=30)
    assert post.look(A, B, after=60) == []
    assert post.look(A, B, after=200) == []
    assert post.look(A, B, after=40) == ["trigger:a trigger:b"]


def test_criticals_are_repeated_after_four_hours_and_warnings_are_not():
    warning = finding("w", "metric-regressed", "warning")
    post = Post()
    post.look(A, warning)
    assert len(post.look(A, warning, after=30)) == 2
    assert post.look(A, warning, after=3.9 * HOUR) == []
    post.look(A, warning, after=0.2 * HOUR)
    assert post.look(A, warning, after=30) == ["trigger:a"]


def test_resolved_is_said_once():
    post = Post()
    post.look(A, B)
    post.look(A, B, after=30)
    post.look(B, after=400)
    assert post.look(B, after=30) == ["trigger:b resolve:a"]
    post.look(after=400)
    assert post.look(after=30) == ["resolve:b"] and post.sent[0].resolved
    assert post.look(after=HOUR) == [] and post.memory.known == {}


def test_over_and_taken_are_said_within_a_minute_though_the_group_has_just_spoken():
    post = Post()
    post.look(A, B, C, after=0)
    assert len(post.look(A, B, C, after=30)) == 2
    post.look(B, C, after=5)
    assert post.look(B, C, after=10) == ["trigger:b resolve:a"]
    post.look(A, C, quiet=[B], taken=[B], after=5)
    assert post.look(A, C, quiet=[B], taken=[B], after=10) == ["acknowledge:b"]
    assert post.look(A, C, quiet=[B], taken=[B], after=200) == []
    assert post.look(A, C, quiet=[B], taken=[B], after=80) == ["trigger:a"]


def test_what_was_never_told_is_not_resolved():
    post = Post()
    post.look(A)
    assert post.look(after=5) == [] and post.look(after=HOUR) == []


def test_a_source_that_cannot_be_read_is_not_over():
    post = Post()
    post.look(A)
    post.look(A, after=30)
    assert post.look(after=HOUR, quiet=[A]) == []
    assert post.look(A, after=60) == []


def test_what_a_person_took_is_acknowledged_once_and_resolved_in_the_end():
    post = Post()
    post.look(A, B)
    post.look(A, B, after=30)
    post.look(B, quiet=[A], taken=[A], after=400)
    assert post.look(B, quiet=[A], taken=[A], after=30) == ["trigger:b acknowledge:a"]
    assert [event.place for event in post.sent[0].for_people.events] == ["b"]
    assert post.look(B, quiet=[A], taken=[A], after=400) == []
    post.look(B)
    assert post.look(B, after=30) == ["trigger:b resolve:a"]


def test_what_was_taken_and_opens_again_is_told_again():
    post = Post()
    post.look(A)
    post.look(A, after=30)
    post.look(quiet=[A], taken=[A], after=400)
    assert post.look(quiet=[A], taken=[A], after=30) == ["acknowledge:a"]
    assert post.sent[0].for_people is None
    post.look(A, after=400)
    assert post.look(A, after=30) == ["trigger:a"]
    assert post.look(A, after=400) == []


def test_getting_worse_is_told():
    warning = finding("a", severity="warning")
    post = Post()
    post.look(warning)
    post.look(warning, after=30)
    post.look(A, after=400)
    assert post.look(A, after=30) == ["trigger:a"] and post.sent[0].severity == "critical"


@pytest.mark.parametrize("match", [A.fingerprint, A.rule, A.scope])
def test_a_silence_has_an_end(match):
    post = Post()
    silences = {match: NOW + 100}
    for _ in range(4):
        assert post.look(A, after=20, silences=silences) == []
    post.look(A, after=30, silences=silences)
    assert post.look(A, after=30, silences=silences) == ["trigger:a"]


def test_a_restart_neither_repeats_nor_forgets():
    post = Post()
    post.look(A, B)
    post.look(A, B, after=30)
    post.memory = load(dump(post.memory))
    assert post.look(A, B, after=400) == []
    post.look(B)
    assert post.look(B, after=30) == ["trigger:b resolve:a"]
    assert load('{"known": 1}') == load("") == AlertMemory()


@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 5)), st.sampled_from([1.0, 29.0, 31.0, 299.0, 5 * HOUR])),
        max_size=40,
    )
)
def test_any_history_keeps_the_limits(history):
    findings = [finding(f"s{n}", f"rule-{n % 2}") for n in range(6)]
    post = Post()
    spoke: dict[str, float] = {}
    told: set[str] = set()
    for chosen, after in [*history, (set(), 400.0), (set(), 31.0), (set(), 400.0)]:
        post.look(*(findings[n] for n in chosen), after=after)
        for sent in post.sent:
            new = {e.fingerprint for e in sent.events if e.action == "trigger"} - told
            if new:
                assert post.at - spoke.get(sent.group, float("-inf")) >= 300
                spoke[sent.group] = post.at
            for event in sent.events:
                if event.action == "resolve":
                    assert event.fingerprint in told
                    told.discard(event.fingerprint)
                else:
                    told.add(event.fingerprint)
    assert told == set() and post.memory.known == {}


def test_only_open_tasks_are_heard():
    info = finding("i", "loss-spike", "info")
    lines = [
        f"(A) a rw:{A.fingerprint} by:runwatch who:ana",
        f"(A) b t:2030-01-01 rw:{B.fingerprint} by:runwatch",
        f"x 2026-01-01 c rw:{C.fingerprint} by:runwatch",
    ]
    from datetime import date

    lists = [TaskList("todo.txt", parse_all(lines, date(2026, 1, 1)))]
    assert audible([A, B, C, info], lists, "critical") == [(A, "ana")]
    assert audible([A, info], lists, "info") == [(A, "ana"), (info, "")]
    assert audible([A], [], "warning") == []


def test_words():
    _, (sent,) = step(*_after_wait([(finding("a\x1b;b"), "ana")]))
    assert title(sent) == "runwatch: 1 critical run-crashed"
    assert body(sent) == "critical: a␛;b: a␛;b crashed (ana is on it). look"
    answer = payload(sent.events[0], sent.at)
    assert (answer["fingerprint"], answer["event_action"]) == (sent.events[0].fingerprint, "trigger")
    assert answer["who"] == "ana" and json.dumps(answer)
    many = Notification("run-crashed", NOW, sent.events * 25)
    assert body(many).splitlines()[-1] == "and 5 more"


def _after_wait(heard):
    memory, _ = step(AlertMemory(), heard, (), {}, NOW)
    return memory, heard, (), {}, NOW + 30


def test_a_clock_that_is_set_back_neither_holds_alerts_up_nor_repeats_them():
    post = Post()
    post.look(A)
    assert post.look(A, after=-HOUR / 2) == ["trigger:a"]
    assert post.look(A, after=-1.0) == []
    assert post.look(A, C) == []
    assert post.look(A, C, after=-HOUR / 4) == ["trigger:c"]
