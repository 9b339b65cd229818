"""Metric values compared: one a side, seeds on one side, or seeds on both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.comparison import (
    WITHIN_RUN,
    CompareOptions,
    MetricComparison,
    MetricVerdict,
    SampleKey,
    Samples,
)
from runwatch.domain.directions import direction_of, judged
from runwatch.domain.run import Direction
from runwatch.judge.metrics.adjust import holm_of_guards
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.metrics.tolerance import SINGLE, margin_in
from runwatch.judge.metrics.verdict import judge
from runwatch.judge.runs.primary import choose_primary
from runwatch.judge.runs.samples import SampleValues, paired
from runwatch.judge.runs.seeds import FEWEST, against_seeds, matched, welch

ONE_RUN = "one run per side: the noise between seeds is unknown"
TWO_SEEDS = "two seeds against one run: too few to know the noise between seeds"
SAME_SEEDS = "the seeds' values, or their differences, are all the same: the noise between seeds is unknown"
TWO_NUMBERS = "two bare numbers: the noise between seeds is unknown"
_SHARES = re.compile(
    r"(^|[\W_\d])(acc|accuracy|precision|recall|f1|fbeta|auc|auroc|aucpr|roc|map|iou|dice|jaccard|sensitivity"
    r"|specificity|exact_match|hit_rate|error_rate|top_?\d+|wer|cer|bleu|rouge\w*)([\W_\d]|$)"
)
_PERCENT = (20.0, 500.0)
Noise = Callable[[], tuple[float | None, float | None]]


class MetricReading(msgspec.Struct, frozen=True):
    """One side's values of a metric."""

    values: tuple[float, ...]
    """One a run."""
    at: int | None = None
    """The step they were taken at."""
    seeds: tuple[str, ...] = ()
    """Of the runs in the same order, where known."""
    dropped: int = 0
    """Runs without a finite value, left out."""


class MetricReadings(msgspec.Struct, frozen=True):
    """One metric on both sides."""

    name: str
    baseline: MetricReading
    candidate: MetricReading
    stated: Direction = None
    """Its direction by the file's word."""
    noise: Noise | None = None
    """Asks the curves for (baseline's, candidate's) noise within the run; only called where it can change the
    verdict."""
    samples: SampleValues | None = None
    """Of an evaluation, what both sides say of each sample."""


def with_samples(
    readings: Sequence[MetricReadings], baseline: Samples, candidate: Samples
) -> list[MetricReadings]:
    """The readings, those with the samples of both sides whose mean the metric is."""
    return [
        replace(one, samples=_shared(one, baseline.get(one.name, {}), candidate.get(one.name, {})))
        for one in readings
    ]


def _shared(
    reading: MetricReadings, baseline: Mapping[SampleKey, float], candidate: Mapping[SampleKey, float]
) -> SampleValues | None:
    keys = [key for key in baseline if key in candidate]
    for side, values in ((reading.baseline, baseline), (reading.candidate, candidate)):
        mean = math.fsum(values.values()) / len(values) if values else math.nan
        if not keys or len(side.values) != 1 or not math.isclose(mean, side.values[0], rel_tol=1e-6):
            return None
    first, second = (np.array([side[key] for key in keys]) for side in (baseline, candidate))
    return SampleValues(first, second, len(keys) == len(baseline) == len(candidate))


def compare_values(
    readings: Sequence[MetricReadings],
    options: CompareOptions,
    main: str | None = None,
    single: str = ONE_RUN,
    always_noise: bool = False,
) -> tuple[MetricComparison, ...]:
    """Every metric with its verdict, the primary one marked. ``main``: the main metric
    of the runs; ``single``: what is said where one value a side tells nothing of the noise;
    ``always_noise``: ask the curves for an interval also where it cannot change the verdict."""
    directions = {r.name: direction_of(r.name, r.stated, options.directions.get(r.name)) for r in readings}
    fit = {n: d for n, d in directions.items() if d is not None and _is_judged(n, options)}
    primary = choose_primary(fit, options.primary, main)
    made = [estimate for r in readings if r.name in fit and (estimate := _estimate(r)) is not None]
    estimates = {one.name: one for one in made if one.identical or not one.spreadless}
    adjusted = holm_of_guards(estimates.values(), primary)
    metrics: list[MetricComparison] = []
    for reading in readings:
        name = reading.name
        if name not in fit:
            one = _difference_only(reading, directions[name])
        elif message := _two_units(reading):
            one = _bare(reading, directions[name], "unknown", message)
        elif name in estimates:
            allowed = margin_in(name, directions[name], estimates[name].baseline, options, primary)
            cases = "seeds" if reading.samples is None else "samples"
            one = judge(estimates[name], directions[name], allowed, cases, adjusted.get(name))
            one = replace(one, p_adjusted=one.p_value) if name == primary else one
        else:
            one = _single(reading, directions[name], options, primary, single, always_noise)
        metrics.append(
            replace(one, primary=name == primary, at=reading.candidate.at, note=_note(one, reading))
        )
    return tuple(metrics)


def _is_judged(name: str, options: CompareOptions) -> bool:
    return judged(name) or name in options.directions or name in options.tolerances or name == options.primary


