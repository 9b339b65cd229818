"""What a candidate is: a run against its root's baseline, or a prediction set against its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from runwatch.domain.comparison import Comparison
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import began_at, project_of, run_finding


class Subject(msgspec.Struct, frozen=True):
    """A comparison and what it is about."""

    scope: str
    root: str
    comparison: Comparison
    run: Run | None
    assumed: bool
    """The baseline was not configured or pinned."""
    called: str
    """As people call it; ``baseline_called`` likewise."""
    baseline_called: str


def subjects(situation: Situation) -> Iterator[Subject]:
    """Every comparison there is: of runs, then of predictions."""
    runs = {run.key: run for run in situation.runs} if situation.comparisons else {}
    for key, comparison in situation.comparisons.items():
        run = runs.get(key)
        baseline = situation.baselines.get(key.root)
        if run is not None:
            assumed = baseline is not None and baseline.origin == "assumed"
            other = runs.get(RunKey(run.root, comparison.baseline))
            called, baseline_called = run.title, other.title if other else comparison.baseline
            if called == baseline_called:
                called, baseline_called = run.id, comparison.baseline
            yield Subject(
                run.id,
                root=run.root,
                comparison=comparison,
                run=run,
                assumed=assumed,
                called=called,
                baseline_called=baseline_called,
            )
    for named, comparison in situation.predictions.items():
        yield Subject(
            named.name,
            root=named.root,
            comparison=comparison,
            run=None,
            assumed=False,
            called=named.name,
            baseline_called=comparison.baseline,
        )


def model_finding(
    subject: Subject,
    rule: str,
    severity: Severity,
    summary: str,
    title: str,
    advice: str,
    *,
    subject_name: str,
    evidence: Mapping[str, object],
) -> Finding:
    """A finding about a candidate, for the people who look after models."""
    if subject.run is not None:
        finding = run_finding(subject.run, rule, severity, summary, title, advice)
        since, key, project = began_at(subject.run), finding.run, finding.project
    else:
        since, key, project = None, None, project_of(subject.scope)
    return Finding(
        rule,
        severity=severity,
        scope=subject.scope,
        subject=subject_name,
        summary=summary,
        title=title,
        advice=advice,
        evidence=evidence,
        root=subject.root,
        run=key,
        since=since,
        project=project,
        context="models",
    )
