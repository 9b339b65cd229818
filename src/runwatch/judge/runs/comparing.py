"""A run, or a group of seeds, against a baseline run or group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison, Samples
from runwatch.domain.directions import core_words, direction_of, is_placeholder
from runwatch.domain.hyperparameters import seed_of
from runwatch.domain.points import FloatArray, Points
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.judge.metrics.tolerance import margin
from runwatch.judge.metrics.verdict import judge
from runwatch.judge.runs.hyperparameters import differences
from runwatch.judge.runs.primary import match
from runwatch.judge.runs.seeds import over_tasks, probability_of_improvement
from runwatch.judge.runs.values import ONE_RUN, MetricReading, MetricReadings, compare_values, with_samples
from runwatch.text.safe import run_name, safe

Series = Callable[[RunKey, str], Points]
Noise = Callable[[RunKey, str], float | None]
SamplesOf = Callable[[Run], Samples]
Group = tuple[Run, ...]
Spelled = tuple[tuple[Run, str], ...]
_CUT_SHORT = ("running", "stalled", "crashed")


def compare_runs(
    candidate: Run | Group,
    baseline: Run | Group,
    series: Series,
    options: CompareOptions,
    detail: bool = False,
    samples: SamplesOf | None = None,
    noise: Noise | None = None,
) -> Comparison:
    """Candidate against baseline, metric by metric (same tag on both sides; placeholders and hidden tags left
    out): the last value, or the best; at the greatest common step
    while either side runs or where one was cut short. Spellings of one metric are one.

    ``series`` is asked only for what the summaries do not tell; with ``detail`` also for the noise within
    each curve, unless ``noise`` tells what ``noise_of`` said of it before. Several runs on a side are its
    seeds. ``samples`` tells, of one run a side, the values of each sample of an evaluation."""
    runs_a, runs_b = _group(baseline), _group(candidate)
    names = ids_of(runs_b), ids_of(runs_a)
    if {run.key for run in runs_b} <= {run.key for run in runs_a}:
        return Comparison(*names, "equivalent", "this is the baseline itself, or one of its runs", ())
    noise = noise or (lambda key, tag: noise_of(series(key, tag).values))
    readings = _readings(runs_a, runs_b, series, options, noise)
    if samples is not None and len(runs_a) == len(runs_b) == 1:
        readings = with_samples(readings, samples(runs_a[0]), samples(runs_b[0]))
    changed = differences(runs_a, runs_b)
    if not readings:
        return Comparison(*names, "unknown", "no metric is on both sides", (), hparams=changed)
    metrics = compare_values(readings, options, runs_b[0].main or runs_a[0].main, always_noise=detail)
    if len(runs_a) > 1 and len(runs_b) > 1:
        metrics += _aggregates(readings, options)
    return overall(names, metrics, options, changed)


def overall(
    names: tuple[str, str],
    metrics: tuple[MetricComparison, ...],
    options: CompareOptions,
    hparams: tuple[tuple[str, object, object], ...] = (),
    unit: str = "run",
    notes: tuple[str, ...] = (),
) -> Comparison:
    """The comparison of (candidate, baseline): its verdict is the primary metric's."""
    primary = next((metric for metric in metrics if metric.primary), None)
    if primary is not None:
        verdict, reason = primary.verdict, primary.reason
    elif options.primary is not None:
        verdict, reason = "unknown", f"the primary metric {safe(options.primary)} is not on both sides"
    else:
        verdict, reason = "unknown", "no metric with a known direction is on both sides"
    return Comparison(*names, verdict, reason, metrics, unit=unit, notes=notes, hparams=hparams)


def group_name(called: Sequence[str]) -> str:
    """What a run is called, or what those of a group have in common: "runs/seed-* (5 runs)"."""
    if len(called) == 1:
        return called[0]
    first = called[0]
    lengths = range(len(first), 0, -1)
    stem = next((first[:n] for n in lengths if all(one.startswith(first[:n]) for one in called)), "")
    return f"{stem}* ({len(called)} runs)"


