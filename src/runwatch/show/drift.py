"""Drift reports for the command line: JSON and text."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.domain.borders import JsonDict
from runwatch.domain.drift import Batch, ColumnDrift, DriftReport, Multivariate
from runwatch.show.ci import CiCase, CiReport, CiTable, Level
from runwatch.show.runs import problem_json
from runwatch.show.tabular import table
from runwatch.text import units
from runwatch.text.jsonable import SCHEMA, fields, plain, text
from runwatch.text.safe import run_name, safe
from runwatch.text.signs import DRIFT_SIGNS

_ORDER = ("unknown", "stable", "warning", "drifted")
_LEVELS: dict[str, Level] = {
    "stable": "ok", "warning": "warning", "drifted": "critical", "unknown": "unknown",
}  # fmt: skip
_LEGEND = (
    "size: how far the distribution moved, from 0 (the same) to 1 (nothing in common). "
    "warning: more than chance and small; drifted: more than chance and large."
)


def drift_json(report: DriftReport, segments: Sequence[tuple[str, DriftReport]] = ()) -> JsonDict:
    """``drift --json``; ``segments`` adds one report a segment."""
    out = {"schema": SCHEMA, **_report_json(report)}
    if segments:
        out["segments"] = [{"segment": text(name), **_report_json(inner)} for name, inner in segments]
    return out


def _report_json(report: DriftReport) -> dict[str, object]:
    return {
        **fields(report, "verdict share_drifted"),
        "reference": {"files": report.reference_files, "rows": report.reference_rows},
        "current": {"files": report.current_files, "rows": report.current_rows},
        "columns": [_column_json(column) for column in report.columns],
        "multivariate": _multivariate_json(report.multivariate),
        "batches": [_batch_json(batch) for batch in report.batches],
        "problems": [problem_json(problem) for problem in report.problems],
        **fields(report, "note"),
    }


def _column_json(column: ColumnDrift) -> dict[str, object]:
    return {
        **fields(column, "name kind kind_guessed role verdict reason sentence method"),
        **fields(column, "effect p_value p_adjusted"),
        **plain(column.measures),
        **fields(column, "missing_reference missing_current smallest_visible importance"),
        **fields(column, "new_categories reference_n current_n"),
    }


def _multivariate_json(multivariate: Multivariate | None) -> dict[str, object] | None:
    if multivariate is None:
        return None
    features = [plain({"name": name, "importance": share}) for name, share in multivariate.top_features]
    shown = fields(multivariate, "method auc p_value n_reference n_current verdict reason")
    return {**shown, "top_features": features}


def _batch_json(batch: Batch) -> dict[str, object]:
    return {
        "name": run_name(batch.name),
        "rows": batch.rows,
        "when": units.iso(batch.when),
        "problem": None if batch.problem is None else problem_json(batch.problem),
    }


def drift_text(
    report: DriftReport, segments: Sequence[tuple[str, DriftReport]] = (), everything: bool = False
) -> str:
    """The report for people: a headline, the columns that moved or could not be judged, the rest counted."""
    lines = [_headline(report)]
    lines.extend(_table(report.columns if everything else report.moved))
    lines.extend(_rest(report, everything))
    if report.multivariate is not None:
        lines.append(_together(report.multivariate))
    for name, inner in segments:
        lines += ["", f"segment {safe(name)}: {_headline(inner)}", *_table(inner.moved)]
    if everything and report.note:
        lines.append(report.note)
    return "\n".join(lines)


def drift_report(
    report: DriftReport, segments: Sequence[tuple[str, DriftReport]], reference: str, current: Sequence[str]
) -> CiReport:
    """The same for a build server: a case a column, in Markdown the columns that moved."""
    parts = [("", report), *segments]
    multivariate = report.multivariate
    stable = sum(column.verdict == "stable" for column in report.columns)
    unknown = sum(column.verdict == "unknown" for column in report.columns)
    return CiReport(
        title="drift",
        level=worst_level(report, segments),
        verdict=_headline(report),
        reason=f"{', '.join(current)} against {reference}",
        cases=_cases(parts, multivariate),
        tables=[table for table in (_moved(*part) for part in parts) if table.rows],
        notes=[
            f"{units.plural(stable, 'column')} stable, {unknown} could not be judged",
            *([_together(multivariate).strip()] if multivariate is not None else []),
            *(f"{problem.file}: {problem.message}" for problem in report.problems),
        ],
        legend=_LEGEND,
    )


def worst_level(report: DriftReport, segments: Sequence[tuple[str, DriftReport]]) -> Level:
    """How bad the worst verdict is, of all rows and of each segment."""
    verdicts = [part.verdict for part in (report, *(inner for _, inner in segments))]
    return _LEVELS[max(verdicts, key=_ORDER.index)]


def _cases(parts: Sequence[tuple[str, DriftReport]], multivariate: Multivariate | None) -> list[CiCase]:
    cases = [
        CiCase(
            name=column.name,
            level=_LEVELS[column.verdict],
            message=column.sentence or column.reason or column.verdict,
            group=segment,
        )
        for segment, part in parts
        for column in part.columns
    ]
    if multivariate is not None:
        level = _LEVELS[multivariate.verdict]
        cases.append(CiCase("all columns together", level, _together(multivariate).strip()))
    return cases


def _moved(segment: str, report: DriftReport) -> CiTable:
    rows = [
        (c.name, f"{DRIFT_SIGNS[c.verdict]} {c.verdict}", units.number(c.effect, 2), c.sentence or c.reason)
        for c in report.moved
    ]
    return CiTable(
        f"segment {segment}" if segment else "", ("column", "verdict", "size", "what changed"), rows
    )


def _headline(report: DriftReport) -> str:
    judged, moved = [column for column in report.columns if column.verdict != "unknown"], report.moved
    drifted = sum(column.verdict == "drifted" for column in moved)
    what = f"{drifted} drifted, {len(moved) - drifted} warning" if moved else "no column moved"
    rows = f"{report.current_rows:,} rows against {report.reference_rows:,}"
    sign = DRIFT_SIGNS[report.verdict]
    return f"{sign} {report.verdict}: {what} of {units.plural(len(judged), 'column')} judged ({rows})"


def _table(columns: Sequence[ColumnDrift]) -> list[str]:
    rows = [
        (
            f"  {DRIFT_SIGNS[c.verdict]} {safe(c.name, 32)}",
            c.verdict,
            units.number(c.effect, 2),
            f"{safe(c.sentence or c.reason)}{_what(c)}",
        )
        for c in columns
    ]
    return table(rows, right=(2,)).splitlines()


def _what(column: ColumnDrift) -> str:
    role = f" [{column.role}]" if column.role in ("target", "prediction") else ""
    fresh = f" (new: {', '.join(safe(word, 24) for word in column.new_categories[:3])})"
    return role + (fresh if column.new_categories else "")


def _rest(report: DriftReport, everything: bool) -> list[str]:
    if everything:
        return []
    stable = sum(column.verdict == "stable" for column in report.columns)
    lines = [f"  {DRIFT_SIGNS['stable']} {stable} stable"] if stable else []
    reasons: dict[str, list[str]] = {}
    for column in report.columns:
        if column.verdict == "unknown":
            reasons.setdefault(column.reason, []).append(safe(column.name, 32))
    for reason, names in reasons.items():
        lines.append(f"  {DRIFT_SIGNS['unknown']} {units.several(names, 5)}: {safe(reason)}")
    return lines


def _together(multivariate: Multivariate) -> str:
    if multivariate.verdict == "unknown":
        return f"  {DRIFT_SIGNS['unknown']} all columns together: {safe(multivariate.reason)}"
    given = ", ".join(safe(name, 24) for name, _ in multivariate.top_features[:3])
    tail = f"; most telling: {given}" if given else ""
    return (
        f"  {DRIFT_SIGNS[multivariate.verdict]} all columns together: {multivariate.verdict}, "
        f"AUC {units.number(multivariate.auc, 3)}, p {units.number(multivariate.p_value, 2)}{tail}"
    )
