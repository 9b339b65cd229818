"""A run that ended with an error, or whose process is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import run_finding
from runwatch.text.safe import safe

NAME = "run-crashed"
DESCRIPTION = "A run ended with an error, or its process is gone without an end marker."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, ""
WORDS = ("crashed", "crashed")
PLAIN = "The training {name} has failed."
TOPIC = "end"
EXPLAINS = frozenset(
    {
        "run-stalled",
        "run-slow",
        "run-diverged",
        "loss-spike",
        "metric-nonfinite",
        "run-overfitting",
        "ranks-apart",
        "metric-regressed",
        "slice-regressed",
    }
)


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical, and lasting: only a person closes it, or a later run of the same group or name that ends well
    (then it is said once more, as info, which settles it)."""
    crashed = [run for run in situation.runs if run.status == "crashed"]
    successes = _last_successes(situation.runs) if crashed else {}
    for run in crashed:
        tries = [successes[run.root, one] for one in run.series_of_work if (run.root, one) in successes]
        later = next((one for one in tries if _began_after(one, run)), None)
        reason = safe(run.status_reason, 200)
        yield run_finding(
            run,
            NAME,
            "critical" if later is None else "info",
            f"crashed: {reason}" if later is None else f"crashed, but {safe(later.title)} ended well since",
            f"Run {safe(run.title)} crashed: {reason}",
            _advice(run),
            since=run.updated,
            evidence={"reason": run.status_reason, "step": run.step},
            lasting=True,
        )


def _last_successes(runs: Iterable[Run]) -> dict[tuple[str, tuple[str, str]], Run]:
    """The run of each group, name or folder that ended well and began last."""
    ended_well = (run for run in runs if run.status == "finished")
    in_order = sorted(ended_well, key=lambda run: run.started or 0.0)
    return {(run.root, work): run for run in in_order for work in run.series_of_work}


def _began_after(later: Run, run: Run) -> bool:
    return later.started is not None and run.updated is not None and later.started > run.updated


def _advice(run: Run) -> str:
    reason = run.status_reason.lower()
    if "out of memory" in reason or "outofmemory" in reason:
        first = "It ran out of memory: try a smaller batch, or gradient accumulation"
    elif "killed" in reason or "137" in reason or "sigkill" in reason:
        first = "It was killed: look at the machine's memory, or at the scheduler's limits"
    elif "no space" in reason or "enospc" in reason or "quota" in reason:
        first = "The disk is full: free some space"
    else:
        first = "Read the end of its log for the cause"
    newest = max(run.checkpoints, key=lambda checkpoint: checkpoint.mtime, default=None)
    if newest is None:
        return f"{first}; there is no checkpoint to resume from."
    return f"{first}; then resume from {safe(newest.path)}."