def ids_of(runs: Group) -> str:
    """A run's id, or what the ids of a group have in common."""
    return group_name([run_name(run.id) for run in runs])


def _group(side: Run | Group) -> Group:
    return (side,) if isinstance(side, Run) else side


def shown_tags(run: Run) -> list[str]:
    """The tags of a run that people compare: no placeholders, none that is hidden."""
    return [tag for tag, metric in run.metrics.items() if not metric.hidden and not is_placeholder(tag)]


def _readings(
    baseline: Group, candidate: Group, series: Series, options: CompareOptions, noise: Noise
) -> list[MetricReadings]:
    readings = []
    others = [shown_tags(run) for run in baseline]
    spellings = [shown_tags(run) for run in candidate]
    cut_short = any(run.status in _CUT_SHORT for run in (*baseline, *candidate))
    groups = len(baseline) > 1 and len(candidate) > 1
    seeds = {run.key: seed_of(run) for run in (*baseline, *candidate)} if groups else {}
    for tag in shown_tags(candidate[0]):
        sides = _spelled(baseline, others, tag), _spelled(candidate, spellings, tag)
        if not sides[0]:
            continue
        step = min(run.metrics[own].last_step for runs in sides for run, own in runs)
        limit = step if cut_short else None
        first = _reading(sides[0], len(baseline), limit, series, options, seeds)
        second = _reading(sides[1], len(candidate), limit, series, options, seeds)
        run, own = sides[0][0]
        stated = candidate[0].metrics[tag].direction or run.metrics[own].direction
        ask = _noise(sides, noise) if len(sides[0]) == len(sides[1]) == 1 else None
        readings.append(MetricReadings(tag, baseline=first, candidate=second, stated=stated, noise=ask))
    return readings


def _spelled(runs: Group, tags: Sequence[Sequence[str]], tag: str) -> Spelled:
    """The runs that have the metric ``tag``, each with its own spelling of it."""
    spelled = ((run, match(tag, own)) for run, own in zip(runs, tags, strict=True))
    return tuple((run, own) for run, own in spelled if own is not None)


def _reading(
    runs: Spelled,
    size: int,
    limit: int | None,
    series: Series,
    options: CompareOptions,
    seeds: Mapping[RunKey, str | None],
) -> MetricReading:
    taken = [(run, value_of(run, own, limit, series, options)) for run, own in runs]
    known = [(run, *pair) for run, pair in taken if pair is not None]
    finite = [entry for entry in known if math.isfinite(entry[1])] if len(runs) > 1 else known
    named = [seeds.get(run.key) for run, _, _ in finite]
    return MetricReading(
        tuple(value for _, value, _ in finite),
        finite[0][2] if len({step for _, _, step in finite}) == 1 else None,
        tuple(seed for seed in named if seed is not None) if None not in named else (),
        size - len(finite) if size > 1 else 0,
    )


def value_of(
    run: Run, tag: str, limit: int | None, series: Series, options: CompareOptions
) -> tuple[float, int] | None:
    """(value, step) of a run's tag that counts: the last or the best one, not past step ``limit``. None: the
    run has none there."""
    metric = run.metrics.get(tag)
    if metric is None:
        return None
    direction = direction_of(tag, metric.direction, options.directions.get(tag))
    best = options.at == "best" and direction is not None
    if limit is None or metric.last_step <= limit:
        if best:
            return _best_of(metric, direction, run.key, series)
        return metric.last, metric.last_step
    points = series(run.key, tag)
    if not best:
        return value_at(points, limit)
    return _best(points.where(points.steps <= limit), direction == "max")


def _best_of(metric: Metric, direction: str | None, key: RunKey, series: Series) -> tuple[float, int] | None:
    if metric.best is not None and metric.best_step is not None and metric.direction == direction:
        return metric.best, metric.best_step
    return _best(series(key, metric.tag), direction == "max")


def _best(points: Points, highest: bool) -> tuple[float, int] | None:
    finite = points.where(np.isfinite(points.values))
    if not len(finite):
        return None
    place = int(finite.values.argmax() if highest else finite.values.argmin())
    return float(finite.values[place]), int(finite.steps[place])


