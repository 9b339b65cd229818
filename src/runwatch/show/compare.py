"""A comparison for the command line: JSON, text, Markdown, CSV, LaTeX."""

from __future__ import annotations

from runwatch.domain.comparison import Calibration, Comparison, MetricComparison, SliceComparison
from runwatch.judge.metrics.severity import severity_of
from runwatch.judge.runs.hyperparameters import as_text
from runwatch.show.ci import CiCase, CiReport, CiTable, Level
from runwatch.show.costs import cheapest, cost_of, cost_words
from runwatch.show.tabular import exact, render
from runwatch.text import units
from runwatch.text.jsonable import SCHEMA, fields, hparams, text
from runwatch.text.safe import run_name, safe
from runwatch.text.signs import METRIC_SIGNS, METRIC_WORDS

_SLICES_SHOWN = 10
_HPARAMS_SHOWN = 20


_METRIC_FIELDS = """name direction baseline candidate delta ci confidence p_value method n tolerance test
    p_adjusted reason verdict primary at n_needed note"""
_SLICE_FIELDS = """slice n metric baseline candidate delta ci p_adjusted verdict contribution also reason"""


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """``compare --json``."""
    best, confusion = cheapest(comparison), comparison.confusion
    return {
        "schema": SCHEMA,
        "candidate": run_name(comparison.candidate),
        "baseline": run_name(comparison.baseline),
        **fields(comparison, "verdict reason task unit notes"),
        "metrics": [fields(metric, _METRIC_FIELDS) for metric in comparison.metrics],
        "slices": [fields(part, _SLICE_FIELDS) for part in comparison.slices],
        "calibration": {who: _calibration_json(one) for who, one in comparison.calibration.items()},
        **fields(comparison, "operating_threshold"),
        "cheapest_threshold": None if best is None else best.threshold,
        **fields(comparison, "cost_unit"),
        "confusion": None if confusion is None else fields(confusion, "labels baseline candidate"),
        "hparams": [
            {"name": text(name), "baseline": hparams(a), "candidate": hparams(b)}
            for name, a, b in comparison.hparams
        ],
    }


def _calibration_json(one: Calibration) -> dict[str, object]:
    bins = [{**fields(bin, "n predicted observed"), "ci": [bin.low, bin.high]} for bin in one.bins]
    return {**fields(one, "ece ece_null miscalibrated"), "bins": bins}


_HEADERS = ("metric", "baseline", "candidate", "difference", "95% interval", "verdict", "why")
_SLICES = "Slices that regressed, by contribution to the mean loss"
_SLICE_HEADERS = ("slice", "rows", "metric", "baseline", "candidate", "difference", "adds", "also")
_HPARAM_HEADERS = ("setting", "baseline", "candidate")
_LEGEND = (
    "* the primary metric: it decides. better, worse: the whole interval is past the tolerance; equivalent: "
    "within it; inconclusive: the data cannot tell."
)
_CSV_HEADERS = (
    "metric", "direction", "baseline", "candidate", "delta", "ci_low", "ci_high", "p_value", "p_adjusted",
    "method", "n", "tolerance", "at", "verdict", "reason",
)  # fmt: skip


def comparison_table(comparison: Comparison, form: str, width: int | None = None) -> str:
    """The metrics as one table in ``form`` (text, markdown, csv, latex). CSV has full precision."""
    if form == "csv":
        return render(_CSV_HEADERS, [_csv_row(metric) for metric in comparison.metrics], form)
    return render(_HEADERS, [_row(metric) for metric in comparison.metrics], form, width)


def _row(metric: MetricComparison) -> tuple[str, ...]:
    sign, word = METRIC_SIGNS[metric.verdict], METRIC_WORDS[metric.verdict]
    low_high = "–" if metric.ci is None else " to ".join(units.signed(end) for end in metric.ci)
    at = "" if metric.at is None else f" @{metric.at:,}"
    return (
        f"{metric.name}{'*' if metric.primary else ''}{at}",
        units.number(metric.baseline),
        units.number(metric.candidate),
        units.signed(metric.delta),
        low_high,
        f"{sign} {word}",
        "; ".join(part for part in (metric.reason, metric.note) if part),
    )


def _csv_row(metric: MetricComparison) -> tuple[str, ...]:
    low, high = metric.ci if metric.ci is not None else (None, None)
    values = (metric.baseline, metric.candidate, metric.delta, low, high, metric.p_value, metric.p_adjusted)
    return (
        metric.name,
        metric.direction or "",
        *(exact(value) for value in values),
        metric.method or "",
        "" if metric.n is None else str(metric.n),
        exact(metric.tolerance),
        "" if metric.at is None else str(metric.at),
        metric.verdict,
        metric.reason,
    )


