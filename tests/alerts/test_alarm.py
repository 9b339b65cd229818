import json
from datetime import date

from runwatch.alerts import alarm as module
from runwatch.alerts.alarm import Alarm
from runwatch.config.settings import Alerts
from runwatch.domain.finding import Finding
from runwatch.domain.task import TaskList
from runwatch.tasks.todotxt import parse_all

NOW = 1_790_000_000.0
CRASH = Finding("run-crashed", "critical", "a", "", "a crashed", "", "look")
OPEN = [TaskList("t", parse_all([f"(A) a rw:{CRASH.fingerprint} by:runwatch"], date(2026, 1, 1)))]


class Kept:
    def __init__(self) -> None:
        self.sent = []

    def send(self, notification) -> None:
        self.sent.append(notification)


def test_from_finding_to_sender_and_bell(monkeypatch):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], ["something is wrong"]))
    alarm = Alarm(Alerts(), None, lambda words: None, environment={})
    assert alarm.wrong == ["something is wrong"]
    open_ = [CRASH.fingerprint]
    assert alarm.update([CRASH], OPEN, open_, {}, NOW) == ""
    assert alarm.update([CRASH], OPEN, open_, {}, NOW + 30) == "\a"
    alarm.close()
    assert [event.place for event in kept.sent[0].events] == ["a"]
    again = Alarm(Alerts(), None, print, json.loads(json.dumps(alarm.memory)), {})
    assert again.update([CRASH], OPEN, open_, {}, NOW + 400) == ""
    again.update([], [], [], {}, NOW + 500)
    again.update([], [], [], {}, NOW + 530)
    again.close()
    assert [notification.resolved for notification in kept.sent] == [False, True]


def test_a_task_that_a_person_closes_is_not_over(monkeypatch):
    kept = Kept()
    monkeypatch.setattr(module, "senders", lambda *_: ([kept], []))
    alarm = Alarm(Alerts(), None, print, environment={})
    done = [
        TaskList("t", parse_all([f"x 2026-01-01 a rw:{CRASH.fingerprint} by:runwatch"], date(2026, 1, 1)))
    ]
    for at in (0, 30):
        alarm.update([CRASH], OPEN, [CRASH.fingerprint], {}, NOW + at)
    for at in (400, 430, 5000):
        alarm.update([CRASH], done, [], {}, NOW + at)
    alarm.close()
    assert [[event.action for event in sent.events] for sent in kept.sent] == [["trigger"], ["acknowledge"]]
