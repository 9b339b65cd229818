"""Inhibition and folding lose nothing: every finding is shown, or held by one that is."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Situation
from runwatch.rules.engine.evaluation import evaluate_all
from runwatch.rules.engine.registry import load_rules

RULES, _ = load_rules()
HOST_RULES = {"disk-low", "disk-full-soon", "memory-low", "out-of-memory-kill", "gpu-hot"}

findings = st.builds(
    lambda rule, severity, scope, subject, of_run: Finding(
        rule,
        severity,
        scope,
        subject,
        f"{rule} {subject}",
        "title",
        "advice",
        root="/r",
        run=RunKey("/r", scope) if of_run else None,
        context="host" if rule in HOST_RULES else "runs",
    ),
    st.sampled_from([rule.NAME for rule in RULES]),
    st.sampled_from(SEVERITIES),
    st.sampled_from(["a", "a/b", "c", "."]),
    st.sampled_from(["", "loss", "val/loss", "income", "age", "/"]),
    st.booleans(),
)


def rules_that_find(many: list[Finding]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            NAME=rule.NAME,
            DESCRIPTION="",
            DEFAULTS={},
            HOLD=0.0,
            KEEP=0.0,
            MANY=rule.MANY,
            evaluate=lambda situation, options, name=rule.NAME: [f for f in many if f.rule == name],
        )
        for rule in RULES
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(findings, max_size=25))
def test_every_finding_is_shown_or_held_by_one_that_is(many: list[Finding]) -> None:
    shown = evaluate_all(Situation(0.0, "box", roots=("/r",)), rules_that_find(many))
    assert shown.problems == ()
    held = {print_ for finding in shown.findings for print_ in (finding.fingerprint, *finding.also)}
    assert {finding.fingerprint for finding in many} <= held
    prints = [finding.fingerprint for finding in shown.findings]
    assert len(prints) == len(set(prints))
    ranks = [SEVERITIES.index(finding.severity) for finding in shown.findings]
    assert ranks == sorted(ranks, reverse=True)