def _estimate(reading: MetricReadings) -> Estimate | None:
    """What samples or seeds allow: None with one run a side, or too few seeds on the only side that has
    some."""
    if reading.samples is not None:
        return paired(reading.name, reading.samples)
    a, b = reading.baseline, reading.candidate
    k_a, k_b = len(a.values), len(b.values)
    if k_a >= 2 and k_b >= 2:
        if a.seeds and sorted(a.seeds) == sorted(b.seeds) and len(set(a.seeds)) == k_a:
            by_seed = dict(zip(b.seeds, b.values, strict=True))
            return matched(reading.name, a.values, [by_seed[seed] for seed in a.seeds])
        return welch(reading.name, a.values, b.values)
    if k_a >= FEWEST and k_b == 1:
        return against_seeds(reading.name, a.values, b.values[0])
    if k_b >= FEWEST and k_a == 1:
        turned = against_seeds(reading.name, b.values, a.values[0])
        ci = None if turned.ci is None else (-turned.ci[1], -turned.ci[0])
        return replace(turned, baseline=turned.candidate, candidate=turned.baseline, ci=ci)
    return None


def _difference_only(reading: MetricReadings, direction: Direction) -> MetricComparison:
    reason = (
        "no direction known" if direction is None else "effort, not quality: not judged unless configured"
    )
    return _bare(reading, direction, "unknown", f"{reason}; the difference only")


def _bare(
    reading: MetricReadings, direction: Direction, verdict: MetricVerdict, reason: str
) -> MetricComparison:
    a, b = _mean(reading.baseline.values), _mean(reading.candidate.values)
    delta = b - a if a is not None and b is not None else None
    return MetricComparison(
        reading.name,
        direction=direction,
        baseline=a,
        candidate=b,
        delta=delta,
        verdict=verdict,
        reason=reason,
    )


def _two_units(reading: MetricReadings) -> str:
    """Why two values of a metric that is a share are not compared: one is a fraction, the other a percentage.
    Empty where both are of one unit."""
    a, b = _mean(reading.baseline.values), _mean(reading.candidate.values)
    if a is None or b is None or not _SHARES.search(reading.name.lower()):
        return ""
    low, high = sorted((abs(a), abs(b)))
    if not (0 < low <= 1 < high <= 100 and _PERCENT[0] <= high / low <= _PERCENT[1]):
        return ""
    return f"{a:g} and {b:g} are in two units, a fraction and a percentage: not compared"


def _mean(values: tuple[float, ...]) -> float | None:
    return sum(values) / len(values) if values else None


def _single(
    reading: MetricReadings,
    direction: Direction,
    options: CompareOptions,
    primary: str | None,
    single: str,
    always_noise: bool,
) -> MetricComparison:
    """One value a side, or seeds that tell no noise: better or worse only past five margins, and past the
    noise within the curves where they are known."""
    bare = _bare(reading, direction, "unknown", "")
    if bare.delta is None or not math.isfinite(bare.delta) or bare.baseline is None:
        return replace(bare, reason=_not_finite(bare))
    sizes = len(reading.baseline.values), len(reading.candidate.values)
    if max(sizes) > 1:
        single = TWO_SEEDS if sorted(sizes) == [1, 2] else SAME_SEEDS
    allowed = margin_in(reading.name, direction, bare.baseline, options, primary)
    past = abs(bare.delta) > SINGLE * allowed
    noise = reading.noise() if reading.noise is not None and (past or always_noise) else (None, None)
    half = None if noise[0] is None or noise[1] is None else 1.96 * math.hypot(noise[0], noise[1])
    ci = None if half is None else (bare.delta - half, bare.delta + half)
    method = None if half is None else WITHIN_RUN
    verdict, reason = _single_verdict(bare.delta, direction, past, half, single)
    return replace(bare, verdict=verdict, reason=reason, tolerance=allowed, ci=ci, method=method)


def _single_verdict(
    delta: float, direction: Direction, past: bool, half: float | None, single: str
) -> tuple[MetricVerdict, str]:
    if not past:
        return "inconclusive", single
    if half is not None and abs(delta) <= half:
        return "inconclusive", f"within the noise of the curves; {single}"
    better = (delta > 0) == (direction == "max")
    return "better" if better else "worse", f"past five times the tolerance; {single}"


def _not_finite(bare: MetricComparison) -> str:
    for who, value in (("candidate", bare.candidate), ("baseline", bare.baseline)):
        if value is not None and not math.isfinite(value):
            return f"{who} is {'nan' if math.isnan(value) else 'infinite'}"
        if value is None:
            return f"{who} has no value at that step"
    return "the difference is not finite"


def _note(one: MetricComparison, reading: MetricReadings) -> str:
    parts = [one.note] if one.note else []
    if one.method == WITHIN_RUN:
        parts.append("interval: noise within the run, not between seeds")
    for who, side in (("baseline", reading.baseline), ("candidate", reading.candidate)):
        if side.dropped:
            parts.append(f"{side.dropped} {who} run(s) without a finite value left out")
    a, b = reading.baseline.at, reading.candidate.at
    if a is not None and b is not None and a != b:
        parts.append(f"baseline at step {a:,}")
    return "; ".join(parts)
