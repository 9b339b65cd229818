"""What is found in data sets and in what a model makes of them."""

from __future__ import annotations

from msgspec.structs import replace
from situations import NOW, brief, column, data, found, report, situation

from runwatch.domain.drift import (
    ColumnDrift,
    ColumnTrend,
    DataSet,
    Multivariate,
    PerformanceEstimate,
    QualityCheck,
)
from runwatch.domain.finding import Finding, fingerprint


def test_a_drifted_column_is_confirmed_by_two_batches_or_a_great_effect() -> None:
    once = data(trends=(ColumnTrend("income", ("stable", "stable", "drifted"), (0, 0, 0.15)),))
    twice = data(trends=(ColumnTrend("income", ("stable", "warning", "drifted"), (0, 0.05, 0.15)),))

    def only(one: DataSet, *columns: ColumnDrift) -> Finding:
        (finding,) = found(situation(data=(replace(one, latest=report(*columns)),)))
        return finding

    first = only(once, column())
    assert (first.rule, first.severity, first.confirmed, first.since) == (
        "data-drifted", "critical", False, NOW - 1000,
    )  # fmt: skip
    assert only(twice, column()).confirmed and only(twice, column()).since == NOW - 2000
    ever = (ColumnTrend("income", ("drifted",) * 9, (0.15,) * 9),)
    assert only(replace(twice, trends=ever), column()).since == NOW - 3000, "the oldest batch that is known"
    over = (ColumnTrend("income", ("drifted", "stable", "stable"), (0.15, 0, 0)),)
    assert not only(replace(twice, trends=over), column()).confirmed
    young = (ColumnTrend("income", ("drifted",), (0.15,)),)
    assert not only(replace(twice, trends=young), column()).confirmed
    assert not only(replace(twice, trends=()), column(effect=None)).confirmed
    assert only(once, column()).summary == "income: median up (effect 0.15)"
    assert only(once, column(effect=None)).summary == "income: median up"
    wordless = replace(column(), sentence="", reason="few rows")
    assert only(once, wordless).summary == "income: few rows (effect 0.15)"
    assert only(once, column(effect=0.3)).confirmed
    assert only(once, column(verdict="warning")).severity == "warning"
    assert "0.15" not in first.title and first.project == "orders" and first.context == "data"


def test_stable_unknown_and_key_columns_do_not_drift_and_predictions_have_their_own_rule() -> None:
    roles = ("feature", "segment", "target")
    moved = report(*(column(role, role=role) for role in roles))
    assert [f.subject for f in found(situation(data=(data(latest=moved),)))] == sorted(
        roles, key=lambda role: fingerprint("data-drifted", "orders", role)
    )
    columns = (
        column("a", "stable"), column("b", "unknown"), column("id", role="key"),
        column("score", role="prediction"),
    )  # fmt: skip
    assert brief(situation(data=(data(latest=report(*columns)),))) == [
        ("prediction-drifted", "critical", "orders", "score")
    ]


def test_more_than_three_drifted_columns_fold_into_one() -> None:
    three = [column(f"c{i}") for i in range(3)]
    assert len(found(situation(data=(data(latest=report(*three)),)))) == 3
    many = [*three, column("x", "warning"), column("y", effect=0.4)]
    (finding,) = found(situation(data=(data(latest=report(*many)),)))
    assert (finding.subject, finding.severity, finding.confirmed) == ("", "critical", True)
    assert len(finding.also) == 5 and finding.title == "Columns of orders drifted"
    assert "c0, c1, c2 and 2 more" in finding.summary


