"""Findings: what matters, found by a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from runwatch.domain.run import RunKey

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


WORST_FIRST: tuple[Severity, ...] = SEVERITIES[::-1]


def rank(severity: str) -> int:
    """How bad it is: 0 for info, and for a word that is no severity."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


Context = Literal["runs", "data", "models", "host", "plan"]


def fingerprint(rule: str, scope: str, subject: str) -> str:
    """The key of one trouble: first 10 hex digits of sha256(rule, scope, subject), NUL between.

    ``scope`` is the root-relative run directory, data set or host name; ``subject`` the metric, column or
    mount. Nothing that moves (times, values, severity, absolute paths) belongs in it, so that the same
    trouble has the same key after a restart, on another day, on another machine."""
    digest = hashlib.sha256("\0".join((rule, scope, subject)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:10]


class Finding(msgspec.Struct, frozen=True):
    """Something that matters."""

    rule: str
    severity: Severity
    scope: str
    subject: str
    summary: str
    """One line, may hold numbers."""
    title: str
    """The same with no numbers that move, for a task's text."""
    advice: str
    """What to do, in plain words."""
    evidence: Mapping[str, object] = msgspec.field(default_factory=dict)
    root: str = ""
    run: RunKey | None = None
    since: float | None = None
    """When the condition began by its own evidence (seconds since the epoch), where known."""
    project: str = ""
    """The task's +project."""
    context: Context = "runs"
    """The task's @context."""
    confirmed: bool = True
    """Sure enough for a task: one batch of data alone may not be."""
    lasting: bool = False
    """Does not clear by itself (a crash)."""
    first_seen: float | None = None
    last_seen: float | None = None
    also: tuple[str, ...] = ()
    words: tuple[str, str] = ("", "")
    """What one and what several are called in a count."""
    topic: str = ""
    """The brief's heading for it."""
    plain: str = ""
    """The sentence of the report for everybody."""

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.rule, self.scope, self.subject)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others: two roots may hold runs of one name, a host is the same for all."""
        return ("" if self.context == "host" else self.root, self.fingerprint)

    @property
    def actionable(self) -> bool:
        """Whether it may open a task; info is only shown."""
        return self.severity != "info"

    @property
    def place(self) -> str:
        """What it is about, for people: "runs/a · val/auc"."""
        return " · ".join(part for part in (self.scope, self.subject) if part)


def of_root(findings: Iterable[Finding], root: str, roots: Sequence[str]) -> list[Finding]:
    """Those of one of the watched ``roots``; what is of none of them (the machine's) belongs to the first."""
    first = root == roots[0]
    return [f for f in findings if f.root == root or (first and f.root not in roots)]


def urgency(finding: Finding) -> tuple[int, float, str]:
    """Sorts findings: the worst first, of these the newest, then by fingerprint."""
    began = finding.since or finding.first_seen or 0.0
    return -rank(finding.severity), -began, finding.fingerprint


def worst(findings: list[Finding] | tuple[Finding, ...]) -> Severity | None:
    """The worst severity among findings, None when there are none."""
    return max((f.severity for f in findings), key=rank, default=None)
