"""What explains another speaks for it, many alike become one, and nothing is lost: every finding is shown, or
held by one that is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Situation
from runwatch.rules.engine.evaluation import evaluate_all
from runwatch.rules.engine.grouping import fold, inhibit
from runwatch.rules.engine.registry import Traits, load_rules, traits_of

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


TRAITS = {rule.NAME: traits_of(rule) for rule in RULES}
OF_A_RUN = [
    "run-crashed", "run-stalled", "run-diverged", "loss-spike", "metric-nonfinite", "run-overfitting",
    "run-slow", "ranks-apart", "gpu-idle", "metric-regressed", "slice-regressed",
]  # fmt: skip
EXPLAINED = {
    "run-crashed": set(OF_A_RUN) - {"run-crashed", "gpu-idle"},
    "run-stalled": {"run-slow", "gpu-idle"},
    "run-diverged": {"loss-spike", "run-overfitting", "metric-regressed", "slice-regressed"},
    "metric-nonfinite": {"run-diverged", "loss-spike"},
    "metric-regressed": {"slice-regressed"},
}
SPEAKS_FOR_ALL = {"run-diverged", "run-overfitting", "metric-regressed"}


def _of_run(rule: str, run: str = "a", subject: str = "", **more: object) -> Finding:
    key = RunKey("/r", run)
    return Finding(rule, "warning", run, subject, f"{rule} {subject}", "t", "a", root="/r", run=key, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", OF_A_RUN)
def test_which_trouble_of_a_run_explains_which(first: str) -> None:
    for second in OF_A_RUN:
        one, other = _of_run(first, subject="x"), _of_run(second, subject="y")
        (shown, *more) = inhibit([one, other], TRAITS)
        if second in EXPLAINED.get(first, ()) or (first == second and first in SPEAKS_FOR_ALL):
            held = other if shown.key == one.key else one
            assert more == [] and shown.also == (held.fingerprint,)
            assert shown.evidence["also"] == [held.summary]
        elif first not in EXPLAINED.get(second, ()):
            assert [shown, *more] == [one, other]
        apart = [one, _of_run(second, "b", "y")]
        assert inhibit(apart, TRAITS) == apart, "another run has troubles of its own"


def test_of_two_that_explain_each_other_one_is_shown() -> None:
    traits = {
        "x": Traits(("x", "x"), explains=frozenset({"y"})),
        "y": Traits(("y", "y"), explains=frozenset({"x"})),
    }
    one, other = _of_run("x"), _of_run("y")
    for pair in ([one, other], [other, one]):
        (shown,) = inhibit(pair, traits)
        assert len(shown.also) == 1


def test_the_worst_of_a_kind_speaks_then_the_first() -> None:
    late, early, unknown = (
        _of_run("run-diverged", subject=f"l{since}", since=since) for since in (9.0, 5.0, None)
    )
    for many in ([late, early, unknown], [unknown, early, late]):
        (shown,) = inhibit(many, TRAITS)
        assert shown.subject == early.subject and shown.summary.endswith(", and 2 more like it")
    worst = replace(late, severity="critical")
    assert [f.subject for f in inhibit([early, worst, unknown], TRAITS)] == [worst.subject]


def test_what_is_explained_twice_over_is_held_by_the_head_of_all() -> None:
    crash, nan, diverged, spike = (
        _of_run(rule) for rule in ("run-crashed", "metric-nonfinite", "run-diverged", "loss-spike")
    )
    (shown,) = inhibit([spike, diverged, nan, crash], TRAITS)
    assert shown.rule == "run-crashed" and {f.fingerprint for f in (nan, diverged, spike)} == set(shown.also)


def test_an_unreadable_place_stands_for_what_lies_at_or_below_it() -> None:
    gone = Finding("source-unreadable", "warning", "exp", "", "s", "t", "a", root="/r", context="host")
    below = [_of_run("run-crashed", run) for run in ("exp", "exp/a", "exp/a/b")]
    beside = [_of_run("run-crashed", run) for run in ("expert", "a/exp", "b")]
    host = Finding("disk-low", "warning", "exp", "/", "s", "t", "a", root="/r", context="host")
    elsewhere = replace(below[0], root="/s", run=RunKey("/s", "exp"))
    kept = inhibit([gone, *below, *beside, host, elsewhere], TRAITS)
    assert [f.key for f in kept] == [f.key for f in (gone, *beside, host, elsewhere)]
    (all_of_it, *_) = inhibit([replace(gone, scope="."), *below, *beside], TRAITS)
    assert len(all_of_it.also) == 6


def test_many_fold_into_one_that_is_as_bad_as_the_worst() -> None:
    many = [
        _data(
            "data-drifted",
            f"c{n}",
            "critical" if n == 2 else "warning",
            since=since,
            confirmed=n == 3,
            also=(f"x{n}",),
        )
        for n, since in enumerate((None, 40.0, 30.0, 50.0))
    ]
    assert fold(many[:3], {"data-drifted": "columns of {scope} drifted"}) == many[:3]
    assert fold(many, {"data-drifted": ""}) == many
    (one,) = fold(many, {"data-drifted": "columns of {scope} drifted"})
    assert (one.severity, one.since, one.confirmed, one.subject) == ("critical", 30.0, True, "")
    assert one.summary == "4 findings: columns of orders drifted: c0, c1, c2 and 1 more"
    assert one.evidence == {"count": 4, "members": ["s"] * 4}
    assert set(one.also) == {f.fingerprint for f in many} | {"x0", "x1", "x2", "x3"}
    (timeless,) = fold([replace(f, since=None, confirmed=False) for f in many], {"data-drifted": "x"})
    assert (timeless.since, timeless.confirmed, timeless.lasting) == (None, False, False)
    for n in range(5):
        (one,) = fold([replace(f, lasting=m < n) for m, f in enumerate(many)], {"data-drifted": "x"})
        assert one.lasting == (n == 4)


def test_a_drifted_column_speaks_for_the_faults_that_it_already_tells() -> None:
    drift = _data("data-drifted", "age", "critical")
    missing, other = (
        _data("data-quality", "age missing-values", "critical"),
        _data("data-quality", "id keys", "warning"),
    )
    kept = inhibit([drift, missing, other], TRAITS)
    assert [(f.rule, f.subject) for f in kept] == [("data-drifted", "age"), ("data-quality", "id keys")]
    worse = _data("data-quality", "age missing-values", "critical")
    assert len(inhibit([_data("data-drifted", "age", "warning"), worse], TRAITS)) == 2


def _data(rule: str, subject: str, severity: str, **more: object) -> Finding:
    return Finding(rule, severity, "orders", subject, "s", "t", "a", root="/r", context="data", **more)  # type: ignore[arg-type]