def _noise(sides: tuple[Spelled, Spelled], noise: Noise) -> Callable[[], tuple[float | None, float | None]]:
    def ask() -> tuple[float | None, float | None]:
        first, second = (noise(run.key, own) for ((run, own),) in sides)
        return first, second

    return ask


def _aggregates(readings: Sequence[MetricReadings], options: CompareOptions) -> tuple[MetricComparison, ...]:
    """Several tasks x seeds: one line for each metric that is recorded for two tasks or more (tags that end
    in the same words), by interquartile means."""
    families: dict[str, list[MetricReadings]] = {}
    for reading in readings:
        words = core_words(reading.name)
        if len(words) > 1 and direction_of(
            reading.name, reading.stated, options.directions.get(reading.name)
        ):
            families.setdefault(words[-1], []).append(reading)
    metrics = (_over_tasks(name, family, options) for name, family in families.items() if len(family) > 1)
    return tuple(one for one in metrics if one is not None)


def _over_tasks(
    name: str, family: Sequence[MetricReadings], options: CompareOptions
) -> MetricComparison | None:
    directions = {direction_of(r.name, r.stated, options.directions.get(r.name)) for r in family}
    shapes = {(len(r.baseline.values), len(r.candidate.values)) for r in family}
    if len(directions) != 1 or len(shapes) != 1:
        return None
    (direction,) = directions
    sign = 1.0 if direction == "max" else -1.0
    tables = [
        sign * np.array([side.values for side in sides]).T
        for sides in ([r.baseline for r in family], [r.candidate for r in family])
    ]
    estimate = over_tasks(f"{name} (interquartile mean of {len(family)} tasks)", tables[0], tables[1])
    if sign < 0 and estimate.ci is not None:
        ci = (-estimate.ci[1], -estimate.ci[0])
        estimate = replace(estimate, baseline=-estimate.baseline, candidate=-estimate.candidate, ci=ci)
    allowed = margin(name, direction, estimate.baseline, options.tolerances)
    wins = probability_of_improvement(tables[0], tables[1])
    chance = f"a candidate run beats a baseline run with probability {wins:.2f}"
    return replace(judge(estimate, direction, allowed, "seeds"), note=chance)


def compare_numbers(
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    names: tuple[str, str],
    options: CompareOptions,
    single: str,
) -> Comparison:
    """Two flat tables of metric values. ``names``: (candidate, baseline) as shown; ``single``: what is said
    of the noise that is not known."""
    lists = {name: [value] for name, value in baseline.items()}
    return compare_number_with_seeds(candidate, lists, names, options, single)


def compare_number_with_seeds(
    candidate: Mapping[str, float],
    baseline: Mapping[str, Sequence[float]],
    names: tuple[str, str],
    options: CompareOptions,
    single: str = ONE_RUN,
) -> Comparison:
    """A flat table of metric values against one value a seed of the baseline."""
    others = list(baseline)
    readings = []
    for name, value in candidate.items():
        other = None if is_placeholder(name) else match(name, others)
        if other is not None:
            readings.append(
                MetricReadings(name, MetricReading(tuple(baseline[other])), MetricReading((value,)))
            )
    if not readings:
        return Comparison(*names, "unknown", "no metric is on both sides", ())
    return overall(names, compare_values(readings, options, single=single), options, unit="number")


_FEWEST = 5
_LAST = 500


def noise_of(values: FloatArray) -> float | None:
    """1.4826 MAD of the first differences over sqrt 2, of the last 500 values at most; None below 5."""
    known = values[-_LAST:]
    known = known[np.isfinite(known)]
    if len(known) < _FEWEST:
        return None
    steps = np.diff(known)
    centred = np.abs(steps - np.median(steps))
    return float(1.4826 * np.median(centred) / np.sqrt(2))


def value_at(points: Points, step: int) -> tuple[float, int] | None:
    """(value, step) of the last point that is not past ``step``; ``points`` in step order."""
    place = int(np.searchsorted(points.steps, step, side="right")) - 1
    return None if place < 0 else (float(points.values[place]), int(points.steps[place]))
