from datetime import date

import pytest

from runwatch.config.settings import Alerts
from runwatch.domain.finding import Finding
from runwatch.domain.task import TaskList
from runwatch.monitor import root_alarm as module
from runwatch.monitor.root_alarm import RootAlarm
from runwatch.store.state import Leases, State, StateError
from runwatch.tasks.todotxt import parse_all

NOW = 1_790_000_000.0
CRASH = Finding("run-crashed", "critical", "a", "", "a crashed", "", "look")
OPEN = TaskList("t", parse_all([f"(A) a rw:{CRASH.fingerprint} by:runwatch"], date(2026, 1, 1)))


class Kept:
    def __init__(self) -> None:
        self.sent = []

    def send(self, notification) -> None:
        self.sent.append(notification)


class Process:
    """One process with an alarm of the same root."""

    def __init__(self, folder):
        self.state = State(folder)
        self.alarm = RootAlarm(Alerts(), None, self.state, Leases(self.state), "gpu1", "root-1")

    def update(self, findings, listed, still_open, now):
        assert self.alarm.sends(now)
        return self.alarm.update(findings, listed, still_open, {})

    def close(self):
        self.alarm.close()
        self.state.close()


def test_from_finding_to_sender_and_bell(monkeypatch, tmp_path):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], ["something is wrong"]))
    alarm = Process(tmp_path)
    assert [problem.message for problem in alarm.alarm.problems] == ["something is wrong"]
    open_ = [CRASH.fingerprint]
    assert alarm.update([CRASH], OPEN, open_, NOW) == ""
    assert alarm.update([CRASH], OPEN, open_, NOW + 30) == "\a"
    alarm.close()
    assert [event.place for event in kept.sent[0].events] == ["a"]
    again = Process(tmp_path)
    assert again.update([CRASH], OPEN, open_, NOW + 400) == ""
    again.update([], None, [], NOW + 500)
    again.update([], None, [], NOW + 530)
    again.close()
    assert [notification.resolved for notification in kept.sent] == [False, True]


def test_what_was_sent_is_not_sent_again_where_the_state_could_not_be_read_at_first(monkeypatch, tmp_path):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], []))
    first = Process(tmp_path)
    for at in (0, 30):
        first.update([CRASH], OPEN, [CRASH.fingerprint], NOW + at)
    first.close()
    second = Process(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(second.state, "noted", _fails)
        with pytest.raises(StateError):
            second.alarm.sends(NOW + 400)
    assert not second.alarm.sends(NOW + 401)
    for at in (430, 460, 490):
        second.update([CRASH], OPEN, [CRASH.fingerprint], NOW + at)
    second.close()
    assert len(kept.sent) == 1


def _fails(key):
    raise StateError("the disk does not answer")


def test_a_task_that_a_person_closes_is_not_over(monkeypatch, tmp_path):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], []))
    alarm = Process(tmp_path)
    done = TaskList("t", parse_all([f"x 2026-01-01 a rw:{CRASH.fingerprint} by:runwatch"], date(2026, 1, 1)))
    for at in (0, 30):
        alarm.update([CRASH], OPEN, [CRASH.fingerprint], NOW + at)
    for at in (400, 430, 5000):
        alarm.update([CRASH], done, [], NOW + at)
    alarm.close()
    assert [[event.action for event in sent.events] for sent in kept.sent] == [["trigger"], ["acknowledge"]]


def test_who_sends_again_goes_on_from_what_another_process_sent(monkeypatch, tmp_path):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], []))
    first, second = Process(tmp_path), Process(tmp_path)
    assert first.alarm.sends(NOW) and not second.alarm.sends(NOW)
    first.alarm._leases.give(first.alarm._key)
    for at in (60, 90):
        second.update([CRASH], OPEN, [CRASH.fingerprint], NOW + at)
    assert not first.alarm.sends(NOW + 91)
    second.close()
    for at in (130, 160, 190):
        first.update([CRASH], OPEN, [CRASH.fingerprint], NOW + at)
    first.close()
    assert len(kept.sent) == 1
