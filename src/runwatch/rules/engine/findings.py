"""Findings about a run, a data set, a model or the host, with the parts that never differ filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypedDict, Unpack

from runwatch.domain.drift import DataSet
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.health import HealthSign
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.text.safe import safe

MINUTE = 60.0
KEEP = 10 * MINUTE


def project_of(name: str) -> str:
    """A name as a todo.txt project: spaces become dashes."""
    return re.sub(r"\s+", "-", safe(name).strip())


class Fields(TypedDict, total=False):
    """Fields of ``Finding`` that not every finding has."""

    subject: str
    since: float | None
    evidence: Mapping[str, object]
    lasting: bool
    confirmed: bool


def run_finding(
    run: Run, rule: str, severity: Severity, summary: str, title: str, advice: str, **more: Unpack[Fields]
) -> Finding:
    """A finding about ``run``; its project is the run's group, or the run itself at the top of the root."""
    words = (more.pop("subject", ""), summary, title, advice)
    project = project_of(run.group if run.group != "." else run.id)
    return Finding(
        rule, severity, run.id, *words, root=run.root, run=run.key, project=project, context="runs", **more
    )


def sign_finding(
    run: Run,
    sign: HealthSign,
    rule: str,
    title: str,
    advice: str,
    severity: Severity | None = None,
    subject: str | None = None,
) -> Finding:
    """A finding about what a sign shows in a curve of ``run``. ``severity``, ``subject``: others than the
    sign's own and its tag."""
    return run_finding(
        run,
        rule,
        severity or sign.severity,
        sign.summary,
        title,
        advice,
        subject=sign.tag if subject is None else subject,
        since=began_at(run, sign),
        evidence={**sign.evidence, "first_step": sign.first_step, "last_step": sign.last_step},
    )


def data_finding(
    data: DataSet,
    rule: str,
    severity: Severity,
    summary: str,
    title: str,
    advice: str,
    **more: Unpack[Fields],
) -> Finding:
    """A finding about a data set."""
    words = (more.pop("subject", ""), summary, title, advice)
    project = project_of(data.name)
    return Finding(rule, severity, data.name, *words, root=data.root, project=project, context="data", **more)


def host_finding(
    situation: Situation,
    rule: str,
    severity: Severity,
    part: str,
    summary: str,
    title: str,
    advice: str,
    **more: Unpack[Fields],
) -> Finding:
    """A finding about this machine. ``part``: of it, the finding's subject."""
    host, root = situation.host, situation.roots[0] if situation.roots else ""
    words = (part, summary, title, advice)
    return Finding(rule, severity, host, *words, root=root, project=project_of(host), context="host", **more)


def began_at(run: Run, sign: HealthSign | None = None) -> float | None:
    """When a trouble of ``run`` began: by the sign's own evidence, else when a run that is over last wrote;
    None: not known, for a moment that moves while the run goes on is no beginning."""
    since = sign.evidence.get("since") if sign is not None else None
    if isinstance(since, float):
        return since
    return None if run.status == "running" else run.updated


def is_open(situation: Situation, finding: Finding) -> bool:
    """Whether this finding is open now: such a one clears later than it fires."""
    return finding.fingerprint in situation.open_fingerprints


def signs_of(situation: Situation, kind: str) -> Iterator[tuple[Run, HealthSign]]:
    """Every run with each of its signs of that kind, in the order of the runs."""
    showing = {
        key: matching
        for key, signs in situation.health.items()
        if (matching := [sign for sign in signs if sign.kind == kind])
    }
    for run in situation.runs if showing else ():
        for sign in showing.get(run.key, ()):
            yield run, sign
