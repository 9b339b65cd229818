"""A metric that is worse than the baseline's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from runwatch.domain.comparison import Comparison, MetricComparison
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.comparing import Subject, model_finding, subjects
from runwatch.rules.engine.findings import is_open
from runwatch.text.safe import safe
from runwatch.text.units import number, signed

NAME = "metric-regressed"
DESCRIPTION = "A metric is worse than the baseline's by more than the tolerance, and not by chance."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, "metrics of {scope} are worse than the baseline's"
SUBJECTS = ("data", "models")
WORDS = ("regressed", "regressed")
PLAIN = "{name} is worse than the model in use."
TOPIC = "regression"
_LEVEL = 0.05
ONE_OF_A_KIND = True
EXPLAINS = frozenset({"slice-regressed"})


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical for the primary metric, a warning for a guard; at most a warning where the noise between
    seeds is not known; info where the baseline was only assumed, where "worse, size uncertain", and where
    one of the many looks at a run that still trains may have found it by chance."""
    for subject in subjects(situation):
        for metric in subject.comparison.metrics:
            yield from _of_metric(situation, subject, metric)


def _of_metric(situation: Situation, subject: Subject, metric: MetricComparison) -> Iterator[Finding]:
    severity = _severity(subject, metric)
    finding = model_finding(
        subject,
        NAME,
        severity,
        _summary(subject, metric),
        f"{safe(metric.name)} of {safe(subject.called)} regressed against {safe(subject.baseline_called)}",
        _advice(subject.comparison, metric),
        subject_name=metric.name,
        evidence=_evidence(metric),
    )
    if not is_open(situation, finding) and _by_chance_of_many_looks(subject, metric):
        finding = replace(finding, severity="info")
    if (
        metric.verdict == "worse"
        or _surely_worse(metric)
        or (is_open(situation, finding) and _lingers(metric))
    ):
        yield finding


def _severity(subject: Subject, metric: MetricComparison) -> Severity:
    if subject.assumed or (metric.verdict != "worse" and not _lingers(metric)):
        return "info"
    return "critical" if metric.primary and metric.noise_known else "warning"


def _by_chance_of_many_looks(subject: Subject, metric: MetricComparison) -> bool:
    """Whether a run that still trains, and so is judged again at every point, may be worse now by chance: its
    p-value counts once for each point so far (Bonferroni). The look at its end is taken as it is."""
    run = subject.run
    if run is None or run.status != "running" or metric.p_adjusted is None:
        return False
    tag = run.metrics.get(metric.name)
    return metric.p_adjusted * (tag.count if tag else 1) > _LEVEL


def _loss(metric: MetricComparison) -> float | None:
    """How much worse, above 0; None where that cannot be said."""
    if metric.delta is None or metric.direction is None:
        return None
    return metric.delta if metric.direction == "min" else -metric.delta


def _lingers(metric: MetricComparison) -> bool:
    """Whether an open finding holds on: still worse by half of the tolerance."""
    loss = _loss(metric)
    return loss is not None and metric.tolerance is not None and loss > metric.tolerance / 2


def _surely_worse(metric: MetricComparison) -> bool:
    """Inconclusive for its size alone: the whole interval is on the worse side."""
    if metric.verdict != "inconclusive" or metric.ci is None or metric.direction is None:
        return False
    return metric.ci[0] > 0 if metric.direction == "min" else metric.ci[1] < 0


def _summary(subject: Subject, metric: MetricComparison) -> str:
    """Who, than what, in what, by how much; then the figures."""
    interval = ""
    if metric.ci is not None:
        interval = f", 95% interval {signed(metric.ci[0])} to {signed(metric.ci[1])}"
    at = f" at step {metric.at}" if metric.at is not None else ""
    names = [safe(name).rpartition("/")[2] for name in (subject.called, subject.baseline_called)]
    return (
        f"{names[0]} worse than {names[1]}, {safe(metric.name)} {signed(metric.delta)} "
        f"({number(metric.candidate)} against {number(metric.baseline)}{at}{interval})"
    )


def _evidence(metric: MetricComparison) -> dict[str, object]:
    return {
        "baseline": metric.baseline,
        "candidate": metric.candidate,
        "delta": metric.delta,
        "ci": metric.ci,
        "p_value": metric.p_value,
        "p_adjusted": metric.p_adjusted,
        "tolerance": metric.tolerance,
        "primary": metric.primary,
        "reason": metric.reason,
    }


def _advice(comparison: Comparison, metric: MetricComparison) -> str:
    changed = [safe(name) for name, _, _ in comparison.hparams[:3]]
    if not metric.noise_known:
        return "Run two or three more seeds of both before you decide: the spread between seeds is unknown."
    if changed:
        return (
            f"Look first at what differs from the baseline: {', '.join(changed)}; then at the worst slices."
        )
    return (
        "Check the slices that add most to the loss, and whether the data changed; keep the baseline for now."
    )