def test_columns_that_moved_only_together() -> None:
    features = tuple((name, 0.1) for name in "abcd")
    together = Multivariate("forest", 0.7, 0.001, 500, 500, "drifted", features)
    still = report(column("a", "stable"), multivariate=together)
    assert brief(situation(data=(data(latest=still),))) == [
        ("data-drifted", "critical", "orders", "all columns together")
    ]
    (finding,) = found(situation(data=(data(latest=still),)))
    assert finding.summary.endswith("with AUC 0.700 (4 columns named: a, b, c)")
    for verdict in ("stable", "unknown"):
        assert (
            found(situation(data=(data(latest=report(multivariate=replace(together, verdict=verdict))),)))
            == []
        )
    (once,) = found(situation(data=(data(batches=data().batches[:1], latest=still),)))
    (twice,) = found(situation(data=(data(batches=data().batches[:2], latest=still),)))
    assert (once.confirmed, twice.confirmed) == (False, True)
    moved = report(column("a"), multivariate=together)
    assert [f[3] for f in brief(situation(data=(data(latest=moved),)))] == ["a"]


def test_quality_staleness_and_estimated_performance() -> None:
    fault = QualityCheck("missing-values", "warning", "age", "12% missing", "Look at the join.")
    estimate = PerformanceEstimate("b2", "roc_auc", 0.8, None, 0.01, 0.85, 0.95, alert=True)
    assert brief(situation(data=(data(quality=(fault,)),))) == [
        ("data-quality", "warning", "orders", "age missing-values")
    ]
    late = situation(data=(data(late_by=3600.0, expected_every=7200.0),))
    assert brief(late) == [("data-stale", "warning", "orders", "")]
    assert found(late)[0].summary == "the next batch is 1 h late; expected every 2 h"
    (unsteady,) = found(situation(data=(data(late_by=3600.0),)))
    assert unsteady.summary == "the next batch is 1 h late"
    (agreed,) = found(situation(data=(data(late_by=3600.0, fresh_within=7200.0),)))
    assert (agreed.severity, agreed.summary) == ("critical", "the newest batch is 3 h old, 2 h allowed")
    (once,) = found(situation(data=(data(estimated=(estimate,)),)))
    assert (once.rule, once.severity, once.confirmed) == ("performance-estimated-drop", "warning", False)
    (twice,) = found(situation(data=(data(estimated=(estimate, estimate)),)))
    assert twice.confirmed
    assert "An estimate from the scores alone" in once.advice and "drifted" not in once.advice
    labelled = replace(estimate, realised=0.7, by_labels=True, usual_low=0.86, usual_high=0.94)
    (real,) = found(situation(data=(data(estimated=(labelled,)),)))
    assert real.confirmed and real.severity == "critical" and "The labels say so" in real.advice
    assert real.summary == "roc_auc is 0.7000 on b2; 0.8600 to 0.9400 is usual"
    assert found(situation(data=(data(estimated=(replace(estimate, alert=False), estimate)),))) == [once]
    assert found(situation(data=(data(estimated=(estimate, replace(estimate, alert=False))),))) == []
    part = replace(estimate, realised=0.8)
    moved = report(column("a", "drifted"), column("b", "warning"))
    looks = [found(situation(data=(data(estimated=(e,), latest=moved),))) for e in (part, labelled)]
    both = [f.advice for look in looks for f in look if f.rule == once.rule]
    assert "labels for more rows" in both[0] and "meanwhile look at the drifted columns (a)." in both[0]
    assert "labels for some rows" in once.advice and "Look at the drifted columns (a);" in both[1]
    assert "no column drifted" in real.advice
    rose = replace(labelled, alert=False, better=True)
    assert found(situation(data=(data(estimated=(rose,)),))) == []


def test_a_change_of_the_error_rate_is_told_of_a_batch_that_is_known() -> None:
    for fell, severity, way in ((False, "warning", "rose"), (True, "info", "fell")):
        (finding,) = found(situation(data=(data(errors_changed="b1.csv", errors_fell=fell),)))
        assert finding.severity == severity and finding.title == f"The error rate on orders {way}"
        assert ("Good news" in finding.advice) == fell and "b1.csv" in finding.summary
    for unknown in (None, "gone"):
        assert found(situation(data=(data(errors_changed=unknown),))) == []
