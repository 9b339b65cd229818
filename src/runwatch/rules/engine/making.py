"""Findings about a run, a data set, a model or the host, with the parts that never differ filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runwatch.domain.drift import DataSet
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.health import HealthSign, SignKind
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.text.safe import safe

MINUTE = 60.0
KEEP = 10 * MINUTE


def project_of(name: str) -> str:
    """A name as a todo.txt project: spaces become dashes."""
    return re.sub(r"\s+", "-", safe(name).strip())


def about_run(
    run: Run,
    rule: str,
    severity: Severity,
    summary: str,
    title: str,
    advice: str,
    *,
    subject: str = "",
    since: float | None = None,
    evidence: Mapping[str, object] | None = None,
    actionable: bool = True,
    lasting: bool = False,
) -> Finding:
    """A finding about ``run``; its project is the run's group, or the run itself at the top of the root."""
    group = run.group if run.group != "." else run.id
    return Finding(
        rule,
        severity,
        run.id,
        subject,
        summary,
        title,
        advice,
        evidence or {},
        root=run.root,
        run=run.key,
        since=since,
        project=project_of(group),
        context="runs",
        actionable=actionable,
        lasting=lasting,
    )


def about_data(
    data: DataSet,
    rule: str,
    severity: Severity,
    summary: str,
    title: str,
    advice: str,
    *,
    subject: str = "",
    since: float | None = None,
    evidence: Mapping[str, object] | None = None,
    confirmed: bool = True,
) -> Finding:
    """A finding about a data set."""
    return Finding(
        rule,
        severity,
        data.name,
        subject,
        summary,
        title,
        advice,
        evidence or {},
        root=data.root,
        since=since,
        project=project_of(data.name),
        context="data",
        confirmed=confirmed,
    )


def about_host(
    situation: Situation,
    rule: str,
    severity: Severity,
    subject: str,
    summary: str,
    title: str,
    advice: str,
    *,
    evidence: Mapping[str, object] | None = None,
    since: float | None = None,
    lasting: bool = False,
) -> Finding:
    """A finding about this machine."""
    return Finding(
        rule,
        severity,
        situation.host,
        subject,
        summary,
        title,
        advice,
        evidence or {},
        root=situation.roots[0] if situation.roots else "",
        since=since,
        project=project_of(situation.host),
        context="host",
        lasting=lasting,
    )


def begun(run: Run, sign: HealthSign | None = None) -> float | None:
    """When a trouble of ``run`` began: by the sign's own evidence, else when a run that is over last wrote;
    None: not known, for a moment that moves while the run goes on is no beginning."""
    since = sign.evidence.get("since") if sign is not None else None
    if isinstance(since, float):
        return since
    return None if run.status == "running" else run.updated


def is_open(situation: Situation, finding: Finding) -> bool:
    """Whether this finding is open now: such a one clears later than it fires."""
    return finding.fingerprint in situation.open_fingerprints


def signs_of(situation: Situation, kind: SignKind) -> Iterator[tuple[Run, HealthSign]]:
    """Every run with each of its signs of that kind, in the order of the runs."""
    showing = {
        key: matching
        for key, signs in situation.health.items()
        if (matching := [sign for sign in signs if sign.kind == kind])
    }
    for run in situation.runs if showing else ():
        for sign in showing.get(run.key, ()):
            yield run, sign
