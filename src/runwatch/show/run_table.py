"""Runs side by side for the command line: JSON, text, Markdown, CSV, LaTeX."""

from __future__ import annotations

from collections.abc import Mapping

from runwatch.domain.comparison import HparamImportance, RunRow, RunTable
from runwatch.domain.run import RunKey
from runwatch.judge.runs.hyperparameters import as_text
from runwatch.show.tabular import exact, render
from runwatch.text import units
from runwatch.text.jsonable import SCHEMA, fields, hparams, number, text
from runwatch.text.safe import run_name, safe

_LEFT_OUT, _FURTHER = 8, 1.5
_HPARAMS_SHOWN = 8
_METRICS_SHOWN = 6


def run_table_json(table: RunTable, matters: HparamImportance | None = None) -> dict[str, object]:
    """The table as JSON: rows best first; ``hparams`` and ``metrics`` by name."""
    out: dict[str, object] = {
        "schema": SCHEMA,
        "metric": None if table.metric is None else text(table.metric),
        "direction": table.direction,
        "at": table.at,
        "differing": [text(name) for name in table.hparams[: table.differing]],
        "runs": [_row_json(table, row) for row in table.rows],
    }
    if matters is not None:
        out["what_matters"] = {
            **fields(matters, "score runs reason"),
            "hparams": [{"name": text(n), "importance": i, "sd": s} for n, i, s in matters.hparams],
        }
    return out


def _row_json(table: RunTable, row: RunRow) -> dict[str, object]:
    metrics: dict[str, object] = {}
    for name, value in zip(table.metrics, row.metrics, strict=True):
        metrics.update(number(text(name), value))
    pairs = zip(table.hparams, row.hparams, strict=True)
    return {
        "id": run_name(row.key.id),
        "root": run_name(row.key.root),
        "rank": row.rank,
        **number("value", row.value),
        "step": row.step,
        "status": row.status,
        "metrics": metrics,
        "hparams": {text(name): hparams(value) for name, value in pairs},
    }


def run_table_text(
    table: RunTable,
    form: str,
    matters: HparamImportance | None = None,
    names: Mapping[RunKey, str] | None = None,
    width: int | None = None,
) -> str:
    """The table in ``form``; text shows the first metrics and the settings that differ, the others all.
    ``names``: what the runs are called in lists; CSV has their ids; ``width``: cells of the
    terminal, None where there is none."""
    everything = form == "csv"
    called = {} if names is None or everything else names
    metrics = [i for i, name in enumerate(table.metrics) if name != table.metric]
    metrics = metrics if everything else metrics[: _METRICS_SHOWN - 1]
    settings = range(len(table.hparams) if everything else min(table.differing, _HPARAMS_SHOWN))
    shown, setting = (exact, _written) if everything else (units.number, as_text)
    none = "" if everything else "–"
    headers = [
        "rank", "run", table.metric or "–", "step", "status",
        *(table.metrics[i] for i in metrics), *(table.hparams[i] for i in settings),
    ]  # fmt: skip
    rows = [
        [
            none if row.rank is None else str(row.rank),
            run_name(called.get(row.key, row.key.id)),
            shown(row.value),
            none if row.step is None else str(row.step),
            row.status,
            *(shown(row.metrics[i]) for i in metrics),
            *(setting(row.hparams[i]) for i in settings),
        ]
        for row in table.rows
    ]
    result = render(headers, rows, form, width)
    return result if form != "text" else "\n".join([result, *_below(table, matters, called)])


def _written(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _below(table: RunTable, matters: HparamImportance | None, called: Mapping[RunKey, str]) -> list[str]:
    arrow = {"max": "higher is better", "min": "lower is better"}.get(
        table.direction or "", "no direction known"
    )
    lines = ["", f"ranked by {safe(table.metric or 'nothing')} ({arrow}), {table.at} value"]
    without = [safe(called.get(row.key, row.key.id)) for row in table.rows if row.rank is None]
    if without and len(without) < len(table.rows):
        lines.append(f"left out, without a value of it: {units.several(without, _LEFT_OUT)}")
    steps = [row.step for row in table.rows if row.rank is not None and row.step is not None]
    if steps and max(steps) > _FURTHER * min(steps) > 0 and "step" not in table.at:
        apart = f"{units.number(min(steps))} to {units.number(max(steps))}"
        lines.append(f"the values stand at steps {apart}: --step {min(steps)} ranks all at one")
    if table.differing > _HPARAMS_SHOWN:
        lines.append(f"and {table.differing - _HPARAMS_SHOWN} more settings that differ (--format csv)")
    if matters is not None and matters.hparams:
        lines += ["", "What explains it (drop in out-of-fold R2 when shuffled; an association, not a cause):"]
        lines += [
            f"  {safe(name)}: {units.number(importance, 2)} ± {units.number(spread, 2)}"
            for name, importance, spread in matters.hparams[:5]
        ]
        lines += [f"  ({matters.reason})"] if matters.reason else []
    return lines
