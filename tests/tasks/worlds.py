"""Hand-made findings, a clock, and a to-do file in memory for the tests of the tasks."""

from __future__ import annotations

from datetime import date, timedelta

from runwatch.domain.finding import Finding
from runwatch.tasks.document import Document
from runwatch.tasks.lifecycle import LifecycleInput, LifecycleStep, advance
from runwatch.tasks.todotxt import parse

NOW = 1_790_000_000.0
TODAY = date(2026, 9, 21)
DAY = 86400.0


def finding(scope: str = "exp-1", severity: str = "warning", **changes: object) -> Finding:
    values = {
        "rule": "metric-regressed",
        "subject": "val/auc",
        "summary": f"{scope}: val/auc 0.81, was 0.84",
        "title": f"val/auc of {scope} regressed",
        "advice": "look",
        "project": scope,
    } | changes
    return Finding(severity=severity, scope=scope, **values)


def day(offset: float) -> date:
    return TODAY + timedelta(days=int(offset // DAY))


class World:
    """A to-do file in memory that is looked at again and again."""

    def __init__(self, *lines: str, timing=None) -> None:
        self.document = Document(tuple((line, "\n") for line in lines))
        self.archived: tuple[str, ...] = ()
        self.records: dict = {}
        self.at = 0.0
        self.timing = timing or {}
        self.events: list[str] = []
        self.last: LifecycleStep | None = None

    def look(self, *findings, after: float = 10.0, **changes) -> LifecycleStep:
        self.at += after
        look = LifecycleInput(tuple(findings), NOW + self.at, day(self.at), self.timing, **changes)
        self.last = advance(self.records, self.lines, self.archived, look)
        self.records = dict(self.last.records)
        self.document = self.document.edited(self.last.edits.values())
        self.events = [f"{event.what} by {event.by}" for event in self.last.events]
        self._laws(look)
        return self.last

    def _laws(self, look: LifecycleInput) -> None:
        """What holds after every look, whatever happened before."""
        touched = [edit.old for edit in self.last.edits.values() if edit.old is not None]
        assert all("rw:" in line and "by:runwatch" in line for line in touched), "only lines of ours change"
        again = advance(self.records, self.lines, self.archived, look)
        assert (again.edits, again.events) == ({}, ()), "seen again, nothing happens again"
        lost = advance({}, self.lines, self.archived, look)
        to_do = {parse(line).fingerprint for line in self.lines if not parse(line).done}
        made = {parse(edit.new).fingerprint for edit in lost.edits.values() if edit.old is None}
        assert not made & to_do, "with nothing remembered no line is made twice"

    @property
    def lines(self) -> tuple[str, ...]:
        return self.document.texts

    @lines.setter
    def lines(self, lines) -> None:
        self.document = Document(tuple((line, "\n") for line in lines))

    def state(self, of) -> str | None:
        record = self.records.get(of.fingerprint)
        return record.state if record else None