def comparison_text(comparison: Comparison, width: int | None = None) -> str:
    """The whole comparison for people: verdict, metrics, slices that regressed, what differs, notes.
    ``width``: cells of the terminal, None where there is none."""
    sign, word = METRIC_SIGNS[comparison.verdict], METRIC_WORDS[comparison.verdict]
    parts = [
        f"{sign} {word}: {safe(comparison.candidate)} against {safe(comparison.baseline)}",
        f"  {safe(_why(comparison))}",
    ]
    if comparison.metrics:
        parts += ["", comparison_table(comparison, "text", width), "", "* the primary metric: it decides"]
    parts += (
        _slices_text(comparison, width)
        + _calibration_text(comparison)
        + _cost_text(comparison)
        + _hparams_text(comparison, width)
    )
    if comparison.notes:
        parts += ["", *(f"note: {safe(note)}" for note in comparison.notes)]
    return "\n".join(parts)


def comparison_report(comparison: Comparison) -> CiReport:
    """The comparison for a build server: verdict, names, metrics and the slices that regressed."""
    worse = [part for part in comparison.slices if part.verdict == "worse"]
    tables = (
        [CiTable("", _HEADERS, [_row(metric) for metric in comparison.metrics])] if comparison.metrics else []
    )
    if worse:
        tables.append(CiTable(_SLICES, _SLICE_HEADERS, [_slice_row(part) for part in worse[:_SLICES_SHOWN]]))
    if comparison.hparams:
        tables.append(CiTable("Settings that differ", _HPARAM_HEADERS, _hparam_rows(comparison)))
    cases = [
        CiCase(metric.name, _level(metric), metric.reason or metric.verdict, group="metrics")
        for metric in comparison.metrics
    ]
    cases += [
        CiCase(
            part.slice, "warning", f"{part.metric} {units.signed(part.delta)}: {part.reason}", group="slices"
        )
        for part in worse
    ]
    notes = [note.strip() for note in (*_calibration_text(comparison)[2:], *_cost_text(comparison)[1:])]
    if comparison.slices and not worse:
        notes.append(f"none of {len(comparison.slices)} slices regressed more than the rest")
    if len(worse) > _SLICES_SHOWN:
        notes.append(f"and {len(worse) - _SLICES_SHOWN} more slices")
    severity = severity_of(comparison)
    return CiReport(
        title="compare",
        level=severity,
        verdict=f"{METRIC_SIGNS[comparison.verdict]} {METRIC_WORDS[comparison.verdict]}: "
        f"{comparison.candidate} against {comparison.baseline}",
        reason=_why(comparison),
        cases=cases,
        tables=tables,
        notes=[*notes, *comparison.notes],
        legend=_LEGEND if comparison.metrics else "",
    )


def _level(metric: MetricComparison) -> Level:
    """A guard that is worse is a warning, the primary metric critical unless nothing is known of the
    noise."""
    if metric.verdict == "worse":
        return "critical" if metric.primary and metric.noise_known else "warning"
    return "unknown" if metric.verdict == "unknown" else "ok"


def _why(comparison: Comparison) -> str:
    return f"{comparison.primary.name}: {comparison.reason}" if comparison.primary else comparison.reason


def _slices_text(comparison: Comparison, width: int | None) -> list[str]:
    if not comparison.slices:
        return []
    worse = [part for part in comparison.slices if part.verdict == "worse"]
    if not worse:
        return ["", f"Slices: none of {len(comparison.slices)} regressed more than the rest."]
    rows = [_slice_row(part) for part in worse[:_SLICES_SHOWN]]
    more = [f"and {len(worse) - _SLICES_SHOWN} more"] if len(worse) > _SLICES_SHOWN else []
    return ["", f"{_SLICES}:", render(_SLICE_HEADERS, rows, "text", width), *more]


def _slice_row(part: SliceComparison) -> tuple[str, ...]:
    return (
        part.slice, f"{part.n:,}", part.metric, units.number(part.baseline), units.number(part.candidate),
        units.signed(part.delta), units.signed(part.contribution), "; ".join(part.also),
    )  # fmt: skip


def _calibration_text(comparison: Comparison) -> list[str]:
    lines = []
    for who, one in comparison.calibration.items():
        state = "miscalibrated" if one.miscalibrated else "no sign of miscalibration"
        null = units.number(one.ece_null, 3)
        lines.append(
            f"  {who}: ECE {units.number(one.ece, 3)} ({state}; a calibrated model stays under {null})"
        )
    return ["", "Calibration:", *lines] if lines else []


def _cost_text(comparison: Comparison) -> list[str]:
    cost = cost_of(comparison)
    if cost is None or cost.ci is None:
        return []
    low_high = " to ".join(units.signed(end) for end in cost.ci)
    unit = f" {safe(comparison.cost_unit)}" if comparison.cost_unit else ""
    return [
        "",
        f"Cost per 1,000 rows: {units.signed(cost.delta)}{unit} (95%: {low_high})",
        *cost_words(comparison),
    ]


def _hparam_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    return [(name, as_text(a), as_text(b)) for name, a, b in comparison.hparams[:_HPARAMS_SHOWN]]


def _hparams_text(comparison: Comparison, width: int | None) -> list[str]:
    if not comparison.hparams:
        return []
    shown = render(_HPARAM_HEADERS, _hparam_rows(comparison), "text", width)
    rest = len(comparison.hparams) - _HPARAMS_SHOWN
    return ["", "Settings that differ:", shown, *([f"and {rest} more"] if rest > 0 else [])]
