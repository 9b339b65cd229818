"""Runs for the command line: JSON and text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from runwatch.domain.address import host_of
from runwatch.domain.comparison import Comparison
from runwatch.domain.health import HealthSign
from runwatch.domain.nested import flatten
from runwatch.domain.run import Attempt, Metric, Problem, Run, RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import HostLink, Snapshot
from runwatch.show.names import root_names
from runwatch.show.tabular import table
from runwatch.text import units
from runwatch.text.fitting import fit_end
from runwatch.text.jsonable import SCHEMA, fields, hparams, number, plain
from runwatch.text.safe import run_name, safe
from runwatch.text.signs import STATUS_SIGNS, STATUS_WORDS


def ls_json(snapshot: Snapshot) -> dict[str, object]:
    """``ls --json``."""
    roots = snapshot.situation.roots
    return {
        "schema": SCHEMA,
        "root": run_name(roots[0]) if len(roots) == 1 else None,
        "roots": [run_name(root) for root in roots],
        "hosts": [host_json(link) for link in snapshot.watch.hosts],
        "runs": [run_json(run) for run in snapshot.situation.runs],
        "problems": [problem_json(problem) for problem in snapshot.situation.problems],
    }


def host_json(link: HostLink) -> dict[str, object]:
    """How the link to another machine stands."""
    return {
        **fields(link, "name state"),
        "heard": units.iso(link.heard),
        **fields(link, "message mirrored version"),
    }


_SIGN_FIELDS = "kind severity tag first_step last_step summary evidence"
_FORECAST_FIELDS = "tag about low high beats_baseline reason"
_MOST_FILES = 20
_NARROW, _SHORTEST_NAME = 50, 12


def show_json(snapshot: Snapshot, run: Run) -> dict[str, object]:
    """``show --json``: the run of ``ls`` and what is known beyond it."""
    situation = snapshot.situation
    shown = run_json(run)
    shown["config"] = hparams(run.config)
    shown["environment"] = hparams(run.environment)
    shown["labels"] = hparams(run.labels)
    shown["files"] = [run_name(file) for file in run.files]
    shown["consoles"] = [run_name(file) for file in run.consoles]
    shown["checkpoints"] = [
        {"path": run_name(c.path), "size": c.size, "mtime": units.iso(c.mtime)} for c in run.checkpoints
    ]
    shown["processes"] = [
        {**fields(p, "pid host"), "started": units.iso(p.started), **fields(p, "alive evidence")}
        for p in run.processes
    ]
    shown["health"] = [fields(sign, _SIGN_FIELDS) for sign in situation.health.get(run.key, ())]
    forecast = situation.forecasts.get(run.key)
    shown["outlook"] = None if forecast is None else fields(forecast, _FORECAST_FIELDS)
    comparison = situation.comparisons.get(run.key)
    shown["verdict"] = None if comparison is None else comparison.verdict
    shown["baseline"] = None if comparison is None else run_name(comparison.baseline)
    return {"schema": SCHEMA, "root": run_name(run.root), "run": shown}


def run_json(run: Run) -> dict[str, object]:
    progress = run.progress
    return {
        "id": run_name(run.id),
        "name": plain(run.name) or None,
        "host": host_of(run.root),
        "root": run_name(run.root),
        "formats": list(run.formats),
        "status": run.status,
        "status_reason": plain(run.status_reason),
        "started": units.iso(run.started),
        "updated": units.iso(run.updated),
        "step": run.step,
        **number("epoch", run.epoch),
        "points": run.points,
        "main_metric": None if run.main is None else plain(run.main),
        "metrics": {plain(tag): metric_json(metric) for tag, metric in sorted(run.metrics.items())},
        "hparams": hparams(run.hparams),
        "problems": [problem_json(problem) for problem in run.problems],
        "progress": {
            "total_steps": progress.total_steps,
            "total_epochs": progress.total_epochs,
            "fraction": progress.fraction,
            "steps_per_second": progress.speed,
            "eta_seconds": None if progress.eta is None else list(progress.eta),
        },
        "checkpoints_count": len(run.checkpoints),
        "attempts": [_attempt_json(attempt) for attempt in run.attempts],
    }


def _attempt_json(attempt: Attempt) -> dict[str, object]:
    return {
        **fields(attempt, "number first_step last_step points superseded"),
        "ended": units.iso(attempt.ended),
        "resumed_at": attempt.resumed_at,
    }


def metric_json(metric: Metric) -> dict[str, object]:
    return {
        **number("last", metric.last),
        "last_step": metric.last_step,
        "best": metric.best,
        "best_step": metric.best_step,
        "min": metric.min,
        "max": metric.max,
        "count": metric.count,
        "direction": metric.direction,
        "nonfinite": metric.nonfinite,
        "format": metric.format,
        "former": metric.former,
    }


def problem_json(problem: Problem) -> dict[str, object]:
    return {"file": run_name(problem.file), **fields(problem, "where message hint")}


def ls_text(snapshot: Snapshot, of: int = 0, width: int | None = None) -> str:
    """``ls``: one row a run, with its main metric. ``of``: how many runs there were before a filter;
    ``width``: cells of the terminal, None where there is none."""
    runs = snapshot.situation.runs
    now = snapshot.situation.now
    roots = root_names(snapshot.situation.roots) if len(snapshot.situation.roots) > 1 else {}
    names = shown_names(runs)
    rows = [["STATUS", "RUN", "STEP", "METRIC", "LAST", "BEST", "UPDATED"]]
    for run in runs:
        metric = run.main_metric
        name = f"{roots[run.root]}:{names[run.key]}" if run.root in roots else names[run.key]
        rows.append(
            [
                f"{STATUS_SIGNS[run.status]} {STATUS_WORDS[run.status]}",
                safe(name),
                "–" if run.step is None else units.number(run.step),
                safe(metric.tag, 28) if metric else "–",
                units.number(metric.last) if metric else "–",
                units.number(metric.best) if metric else "–",
                units.ago(run.updated, now),
            ]
        )
    if width is not None and width < _NARROW:
        _for_little_room(rows, width)
    notes = [f"! {safe(p.file)}: {safe(p.message)}; {safe(p.hint)}" for p in snapshot.situation.problems]
    notes += [f"! {safe(p.file)}: {p.where or ''} {safe(p.message)}" for r in runs for p in r.problems[:1]]
    drop = (5, 2, 6)  # best, step, when it was updated
    body = table(rows, (2, 4, 5, 6), width, drop) if runs else _nothing(snapshot.situation.roots, of)
    return "\n".join([body, *notes])


def _for_little_room(rows: list[list[str]], width: int) -> None:
    """Statuses as signs, and of names that are too long their end."""
    rest = 1 + max(cell_len(row[3]) for row in rows) + max(cell_len(row[4]) for row in rows) + 6
    room = max(width - rest, _SHORTEST_NAME)
    for row in rows:
        row[0] = row[0][:1] if row is not rows[0] else ""
        row[1] = fit_end(row[1], room)


def _nothing(roots: Sequence[str], of: int) -> str:
    if of:
        return f"None of {units.plural(of, 'run')} matches the filter."
    where = ", ".join(safe(root) for root in roots)
    return f"No runs below {where}. Give the folder that your training writes to: runwatch ls DIR"


def show_text(snapshot: Snapshot, run: Run, comparison: Comparison | None, width: int | None = None) -> str:
    """``show``: one run, in words. ``width``: cells of the terminal, None where there is none."""
    now = snapshot.situation.now
    started = units.moment(run.started, now) if run.started else "unknown"
    lines = [
        f"{safe(run.title)}  {STATUS_SIGNS[run.status]} {STATUS_WORDS[run.status]}: "
        f"{safe(run.status_reason)}",
        *([f"run       {safe(run.id)}"] if run.name else []),
        f"formats   {', '.join(run.formats) or '–'}",
        f"started   {started}   updated {units.moment(run.updated, now)}",
        f"step      {units.number(run.step)}   epoch {units.number(run.epoch)}   points {run.points:,}",
    ]
    if run.attempts:
        lines.append(f"attempts  {attempts_text(run)}")
    if run.progress.eta:
        about, low, high = (units.duration(x) for x in run.progress.eta)
        lines.append(f"ETA       about {about} ({low} to {high})")
    rows = [["METRIC", "LAST", "AT", "BEST", "AT", "MIN", "MAX", "COUNT"]]
    for metric in sorted(run.metrics.values(), key=lambda m: (m.hidden, m.tag)):
        rows.append(
            [
                safe(metric.tag, 48),
                units.number(metric.last),
                str(metric.last_step),
                units.number(metric.best),
                "–" if metric.best_step is None else str(metric.best_step),
                units.number(metric.min),
                units.number(metric.max),
                str(metric.count),
            ]
        )
    lines += ["", table(rows, range(1, 8), width)] if len(rows) > 1 else ["", "no metrics yet"]
    for title, section in (
        ("HYPERPARAMETERS", run.hparams),
        ("CONFIG", run.config),
        ("ENVIRONMENT", run.environment),
    ):
        if section:
            settings = sorted(flatten(section).items())
            lines += ["", title, *(f"  {safe(name)} = {safe(str(value), 100)}" for name, value in settings)]
    lines += _findings_text(snapshot, run, comparison)
    return "\n".join(lines)


def attempts_text(run: Run) -> str:
    """ "attempt 3 of 3; the first ended at step 8, the second at step 40 (resumed at 21)"."""
    ended = [
        f"attempt {a.number} ended at step {units.number(a.last_step)}"
        + (f" (resumed at {units.number(a.resumed_at)})" if a.resumed_at > a.first_step else "")
        for a in run.attempts
    ]
    newest = run.attempts[-1].number + 1
    return f"this is attempt {newest} of {newest}; {', '.join(ended[-3:])}"


def _findings_text(snapshot: Snapshot, run: Run, comparison: Comparison | None) -> list[str]:
    lines: list[str] = []
    signs = snapshot.situation.health.get(run.key, ())
    if signs:
        lines += ["", "HEALTH", *(f"  {s.severity}: {_sign_text(s)}" for s in signs)]
    if comparison is not None:
        other = snapshot.situation.run(RunKey(run.root, comparison.baseline))
        against = other.title if other is not None else comparison.baseline
        lines += ["", f"AGAINST {safe(against)}: {comparison.verdict}: {safe(comparison.reason)}"]
    if run.checkpoints:
        newest = run.checkpoints[-1]
        lines += [
            "",
            f"CHECKPOINTS {len(run.checkpoints)}, newest {safe(newest.path)} ({units.size(newest.size)})",
        ]
    if run.problems:
        lines += ["", "PROBLEMS"]
        for problem in run.problems:
            lines.append(
                f"  {safe(problem.file)}: {problem.where or ''} {safe(problem.message)}; {problem.hint}"
            )
    files = [*run.files, *(console for console in run.consoles if console not in run.files)]
    if files:
        lines += ["", "FILES", *(f"  {safe(file)}" for file in files[:_MOST_FILES])]
        if len(files) > _MOST_FILES:
            lines.append(f"  and {len(files) - _MOST_FILES:,} more; --json has all")
    return lines


def _sign_text(sign: HealthSign) -> str:
    """What is wrong, with its tag where the sentence does not begin with it."""
    summary = safe(sign.summary)
    tag = safe(sign.tag)
    return summary if not tag or summary.startswith(tag) else f"{tag}: {summary}"
